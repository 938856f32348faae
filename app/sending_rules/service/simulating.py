"""What a rule would send in the coming weeks, worked out by the same code that sends, and written nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.contact_policy.service import Recipient, may_contact_each
from app.message_templates import service as templates
from app.messages import service as messages
from app.messages.rules import MessageKind, Origin
from app.parts import Parts
from app.sending_rules.models import SendingRule
from app.sending_rules.rules import Reason
from app.sending_rules.service.planning import Wish, values_of, wishes
from app.sending_rules.service.sending import Text, text_of

SIMULATED_DAYS = 28
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One message as it would go out."""

    patient_id: int
    due_at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Messages and segments by day, how many are left out by reason, and the first messages word by word."""

    days: Mapping[date, int]
    messages: int
    parts: int
    left_out: Mapping[str, int]
    samples: Sequence[Sample]
    has_text: bool = True


@dataclass(slots=True)
class _Tally:
    days: Counter[date] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    parts: int = 0
    samples: list[Sample] = field(default_factory=list)


def simulate(session: Session, rule: SendingRule, parts: Parts, *, days: int = SIMULATED_DAYS) -> Simulation:
    """Try the rule on what the session's viewer may see, as if it were switched on now."""
    now, zone = parts.now(), parts.settings.timezone
    text = text_of(session, rule, parts)
    tally = _Tally()
    for piece in wishes(session, rule, now=now, zone=zone, horizon_days=days):
        _count(session, parts, text, piece, tally)
    return Simulation(
        days=dict(sorted(tally.days.items())),
        messages=sum(tally.days.values()),
        parts=tally.parts,
        left_out=dict(tally.left_out.most_common()),
        samples=sorted(tally.samples, key=lambda each: each.due_at)[:_SHOWN],
        has_text=text is not None,
    )


def _count(session: Session, parts: Parts, text: Text | None, piece: Sequence[Wish], tally: _Tally) -> None:
    now, zone = parts.now(), parts.settings.timezone
    ids = {wish.patient_id for wish in piece}
    numbers = messages.mobiles_of(session, ids)
    people = templates.addressees(session, ids, today=now.astimezone(zone).date())
    kind = text.kind if text is not None else MessageKind.CARE
    reachable = [wish for wish in piece if wish.patient_id in numbers and wish.patient_id in people]
    tally.left_out[Reason.NO_MOBILE] += len(piece) - len(reachable)
    asked = [
        Recipient(
            number=numbers[wish.patient_id],
            patient_id=wish.patient_id,
            kind=kind,
            origin=Origin.RULE,
            at=wish.due.due_at,
        )
        for wish in reachable
    ]
    permissions = may_contact_each(session, asked, channel="sms", now=now, timezone=zone) if asked else []
    for wish, permission in zip(reachable, permissions, strict=True):
        written, reason = "", None
        if text is not None:
            written, reason = text.write(people[wish.patient_id], numbers[wish.patient_id], values_of(wish))
        refused = permission.refusal or reason
        if refused is not None:
            tally.left_out[str(refused)] += 1
            continue
        tally.days[wish.due.due_at.astimezone(zone).date()] += 1
        tally.parts += text.parts(written) if text is not None else 0
        if len(tally.samples) < 10 * _SHOWN:
            tally.samples.append(Sample(patient_id=wish.patient_id, due_at=wish.due.due_at, text=written))
    tally.left_out += Counter()  # forgets what is zero
