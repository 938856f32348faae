"""The reports of the floor as lists for export: one row for each queue or agent and step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module
from app.errors import InvalidInput
from app.exports.rules import CellKind
from app.exports.service import Arguments, Asker, Column, ListExport
from app.floor_reports import service
from app.floor_reports.rules import AgentFigures, Step
from app.floor_reports.service import FloorChoice, FloorReport
from app.queues.service import queue_labels
from app.texts import N_


@dataclass(frozen=True, slots=True)
class _Row:
    """Figures of one queue or agent in one step."""

    name: str
    start: datetime
    end: datetime
    figures: Any


def _read(_session: Session, query: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    first, last = _day(query, "since", asker), _day(query, "until", asker)
    step = query.get("step", "")
    choice = FloorChoice.of(first, last, Step(step) if step in set(Step) else Step.DAY)
    arguments = {"since": choice.first.isoformat(), "until": choice.last.isoformat(), "step": choice.step.value}
    return arguments | {name: query[name][:64] for name in ("queue", "agent") if query.get(name)}


def _describe(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    found = [(N_("From day"), arguments["since"]), (N_("To day"), arguments["until"])]
    if "queue" in arguments:
        found.append((N_("Queue"), queue_labels(session).get(arguments["queue"], arguments["queue"])))
    if "agent" in arguments:
        found.append((N_("Agent"), service.agent_names(session).get(arguments["agent"], arguments["agent"])))
    return found


def _report(session: Session, arguments: Arguments, asker: Asker) -> FloorReport:
    days = [date.fromisoformat(arguments[name]) for name in ("since", "until")]
    choice = FloorChoice.of(days[0], days[1], Step(arguments["step"]))
    return service.floor_report(session, choice, zone=asker.zone, now=asker.now)


def _queue_rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Row]:
    report, labels = _report(session, arguments, asker), queue_labels(session)
    names = [name for name in report.queue_names() if arguments.get("queue") in (None, name)]
    for name in names:
        for place, start in enumerate(report.steps.starts):
            figures = report.queue(name, place)
            if figures.offered:
                yield _Row(labels.get(name, name), start, report.steps.end_of(place), figures)


def _agent_rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Row]:
    report, names = _report(session, arguments, asker), service.agent_names(session)
    agents = [agent for agent in report.agent_ids() if arguments.get("agent") in (None, agent)]
    for agent in agents:
        for place, start in enumerate(report.steps.starts):
            figures = report.agent(agent, place)
            if figures.was_there:
                yield _Row(names.get(agent, agent), start, report.steps.end_of(place), figures)


def _day(query: Mapping[str, str], name: str, asker: Asker) -> date:
    try:
        day = date.fromisoformat(query[name]) if query.get(name) else asker.today
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=name) from None
    if not 1990 <= day.year <= 2100:
        raise InvalidInput(N_("This is no date."), field=name)
    return day


def _number(key: str, title: str, value: Any) -> Column:
    def shown(row: _Row, _asker: Asker) -> object:
        found = value(row.figures)
        return found if found is None or isinstance(found, int) else round(found, 1)

    return Column(key=key, title=title, value=shown, kind=CellKind.NUMBER, module=Module.REPORTS)


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _columns(title: str, *figures: Column) -> tuple[Column, ...]:
    return (
        Column(key="name", title=title, value=lambda row, _asker: row.name, module=Module.REPORTS, width=24),
        Column(
            key="start",
            title=N_("From"),
            value=lambda row, _asker: row.start,
            kind=CellKind.TIME,
            module=Module.REPORTS,
        ),
        Column(
            key="end", title=N_("Until"), value=lambda row, _asker: row.end, kind=CellKind.TIME, module=Module.REPORTS
        ),
        *figures,
    )


def _state(state: str) -> Any:
    def seconds(figures: AgentFigures) -> float:
        return figures.states.get(state, 0.0)

    return seconds


_QUEUE_COLUMNS = _columns(
    N_("Queue"),
    _number("offered", N_("Offered"), lambda q: q.offered),
    _number("answered", N_("Answered"), lambda q: q.answered),
    _number("abandoned", N_("Abandoned"), lambda q: q.abandoned),
    _number("in_time", N_("Answered in time"), lambda q: q.in_time),
    _number("abandon_rate", N_("Abandon rate, %"), lambda q: _percent(q.abandon_rate)),
    _number("service_level", N_("Service level, %"), lambda q: _percent(q.service_level)),
    _number("average_answer", N_("Average wait, seconds"), lambda q: q.average_answer),
    _number("longest_wait", N_("Longest wait, seconds"), lambda q: q.longest_wait),
    _number("talk", N_("Talk, seconds"), lambda q: q.talk),
    _number("wrap_up", N_("Wrap-up, seconds"), lambda q: q.wrap_up),
    _number("average_handle", N_("Average handling, seconds"), lambda q: q.average_handle),
)
_AGENT_COLUMNS = _columns(
    N_("Agent"),
    _number("signed_in", N_("Signed in, seconds"), lambda a: a.signed_in),
    _number("ready", N_("Ready, seconds"), _state("ready")),
    _number("ringing", N_("Ringing, seconds"), _state("ringing")),
    _number("talking", N_("Talking, seconds"), _state("talking")),
    _number("wrap_up", N_("Wrap-up, seconds"), _state("wrap_up")),
    _number("not_ready", N_("Not ready, seconds"), _state("not_ready")),
    _number("answered", N_("Answered"), lambda a: len(a.answered_calls)),
    _number("missed", N_("Missed"), lambda a: len(a.missed_calls)),
    _number("rejected", N_("Rejected"), lambda a: len(a.rejected_calls)),
    _number("outbound", N_("Outgoing"), lambda a: len(a.outbound_calls)),
    _number("reached", N_("Outgoing and reached"), lambda a: len(a.reached_calls)),
    _number("average_handle", N_("Average handling, seconds"), lambda a: a.average_handle),
    _number("occupancy", N_("Occupancy, %"), lambda a: _percent(a.occupancy)),
)


def _list(name: str, title: str, columns: tuple[Column, ...], rows: Any) -> ListExport:
    return ListExport(
        name=name,
        title=title,
        columns=columns,
        count=lambda session, arguments, asker: sum(1 for _ in rows(session, arguments, asker)),
        rows=rows,
        read=_read,
        describe=_describe,
        patient_of=lambda _row: None,
        module=Module.REPORTS,
    )


QUEUES = _list("floor_queues", N_("Report of the queues"), _QUEUE_COLUMNS, _queue_rows)
AGENTS = _list("floor_agents", N_("Report of the agents"), _AGENT_COLUMNS, _agent_rows)
