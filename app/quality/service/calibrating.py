"""Blind calibration: several graders judge the same recordings, and what they said is compared once it is closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts.models import User
from app.accounts.rules import Role
from app.bus import Bus
from app.calls.models import Call
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.journal.service import Entry, append
from app.patients.rules import clean_text
from app.quality.models import (
    CalibrationGrader,
    CalibrationRecording,
    CalibrationSession,
    Evaluation,
    EvaluationAnswer,
    Scorecard,
    ScorecardVersion,
)
from app.quality.rules import (
    LEVEL_OF,
    OBJECTION_TEXT,
    Agreement,
    Card,
    EvaluationState,
    Item,
    Level,
    Objection,
    Who,
    consensus,
    drift,
)
from app.quality.service.agreement import agreement
from app.quality.service.evaluating import start
from app.quality.service.scorecards import card_of, get_card, get_version
from app.recordings import service as recordings
from app.texts import N_
from app.versions import service as versions

MOST_RECORDINGS, MOST_GRADERS = 20, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionData:
    """What a session is about."""

    name: str
    scorecard_id: int
    recording_ids: tuple[str, ...]
    graders: tuple[str, ...]
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one grader said of one item of one recording; without a value it did not apply."""

    value: int | None
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A closed session: answers by item, recording and grader, totals, agreement and drift."""

    card: Card
    graders: tuple[str, ...]
    recordings: tuple[str, ...]
    cells: Mapping[tuple[str, str, str], Cell]
    totals: Mapping[tuple[str, str], float]
    consensus: Mapping[str, float]
    by_item: Mapping[str, Agreement]
    items_together: Agreement
    total: Agreement
    drift: Mapping[str, float | None]


def get_session(session: Session, session_id: int) -> CalibrationSession:
    """Raises NotFound."""
    found = session.get(CalibrationSession, session_id) if 0 < session_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such calibration."))
    return found


def list_sessions(session: Session) -> Sequence[CalibrationSession]:
    """All sessions, the open ones first."""
    query = select(CalibrationSession).order_by(CalibrationSession.closed_at.is_not(None))
    return session.scalars(query.order_by(CalibrationSession.id.desc()).limit(200)).all()


def graders_of(session: Session, session_id: int) -> list[str]:
    query = select(CalibrationGrader.username).where(CalibrationGrader.session_id == session_id)
    return list(session.scalars(query.order_by(CalibrationGrader.username)))


def recordings_of(session: Session, session_id: int) -> list[str]:
    """The recordings in their order, as far as they are in the scope of whoever asks."""
    query = select(CalibrationRecording.recording_id).where(CalibrationRecording.session_id == session_id)
    return list(session.scalars(query.order_by(CalibrationRecording.place)))


def possible_graders(session: Session) -> list[tuple[str, str]]:
    """Who grades: username and name."""
    roles = [role.value for role in (Role.QA, Role.SUPERVISOR, Role.ADMIN)]
    query = select(User.username, User.display_name).where(User.role.in_(roles), User.is_active.is_(True))
    return [(row.username, row.display_name) for row in session.execute(query.order_by(User.display_name))]


def create_session(session: Session, bus: Bus, data: SessionData, who: Who, *, now: datetime) -> CalibrationSession:
    """Begin a blind session. Raises InvalidInput, NotFound for a recording outside the scope, NotAllowed."""
    access.need_write(session, Module.QUALITY)
    if not who.grades:
        raise NotAllowed(OBJECTION_TEXT[Objection.NOT_YOURS])
    graders, chosen = sorted(set(data.graders)), list(dict.fromkeys(data.recording_ids))
    _check(session, data, graders, chosen)
    version = versions.in_use(get_card(session, data.scorecard_id).versions)
    if version is None:
        raise InvalidInput(N_("No version of this scorecard is in use."), field="card")
    made = CalibrationSession(
        name=clean_text(data.name)[:120],
        card_version_id=version.id,
        due_on=data.due_on,
        created_by=who.username,
        created_at=now,
    )
    session.add(made)
    session.flush()
    session.add_all(CalibrationGrader(session_id=made.id, username=each) for each in graders)
    session.add_all(
        CalibrationRecording(session_id=made.id, recording_id=each, place=place) for place, each in enumerate(chosen)
    )
    session.flush()
    _tell(session, bus, made, "calibration.opened", who, now)
    return made


def judge(session: Session, session_id: int, recording_id: str, who: Who, *, now: datetime) -> Evaluation:
    """Begin, or go on with, the own blind evaluation of one recording. Raises NotAllowed, Conflict once closed."""
    found = get_session(session, session_id)
    if who.username not in graders_of(session, session_id):
        raise NotAllowed(N_("You do not take part in this calibration."))
    if found.closed_at is not None:
        raise Conflict(N_("This calibration is closed."))
    if recording_id not in recordings_of(session, session_id):
        raise NotFound(N_("There is no such recording."))
    own = own_judgements(session, session_id, who.username).get(recording_id)
    if own is not None:
        return own
    return start(session, recording_id, who, now=now, calibration=found)


def own_judgements(session: Session, session_id: int, username: str) -> dict[str, Evaluation]:
    """The own evaluations of a session by recording; nobody else's."""
    query = select(Evaluation).where(
        Evaluation.calibration_id == session_id,
        Evaluation.grader == username,
        Evaluation.state != EvaluationState.DISCARDED,
    )
    return {each.recording_id: each for each in session.scalars(query)}


def progress(session: Session, session_id: int) -> dict[str, int]:
    """How many recordings each grader has submitted; how they judged is not told."""
    query = (
        select(Evaluation.grader, func.count())
        .where(Evaluation.calibration_id == session_id, Evaluation.state == EvaluationState.SUBMITTED)
        .group_by(Evaluation.grader)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def close_session(
    session: Session, bus: Bus, session_id: int, who: Who, *, is_supervisor: bool, now: datetime
) -> CalibrationSession:
    """End the blind part: no answer comes any more, and everybody who grades sees them all. Raises Conflict twice.

    Whoever began it does so, or a supervisor: NotAllowed for others. Drafts that were not submitted are given up: they
    do not count.
    """
    access.need_write(session, Module.QUALITY)
    found = session.scalar(select(CalibrationSession).where(CalibrationSession.id == session_id).with_for_update())
    if found is None:
        raise NotFound(N_("There is no such calibration."))
    if not may_close(found, who, is_supervisor=is_supervisor):
        raise NotAllowed(N_("Whoever began a calibration closes it, or a supervisor."))
    if found.closed_at is not None:
        raise Conflict(N_("This calibration is closed."))
    found.closed_at, found.closed_by = now, who.username
    drafts = select(Evaluation).where(
        Evaluation.calibration_id == session_id, Evaluation.state == EvaluationState.DRAFT
    )
    for draft in session.scalars(drafts):
        draft.state, draft.draft_key = EvaluationState.DISCARDED, None
    versions.flush(session)
    _tell(session, bus, found, "calibration.closed", who, now)
    return found


def may_close(found: CalibrationSession, who: Who, *, is_supervisor: bool) -> bool:
    """Whether this person may end the blind part: early, it gives up what the others have not submitted."""
    return is_supervisor or found.created_by == who.username


def compare(session: Session, session_id: int) -> Comparison:
    """What the graders of a closed session said, side by side. Raises Conflict while it is open."""
    found = get_session(session, session_id)
    if found.closed_at is None:
        raise Conflict(N_("Nobody sees the answers before the calibration is closed."))
    card = card_of(get_version(session, found.card_version_id))
    shown, graders = recordings_of(session, session_id), graders_of(session, session_id)
    cells: dict[tuple[str, str, str], Cell] = {}
    totals: dict[tuple[str, str], float] = {}
    query = (
        select(Evaluation.grader, Evaluation.recording_id, Evaluation.total, EvaluationAnswer)
        .join(EvaluationAnswer, EvaluationAnswer.evaluation_id == Evaluation.id)
        .where(Evaluation.calibration_id == session_id, Evaluation.state == EvaluationState.SUBMITTED)
        .where(EvaluationAnswer.number == Evaluation.number, Evaluation.recording_id.in_(shown))
    )
    for grader, recording_id, total, answer in session.execute(query):
        cells[answer.item, recording_id, grader] = Cell(value=answer.value, share=answer.share)
        if total is not None:
            totals[recording_id, grader] = total
    held = {each: [totals[each, grader] for grader in graders if (each, grader) in totals] for each in shown}
    return Comparison(
        card=card,
        graders=tuple(graders),
        recordings=tuple(shown),
        cells=cells,
        totals=totals,
        consensus={each: consensus(values) for each, values in held.items() if values},
        by_item={item.key: _of_item(item, shown, graders, cells) for item in card.items},
        items_together=_of_all(card, shown, graders, cells),
        total=agreement([[totals.get((each, one)) for one in graders] for each in shown], Level.INTERVAL),
        drift=_drifts(session, session_id),
    )


def drift_over_time(session: Session) -> dict[str, list[tuple[CalibrationSession, float]]]:
    """Of each grader the drift in each closed session, oldest first."""
    query = select(CalibrationSession).where(CalibrationSession.closed_at.is_not(None))
    closed = list(session.scalars(query.order_by(CalibrationSession.closed_at.desc()).limit(24)))
    found: dict[str, list[tuple[CalibrationSession, float]]] = defaultdict(list)
    for each in reversed(closed):
        for grader, points in _drifts(session, each.id).items():
            if points is not None:
                found[grader].append((each, points))
    return dict(found)


def count_to_judge(session: Session, username: str) -> int:
    """How many recordings of open sessions wait for this grader."""
    submitted = exists().where(
        Evaluation.calibration_id == CalibrationRecording.session_id,
        Evaluation.recording_id == CalibrationRecording.recording_id,
        Evaluation.grader == username,
        Evaluation.state == EvaluationState.SUBMITTED,
    )
    query = (
        select(func.count())
        .select_from(CalibrationRecording)
        .join(CalibrationSession, CalibrationSession.id == CalibrationRecording.session_id)
        .join(CalibrationGrader, CalibrationGrader.session_id == CalibrationSession.id)
        .where(CalibrationGrader.username == username, CalibrationSession.closed_at.is_(None), ~submitted)
    )
    return session.scalar(query) or 0


def scorecard_of(session: Session, found: CalibrationSession) -> Scorecard:
    """The scorecard that a session judges by."""
    query = select(Scorecard).join(ScorecardVersion, ScorecardVersion.scorecard_id == Scorecard.id)
    return session.scalars(query.where(ScorecardVersion.id == found.card_version_id)).one()


def _drifts(session: Session, session_id: int) -> dict[str, float | None]:
    query = select(Evaluation.recording_id, Evaluation.grader, Evaluation.total).where(
        Evaluation.calibration_id == session_id,
        Evaluation.state == EvaluationState.SUBMITTED,
        Evaluation.total.is_not(None),
    )
    held: dict[str, list[float]] = defaultdict(list)
    own: dict[str, dict[str, float]] = defaultdict(dict)
    for recording_id, grader, total in session.execute(query):
        assert total is not None
        held[recording_id].append(total)
        own[grader][recording_id] = total
    return {grader: drift(totals, held) for grader, totals in own.items()}


def _of_item(
    item: Item, shown: Sequence[str], graders: Sequence[str], cells: Mapping[tuple[str, str, str], Cell]
) -> Agreement:
    units = [[_value(cells.get((item.key, each, one))) for one in graders] for each in shown]
    return agreement(units, LEVEL_OF[item.kind])


def _of_all(
    card: Card, shown: Sequence[str], graders: Sequence[str], cells: Mapping[tuple[str, str, str], Cell]
) -> Agreement:
    """All items of all recordings at once, by what was reached of the best: kinds differ, shares compare."""
    units = [
        [cell.share if (cell := cells.get((item.key, each, one))) else None for one in graders]
        for item in card.items
        for each in shown
    ]
    return agreement(units, Level.INTERVAL)


def _value(cell: Cell | None) -> float | None:
    return None if cell is None or cell.value is None else float(cell.value)


def _check(session: Session, data: SessionData, graders: Sequence[str], chosen: Sequence[str]) -> None:
    if not clean_text(data.name):
        raise InvalidInput(N_("Give the calibration a name."), field="name")
    if not 2 <= len(graders) <= MOST_GRADERS:
        raise InvalidInput(N_("Choose two graders at least, twenty at most."), field="graders")
    if not set(graders) <= {username for username, _name in possible_graders(session)}:
        raise InvalidInput(N_("Choose two graders at least, twenty at most."), field="graders")
    if not 1 <= len(chosen) <= MOST_RECORDINGS:
        raise InvalidInput(N_("Choose one recording at least, twenty at most."), field="recordings")
    for each in chosen:
        call = session.get(Call, recordings.get(session, each).call_id)
        if call is None or call.agent is None:
            raise InvalidInput(N_("No agent spoke in this call."), field="recordings")
        if call.agent in graders:
            raise InvalidInput(N_("Nobody grades their own calls."), field="graders")


def _tell(session: Session, bus: Bus, found: CalibrationSession, kind: str, who: Who, now: datetime) -> None:
    append(session, bus, [Entry(kind=kind, at=now, agent=who.username, payload={"calibration_id": found.id})])
