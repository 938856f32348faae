"""What the SMSC answered and reported becomes the state of the message. Only sms_gateway calls these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app.bus import Bus
from app.journal.service import Entry, append
from app.messages.models import Message, Segment, UnmatchedReceipt
from app.messages.rules import (
    FEW_TRIES,
    FINAL_SEGMENT_STATES,
    MOST_TRIES,
    OutState,
    Receipt,
    SegmentState,
    SubmitOutcome,
    Verdict,
    fold_segments,
    id_key,
    id_keys,
    is_same_number,
    retry_after,
)

UNCERTAIN = "uncertain"
"""The error code of a queued message of which a segment was submitted and no answer was read."""
RECEIPT_WAITS = timedelta(seconds=10)
"""A receipt without its submit response is given this long: the response is recorded within a second or two."""
_RECEIPT_KEPT = timedelta(days=7)  # operators retry a switched-off telephone for three days at most
_MOST_UNCERTAIN = 2_000  # twice the largest window; a sweep that finds more goes on with the rest next time
_MOST_SETTLED = 200  # receipts looked at in one sweep, so that the link is never left alone for long
_REPEAT = timedelta(minutes=10)  # a receipt that comes twice comes twice within minutes


def record_outcomes(session: Session, bus: Bus, outcomes: Sequence[SubmitOutcome], *, now: datetime) -> None:
    """Write down what became of submitted segments. An answer that comes late still counts."""
    if not outcomes:
        return
    query = select(Segment).where(Segment.id.in_([outcome.segment_id for outcome in outcomes])).options(*_WHOLE)
    rows = {row.id: row for row in session.scalars(query)}
    early = _early_receipts(session, outcomes)
    touched: dict[int, Message] = {}
    for outcome in outcomes:
        segment = rows.get(outcome.segment_id)
        if segment is None or segment.state not in (SegmentState.SENDING, SegmentState.UNCERTAIN):
            continue  # a late answer to a segment that a receipt has settled already
        _apply(session, segment, outcome, early, now)
        touched[segment.message_id] = segment.message
    _fold(session, bus, touched.values(), now)


def record_receipts(session: Session, bus: Bus, receipts: Sequence[Receipt], *, account: str, now: datetime) -> None:
    """Match receipts with their segments, in order; one whose id no segment has is kept for later.

    A repeat changes nothing, and a final state is never replaced.
    """
    keys = {key for receipt in receipts for key in id_keys(receipt.smsc_message_id)}
    if not keys:
        return
    query = select(Segment).where(Segment.account == account, Segment.smsc_key.in_(keys)).options(*_WHOLE)
    by_key: dict[str, list[Segment]] = defaultdict(list)
    for segment in session.scalars(query.order_by(Segment.submitted_at.desc(), Segment.id.desc())):
        by_key[segment.smsc_key or ""].append(segment)
    touched: dict[int, Message] = {}
    for receipt in receipts:
        found = _choose(receipt, by_key)
        if found is None:
            _keep(session, receipt, account, now)
        elif _settle(found, receipt.state, receipt.error_code, now):
            touched[found.message_id] = found.message
    _fold(session, bus, touched.values(), now)


def hold_uncertain(
    session: Session, bus: Bus, *, account: str | None, now: datetime, besides: Collection[int] = ()
) -> int:
    """Whatever is marked as being sent may have left or not, and is never resent blindly: it becomes uncertain.

    For the start of a gateway (no account: all of them) or of an account; `besides` are the segments that a running
    gateway knows of. Returns how many it were.
    """
    query = select(Segment).where(Segment.state == SegmentState.SENDING).options(*_WHOLE)
    if account is not None:
        query = query.where(Segment.account == account)
    held = [segment for segment in session.scalars(query) if segment.id not in besides]
    for segment in held:
        segment.state = SegmentState.UNCERTAIN
    _fold(session, bus, {segment.message for segment in held}, now)
    return len(held)


def settle_uncertain(
    session: Session, bus: Bus, *, account: str, now: datetime, receipt_waits: timedelta = RECEIPT_WAITS
) -> int:
    """Give receipts that no id explains to uncertain segments of the same number, oldest first.

    A receipt is given time for its submit response first. Returns how many segments were settled.
    """
    session.execute(delete(UnmatchedReceipt).where(UnmatchedReceipt.received_at < now - _RECEIPT_KEPT))
    uncertain = _uncertain_segments(session, account)
    if not uncertain:
        return 0
    receipts = session.scalars(
        select(UnmatchedReceipt)
        .where(UnmatchedReceipt.account == account, UnmatchedReceipt.received_at <= now - receipt_waits)
        .order_by(UnmatchedReceipt.received_at.desc())
        .limit(_MOST_SETTLED)
    )
    settled: list[Segment] = []
    for receipt in receipts:
        segment = next((row for row in uncertain if _is_for(row, receipt.addresses)), None)
        if segment is None:
            continue
        uncertain.remove(segment)
        segment.smsc_message_id, segment.smsc_key = receipt.smsc_message_id, receipt.smsc_key
        _settle(segment, SegmentState(receipt.state), receipt.error_code or "", now)
        session.delete(receipt)
        settled.append(segment)
    _fold(session, bus, {segment.message for segment in settled}, now)
    return len(settled)


_WHOLE = (joinedload(Segment.message, innerjoin=True).selectinload(Message.segments),)
"""A message is judged by all of its segments."""


def _apply(
    session: Session,
    segment: Segment,
    outcome: SubmitOutcome,
    early: dict[str, list[UnmatchedReceipt]],
    now: datetime,
) -> None:
    if outcome.verdict is Verdict.ACCEPTED:
        segment.state, segment.error_code = SegmentState.SENT, None
        segment.smsc_message_id = outcome.smsc_message_id
        segment.smsc_key = id_key(outcome.smsc_message_id)
        receipt = _take_early(segment, early)
        if receipt is not None:
            _settle(segment, SegmentState(receipt.state), receipt.error_code or "", now)
            session.delete(receipt)
    elif outcome.verdict is Verdict.UNANSWERED:
        segment.state = SegmentState.UNCERTAIN
    elif outcome.verdict is Verdict.PERMANENT:
        segment.state, segment.error_code, segment.final_at = SegmentState.FAILED, outcome.error_code, now
    else:
        segment.state = SegmentState.WAITING
        if outcome.verdict is not Verdict.NOT_SENT:
            _count_failure(segment, outcome, now)
    if outcome.error_code:
        segment.message.error_code = outcome.error_code


def _count_failure(segment: Segment, outcome: SubmitOutcome, now: datetime) -> None:
    message = segment.message
    message.attempts += 1
    segment.error_code = outcome.error_code
    message.due_at = now + retry_after(message.attempts)
    most = MOST_TRIES if outcome.verdict is Verdict.TEMPORARY else FEW_TRIES
    if message.attempts >= most:
        segment.state, segment.final_at = SegmentState.FAILED, now


def _settle(segment: Segment, state: SegmentState, error_code: str, now: datetime) -> bool:
    if segment.state in FINAL_SEGMENT_STATES or segment.state == state:
        return False
    segment.state = state
    segment.error_code = (error_code or None) if state is not SegmentState.DELIVERED else None
    segment.final_at = now if state in FINAL_SEGMENT_STATES else None
    return True


def _fold(session: Session, bus: Bus, messages: Iterable[Message], now: datetime) -> None:
    entries = [entry for message in messages for entry in _fold_one(message, now)]
    session.flush()
    append(session, bus, entries)


def _fold_one(message: Message, now: datetime) -> list[Entry]:
    states = [SegmentState(segment.state) for segment in message.segments]
    state = fold_segments(states)
    was_uncertain = message.error_code == UNCERTAIN
    if state is OutState.FAILED:
        for segment in message.segments:
            if segment.state == SegmentState.WAITING:
                segment.state, segment.final_at = SegmentState.CANCELLED, now
    if state is OutState.QUEUED and SegmentState.UNCERTAIN in states:
        message.error_code = UNCERTAIN
        return [] if was_uncertain else [Entry(kind="message.uncertain", at=now, message_id=message.id)]
    is_accepted = all(segment.smsc_key for segment in message.segments)
    if is_accepted:
        message.sent_at = message.sent_at or now
    if state in (OutState.SENT, OutState.DELIVERED):
        message.error_code = None
    elif was_uncertain or (state is not OutState.QUEUED and not message.error_code):
        message.error_code = next((segment.error_code for segment in message.segments if segment.error_code), None)
    if state == message.state:
        return []
    # A receipt recorded together with its submit response takes the message through "sent" in one step.
    steps = [OutState.SENT] if is_accepted and message.state == OutState.QUEUED and state is not OutState.SENT else []
    message.state = state
    if state not in (OutState.QUEUED, OutState.SENT):
        message.final_at = now
    return [Entry(kind=f"message.{step}", at=now, message_id=message.id) for step in (*steps, state)]


def _choose(receipt: Receipt, by_key: dict[str, list[Segment]]) -> Segment | None:
    """The segment that is meant: the spelling decides first; of one spelling, the newest, for SMSCs begin anew."""
    for key in id_keys(receipt.smsc_message_id):
        found = [segment for segment in by_key.get(key, ()) if _is_for(segment, receipt.addresses)]
        exact = [segment for segment in found if segment.smsc_message_id == receipt.smsc_message_id]
        if found:
            return (exact or found)[0]
    return None


def _is_for(segment: Segment, addresses: Iterable[object]) -> bool:
    # Some SMSCs leave our number and the patient's where they were, others turn them round.
    return any(is_same_number(segment.message.number, str(address)) for address in addresses)


def _early_receipts(session: Session, outcomes: Sequence[SubmitOutcome]) -> dict[str, list[UnmatchedReceipt]]:
    keys = {key for outcome in outcomes if outcome.smsc_message_id for key in id_keys(outcome.smsc_message_id)}
    found: dict[str, list[UnmatchedReceipt]] = defaultdict(list)
    if keys:
        query = select(UnmatchedReceipt).where(UnmatchedReceipt.smsc_key.in_(keys))
        for receipt in session.scalars(query.order_by(UnmatchedReceipt.received_at.desc())):
            found[receipt.smsc_key].append(receipt)
    return found


def _take_early(segment: Segment, early: dict[str, list[UnmatchedReceipt]]) -> UnmatchedReceipt | None:
    for key in id_keys(segment.smsc_message_id or ""):
        for receipt in early.get(key, ()):
            if receipt.account == segment.account and _is_for(segment, receipt.addresses):
                early[key].remove(receipt)
                return receipt
    return None


def _keep(session: Session, receipt: Receipt, account: str, now: datetime) -> None:
    key = id_key(receipt.smsc_message_id)[:70]
    if receipt.state is SegmentState.SENT:
        return  # "accepted" and "en route" say nothing that the submit response will not say
    known = select(UnmatchedReceipt.id).where(
        UnmatchedReceipt.account == account,
        UnmatchedReceipt.smsc_key == key,
        UnmatchedReceipt.received_at > now - _REPEAT,
    )
    if session.scalar(known.limit(1)) is not None:
        return
    session.add(
        UnmatchedReceipt(
            account=account,
            smsc_message_id=receipt.smsc_message_id[:70],
            smsc_key=key,
            addresses=[address[:30] for address in receipt.addresses],
            state=receipt.state,
            error_code=receipt.error_code[:20] or None,
            received_at=now,
        )
    )
    session.flush()


def _uncertain_segments(session: Session, account: str) -> list[Segment]:
    query = (
        select(Segment)
        .where(Segment.state == SegmentState.UNCERTAIN, Segment.account == account)
        .options(*_WHOLE)
        .order_by(Segment.submitted_at, Segment.id)
        .limit(_MOST_UNCERTAIN)
    )
    return list(session.scalars(query))
