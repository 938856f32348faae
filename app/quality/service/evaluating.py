"""Make an evaluation: begin it, keep what is typed, submit it. Each move asks the table in app.quality.rules.states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.calls.models import Call
from app.configuration.rules import APPEAL_DAYS
from app.configuration.service.settings import value
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.journal.service import Entry, append
from app.quality.models import (
    CalibrationSession,
    Evaluation,
    EvaluationAnswer,
    EvaluationAppeal,
    EvaluationRemark,
    EvaluationVersion,
    GradingTask,
    Scorecard,
)
from app.quality.rules import (
    LONGEST_REASON,
    OBJECTION_TEXT,
    WITH_REASON,
    Card,
    EvaluationState,
    GradingState,
    Move,
    Objection,
    Score,
    Sheet,
    Standing,
    Who,
    after,
    clean_sheet,
    object_to,
    read_sheet,
    score,
    write_sheet,
)
from app.quality.service.reading import get_evaluation, standing_of
from app.quality.service.scorecards import card_of, cards_for, get_card, get_version
from app.recordings import service as recordings
from app.recordings.models import Recording
from app.recordings.rules import RecordingState
from app.texts import N_
from app.versions import service as versions

LONGEST_REMARK = 1_000
_PLAYABLE = frozenset({RecordingState.READY, RecordingState.DAMAGED})


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft as it was kept: `seen` is what the next save must name."""

    seen: int
    score: Score


def start(
    session: Session,
    recording_id: str,
    who: Who,
    *,
    now: datetime,
    card_id: int | None = None,
    task_id: int | None = None,
    calibration: CalibrationSession | None = None,
) -> Evaluation:
    """Begin to grade a recording, or go on with one's own draft of it.

    Without `card_id` the scorecard that is meant most closely for the call. Raises NotFound for a recording outside the
    scope, NotAllowed for one's own call, InvalidInput where no scorecard fits or there is nothing to hear.
    """
    access.need_write(session, Module.QUALITY)
    if not who.grades:
        raise NotAllowed(OBJECTION_TEXT[Objection.NOT_YOURS])
    recording = recordings.get(session, recording_id)
    key = f"{recording.id}:{who.username}:{calibration.id if calibration else 0}"[:120]
    own = session.scalar(select(Evaluation).where(Evaluation.draft_key == key))
    if own is not None:
        return own
    call = session.get(Call, recording.call_id)
    if call is None:
        raise NotFound(N_("There is no such recording."))
    _refuse_ungradable(recording, call, who)
    card = get_card(session, card_id) if card_id is not None else None
    made = Evaluation(
        recording_id=recording.id,
        call_id=call.id,
        card_version_id=calibration.card_version_id if calibration else _version_for(session, call, card),
        task_id=task_id,
        calibration_id=calibration.id if calibration else None,
        agent=call.agent,
        grader=who.username,
        queue=call.queue,
        direction=call.direction,
        call_at=call.started_at,
        state=EvaluationState.DRAFT,
        draft=write_sheet(Sheet()),
        draft_by=who.username,
        draft_key=key,
        created_at=now,
        changed_at=now,
    )
    session.add(made)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(N_("Another window of yours has begun this evaluation. Open it again.")) from None
    version = get_version(session, made.card_version_id)
    version.used_at = version.used_at or now
    return made


def begin_edit(session: Session, evaluation_id: int, who: Who, *, now: datetime) -> Evaluation:
    """Open what was submitted for a correction by its grader, or for a change on appeal by somebody else.

    Raises NotAllowed with the reason, Conflict while a colleague is changing it.
    """
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    if edit_move(session, evaluation, who, now) is None:
        raise NotAllowed(OBJECTION_TEXT[_why_not(session, evaluation, who, now)])
    if evaluation.draft is None:
        evaluation.draft = newest_version(session, evaluation).sheet
        evaluation.draft_by = who.username
        evaluation.draft_seen += 1
        versions.flush(session)
    _refuse_foreign(evaluation, who)
    return evaluation


def leave_edit(session: Session, evaluation_id: int, who: Who) -> None:
    """Give a correction or change up that was begun; the evaluation stays as it was."""
    evaluation = get_evaluation(session, evaluation_id, who)
    if evaluation.state != EvaluationState.DRAFT and evaluation.draft_by == who.username:
        evaluation.draft = evaluation.draft_by = None
        versions.flush(session)


def save_draft(session: Session, evaluation_id: int, sheet: Sheet, who: Who, *, seen: int, now: datetime) -> Saved:
    """Keep what is typed. Raises Conflict when another window has saved since, so that nothing is overwritten."""
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    if edit_move(session, evaluation, who, now) is None or evaluation.draft is None:
        raise Conflict(OBJECTION_TEXT[Objection.NO_MOVE])
    _refuse_foreign(evaluation, who)
    if seen != evaluation.draft_seen:
        raise Conflict(N_("This form is open in another window, where something was typed since. Reload this page."))
    card = card_of(get_version(session, evaluation.card_version_id))
    kept = clean_sheet(card, sheet)
    evaluation.draft, evaluation.changed_at = write_sheet(kept), now
    evaluation.draft_seen += 1
    versions.flush(session)
    return Saved(evaluation.draft_seen, score(card, kept.answers))


def finish(
    session: Session, bus: Bus, evaluation_id: int, who: Who, *, now: datetime, reason: str = ""
) -> EvaluationVersion:
    """Make the draft the newest version: submit it, correct it, or change it on appeal.

    Raises InvalidInput while an item has neither an answer nor "does not apply", NotAllowed, Conflict.
    """
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    move = edit_move(session, evaluation, who, now)
    if move is None or evaluation.draft is None:
        raise Conflict(OBJECTION_TEXT[Objection.NO_MOVE])
    _refuse_foreign(evaluation, who)
    reason = _reason(move, reason)
    card, sheet = card_of(get_version(session, evaluation.card_version_id)), read_sheet(evaluation.draft)
    found = score(card, sheet.answers)
    if found.missing:
        raise InvalidInput(
            N_("Answer every item, or say that it does not apply. Without an answer: %(count)s."),
            field=f"item-{found.missing[0]}",
            count=len(found.missing),
        )
    _move(session, bus, evaluation, move, who, now)
    evaluation.draft = evaluation.draft_by = evaluation.draft_key = None
    evaluation.total, evaluation.is_fatal = found.total, found.is_fatal
    made = _add_version(session, evaluation, card, sheet, found, by=who.username, at=now, reason=reason)
    if move is Move.SUBMIT and evaluation.task_id is not None:
        _set_task(session, evaluation.task_id, GradingState.DONE, now)
    if move is Move.CHANGE:
        _decide(session, evaluation, who, "changed", reason, now)
    versions.flush(session)
    return made


def discard(session: Session, bus: Bus, evaluation_id: int, who: Who, *, now: datetime) -> None:
    """Give a draft up. A call that was drawn waits for a grader again."""
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    _move(session, bus, evaluation, Move.DISCARD, who, now)
    evaluation.draft_key = None
    if evaluation.task_id is not None:
        _set_task(session, evaluation.task_id, GradingState.OPEN, now)
    versions.flush(session)


def acknowledge(session: Session, bus: Bus, evaluation_id: int, who: Who, *, now: datetime) -> None:
    """The agent has read it. Raises NotAllowed, Conflict."""
    evaluation = get_evaluation(session, evaluation_id, who)
    _move(session, bus, evaluation, Move.ACKNOWLEDGE, who, now)
    evaluation.acknowledged_at = now
    versions.flush(session)


def appeal(session: Session, bus: Bus, evaluation_id: int, who: Who, reason: str, *, now: datetime) -> None:
    """The agent objects, within the days that the hospital allows. Raises InvalidInput without a reason."""
    evaluation = get_evaluation(session, evaluation_id, who)
    text = _reason(Move.APPEAL, reason)
    _move(session, bus, evaluation, Move.APPEAL, who, now)
    # What the grader had begun to correct is void: a colleague decides now.
    evaluation.draft = evaluation.draft_by = None
    session.add(EvaluationAppeal(evaluation_id=evaluation.id, by=who.username, at=now, reason=text))
    versions.flush(session)


def uphold(session: Session, bus: Bus, evaluation_id: int, who: Who, reason: str, *, now: datetime) -> None:
    """Decide on an appeal that the evaluation stays as it is. Raises InvalidInput without a reason, NotAllowed."""
    access.need_write(session, Module.QUALITY)
    evaluation = get_evaluation(session, evaluation_id, who)
    text = _reason(Move.UPHOLD, reason)
    if evaluation.draft is not None:
        _refuse_foreign(evaluation, who)
    _move(session, bus, evaluation, Move.UPHOLD, who, now)
    evaluation.draft = evaluation.draft_by = None
    _decide(session, evaluation, who, "upheld", text, now)
    versions.flush(session)


def remark(
    session: Session, evaluation_id: int, who: Who, text: str, *, second: float | None, now: datetime
) -> EvaluationRemark:
    """Say something about a submitted evaluation, perhaps at a place in the recording. Raises InvalidInput."""
    evaluation = get_evaluation(session, evaluation_id, who)
    text = text.replace("\x00", "").strip()[:LONGEST_REMARK]
    if not text:
        raise InvalidInput(N_("Write a comment first."), field="text")
    if evaluation.state in (EvaluationState.DRAFT, EvaluationState.DISCARDED):
        raise Conflict(OBJECTION_TEXT[Objection.NO_MOVE])
    made = EvaluationRemark(evaluation_id=evaluation.id, by=who.username, at=now, text=text, second=second)
    session.add(made)
    session.flush()
    return made


def edit_move(session: Session, evaluation: Evaluation, who: Who, now: datetime) -> Move | None:
    """What this person would do by filling the form in; nothing when they may only read."""
    standing = standing_of(evaluation)
    moves = (Move.SUBMIT,) if evaluation.calibration_id else (Move.SUBMIT, Move.CORRECT, Move.CHANGE)
    return next((move for move in moves if _objection(session, standing, move, who, now) is None), None)


def newest_version(session: Session, evaluation: Evaluation) -> EvaluationVersion:
    """What the evaluation says now. It must have been submitted."""
    query = select(EvaluationVersion).where(
        EvaluationVersion.evaluation_id == evaluation.id, EvaluationVersion.number == evaluation.number
    )
    return session.scalars(query).one()


def _move(session: Session, bus: Bus, evaluation: Evaluation, move: Move, who: Who, now: datetime) -> None:
    if evaluation.calibration_id is not None and move not in (Move.SUBMIT, Move.DISCARD):
        raise Conflict(OBJECTION_TEXT[Objection.NO_MOVE])
    standing = standing_of(evaluation)
    objection = _objection(session, standing, move, who, now)
    if objection is Objection.NO_MOVE:
        raise Conflict(OBJECTION_TEXT[objection])
    if objection is not None:
        raise NotAllowed(OBJECTION_TEXT[objection], reason=str(objection))
    moved = after(standing, move, now)
    evaluation.state, evaluation.number = moved.state, moved.number
    evaluation.submitted_at, evaluation.changed_at = moved.submitted_at, now
    # A version's number is taken once, whoever else makes a move at the same time.
    versions.flush(session)
    payload = {"evaluation_id": evaluation.id, "move": move.value, "number": moved.number}
    if evaluation.calibration_id is not None:
        payload["calibration_id"] = evaluation.calibration_id
    entry = Entry(kind="evaluation.moved", at=now, call_id=evaluation.call_id, agent=who.username, payload=payload)
    append(session, bus, [entry])


def _objection(session: Session, standing: Standing, move: Move, who: Who, now: datetime) -> Objection | None:
    days = value(session, APPEAL_DAYS) if move is Move.APPEAL else 0
    return object_to(standing, move, who, now=now, appeal_days=days)


def _why_not(session: Session, evaluation: Evaluation, who: Who, now: datetime) -> Objection:
    move = Move.CHANGE if evaluation.state == EvaluationState.APPEALED else Move.CORRECT
    return _objection(session, standing_of(evaluation), move, who, now) or Objection.NO_MOVE


def _refuse_foreign(evaluation: Evaluation, who: Who) -> None:
    if evaluation.draft_by not in (None, who.username):
        raise Conflict(N_("A colleague is changing this evaluation just now."))


def _refuse_ungradable(recording: Recording, call: Call, who: Who) -> None:
    if call.agent is None:
        raise InvalidInput(N_("No agent spoke in this call."), field="recording")
    if call.agent == who.username:
        raise NotAllowed(OBJECTION_TEXT[Objection.OWN_CALL], reason=str(Objection.OWN_CALL))
    if recording.state not in _PLAYABLE:
        raise InvalidInput(N_("There is nothing to hear in this recording, or not yet."), field="recording")


def _version_for(session: Session, call: Call, card: Scorecard | None) -> int:
    if card is not None:
        version = versions.in_use(card.versions)
        if version is None:
            raise InvalidInput(N_("No version of this scorecard is in use."), field="card")
        return version.id
    fitting = cards_for(session, call)
    if not fitting:
        raise InvalidInput(N_("No scorecard in use is for this kind of call."), field="card")
    return fitting[0][1].id


def _reason(move: Move, text: str) -> str:
    text = text.replace("\x00", "").strip()[:LONGEST_REASON]
    if move in WITH_REASON and not text:
        raise InvalidInput(N_("Say why."), field="reason")
    return text


def _add_version(
    session: Session,
    evaluation: Evaluation,
    card: Card,
    sheet: Sheet,
    found: Score,
    *,
    by: str,
    at: datetime,
    reason: str,
) -> EvaluationVersion:
    made = EvaluationVersion(
        evaluation_id=evaluation.id,
        number=evaluation.number,
        sheet=write_sheet(sheet),
        total=found.total,
        is_fatal=found.is_fatal,
        by=by,
        at=at,
        reason=reason,
    )
    answers: Sequence[EvaluationAnswer] = [
        EvaluationAnswer(
            evaluation_id=evaluation.id,
            number=evaluation.number,
            item=item.key,
            value=sheet.answers[item.key].value if found.items[item.key] is not None else None,
            share=found.items[item.key],
        )
        for item in card.items
    ]
    session.add_all([made, *answers])
    return made


def _decide(session: Session, evaluation: Evaluation, who: Who, decision: str, reason: str, now: datetime) -> None:
    found = session.scalars(select(EvaluationAppeal).where(EvaluationAppeal.evaluation_id == evaluation.id)).one()
    found.decided_by, found.decided_at = who.username, now
    found.decision, found.decision_reason = decision, reason


def _set_task(session: Session, task_id: int, state: GradingState, now: datetime) -> None:
    task = session.get(GradingTask, task_id)
    if task is None:
        return
    task.state = state
    if state is GradingState.DONE:
        task.done_at = now
    else:
        task.claimed_by = task.claimed_at = None
