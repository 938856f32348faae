"""Contacts on other channels are kept once, tied to the right person, answered, sent, and seen on the timeline."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.channels import service
from app.channels.models import Interaction
from app.channels.rules import Channel, Incoming, InState, Outcome, OutState, Writer
from app.channels.service import Draft, Letter
from app.errors import Conflict, InvalidInput, Refused, Unavailable
from app.messages.models import Message
from app.parts import Parts
from app.patients.models import Patient
from app.patients.service import PatientData, PhoneData, create_patient, timeline

START = datetime.fromisoformat("2026-11-21T10:00:00+08:00")
MAIL = Incoming(
    channel=Channel.EMAIL,
    key="email:1",
    address="wang@example.com",
    name="王明",
    subject="复查",
    text="复查需要空腹吗？",
    reference="<m1@example.com>",
)
WEB = Incoming(channel=Channel.WEB, key="web:1", address="", number="+8613800138000", name="李红", text="想约周三")


def receive(parts: Parts, incoming: Incoming = MAIL, now: datetime = START) -> Interaction:
    with parts.database.writing() as session:
        return service.receive(session, parts.bus, incoming, settings=parts.settings, now=now)[0]


def add_patient(parts: Parts, *phones: str, email: str | None = None, **fields: object) -> int:
    data = PatientData(
        name="王明",
        email=email,
        phones=tuple(PhoneData(number=each) for each in phones),
        is_provisional=True,
        **fields,  # type: ignore[arg-type]
    )
    with parts.database.writing() as session:
        return create_patient(session, parts.bus, data, settings=parts.settings, by=None, now=START).id


def send(parts: Parts, **fields: object) -> service.Sent:
    given = {"channel": "email", "text": "不需要空腹。", "to": "email", "key": "k1", **fields}
    with parts.database.writing() as session:
        letter = Letter(**given)  # type: ignore[arg-type]
        return service.send(session, parts.bus, letter, settings=parts.settings, agent="bob", now=START)


def write_mail(parts: Parts, **fields: object) -> Interaction:
    given = {"channel": Channel.EMAIL, "address": "wang@example.com", "text": "您好", **fields}
    with parts.database.writing() as session:
        draft = Draft(**given)  # type: ignore[arg-type]
        return service.write(session, parts.bus, draft, settings=parts.settings, agent="bob", now=START)[0]


def claim(parts: Parts, now: datetime = START) -> int | None:
    with parts.database.writing() as session:
        claimed = service.claim_due(session, parts.bus, now=now)
    return claimed.id if claimed else None


def state_of(parts: Parts, interaction_id: int) -> tuple[str, str | None]:
    with parts.database.reading() as session:
        row = service.get_interaction(session, interaction_id)
        return row.state, row.outcome or row.error_code


def count(parts: Parts, table: type[Interaction] | type[Patient] | type[Message]) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_first_mail_of_a_stranger_makes_a_provisional_record_and_the_second_finds_it(parts: Parts) -> None:
    first = receive(parts)
    second = receive(parts, replace(MAIL, key="email:2", reference="<m2@example.com>"))
    assert first.patient_id is not None and first.patient_id == second.patient_id
    with parts.database.reading() as session:
        patient = session.get_one(Patient, first.patient_id)
    assert (patient.name, patient.email, patient.is_provisional) == ("王明", "wang@example.com", True)


def test_same_mail_twice_is_one_contact(parts: Parts) -> None:
    assert receive(parts).id == receive(parts).id
    assert (count(parts, Interaction), count(parts, Patient)) == (1, 1)


def test_two_first_mails_in_one_instant_make_one_record(parts: Parts) -> None:
    mails = [replace(MAIL, key=f"email:{each}") for each in range(4)]
    threads = [threading.Thread(target=receive, args=(parts, mail)) for mail in mails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count(parts, Interaction), count(parts, Patient)) == (4, 1)


def test_sender_is_found_by_the_address_on_record_however_it_was_entered(parts: Parts) -> None:
    known = add_patient(parts, email="Wang@Example.COM")
    assert receive(parts).patient_id == known


def test_address_of_several_people_is_left_for_a_person_to_decide(parts: Parts) -> None:
    family = [add_patient(parts, email="wang@example.com") for _ in range(2)]
    row = receive(parts)
    assert row.patient_id is None
    with parts.database.reading() as session:
        assert service.candidate_ids(session, number=None, address=row.address, now=START) == family
    with parts.database.writing() as session:
        service.link(session, parts.bus, row.id, family[1], agent="bob", now=START)
    with parts.database.writing() as session, pytest.raises(Conflict):
        service.link(session, parts.bus, row.id, family[0], agent="bob", now=START)


def test_web_message_is_tied_to_the_person_with_that_number(parts: Parts) -> None:
    known = add_patient(parts, "138 0013 8000")
    assert receive(parts, WEB).patient_id == known


def test_merged_record_is_found_as_the_one_that_survives(parts: Parts) -> None:
    letter = Incoming(channel=Channel.WECHAT, key="x1", address="wx-9", text="在吗")
    old, living = receive(parts, letter).patient_id, add_patient(parts, "139 0013 9000")
    with parts.database.writing() as session:
        session.get_one(Patient, old).merged_into_id = living
    assert receive(parts, replace(letter, key="x2")).patient_id == living


def test_contact_waits_until_somebody_handles_it(parts: Parts) -> None:
    row = receive(parts)
    with parts.database.writing() as session:
        assert service.count_open(session) == 1
        service.take(session, parts.bus, row.id, agent="bob", now=START)
    with parts.database.writing() as session, pytest.raises(Conflict):
        service.take(session, parts.bus, row.id, agent="carol", now=START)
    with parts.database.writing() as session:
        service.close(session, parts.bus, row.id, Outcome.NO_ANSWER_NEEDED, agent="bob", now=START)
        assert service.count_open(session) == 0
    assert state_of(parts, row.id) == (InState.IGNORED, Outcome.NO_ANSWER_NEEDED)


def test_web_message_is_answered_by_text_and_points_to_it(parts: Parts) -> None:
    row = receive(parts, WEB)
    with parts.database.reading() as session:
        patient = session.get_one(Patient, row.patient_id)
        known = service.recipients(session, patient, row, parts.settings)
    message = send(parts, channel="sms", to=known["sms"][0].value, answers_id=row.id).message
    assert message is not None and (message.number, message.patient_id) == ("+8613800138000", row.patient_id)
    assert state_of(parts, row.id) == (InState.ANSWERED, Outcome.SMS)


def test_mail_is_answered_by_mail_and_by_telephone(parts: Parts) -> None:
    first, second = receive(parts), receive(parts, replace(MAIL, key="email:2"))
    send(parts, answers_id=first.id)
    send(parts, channel="call", to="", text="已电话告知", answers_id=second.id, key="k2")
    assert state_of(parts, first.id) == (InState.ANSWERED, Outcome.EMAIL)
    assert state_of(parts, second.id) == (InState.ANSWERED, Outcome.CALL)


def test_message_opens_on_the_channel_that_the_person_prefers(parts: Parts) -> None:
    known = add_patient(parts, "138 0013 8000", email="wang@example.com", preferred_channel="email")
    with parts.database.reading() as session:
        patient = session.get_one(Patient, known)
        ways = service.recipients(session, patient, None, parts.settings)
        assert service.preferred_channel(patient, None, ways) == "email"
        patient.preferred_channel = "web"  # nothing can be pushed to a web page
        assert service.preferred_channel(patient, None, ways) == "email"


def test_nothing_is_written_to_somebody_who_has_died(parts: Parts) -> None:
    known = add_patient(parts, email="wang@example.com")
    queued = write_mail(parts, patient_id=known)
    with parts.database.writing() as session:
        session.get_one(Patient, known).deceased_at = START
    with pytest.raises(Refused):
        write_mail(parts, patient_id=known)
    assert claim(parts) is None
    assert state_of(parts, queued.id) == (OutState.FAILED, "deceased")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"address": "nobody"}, InvalidInput),
        ({"text": " \n "}, InvalidInput),
        ({"text": "x" * 5001}, InvalidInput),
        ({"channel": Channel.WEB}, Unavailable),
    ],
)
def test_what_cannot_be_sent_is_refused(parts: Parts, fields: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        write_mail(parts, **fields)


def test_contact_is_written_once_for_each_key(parts: Parts) -> None:
    assert write_mail(parts, key="k").id == write_mail(parts, key="k").id


def test_channel_that_nobody_connected_takes_nothing_outside_a_demonstration(parts: Parts) -> None:
    settings = parts.settings.with_changes(demo=False)
    draft = Draft(channel=Channel.WECHAT, address="wx-1", text="您好")
    with parts.database.writing() as session, pytest.raises(Unavailable):
        service.write(session, parts.bus, draft, settings=settings, agent="bob", now=START)


def test_draft_waits_until_somebody_sends_it(parts: Parts) -> None:
    row = write_mail(parts, is_held=True)
    assert claim(parts) is None
    with parts.database.writing() as session:
        service.change_state(session, parts.bus, row.id, "queued", agent="bob", now=START)
    assert claim(parts) == row.id


def test_contact_is_claimed_once_and_tried_again_later(parts: Parts) -> None:
    row = write_mail(parts)
    assert (claim(parts), claim(parts)) == (row.id, None)
    with parts.database.writing() as session:
        service.record_failed(session, parts.bus, row.id, "smtp-451", is_final=False, now=START)
    assert claim(parts, START + timedelta(seconds=20)) is None
    assert claim(parts, START + timedelta(seconds=40)) == row.id
    with parts.database.writing() as session:
        service.record_sent(session, parts.bus, row.id, now=START)
    assert state_of(parts, row.id) == (OutState.SENT, None)


def test_contact_is_given_up_after_a_day(parts: Parts) -> None:
    row = write_mail(parts)
    late = START + timedelta(hours=24)
    assert claim(parts, late) == row.id
    with parts.database.writing() as session:
        service.record_failed(session, parts.bus, row.id, "unreachable", is_final=False, now=late)
    assert state_of(parts, row.id) == (OutState.FAILED, "gave_up")


def test_what_a_dead_process_left_half_sent_is_held_for_a_person(parts: Parts) -> None:
    row = write_mail(parts)
    claim(parts)
    with parts.database.writing() as session:
        assert service.hold_uncertain(session, parts.bus, now=START + timedelta(minutes=4)) == 0
        assert service.hold_uncertain(session, parts.bus, now=START + timedelta(minutes=6)) == 1
    assert claim(parts, START + timedelta(hours=1)) is None
    with parts.database.writing() as session:
        service.change_state(session, parts.bus, row.id, "queued", agent="bob", now=START)
    assert claim(parts) == row.id


def sent_mail(parts: Parts) -> Interaction:
    row = write_mail(parts, patient_id=add_patient(parts, email="wang@example.com"))
    claim(parts)
    with parts.database.writing() as session:
        service.record_sent(session, parts.bus, row.id, now=START)
    return row


def test_bounce_is_the_outcome_of_the_mail_that_bounced_and_nobody_answers_it(parts: Parts) -> None:
    row = sent_mail(parts)
    bounce = Incoming(channel=Channel.EMAIL, key="b", address="mailer-daemon@example.com", writer=Writer.BOUNCE,
                      answers=(row.reference,), status="5.1.1")  # fmt: skip
    assert receive(parts, bounce).handled_at is not None
    assert state_of(parts, row.id) == (OutState.FAILED, Outcome.BOUNCED)
    with parts.database.reading() as session:
        assert service.count_open(session) == 0
    assert count(parts, Patient) == 1


def test_automatic_reply_is_noted_and_a_real_one_takes_its_place(parts: Parts) -> None:
    row = sent_mail(parts)
    away = replace(MAIL, key="away", writer=Writer.AUTO_REPLY, answers=(row.reference,))
    receive(parts, away)
    assert state_of(parts, row.id) == (OutState.SENT, Outcome.AUTO_REPLIED)
    answer = receive(parts, replace(MAIL, key="answer", answers=(row.reference,)))
    assert state_of(parts, row.id) == (OutState.SENT, Outcome.REPLIED)
    assert (answer.reply_to_id, answer.patient_id) == (row.id, row.patient_id)


def test_answer_shows_that_an_uncertain_mail_arrived(parts: Parts) -> None:
    row = write_mail(parts)
    claim(parts)
    with parts.database.writing() as session:
        service.record_uncertain(session, parts.bus, row.id, now=START)
    receive(parts, replace(MAIL, answers=(row.reference,)))
    assert state_of(parts, row.id) == (OutState.SENT, Outcome.REPLIED)


def test_timeline_holds_mails_and_texts_in_one_order_of_time(parts: Parts) -> None:
    row = receive(parts, replace(WEB, key="w"), START - timedelta(hours=1))
    assert row.patient_id is not None
    send(parts, channel="sms", to="typed", typed="13800138000", patient_id=row.patient_id)
    receive(parts, replace(WEB, key="w2"), START + timedelta(hours=1))
    with parts.database.reading() as session:
        items = timeline(session, row.patient_id, limit=10).items
    assert [(item.kind, item.detail) for item in items] == [
        ("interaction", "web"), ("message", None), ("interaction", "web"),
    ]  # fmt: skip


def test_stand_in_channel_knows_the_person_who_wrote_before(parts: Parts) -> None:
    first = receive(parts, Incoming(channel=Channel.WECHAT, key="x1", address="wx-9", name="小王", text="在吗"))
    second = receive(parts, Incoming(channel=Channel.WECHAT, key="x2", address="wx-9", text="请问"))
    assert first.patient_id is not None and first.patient_id == second.patient_id
