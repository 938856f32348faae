"""Settings: follow-ups and questionnaires."""

from __future__ import annotations

from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_

PUBLIC_ADDRESS: SettingKey[str] = SettingKey(
    name="questionnaires.public_address",
    default="",
    group=Group.QUESTIONNAIRES,
    title=N_("Address under which patients reach our pages"),
    help=N_("Such as https://ask.hospital.example. Left empty: no questionnaire goes out as a link."),
    high=100,
)
LINK_DAYS: SettingKey[int] = SettingKey(
    name="questionnaires.link_days",
    default=14,
    group=Group.QUESTIONNAIRES,
    title=N_("A link to a questionnaire is good for"),
    help=N_("Afterwards its page says that it is over."),
    unit=N_("days"),
    low=1,
    high=180,
)
SMS_ANSWER_HOURS: SettingKey[int] = SettingKey(
    name="questionnaires.sms_answer_hours",
    default=72,
    group=Group.QUESTIONNAIRES,
    title=N_("A questionnaire by SMS waits for its answers"),
    help=N_("Afterwards no further question is sent, and what comes is for a person to read."),
    unit=N_("hours"),
    low=1,
    high=720,
)
SATISFIED_PERCENT: SettingKey[int] = SettingKey(
    name="questionnaires.satisfied_percent",
    default=80,
    group=Group.QUESTIONNAIRES,
    title=N_("Whoever gives so much of the points counts as satisfied"),
    help=N_("Of what the answered questions could bring. It changes the reports of the past, too."),
    unit=N_("percent"),
    low=1,
    high=100,
)
SURVEY_REFUSAL_MONTHS: SettingKey[int] = SettingKey(
    name="questionnaires.refusal_months",
    default=12,
    group=Group.QUESTIONNAIRES,
    title=N_("Who refused a survey gets no other for"),
    help=N_("Follow-ups about health go on. 0: a refusal counts for that one survey only."),
    unit=N_("months"),
    low=0,
    high=120,
)
FOLLOWUP_DECISIONS: SettingKey[bool] = SettingKey(
    name="followups.decisions",
    default=True,
    group=Group.FOLLOWUPS,
    title=N_("Each discharge waits for its doctor's decision"),
    help=N_("Follow-up or none, and which. Discharges from before it was switched on are not asked about."),
)
FOLLOWUP_DECISION_HOURS: SettingKey[int] = SettingKey(
    name="followups.decision_hours",
    default=24,
    group=Group.FOLLOWUPS,
    title=N_("A discharge that nobody decides goes to the department after"),
    help=N_("Its doctors and the supervisors see it in their work list then."),
    unit=N_("hours"),
    low=1,
    high=720,
)
FOLLOWUP_NOTES: SettingKey[bool] = SettingKey(
    name="followups.notes",
    default=True,
    group=Group.FOLLOWUPS,
    title=N_("The doctor writes condition, focus and cautions"),
    help=N_("All three are needed before a plan begins at discharge."),
)
