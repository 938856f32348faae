"""Settings: how long recordings are kept, where, and what listening needs."""

from __future__ import annotations

from collections.abc import Mapping

from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_


def _years(name: str, default: int, title: str) -> SettingKey[int]:
    return SettingKey(
        name=f"recordings.years_{name}",
        default=default,
        group=Group.RECORDINGS,
        title=title,
        help=N_("Nothing is removed before. Afterwards an administrator may order it; what is held stays."),
        unit=N_("years"),
        low=1,
        high=100,
    )


# Outpatient records are kept for 15 years; a follow-up is treated like the visit it belongs to.
YEARS_FOLLOWUP = _years("followup", 15, N_("Recordings of follow-up calls are kept for"))
YEARS_CONSULTATION = _years("consultation", 3, N_("Recordings of incoming calls are kept for"))
YEARS_OUTBOUND = _years("outbound", 3, N_("Recordings of other outgoing calls are kept for"))
YEARS_VOICEMAIL = _years("voicemail", 3, N_("Messages that callers left are kept for"))
YEARS_KEPT: Mapping[str, SettingKey[int]] = {
    "consultation": YEARS_CONSULTATION,
    "followup": YEARS_FOLLOWUP,
    "outbound": YEARS_OUTBOUND,
    "voicemail": YEARS_VOICEMAIL,
}
"""By the class of app.recordings.rules."""
ARCHIVE_AFTER_DAYS: SettingKey[int] = SettingKey(
    name="recordings.archive_after_days",
    default=90,
    group=Group.RECORDINGS,
    title=N_("Recordings move to the archive after"),
    help=N_("Only where an archive is set up (WARDLINE_ARCHIVE_URL). They play from there as before."),
    unit=N_("days"),
    low=1,
    high=3650,
)
CHECK_DAYS: SettingKey[int] = SettingKey(
    name="recordings.check_days",
    default=30,
    group=Group.RECORDINGS,
    title=N_("Every stored recording is read and compared with its checksum each"),
    help=N_("What is lost or changed raises an alarm."),
    unit=N_("days"),
    low=1,
    high=365,
)
LISTENING_NEEDS_REASON: SettingKey[bool] = SettingKey(
    name="recordings.listening_needs_reason",
    default=False,
    group=Group.RECORDINGS,
    title=N_("Listening to a colleague's call needs a reason"),
    help=N_("It is kept in the audit log. Taking a recording away always needs one."),
)
