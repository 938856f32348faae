"""Evaluations of calls as lists for export: one row each, the scores over time by whom or what, and those of items."""

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
from app.quality.rules import GROUP_TEXT, STATE_TEXT, GroupBy, days_of, in_language
from app.quality.service import EvaluationFilters
from app.queues.service import queue_labels
from app.texts import N_

_WORDS = ("agent", "grader", "queue")
_NUMBERS = ("team", "department", "scorecard")


@dataclass(frozen=True, slots=True)
class _Step:
    """What was graded of one agent, team, or whatever it is told apart by, in one step of time."""

    by: GroupBy
    name: str
    first_day: date
    last_day: date
    graded: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class _Item:
    """How an item of a scorecard was answered, with its words in the language of the file."""

    line: service.ItemLine
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    """An evaluation with what its scorecard is called."""

    row: service.EvaluationRow
    scorecard: str


def _read(_session: Session, query: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    found: dict[str, Any] = {name: _day(query, name, asker).isoformat() for name in ("since", "until")}
    found |= {name: query[name][:64] for name in _WORDS if query.get(name)}
    if query.get("by") in set(GroupBy):
        found["by"] = query["by"]
    found |= {name: int(query[name]) for name in _NUMBERS if query.get(name, "").isdecimal() and len(query[name]) < 10}
    return found


def _describe(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    names, found = service.names(session), [(N_("From day"), arguments["since"]), (N_("To day"), arguments["until"])]
    for name, label in (("agent", N_("Agent")), ("grader", N_("Grader"))):
        if name in arguments:
            found.append((label, names.get(arguments[name], arguments[name])))
    if "queue" in arguments:
        found.append((N_("Queue"), queue_labels(session).get(arguments["queue"], arguments["queue"])))
    for name, label, by in (
        ("team", N_("Team"), GroupBy.TEAM),
        ("department", N_("Department"), GroupBy.DEPARTMENT),
    ):
        if name in arguments:
            found.append((label, service.group_names(session, by).get(str(arguments[name]), "–")))
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
        team_id=arguments.get("team"),
        department_id=arguments.get("department"),
        scorecard_id=arguments.get("scorecard"),
    )


def _rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Line]:
    names = {card.id: card.name for card in service.card_names(session).values()}
    for row in service.every_evaluation(session, _filters(arguments), zone=asker.zone):
        yield _Line(row, names.get(row.scorecard_id, ""))


def _steps(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Step]:
    filters, by = _filters(arguments), GroupBy(arguments.get("by", GroupBy.AGENT))
    first, last = (date.fromisoformat(arguments[name]) for name in ("since", "until"))
    names = service.group_names(session, by)
    report = service.quality_report(session, filters, by=by, first=first, last=last, zone=asker.zone)
    for line in report.groups:
        for place, (first_day, last_day) in enumerate(days_of(report.steps, last)):
            if line.graded_steps[place]:
                name = names.get(line.key, "–")
                yield _Step(by, name, first_day, last_day, line.graded_steps[place], line.steps[place])


def _items(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Item]:
    card_id, language = arguments.get("scorecard"), session.info.get("locale", asker.settings.locale)
    if card_id is not None:
        for line in service.item_lines(session, _filters(arguments), card_id, zone=asker.zone):
            yield _Item(line, in_language(line.texts, language))


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
    title=N_("Scores over time"),
    columns=(
        _column(
            "by",
            N_("Grouped by"),
            lambda step: step.by.value,
            words={each.value: text for each, text in GROUP_TEXT.items()},
        ),
        _column("name", N_("Agent or group"), lambda step: step.name, width=24),
        _column("from", N_("From day"), lambda step: step.first_day, CellKind.DAY),
        _column("to", N_("To day"), lambda step: step.last_day, CellKind.DAY),
        _column("graded", N_("Graded"), lambda step: step.graded, CellKind.NUMBER),
        _column("mean", N_("Mean score"), lambda step: step.mean, CellKind.NUMBER),
    ),
    count=lambda session, arguments, asker: sum(1 for _ in _steps(session, arguments, asker)),
    rows=_steps,
    read=_read,
    describe=_describe,
    patient_of=lambda _row: None,
    module=Module.QUALITY,
)
ITEM_SCORES = ListExport(
    name="item_scores",
    title=N_("Scores of the items of a scorecard"),
    columns=(
        _column("item", N_("Item"), lambda item: item.text, width=48),
        _column("fatal", N_("Fatal"), lambda item: int(item.line.is_fatal), CellKind.NUMBER),
        _column("answered", N_("Answers"), lambda item: item.line.answered, CellKind.NUMBER),
        _column(
            "share",
            N_("Reached of the best, %"),
            lambda item: None if item.line.share is None else round(item.line.share * 100, 1),
            CellKind.NUMBER,
        ),
        _column("failed", N_("Nothing reached"), lambda item: item.line.failed, CellKind.NUMBER),
    ),
    count=lambda session, arguments, asker: sum(1 for _ in _items(session, arguments, asker)),
    rows=_items,
    read=_read,
    describe=_describe,
    patient_of=lambda _row: None,
    module=Module.QUALITY,
)
