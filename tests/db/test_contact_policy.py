"""The contact policy: opt-outs, caps, hours, and the telephone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.configuration.rules import OPT_OUT_ANSWER
from app.configuration.service.settings import set_value
from app.contact_policy import service as policy
from app.contact_policy.models import Consent, OptOut
from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.errors import Refused
from app.messages import service
from app.messages.models import Message, Segment
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import Outgoing, Queued
from app.parts import Parts
from app.patients.models import Patient, PatientPhone

MOBILE = "+8613800138000"
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # a Monday, 12:00 in Shanghai


def add_patient(parts: Parts, *numbers: str, consent: bool = False, **phone: bool) -> int:
    with parts.database.writing() as session:
        phones = [PatientPhone(number=each, kind="mobile", as_entered="", **phone) for each in numbers or [MOBILE]]
        patient = Patient(name="A", created_at=NOON, updated_at=NOON, phones=phones)
        session.add(patient)
        session.flush()
        if consent:
            policy.record_consent(
                session, patient_id=patient.id, kind=MessageKind.MARKETING, channel="sms", is_granted=True,
                changed_by=None, now=NOON,
            )  # fmt: skip
        return patient.id


def send(parts: Parts, *, kind: MessageKind = MessageKind.CARE, now: datetime = NOON, number: str = MOBILE) -> int:
    """Queue a text of a person, and say that it was sent."""
    with parts.database.writing() as session:
        message = service.send_message(
            session,
            parts.bus,
            settings=parts.settings,
            text="您好",
            kind=kind,
            created_by="bob",
            now=now,
            number=number,
        )
        message.state, message.sent_at = "sent", now
        return message.id


def receive(parts: Parts, text: str, *, now: datetime = NOON, number: str = MOBILE) -> Message:
    with parts.database.writing() as session:
        message = service.receive_message(
            session, parts.bus, number=number, service_number="1069001", text=text, settings=parts.settings, now=now
        )
    with parts.database.reading() as session:
        return service.get_message(session, message.id)


def queue(
    parts: Parts,
    patients: Sequence[int | None],
    *,
    kind: MessageKind = MessageKind.CARE,
    priority: Priority = Priority.BULK,
    now: datetime = NOON,
    at: Sequence[datetime] = (),
    key: str = "k",
    number: str = MOBILE,
) -> list[Queued]:
    outgoing = [
        Outgoing(
            number=number, patient_id=each, text="您好", dedup_key=f"{key}:{place}", due_at=at[place] if at else None
        )
        for place, each in enumerate(patients)
    ]
    with parts.database.writing() as session:
        return service.queue_many(
            session, parts.bus, settings=parts.settings, outgoing=outgoing, kind=kind, origin=Origin.RULE, origin_id=1,
            priority=priority, created_by=None, now=now,
        )  # fmt: skip


def refusal(parts: Parts, kind: MessageKind, *, number: str = MOBILE, patient_id: int | None = None) -> str | None:
    with parts.database.reading() as session:
        return policy.may_contact(
            session, patient_id=patient_id, number=number, kind=kind, channel="sms", now=NOON
        ).refusal


def claimed(parts: Parts, now: datetime, *, marketing: bool = True, notices: bool = True) -> list[int]:
    with parts.database.writing() as session:
        segments = service.claim_segments(
            session, parts.bus, account="default", limit=100, now=now, is_marketing_allowed=marketing,
            are_notices_allowed=notices,
        )  # fmt: skip
        return [segment.message_id for segment in segments]


def test_who_refuses_promotions_still_gets_the_appointment_notice(parts: Parts) -> None:
    patient = add_patient(parts, MOBILE, "+8613900139000", consent=True)
    send(parts, kind=MessageKind.MARKETING)
    incoming = receive(parts, "TD")
    assert (incoming.state, incoming.handled_by) == ("answered", service.SYSTEM)
    assert refusal(parts, MessageKind.MARKETING, patient_id=patient) == Refusal.OPTED_OUT
    assert refusal(parts, MessageKind.MARKETING, number="+8613900139000", patient_id=patient) == Refusal.OPTED_OUT
    assert refusal(parts, MessageKind.CARE, patient_id=patient) is None
    with parts.database.reading() as session:
        [row] = session.scalars(select(OptOut)).all()
        assert (row.message_id, row.patient_id, row.number, row.way) == (incoming.id, patient, MOBILE, "text")


def test_an_opt_out_is_of_the_kind_of_the_latest_text_and_of_promotions_after_a_month(parts: Parts) -> None:
    patient = add_patient(parts)
    send(parts, kind=MessageKind.CARE, now=NOON - timedelta(days=29))
    receive(parts, "退订")
    assert refusal(parts, MessageKind.CARE, patient_id=patient) == Refusal.OPTED_OUT
    stranger = "+8613700137000"
    send(parts, kind=MessageKind.CARE, number=stranger, now=NOON - timedelta(days=31))
    receive(parts, "退订", number=stranger)
    assert refusal(parts, MessageKind.CARE, number=stranger) is None
    assert refusal(parts, MessageKind.MARKETING, number=stranger) == Refusal.OPTED_OUT


def test_a_full_stop_stops_every_kind(parts: Parts) -> None:
    patient = add_patient(parts, consent=True)
    receive(parts, "停止所有短信")
    assert {refusal(parts, kind, patient_id=patient) for kind in MessageKind} == {Refusal.STOPPED}


def test_a_machine_that_answers_every_text_with_an_opt_out_hears_from_us_once(parts: Parts) -> None:
    add_patient(parts)
    for minute in range(3):
        receive(parts, "T", now=NOON + timedelta(minutes=minute))
    with parts.database.reading() as session:
        answers = session.scalars(select(Message).where(Message.direction == "out")).all()
    assert [answer.origin for answer in answers] == [Origin.OPT_OUT]
    assert claimed(parts, NOON + timedelta(minutes=5)) == [answers[0].id]


def test_a_hospital_that_wants_no_answer_sends_none(parts: Parts) -> None:
    with parts.database.writing() as session:
        set_value(session, OPT_OUT_ANSWER, "", by="adam", now=NOON)
    receive(parts, "T")
    with parts.database.reading() as session:
        assert session.scalars(select(Message.direction)).all() == ["in"]


def test_what_was_queued_before_the_opt_out_does_not_leave(parts: Parts) -> None:
    patient = add_patient(parts)
    [queued] = queue(parts, [patient])
    send(parts)
    receive(parts, "T")
    assert queued.message_id not in claimed(parts, NOON + timedelta(minutes=1))
    with parts.database.reading() as session:
        message = service.get_message(session, queued.message_id or 0)
        assert (message.state, message.error_code) == ("cancelled", Refusal.OPTED_OUT)


def test_a_relative_stops_the_number_and_not_the_patient(parts: Parts) -> None:
    first, second = add_patient(parts, MOBILE), add_patient(parts, "+8613900139000")
    with parts.database.writing() as session:
        policy.record_opt_out(
            session, kind="care", channel="sms", way="person", created_by="bob", now=NOON, number=MOBILE
        )
    assert refusal(parts, MessageKind.CARE, patient_id=second) == Refusal.OPTED_OUT
    assert refusal(parts, MessageKind.CARE, number="+8613900139000", patient_id=second) is None
    assert refusal(parts, MessageKind.CARE, number="+8613900139000", patient_id=first) == Refusal.OPTED_OUT


def test_a_withdrawn_opt_out_stops_nothing_and_stays_on_record(parts: Parts) -> None:
    patient = add_patient(parts)
    receive(parts, "全部退订")
    with parts.database.writing() as session:
        [row] = policy.opt_outs_of(session, patient)
        policy.withdraw_opt_out(session, row.id, patient_id=patient, by="bob", now=NOON)
    assert refusal(parts, MessageKind.CARE, patient_id=patient) is None
    with parts.database.reading() as session:
        assert [each.withdrawn_by for each in policy.opt_outs_of(session, patient)] == ["bob"]


def test_agreeing_again_ends_the_opt_out_and_taking_care_back_stops_it(parts: Parts) -> None:
    patient = add_patient(parts, consent=True)
    receive(parts, "T")
    say = {"patient_id": patient, "channel": "sms", "changed_by": "bob", "now": NOON}
    with parts.database.writing() as session:
        policy.record_consent(session, kind=MessageKind.MARKETING, is_granted=True, **say)  # type: ignore[arg-type]
        policy.record_consent(session, kind=MessageKind.CARE, is_granted=False, **say)  # type: ignore[arg-type]
    assert refusal(parts, MessageKind.MARKETING, patient_id=patient) is None
    assert refusal(parts, MessageKind.CARE, patient_id=patient) == Refusal.OPTED_OUT


def test_automatic_texts_stop_at_the_cap_of_the_day_and_of_the_week_and_urgent_ones_do_not(parts: Parts) -> None:
    patient = add_patient(parts)
    days = [NOON + timedelta(days=day) for day in (0, 0, 0, 1, 1, 2, 2, 7)]
    refusals = [each.refusal for each in queue(parts, [patient] * 8, at=days)]
    assert refusals == [None, None, Refusal.DAY_CAP, None, None, None, Refusal.WEEK_CAP, None]
    assert [each.refusal for each in queue(parts, [patient], key="later")] == [Refusal.DAY_CAP]
    assert [each.refusal for each in queue(parts, [patient], key="now", priority=Priority.URGENT)] == [None]
    send(parts)  # a person writes


def test_promotions_count_whoever_writes_them(parts: Parts) -> None:
    patient = add_patient(parts, consent=True)
    send(parts, kind=MessageKind.MARKETING)
    with pytest.raises(Refused) as refused:
        send(parts, kind=MessageKind.MARKETING)
    assert refused.value.fields["reason"] == Refusal.DAY_CAP
    assert [each.refusal for each in queue(parts, [patient], kind=MessageKind.MARKETING)] == [Refusal.DAY_CAP]


def test_automatic_notices_wait_for_the_morning_and_late_ones_too(parts: Parts) -> None:
    patient = add_patient(parts)
    night = NOON.replace(hour=14)  # 22:00 in Shanghai
    [planned] = queue(parts, [patient], now=night)
    [late] = queue(parts, [patient], key="late")
    with parts.database.reading() as session:
        assert service.get_message(session, planned.message_id or 0).due_at == NOON.replace(day=23, hour=23)
    assert claimed(parts, night, marketing=False, notices=False) == []
    assert claimed(parts, night.replace(hour=23), marketing=False) == [late.message_id, planned.message_id]
    with parts.database.reading() as session:
        at_night = policy.may_leave_now(session, now=night, timezone=parts.settings.timezone)
        at_seven = policy.may_leave_now(session, now=NOON.replace(hour=23), timezone=parts.settings.timezone)
    assert (at_night.notices, at_night.marketing, at_seven.notices, at_seven.marketing) == (False, False, True, False)


def test_the_telephone_asks_the_same_service(parts: Parts) -> None:
    patient = add_patient(parts, do_not_call=True)
    with parts.database.writing() as session:
        [phone] = session.scalars(select(PatientPhone)).all()
        with pytest.raises(Refused, match="does not want to be called"):
            policy.require_dialable(session, patient_id=patient, phone_id=phone.id, now=NOON)
        phone.do_not_call = False
        session.flush()
        policy.require_dialable(session, patient_id=patient, phone_id=phone.id, now=NOON)
        session.get_one(Patient, patient).deceased_at = NOON
        session.flush()
        with pytest.raises(Refused, match="Nobody is called"):
            policy.require_dialable(session, patient_id=patient, phone_id=phone.id, now=NOON)


person = st.fixed_dictionaries(
    {
        "is_dead": st.booleans(),
        "is_valid": st.booleans(),
        "do_not_text": st.booleans(),
        "agreed": st.sampled_from([None, True, False]),
        "opted_out": st.sampled_from([None, "care", "marketing", "all"]),
        "kind": st.sampled_from([MessageKind.CARE, MessageKind.MARKETING]),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(person, min_size=1, max_size=6))
def test_nothing_refused_leaves_and_every_refusal_has_a_sentence(parts: Parts, people: list[dict[str, object]]) -> None:
    with parts.database.writing() as session:
        for table in (Segment, OptOut, Message, Consent, PatientPhone, Patient):
            session.execute(delete(table))
        for place, each in enumerate(people):
            number = f"+861380013{place:04}"
            phone = PatientPhone(
                number=number, kind="mobile", as_entered="", is_valid=each["is_valid"], do_not_text=each["do_not_text"]
            )
            died_at = NOON if each["is_dead"] else None
            patient = Patient(name="A", created_at=NOON, updated_at=NOON, deceased_at=died_at, phones=[phone])
            session.add(patient)
            session.flush()
            each["id"], each["number"] = patient.id, number
            consents = [
                Consent(
                    patient_id=patient.id, kind="marketing", channel="sms", is_granted=each["agreed"], changed_at=NOON
                )
            ]
            session.add_all(consents if each["agreed"] is not None else [])
            opt_outs = [OptOut(number=number, kind=each["opted_out"], channel="sms", way="text", at=NOON)]
            session.add_all(opt_outs if each["opted_out"] is not None else [])
    leaving = []
    for place, each in enumerate(people):
        [answer] = queue(
            parts,
            [each["id"]],
            kind=each["kind"],
            key=str(place),
            number=str(each["number"]),  # type: ignore[list-item, arg-type]
        )
        may_go = (
            not each["is_dead"]
            and each["is_valid"]
            and not each["do_not_text"]
            and each["opted_out"] not in ("all", each["kind"])
            and (each["kind"] is MessageKind.CARE or each["agreed"] is True)
        )
        assert (answer.refusal is None) is bool(may_go)
        assert answer.refusal is None or REFUSAL_TEXT[answer.refusal]
        leaving += [answer.message_id] if may_go else []
    assert claimed(parts, NOON) == leaving
