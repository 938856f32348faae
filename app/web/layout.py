"""What the common layout shows around every page: navigation, languages, times in the hospital's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Flask, g, request
from flask_babel import gettext as _

from app.access import service as access
from app.access.service import emergency
from app.accounts.rules import AT_THE_DESK, EVERYONE, OVER_AGENTS, WITH_PATIENTS, WITH_RECORDINGS, Role
from app.http import SignedIn, parts, reading, viewer
from app.web.access import allowed_roles

# Rooms that stand as tabs under the entry of another one.
_BELOW = {
    "/call-flows": ("/call-flows", "/queues/manage", "/sounds", "/wrap-up"),
    "/messages": ("/messages", "/message-templates", "/mass-sends", "/sending-rules"),
    "/work": ("/work", "/requests"),
    "/followups": (
        "/followups",
        "/followup-plans",
        "/followup-templates",
        "/followup-figures",
        "/outbound-lists",
        "/questionnaires",
    ),
    "/patients": ("/patients", "/imports", "/duplicates", "/courses"),
    "/segments": ("/segments", "/birthdays", "/mailings", "/registers", "/groups", "/exports"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    path: str
    label: str
    icon: str
    is_current: bool
    count: int = 0  # how many things wait there; shown when there are any


def register(app: Flask) -> None:
    """Give the templates of all rooms their common functions and filters."""
    app.jinja_env.globals.update(
        current_user=_current_user,
        nav_items=_nav_items,
        with_language=_with_language,
        role_label=_role_label,
        chosen_theme=_chosen_theme,
        may_find_patients=_may_find_patients,
        may_open=_may_open,
        viewer=viewer,
    )
    app.jinja_env.filters.update(
        local_time=local_time,
        local_clock=local_clock,
        duration=duration,
        phone=phone,
        identifier=identifier,
        address=address,
    )


def local_time(value: datetime | None) -> str:
    """`2026-11-21 14:05` in the hospital's zone; a dash for nothing."""
    return value.astimezone(parts().settings.timezone).strftime("%Y-%m-%d %H:%M") if value else "–"


def local_clock(value: datetime | None) -> str:
    """`14:05:09` in the hospital's zone; a dash for nothing."""
    return value.astimezone(parts().settings.timezone).strftime("%H:%M:%S") if value else "–"


def duration(seconds: float | None) -> str:
    """`4:05` or `1:04:05`; a dash for nothing."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def phone(number: str | None) -> str:
    """An E.164 number as whoever looks may see it: `138 0013 8000` or `138****8000`; a dash for nothing."""
    return access.number_for(viewer(), number) or "–"


def identifier(value: str, kind: str) -> str:
    """An identifier of that type as whoever looks may see it."""
    return access.identifier_for(viewer(), kind, value)


def address(value: str | None) -> str:
    """An address as whoever looks may see it; a dash for nothing."""
    return access.address_for(viewer(), value) or "–"


def _current_user() -> SignedIn | None:
    user = g.get("signed_in")
    return user if isinstance(user, SignedIn) else None


def _nav_items() -> list[NavItem]:
    user = _current_user()
    if user is None:
        return []
    places = (
        ("/work", _("My work"), "list-check", EVERYONE),
        ("/desk", _("Desk"), "headset", AT_THE_DESK),
        ("/wallboard", _("Wallboard"), "speedometer2", EVERYONE),
        ("/floor", _("Floor"), "headphones", OVER_AGENTS),
        ("/patients", _("Patients"), "people", WITH_PATIENTS),
        ("/segments", _("Segments"), "funnel", WITH_PATIENTS),
        ("/calls", _("Calls"), "telephone", WITH_PATIENTS),
        ("/followups", _("Follow-ups"), "calendar-check", WITH_PATIENTS),
        ("/messages", _("Messages"), "chat-left-text", AT_THE_DESK),
        # Everybody else who may see them finds them beside the boxes of messages.
        ("/message-templates", _("Templates"), "card-text", frozenset({Role.DOCTOR})),
        ("/inbox", _("Inbox"), "envelope", AT_THE_DESK),
        ("/articles", _("Articles"), "book", EVERYONE),
        ("/quality", _("Recordings"), "soundwave", WITH_RECORDINGS),
        ("/call-flows", _("Ways in"), "signpost-split", OVER_AGENTS),
        ("/admin", _("Administration"), "gear", frozenset({Role.ADMIN})),
        ("/reports", _("Dashboard"), "bar-chart", OVER_AGENTS),
    )
    items = [
        NavItem(path=path, label=label, icon=icon, is_current=request.path.startswith(_BELOW.get(path, path)))
        for path, label, icon, roles in places
        if user.role in roles
    ]
    return [*items, *_openings(user)]


def _openings(user: SignedIn) -> list[NavItem]:
    """The list of emergency openings, while some of them wait to be looked at."""
    if user.role not in OVER_AGENTS:
        return []
    with reading() as session:
        count = emergency.count_unreviewed(session)
    path, label = "/emergency/review", _("To review")
    item = NavItem(
        path=path, label=label, icon="shield-exclamation", is_current=request.path.startswith(path), count=count
    )
    return [item] if count else []


def _may_open(endpoint: str) -> bool:
    """Whether there is such a page and whoever looks may open it."""
    user, roles = _current_user(), allowed_roles(endpoint)
    return user is not None and roles is not None and (not roles or user.role in roles)


def _may_find_patients() -> bool:
    user = _current_user()
    return user is not None and user.role in WITH_PATIENTS


def _with_language(tag: str) -> str:
    """This page in another language, its other query arguments kept."""
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.path}?{urlencode([*arguments, ('lang', tag)])}"


def _chosen_theme() -> str | None:
    theme = request.cookies.get("wardline_theme")
    return theme if theme in ("light", "dark") else None


def _role_label(role: Role) -> str:
    labels: dict[Role, str] = {
        Role.AGENT: _("Agent"),
        Role.SUPERVISOR: _("Supervisor"),
        Role.QA: _("Quality assessment"),
        Role.DOCTOR: _("Doctor"),
        Role.ADMIN: _("Administrator"),
    }
    return labels[role]
