"""What went on between a person and the contact centre: wishes, past calls, past texts."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from app.synthetic.rules.chance import lower
from app.synthetic.rules.events import SyntheticCall, SyntheticMessage, SyntheticNote
from app.synthetic.rules.records import SyntheticPatient

_DAYS = 365
_WISHES = ("希望安排上午就诊", "希望由同一位医生复诊", "希望收到报告后电话告知", "希望用方言沟通")
_OPINIONS = ("候诊时间较长", "护士很耐心", "停车不方便", "食堂口味偏咸")
_TEXTS_OUT = ("您好,请按时复查,如有不适请来电。", "您的检查报告已可领取。", "请于明日上午空腹来院。")
_TEXTS_IN = ("收到,谢谢", "请问几点上班", "改到下周可以吗", "好的")
_OUTCOMES = ("answered", "answered", "answered", "answered", "answered", "answered", "answered", "abandoned")
_OUT_OUTCOMES = ("answered", "answered", "answered", "no_answer", "busy")
_STATES_OUT = ("delivered", "delivered", "delivered", "delivered", "delivered", "undelivered")


def make_notes(record: SyntheticPatient, chance: Random, until: datetime) -> tuple[SyntheticNote, ...]:
    """A wish or an opinion of one person in sixteen; half of the wishes are answered."""
    if chance.random() > 1 / 16:
        return ()
    at = _moment(record, chance, until)
    kind, texts = ("wish", _WISHES) if chance.random() < 0.6 else ("opinion", _OPINIONS)
    is_answered = kind == "wish" and chance.random() < 0.5
    return (
        SyntheticNote(
            kind=kind,
            text=_one(texts, chance),
            at=at,
            response="已记录并安排" if is_answered else None,
            answered_at=min(at + timedelta(days=1), until) if is_answered else None,
        ),
    )


def make_calls(record: SyntheticPatient, chance: Random, until: datetime) -> tuple[SyntheticCall, ...]:
    """Calls that are over, with the first number of the person; nobody without a number has called."""
    number = _number(record)
    if number is None:
        return ()
    return tuple(
        sorted(
            (_make_call(record, place, number, chance, until) for place in range(_how_many(chance))),
            key=lambda call: call.started_at,
        )
    )


def make_messages(record: SyntheticPatient, chance: Random, until: datetime) -> tuple[SyntheticMessage, ...]:
    """Texts that reached their final state, with the first mobile number of the person."""
    number = _number(record)
    if number is None or (record.phones[0:1] and record.phones[0].kind != "mobile"):
        return ()
    messages = []
    for place in range(_how_many(chance)):
        is_reply = chance.random() < 0.25
        messages.append(
            SyntheticMessage(
                key=f"synthetic-{record.number}-{place}",
                direction="in" if is_reply else "out",
                state="answered" if is_reply else _one(_STATES_OUT, chance),
                number=number,
                text=_one(_TEXTS_IN if is_reply else _TEXTS_OUT, chance),
                at=_moment(record, chance, until),
            )
        )
    return tuple(sorted(messages, key=lambda message: message.at))


def _make_call(record: SyntheticPatient, place: int, number: str, chance: Random, until: datetime) -> SyntheticCall:
    started = _moment(record, chance, until)
    is_inbound = chance.random() < 0.7
    outcome = _one(_OUTCOMES if is_inbound else _OUT_OUTCOMES, chance)
    waited = timedelta(seconds=3 + int(lower(chance) * 90))
    talked = timedelta(seconds=30 + int(chance.random() * 400))
    is_answered = outcome == "answered"
    return SyntheticCall(
        key=f"synthetic-{record.number}-{place}",
        direction="inbound" if is_inbound else "outbound",
        outcome=outcome,
        number=number,
        started_at=started,
        answered_at=started + waited if is_answered else None,
        ended_at=started + waited + (talked if is_answered else timedelta()),
    )


def _number(record: SyntheticPatient) -> str | None:
    own = record.phones or tuple(phone for contact in record.contacts for phone in contact.phones)
    return own[0].number if own else None


def _moment(record: SyntheticPatient, chance: Random, until: datetime) -> datetime:
    """A minute of office hours after the person was registered and at most a year ago."""
    begin = max(record.created_at, until - timedelta(days=_DAYS))
    at = begin + (until - timedelta(days=1) - begin) * chance.random()
    return max(begin, at.replace(hour=1 + at.hour % 8, second=0, microsecond=0))


def _how_many(chance: Random) -> int:
    return int(4 * lower(chance))


def _one(options: tuple[str, ...], chance: Random) -> str:
    return options[int(len(options) * chance.random())]
