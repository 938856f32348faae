"""What a person says about being contacted, on the patient page, and why a message came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.contact_policy.models import Consent, OptOut
from app.errors import Refused
from app.messages import service
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import Outgoing
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from tests.web.conftest import Browser

MOBILE = "+8613800138000"


@pytest.fixture
def bob(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("bob")


@pytest.fixture
def wang(parts: Parts) -> int:
    with parts.database.writing() as session:
        phone = PatientPhone(number=MOBILE, kind="mobile", as_entered="")
        patient = Patient(name="王芳", created_at=parts.now(), updated_at=parts.now(), phones=[phone])
        session.add(patient)
        session.flush()
        return patient.id


def submit(browser: Browser, path: str, **fields: Any) -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token("/messages"), **fields}, follow_redirects=True)


def send(parts: Parts, kind: MessageKind = MessageKind.CARE) -> Message:
    with parts.database.writing() as session:
        return service.send_message(
            session, parts.bus, settings=parts.settings, text="您好", kind=kind, created_by="bob", now=parts.now(),
            number=MOBILE,
        )  # fmt: skip


def test_what_the_person_agrees_to_is_noted_with_who_was_told_and_how(bob: Browser, parts: Parts, wang: int) -> None:
    page = submit(bob, f"/patients/{wang}/consent", kind="marketing", channel="sms", answer="yes", reason="电话里说的")
    assert "Noted what the person said." in page.text
    assert "Agreed" in page.text
    with parts.database.reading() as session:
        [consent] = session.scalars(select(Consent)).all()
        assert (consent.kind, consent.channel, consent.is_granted, consent.changed_by) == (
            "marketing",
            "sms",
            True,
            "bob",
        )
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.subject == "consent")).all()
        assert (event.patient_id, event.actor, event.reason) == (wang, "bob", "电话里说的")
    send(parts, MessageKind.MARKETING)


@pytest.mark.parametrize(
    "wrong", [{"reason": " "}, {"kind": "all"}, {"channel": "pigeon"}, {"answer": "perhaps"}], ids=str
)
def test_an_answer_without_its_reason_or_of_no_known_kind_is_not_noted(
    bob: Browser, parts: Parts, wang: int, wrong: dict[str, str]
) -> None:
    given = {"kind": "care", "channel": "sms", "answer": "no", "reason": "信", **wrong}
    submit(bob, f"/patients/{wang}/consent", **given)
    with parts.database.reading() as session:
        assert session.scalars(select(Consent)).all() == []


def test_a_full_stop_by_the_button_stops_everything_until_it_is_withdrawn(
    bob: Browser, parts: Parts, wang: int
) -> None:
    page = submit(bob, f"/patients/{wang}/opt-out", kind="all", channel="all", reason="当面说的")
    assert "The person has told us to stop. Nothing is sent." in page.text
    with pytest.raises(Refused):
        send(parts)
    with parts.database.reading() as session:
        phone = session.scalars(select(PatientPhone.id)).one()
        opt_out = session.scalars(select(OptOut.id)).one()
    assert "wants no contact at all" in submit(bob, f"/patients/{wang}/call", phone_id=phone).text
    page = submit(bob, f"/patients/{wang}/opt-out/{opt_out}/withdraw", reason="又想收了")
    assert "The opt-out is withdrawn. It stays on record." in page.text
    assert "Withdrawn by bob" in page.text
    send(parts)
    assert "withdrawn before" in submit(bob, f"/patients/{wang}/opt-out/{opt_out}/withdraw", reason="x").text


def test_an_opt_out_is_not_withdrawn_through_another_persons_page(bob: Browser, parts: Parts, wang: int) -> None:
    with parts.database.writing() as session:
        other = Patient(name="李明", created_at=parts.now(), updated_at=parts.now())
        session.add(other)
        session.flush()
    submit(bob, f"/patients/{wang}/opt-out", kind="care", channel="sms", reason="说的")
    with parts.database.reading() as session:
        opt_out = session.scalars(select(OptOut.id)).one()
    assert submit(bob, f"/patients/{other.id}/opt-out/{opt_out}/withdraw", reason="x").status_code == 404


def test_the_page_shows_the_text_that_proves_an_opt_out(bob: Browser, parts: Parts, wang: int) -> None:
    with parts.database.writing() as session:
        incoming = service.receive_message(
            session, parts.bus, number=MOBILE, service_number="1", text="退订", settings=parts.settings, now=parts.now()
        )
    page = bob.client.get(f"/patients/{wang}").text
    assert "Unsubscribed: Promotions" in page
    assert f'href="/messages/{incoming.id}"' in page
    assert "退订" in bob.client.get("/messages?box=inbox").text
    assert "Confirms that the person unsubscribed." in bob.client.get(f"/messages/{incoming.id}").text


def test_the_thread_and_the_record_say_why_a_message_came(bob: Browser, parts: Parts, wang: int) -> None:
    by_hand = send(parts)
    with parts.database.writing() as session:
        service.queue_many(
            session, parts.bus, settings=parts.settings, kind=MessageKind.CARE, origin=Origin.RULE, origin_id=12,
            priority=Priority.URGENT, created_by=None, now=parts.now(),
            outgoing=[Outgoing(number=MOBILE, patient_id=wang, text="复查", dedup_key="k", template_version_id=3)],
        )  # fmt: skip
    for page in (bob.client.get(f"/messages/{by_hand.id}").text, bob.client.get(f"/patients/{wang}").text):
        assert "Written for this person by bob." in page
        assert "From sending rule 12." in page
        assert "Version 3 of a template." in page
        assert "needs no agreement as long as the person does not refuse." in page
        assert "The contact policy allowed it, and is asked again when it leaves." in page


def test_whoever_may_only_look_changes_nothing(browser_of: Callable[[str], Browser], parts: Parts, wang: int) -> None:
    quinn = browser_of("quinn")
    token = quinn.token("/account")
    quinn.client.post(
        f"/patients/{wang}/opt-out", data={"csrf_token": token, "kind": "all", "channel": "all", "reason": "x"}
    )
    with parts.database.reading() as session:
        assert session.scalars(select(OptOut)).all() == []
