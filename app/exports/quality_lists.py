"""Evaluations of calls as lists for export: one row each, and the scores by agent over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module
from app.errors import InvalidInput
from app.exports.rules import CellKind
from app.exports.service import Arguments, Asker, Column, ListExport
from app.quality import service
from app.quality.rules import STATE_TEXT
from app.quality.service import EvaluationFilters, GroupBy
from app.queues.service import queue_labels
from app.texts import N_

_WORDS = ("agent", "grader", "queue")
_NUMBERS = ("department", "scorecard")


@dataclass(frozen=True, slots=True)
class _Step:
    """The mean of one agent in one step of time."""

    agent: str
    first_day: date
    mean: float


@dataclass(frozen=True, slots=True)
class _Line:
    """An evaluation with what its scorecard is called."""

    row: service.EvaluationRow
    scorecard: str


def _read(_session: Session, query: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    found: dict[str, Any] = {name: _day(query, name, asker).isoformat() for name in ("since", "until")}
    found |= {name: query[name][:64] for name in _WORDS if query.get(name)}
    found |= {name: int(query[name]) for name in _NUMBERS if query.get(name, "").isdecimal() and len(query[name]) < 10}
    return found


def _describe(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    names, found = service.names(session), [(N_("From day"), arguments["since"]), (N_("To day"), arguments["until"])]
    for name, label in (("agent", N_("Agent")), ("grader", N_("Grader"))):
        if name in arguments:
            found.append((label, names.get(arguments[name], arguments[name])))
    if "queue" in arguments:
        found.append((N_("Queue"), queue_labels(session).get(arguments["queue"], arguments["queue"])))
    if "scorecard" in arguments:
        card = service.card_names(session).get(arguments["scorecard"])
        found.append((N_("Scorecard"), card.name if card else ""))
    return found


def _filters(arguments: Arguments) -> EvaluationFilters:
    return EvaluationFilters(
        first=date.fromisoformat(arguments["since"]),
        last=date.fromisoformat(arguments["until"]),
        agent=arguments.get("agent"),
        grader=arguments.get("grader"),
        queue=arguments.get("queue"),
        department_id=arguments.get("department"),
        scorecard_id=arguments.get("scorecard"),
    )


def _rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Line]:
    names = {card.id: card.name for card in service.card_names(session).values()}
    for row in service.every_evaluation(session, _filters(arguments), zone=asker.zone):
        yield _Line(row, names.get(row.scorecard_id, ""))


def _steps(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Step]:
    filters, names = _filters(arguments), service.names(session)
    assert filters.first is not None
    assert filters.last is not None
    report = service.quality_report(
        session, filters, by=GroupBy.AGENT, first=filters.first, last=filters.last, zone=asker.zone
    )
    for line in report.groups:
        for first_day, mean in zip(report.steps, line.steps, strict=True):
            if mean is not None:
                yield _Step(names.get(line.key, line.key), first_day, mean)


def _day(query: Mapping[str, str], name: str, asker: Asker) -> date:
    try:
        day = date.fromisoformat(query[name]) if query.get(name) else asker.today
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=name) from None
    if not 1990 <= day.year <= 2100:
        raise InvalidInput(N_("This is no date."), field=name)
    return day


def _column(key: str, title: str, value: Any, kind: CellKind = CellKind.TEXT, **more: Any) -> Column:
    return Column(key=key, title=title, value=lambda row, _asker: value(row), kind=kind, module=Module.QUALITY, **more)


EVALUATIONS = ListExport(
    name="evaluations",
    title=N_("Evaluations of calls"),
    columns=(
        _column("call_at", N_("Time of the call"), lambda line: line.row.evaluation.call_at, CellKind.TIME),
        _column("agent", N_("Agent"), lambda line: line.row.agent_name),
        _column("grader", N_("Grader"), lambda line: line.row.grader_name),
        _column("scorecard", N_("Scorecard"), lambda line: line.scorecard, width=24),
        _column("queue", N_("Queue"), lambda line: line.row.evaluation.queue),
        _column("total", N_("Score"), lambda line: line.row.evaluation.total, CellKind.NUMBER),
        _column("fatal", N_("Fatal"), lambda line: int(line.row.evaluation.is_fatal), CellKind.NUMBER),
        _column("version", N_("Version"), lambda line: line.row.evaluation.number, CellKind.NUMBER),
        _column(
            "state",
            N_("State"),
            lambda line: line.row.evaluation.state,
            words={state.value: text for state, text in STATE_TEXT.items()},
        ),
        _column("submitted_at", N_("Submitted"), lambda line: line.row.evaluation.submitted_at, CellKind.TIME),
    ),
    count=lambda session, arguments, asker: sum(1 for _ in _rows(session, arguments, asker)),
    rows=_rows,
    read=_read,
    describe=_describe,
    patient_of=lambda _row: None,
    module=Module.QUALITY,
)
SCORES = ListExport(
    name="scores",
    title=N_("Scores by agent over time"),
    columns=(
        _column("agent", N_("Agent"), lambda step: step.agent, width=24),
        _column("from", N_("From day"), lambda step: step.first_day, CellKind.DAY),
        _column("mean", N_("Mean score"), lambda step: step.mean, CellKind.NUMBER),
    ),
    count=lambda session, arguments, asker: sum(1 for _ in _steps(session, arguments, asker)),
    rows=_steps,
    read=_read,
    describe=_describe,
    patient_of=lambda _row: None,
    module=Module.QUALITY,
)
