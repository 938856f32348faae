"""Settings: calls that we place, and the floor."""

from __future__ import annotations

from app.calls.rules import USUAL_PREFIXES
from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_

DIAL_PREFIXES: SettingKey[str] = SettingKey(
    name="calls.dial_prefixes",
    default=USUAL_PREFIXES,
    group=Group.CALLS,
    title=N_("Numbers that may be dialled begin with"),
    help=N_("Plus allows what begins so, minus refuses it, the longest beginning counts. No other number is dialled."),
    high=500,
)
CALLS_FROM: SettingKey[int] = SettingKey(
    name="calls.calls_from",
    default=9,
    group=Group.CALLS,
    title=N_("Follow-up calls from"),
    help=N_("By the clock where the number is. An outbound list may have narrower hours."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
CALLS_UNTIL: SettingKey[int] = SettingKey(
    name="calls.calls_until",
    default=20,
    group=Group.CALLS,
    title=N_("Follow-up calls until"),
    help=N_("By the clock where the number is. It must be later than the hour from which calls are made."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
CALL_ATTEMPTS: SettingKey[int] = SettingKey(
    name="calls.attempts",
    default=3,
    group=Group.CALLS,
    title=N_("Calls to one person for one follow-up"),
    help=N_("Then the person counts as lost to contact. An outbound list may have its own number."),
    unit=N_("calls"),
    low=1,
    high=20,
)
CALLS_PER_DAY: SettingKey[int] = SettingKey(
    name="calls.per_day",
    default=3,
    group=Group.CALLS,
    title=N_("Follow-up calls to one person on a day"),
    help=N_("Over all follow-ups and lists together. What is more waits for the next day."),
    unit=N_("calls"),
    low=1,
    high=20,
)
CALL_NOTICE: SettingKey[str] = SettingKey(
    name="calls.notice",
    default="",
    group=Group.CALLS,
    title=N_("First words of an automatic call"),
    help=N_("They must say that the call is recorded. Left empty: a usual sentence, in the language of the call."),
    high=200,
)
TELL_AGENTS: SettingKey[bool] = SettingKey(
    name="calls.tell_agents",
    default=True,
    group=Group.CALLS,
    title=N_("Agents are told when a supervisor listens"),
    help=N_("Their desk says so as long as it lasts. Whisper and barge are heard by the agent in any case."),
)
PARKING_MINUTES: SettingKey[int] = SettingKey(
    name="calls.parking_minutes",
    default=5,
    group=Group.CALLS,
    title=N_("A parked patient comes back after"),
    help=N_("First in the queue, when nobody has picked the call up by then."),
    unit=N_("minutes"),
    low=1,
    high=30,
)
PAUSE_SECONDS: SettingKey[int] = SettingKey(
    name="calls.pause_seconds",
    default=120,
    group=Group.CALLS,
    title=N_("A paused recording goes on after"),
    help=N_("When nobody has let it go on by then. The recording holds silence meanwhile."),
    unit=N_("seconds"),
    low=10,
    high=600,
)
ALARM_WAITING: SettingKey[int] = SettingKey(
    name="calls.alarm_waiting",
    default=10,
    group=Group.CALLS,
    title=N_("Alarm when more callers wait than"),
    help=N_("In one queue. 0 switches this alarm off."),
    unit=N_("callers"),
    high=1000,
)
ALARM_WAIT_SECONDS: SettingKey[int] = SettingKey(
    name="calls.alarm_wait_seconds",
    default=180,
    group=Group.CALLS,
    title=N_("Alarm when somebody waits for more than"),
    help=N_("0 switches this alarm off."),
    unit=N_("seconds"),
    high=7200,
)
ALARM_SERVICE_LEVEL: SettingKey[bool] = SettingKey(
    name="calls.alarm_service_level",
    default=True,
    group=Group.CALLS,
    title=N_("Alarm when a queue misses its service level"),
    help=N_("Counted over the present day, from its first call on."),
)
ALARM_NUMBER: SettingKey[str] = SettingKey(
    name="calls.alarm_number",
    default="",
    group=Group.CALLS,
    title=N_("Number that alarms of the floor are texted to"),
    help=N_("Each kind of alarm at most once an hour. Left empty: alarms are shown on the page only."),
    high=20,
)
CALL_THANKS: SettingKey[str] = SettingKey(
    name="calls.thanks",
    default="",
    group=Group.CALLS,
    title=N_("Last words of an automatic call"),
    help=N_("Left empty: a usual sentence, in the language of the call."),
    high=200,
)
CALLBACK_MINUTES: SettingKey[int] = SettingKey(
    name="floor.callback_minutes",
    default=30,
    group=Group.FLOOR,
    title=N_("A caller whom nobody answered is called back within"),
    help=N_("Afterwards the caller stands in the supervisors' work list. Taking a caller begins the time anew."),
    unit=N_("minutes"),
    low=1,
    high=1440,
)
