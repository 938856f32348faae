"""Settings: quality."""

from __future__ import annotations

from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_

APPEAL_DAYS: SettingKey[int] = SettingKey(
    name="quality.appeal_days",
    default=7,
    group=Group.QUALITY,
    title=N_("An agent may appeal against an evaluation for"),
    help=N_("Counted from when it was submitted or corrected. A colleague of the grader decides."),
    unit=N_("days"),
    low=1,
    high=60,
)
