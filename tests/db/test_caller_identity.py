"""The check of a caller's identity on a real database, and what it unlocks on the desk."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access import service as access
from app.access.models import UserGrant
from app.accounts.models import User
from app.accounts.rules import Role
from app.agents.models import AgentStatus
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import Given, IdentityKind
from app.codes.rules import CodeList
from app.codes.service.editing import ItemNames, add_item
from app.contact_policy.models import Consent
from app.errors import Conflict, InvalidInput
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import PatientFlag
from app.visits.models import Diagnosis, Medication
from app.web.live.views import desk_view

RIGHT = [
    Given(kind=IdentityKind.NAME, value="王秀蘭"),
    Given(kind=IdentityKind.BIRTH_DATE, value="1972年3月1日"),
]
WRONG = [RIGHT[0], Given(kind=IdentityKind.BIRTH_DATE, value="1972-03-02")]


@pytest.fixture
def patient_id(parts: Parts) -> int:
    """王秀兰 and her daughter's phone; bob has a call from her own."""
    now = parts.now()
    daughter = patients.ContactData(
        name="李敏", relation="child", may_be_told=False, phones=(patients.PhoneData(number="13700137000"),)
    )
    data = patients.PatientData(
        name="王秀兰",
        birth_date=date(1972, 3, 1),
        phones=(patients.PhoneData(number="13800138000"),),
        contacts=(daughter,),
    )
    with parts.database.writing() as session:
        for username in ("bob", "carol"):
            account = {"username": username, "display_name": username, "role": Role.AGENT.value, "password_hash": "-"}
            session.add(User(**account, created_at=now))
            session.add(AgentStatus(id=username, state="talking", since=now))
        made = patients.create_patient(session, parts.bus, data, settings=parts.settings, by="carol", now=now)
        session.add(Diagnosis(patient_id=made.id, text="糖尿病", at=now, source_system="HIS", source_key="1"))
        session.add(Medication(patient_id=made.id, drug="二甲双胍", at=now, source_system="HIS", source_key="1"))
        session.add(PatientFlag(patient_id=made.id, flag="deaf", since=now, created_by="carol"))
        session.add(PatientFlag(patient_id=made.id, flag="tumour", since=now))
    add_call(parts, made.id)
    return made.id


def add_call(parts: Parts, patient_id: int, id: str = "c1", number: str = "+8613800138000") -> None:
    now = parts.now()
    with parts.database.writing() as session:
        call = Call(
            id=id, linkedid=id, direction="inbound", state="answered", number=number, number_signalled=number,
            dialled="4000", agent="bob", patient_id=patient_id, match_state="single", started_at=now, answered_at=now,
        )  # fmt: skip
        session.add(call)
        session.flush()
        session.get_one(AgentStatus, "bob").call_id = id


def check(parts: Parts, patient_id: int, given: list[Given], **changes: Any) -> calls.Checked:
    wish = {"call_id": "c1", "agent": "bob", "patient_id": patient_id, "given": given, "now": parts.now()} | changes
    with parts.database.writing() as session:
        return calls.check_caller(session, parts.bus, **wish)


def desk(parts: Parts, agent: str = "bob") -> dict[str, Any]:
    with parts.database.reading() as session:
        now = parts.now().astimezone(parts.settings.timezone)
        access.bind(session, access.viewer_for(session, agent, now), now=now, zone=parts.settings.timezone)
        call = desk_view(session, agent, now)["call"]
        assert isinstance(call, dict)
        return call


def narrow(parts: Parts, **grant: Any) -> None:
    with parts.database.writing() as session:
        bob = session.scalars(select(User).where(User.username == "bob")).one()
        session.add(UserGrant(user_id=bob.id, **grant))


def test_two_right_answers_are_noted_on_the_call(parts: Parts, patient_id: int) -> None:
    assert check(parts, patient_id, RIGHT).is_verified
    with parts.database.reading() as session:
        call = session.get_one(Call, "c1")
        entry = session.scalars(select(JournalEntry).where(JournalEntry.kind == "call.verified")).one()
    assert (call.verified_by, call.verified_at is not None) == ("birth_date,name", True)
    assert entry.payload == {"patient_id": patient_id, "kinds": ["birth_date", "name"]}


def test_a_call_takes_five_tries(parts: Parts, patient_id: int) -> None:
    left = [check(parts, patient_id, WRONG).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(Conflict):
        check(parts, patient_id, RIGHT)


def test_one_kind_is_not_enough_and_costs_no_try(parts: Parts, patient_id: int) -> None:
    with pytest.raises(InvalidInput):
        check(parts, patient_id, [RIGHT[0], RIGHT[0]])
    assert check(parts, patient_id, WRONG).tries_left == 4


@pytest.mark.parametrize(("agent", "further"), [("carol", 0), ("bob", 98)])
def test_only_the_agent_of_the_call_checks_and_only_the_person_it_is_about(
    parts: Parts, patient_id: int, agent: str, further: int
) -> None:
    with pytest.raises(Conflict):
        check(parts, patient_id + further, RIGHT, agent=agent)


def test_another_person_picked_has_to_be_checked_anew(parts: Parts, patient_id: int) -> None:
    check(parts, patient_id, RIGHT)
    with parts.database.writing() as session:
        data = patients.PatientData(name="王小明", is_provisional=True)
        other = patients.create_patient(session, parts.bus, data, settings=parts.settings, by="bob", now=parts.now())
        calls.pick_patient(session, parts.bus, call_id="c1", agent="bob", patient_id=other.id, now=parts.now())
    assert desk(parts)["verification"]["at"] is None


def test_before_the_check_the_desk_holds_nothing_medical(parts: Parts, patient_id: int) -> None:
    call = desk(parts)
    assert (call["focus"], call["patient"]["birth_date"], call["patient"]["flags"]) == (None, None, ["deaf"])


def test_flags_on_the_desk_are_named_in_the_agents_language(parts: Parts, patient_id: int) -> None:
    now = parts.now()
    with parts.database.writing() as session:
        add_item(session, CodeList.FLAG, "hearing", ItemNames(name="Hearing", zh_hans="听力不便", en="Hard of hearing"))
        for flag in ("hearing", "comes_by_boat"):
            session.add(PatientFlag(patient_id=patient_id, flag=flag, since=now, created_by="carol"))
    with parts.database.reading() as session:
        session.info["locale"] = "zh_Hans"
        card = patients.patient_card(session, patient_id, now=now)
    assert card["flags"] == ["deaf", "听力不便", "comes by boat"]


def test_after_the_check_the_desk_holds_the_focus_and_details_by_consent(parts: Parts, patient_id: int) -> None:
    check(parts, patient_id, RIGHT)
    call = desk(parts)
    assert [each["text"] for each in call["focus"]["diagnoses"]] == ["糖尿病"]
    assert call["focus"]["details"] is None
    assert (call["patient"]["birth_date"], call["patient"]["flags"]) == ("1972-03-01", ["deaf", "tumour"])
    with parts.database.writing() as session:
        session.add(
            Consent(patient_id=patient_id, kind="care", channel="call", is_granted=True, changed_at=parts.now())
        )
    assert [each["drug"] for each in desk(parts)["focus"]["details"]["medications"]] == ["二甲双胍"]


def test_a_contact_person_who_may_not_be_told_unlocks_nothing(parts: Parts, patient_id: int) -> None:
    add_call(parts, patient_id, "c2", "+8613700137000")
    check(parts, patient_id, RIGHT, call_id="c2")
    assert desk(parts)["focus"] is None


def test_an_agent_without_the_clinical_grant_gets_no_focus(parts: Parts, patient_id: int) -> None:
    narrow(parts, module="clinical", can_view=False)
    check(parts, patient_id, RIGHT)
    assert desk(parts)["focus"] is None


def test_a_caller_outside_the_scope_is_told_as_such_and_the_call_stays(parts: Parts, patient_id: int) -> None:
    narrow(parts, module="contact", reach="own")
    call = desk(parts)
    assert (call["id"], call["patient"], call["candidates"]) == ("c1", None, [])
    assert (call["is_outside_scope"], call["hidden_candidates"]) == (True, 1)


def test_a_scope_of_days_hides_the_caller_and_not_the_call(parts: Parts, patient_id: int) -> None:
    narrow(parts, module="contact", days=7)
    with parts.database.writing() as session:
        patients.get_patient(session, patient_id).active_at = parts.now() - timedelta(days=30)
    assert (desk(parts)["id"], desk(parts)["is_outside_scope"]) == ("c1", True)
