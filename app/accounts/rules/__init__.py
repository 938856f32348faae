"""Roles and what is counted as one; how long a sign-in lasts, and when a password will do."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

from app.texts import N_


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    QA = "qa"
    DOCTOR = "doctor"
    ADMIN = "admin"


EVERYONE = frozenset(Role)
AT_THE_DESK = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
"""Who may have a phone: takes and makes calls and messages."""
WITH_PATIENTS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.QA, Role.DOCTOR, Role.ADMIN})
WITH_RECORDINGS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.QA, Role.ADMIN})
OVER_AGENTS = frozenset({Role.SUPERVISOR, Role.ADMIN})
NEEDS_SECOND_FACTOR = frozenset({Role.ADMIN})
"""Who must have a second factor wherever the product is no demo: these roles can give themselves every right."""

TOKEN_LIFETIME = timedelta(days=30)

SHORTEST_PASSWORD = 10
SHORTEST_DEMO_PASSWORD = 8  # the published one has as many
# Those of ten and more characters among the most frequent ones in published leaks, and what people here would take.
_COMMON = (
    "1234567890 0123456789 0987654321 9876543210 1111111111 0000000000 8888888888 6666666666 1234567891 12345678910 "
    "123456789a a123456789 qwertyuiop 1qaz2wsx3edc 1q2w3e4r5t 1q2w3e4r5t6y qwerty12345 qwerty123456 asdfghjkl1 "
    "password01 password12 password123 password1234 passw0rd123 p@ssw0rd123 admin12345 admin123456 administrator "
    "welcome123 changeme123 iloveyou123 woaini1314 woaini520520 5201314520 abc1234567 abcd123456 abcdef1234 "
    "hospital123 yiyuan123456 hangzhou123 wardline123 12345678 123456789 11111111 88888888 00000000 password "
    "qwertyui 1qaz2wsx iloveyou woaini1314520 password1 admin123 abcd1234 a1234567 qwer1234 87654321"
)
_COMMON_PASSWORDS = frozenset(_COMMON.split())


def check_password(password: str, *, username: str, shortest: int = SHORTEST_PASSWORD) -> str | None:
    """Why this password will not do, as a sentence of the catalogues; nothing when it will."""
    folded = password.casefold()
    if len(password) < shortest:
        return N_("A password has at least %(shortest)s characters.")
    if len(password) > 200:
        return N_("A password has at most 200 characters.")
    if folded.replace(username.casefold(), "") == "":
        return N_("The password must not be the username.")
    if folded in _COMMON_PASSWORDS or len(set(folded)) < 3:
        return N_("This password is among the first that somebody would guess.")
    return None


def is_session_over(
    *, created_at: datetime, last_seen_at: datetime, now: datetime, lifetime: timedelta, idle_limit: timedelta
) -> bool:
    """True when a sign-in has lived too long, or nobody has used it for too long. A connected desk counts as use."""
    return now - created_at >= lifetime or now - last_seen_at >= idle_limit


# In this order: the later ones also call themselves by the names of the earlier ones.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """What a person calls this browser: `Firefox, Windows`; the first word of it where we do not know it."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    named = ", ".join(name for name in (browser, system) if name)
    return named or re.sub(r"[^A-Za-z0-9./ _-]", "", user_agent).partition(" ")[0][:40]
