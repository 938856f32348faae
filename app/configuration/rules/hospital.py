"""Settings: the hospital itself, signing in, privacy and imports."""

from __future__ import annotations

from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_

HOSPITAL_NAME: SettingKey[str] = SettingKey(
    name="hospital.name",
    default="",
    group=Group.HOSPITAL,
    title=N_("Name of the hospital"),
    help=N_("Stands on envelopes and printed pages."),
    high=60,
)
RETURN_ADDRESS: SettingKey[str] = SettingKey(
    name="hospital.return_address",
    default="",
    group=Group.HOSPITAL,
    title=N_("Return address"),
    help=N_("Stands on every envelope; letters that cannot be delivered come back to it."),
    high=200,
)
RETURN_POSTCODE: SettingKey[str] = SettingKey(
    name="hospital.return_postcode",
    default="",
    group=Group.HOSPITAL,
    title=N_("Postcode of the return address"),
    help=N_("Six digits in mainland China."),
    high=10,
)
IDLE_MINUTES: SettingKey[int] = SettingKey(
    name="sign_in.idle_minutes",
    default=120,
    group=Group.SIGN_IN,
    title=N_("A sign-in that nobody uses ends after"),
    help=N_("A connected desk counts as use, whatever the mouse does."),
    unit=N_("minutes"),
    low=5,
    high=720,
)
SESSION_HOURS: SettingKey[int] = SettingKey(
    name="sign_in.session_hours",
    default=12,
    group=Group.SIGN_IN,
    title=N_("A sign-in ends in any case after"),
    help=N_("Take the longest shift."),
    unit=N_("hours"),
    low=1,
    high=24,
)
SIGN_IN_TRIES: SettingKey[int] = SettingKey(
    name="sign_in.tries",
    default=5,
    group=Group.SIGN_IN,
    title=N_("Wrong passwords in a row before a sign-in must wait"),
    help=N_("The wait begins with 30 seconds and doubles up to 15 minutes."),
    unit=N_("tries"),
    low=3,
    high=20,
)
EMERGENCY_MINUTES: SettingKey[int] = SettingKey(
    name="privacy.emergency_minutes",
    default=60,
    group=Group.PRIVACY,
    title=N_("A record opened in an emergency stays open for"),
    help=N_("Somebody looks at every such opening afterwards."),
    unit=N_("minutes"),
    low=5,
    high=1440,
)
IMPORT_RETENTION_DAYS: SettingKey[int] = SettingKey(
    name="imports.retention_days",
    default=30,
    group=Group.IMPORTS,
    title=N_("Imported files are kept for"),
    help=N_("Afterwards the file is removed; what was imported and why rows were left out stays."),
    unit=N_("days"),
    low=1,
    high=3650,
)
HOSPITAL_PHONE: SettingKey[str] = SettingKey(
    name="hospital.phone",
    default="",
    group=Group.HOSPITAL,
    title=N_("Telephone for patients"),
    help=N_("Fills the field {phone} of messages."),
    high=30,
)
HOSPITAL_PLACE: SettingKey[str] = SettingKey(
    name="hospital.place",
    default="",
    group=Group.HOSPITAL,
    title=N_("Where patients come to"),
    help=N_("Fills the field {place} of messages that name no other place."),
    high=60,
)
