"""People, recorded calls and evaluations for the tests of quality, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls.models import Call
from app.parts import Parts
from app.quality import service
from app.quality.models import (
    Evaluation,
)
from app.quality.rules import Answer, Sheet, Who
from app.recordings.models import Recording

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # a Wednesday at noon in Shanghai
LAST_WEEK = NOW - timedelta(days=7)
QUINN, ALICE, ADAM = (Who(username=name, grades=True) for name in ("quinn", "alice", "adam"))
BOB, CAROL = (Who(username=name, grades=False) for name in ("bob", "carol"))
PEAKS = {"per_second": 1, "patient": [0.4, 0, 0, 0, 0, 0, 0.4], "agent": [0, 0, 0, 0, 0, 0, 0.3]}


def open_floor(parts: Parts) -> Parts:
    """The people, the shipped scorecards in use, and a clock that stands still."""
    roles = {"alice": Role.SUPERVISOR, "bob": Role.AGENT, "carol": Role.AGENT, "quinn": Role.QA, "adam": Role.ADMIN}
    still = replace(parts, now=lambda: NOW)
    with still.database.writing() as session:
        for username, role in roles.items():
            create_user(
                session, username=username, display_name=username.title(), role=role, now=NOW,
                password="a shift of eight hours",
            )  # fmt: skip
        service.install_shipped(session, NOW)
        service.approve_for_demo(session, still.bus, NOW)
    return still


def add_call(parts: Parts, id: str, at: datetime = LAST_WEEK, *, agent: str | None = "bob", **changes: Any) -> str:
    """A recorded call; the recording has its id."""
    recorded = {"seconds": changes.pop("seconds", 60.0), "peaks": changes.pop("peaks", None)}
    state = changes.pop("state", "ready")
    given: dict[str, Any] = {
        "direction": "inbound", "number": "+8613800138000", "number_signalled": "1", "dialled": "4000",
        "queue": "hotline", "started_at": at, "answered_at": at, "ended_at": at, "outcome": "answered",
    }  # fmt: skip
    with parts.database.writing() as session:
        session.add(Call(id=id, linkedid=id, state="answered", agent=agent, **given | changes))
        session.flush()
        session.add(Recording(id=id, call_id=id, state=state, source_name=id, path="x", started_at=at, **recorded))
    return id


def best(parts: Parts, evaluation: Evaluation, **changes: Answer) -> Sheet:
    """The best answer to every item, but those that are named."""
    with parts.database.reading() as session:
        card = service.card_of(service.get_version(session, evaluation.card_version_id))
    return Sheet(answers={item.key: Answer(value=item.high) for item in card.items} | changes)


def begin(parts: Parts, recording: str, who: Who = QUINN, **changes: Any) -> Evaluation:
    with parts.database.writing() as session:
        return service.start(session, recording, who, now=NOW, **changes)


def submit(parts: Parts, evaluation: Evaluation, who: Who = QUINN, reason: str = "", **changes: Answer) -> None:
    sheet = best(parts, evaluation, **changes)
    with parts.database.writing() as session:
        seen = session.get_one(Evaluation, evaluation.id).draft_seen
        service.save_draft(session, evaluation.id, sheet, who, seen=seen, now=NOW)
        service.finish(session, parts.bus, evaluation.id, who, now=NOW, reason=reason)


def graded(parts: Parts, recording: str, who: Who = QUINN, **changes: Answer) -> int:
    evaluation = begin(parts, recording, who)
    submit(parts, evaluation, who, **changes)
    return evaluation.id


def do(parts: Parts, act: Callable[..., Any], *given: Any, **more: Any) -> Any:
    with parts.database.writing() as session:
        return act(session, parts.bus, *given, now=NOW, **more)


def begin_of(parts: Parts, id: int) -> Evaluation:
    with parts.database.reading() as session:
        return session.get_one(Evaluation, id)
