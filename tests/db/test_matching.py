"""From a number to the people who may be calling, on the real tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.errors import NotFound
from app.messages.models import Message
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient, PatientPhone
from app.patients.rules import MatchState, match_state
from app.synthetic.service.demo import seed_tour_patients

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.fixture
def demo(parts: Parts) -> Parts:
    with parts.database.writing() as session:
        seed_tour_patients(session, NOW, settings=parts.settings)
    return parts


def view(parts: Parts, number: str) -> list[dict[str, Any]]:
    with parts.database.reading() as session:
        return service.candidates_view(session, number, NOW)


def a_call(patient_id: int, started_at: datetime, **changes: Any) -> Call:
    given = {
        "id": f"call-{started_at.timestamp()}",
        "linkedid": f"linked-{started_at.timestamp()}",
        "direction": "inbound",
        "state": "wrapped_up",
        "outcome": "answered",
        "number": "+8613800138000",
        "number_signalled": "13800138000",
        "dialled": "4000",
        "started_at": started_at,
        "ended_at": started_at + timedelta(minutes=3),
        "patient_id": patient_id,
    }
    return Call(**{**given, **changes})


def test_a_mobile_of_one_person_pops_that_person(demo: Parts) -> None:
    [candidate] = view(demo, "+8613800138000")
    assert candidate["key"] == "1"
    assert candidate["patient"]["sex"] == "F"
    assert candidate["patient"]["age"] == 54
    assert candidate["patient"]["calling_for"] is None
    assert candidate["reasons"] == [{"code": "own_mobile", "text": "Own mobile number"}]


def test_a_family_number_shows_the_mother_first_and_both_children(demo: Parts) -> None:
    candidates = view(demo, "+8613900139000")
    assert [candidate["key"] for candidate in candidates] == ["1", "2", "3"]
    assert [candidate["reasons"][0]["code"] for candidate in candidates] == [
        "own_mobile",
        "contact_person",
        "contact_person",
    ]
    with demo.database.reading() as session:
        assert match_state(service.match_number(session, "+8613900139000", now=NOW)) is MatchState.SEVERAL


def test_a_daughters_phone_pops_the_patient_she_calls_for(demo: Parts) -> None:
    [candidate] = view(demo, "+8613700137000")
    patient = candidate["patient"]
    assert (patient["relation"], patient["calling_for"], patient["may_be_told"]) == ("child", patient["name"], True)
    with demo.database.reading() as session:
        card = service.card_for_number(session, patient["id"], "+8613700137000", now=NOW)
        own = service.card_for_number(session, patient["id"], "+8657188886666", now=NOW)
    assert card == patient
    assert own["relation"] is None


def test_a_dead_persons_number_is_never_a_sure_match(demo: Parts) -> None:
    with demo.database.reading() as session:
        assert match_state(service.match_number(session, "+8613600136000", now=NOW)) is MatchState.SEVERAL


@pytest.mark.parametrize("number", ["", "+8613000000000", "anonymous"])
def test_an_unknown_or_withheld_number_is_nobodys(demo: Parts, number: str) -> None:
    assert view(demo, number) == []


def test_reasons_are_told_in_the_readers_language(demo: Parts) -> None:
    with demo.database.reading() as session:
        [candidate] = service.candidates_view(session, "+8613800138000", NOW, translate=str.upper)
    assert candidate["reasons"][0]["text"] == "OWN MOBILE NUMBER"


def test_the_card_tells_the_last_contact_and_the_open_messages(demo: Parts) -> None:
    with demo.database.writing() as session:
        session.add(a_call(1, NOW - timedelta(days=2), note="Asked about\nthe recheck"))
        session.add(a_call(1, NOW - timedelta(days=9)))
        session.add(a_call(1, NOW, ended_at=None))
        session.add(a_message(1, NOW - timedelta(days=3)))
    with demo.database.reading() as session:
        card = service.patient_card(session, 1, now=NOW, is_checked=True)
    assert card["last_contact"] == {
        "at": (NOW - timedelta(days=2)).isoformat(),
        "channel": "call",
        "direction": "inbound",
        "summary": "Asked about the recheck",
    }
    assert card["open_messages"] == 1


def a_message(patient_id: int, created_at: datetime) -> Message:
    return Message(
        direction="in",
        kind="care",
        state="new",
        number="+8613800138000",
        patient_id=patient_id,
        text="hello",
        created_at=created_at,
    )


def test_a_message_can_be_the_last_contact(demo: Parts) -> None:
    with demo.database.writing() as session:
        session.add(a_call(1, NOW - timedelta(days=2), disposition="recheck"))
        session.add(a_message(1, NOW - timedelta(hours=1)))
    with demo.database.reading() as session:
        card = service.patient_card(session, 1, now=NOW, is_checked=True)
    assert (card["last_contact"]["channel"], card["last_contact"]["summary"]) == ("sms", "hello")


def test_the_card_of_an_unchecked_caller_holds_nothing_that_was_written_or_is_asked_for(demo: Parts) -> None:
    with demo.database.writing() as session:
        session.add(a_call(1, NOW - timedelta(days=2), note="Asked about the biopsy", disposition="recheck"))
    with demo.database.reading() as session:
        card = service.patient_card(session, 1, now=NOW)
        checked = service.patient_card(session, 1, now=NOW, is_checked=True)
    assert (card["birth_date"], card["last_contact"]["summary"]) == (None, "Recheck")
    assert (checked["birth_date"], checked["last_contact"]["summary"]) == ("1972-03-01", "Asked about the biopsy")


def test_the_call_on_the_desk_is_not_the_last_contact(demo: Parts) -> None:
    with demo.database.writing() as session:
        session.add(a_call(1, NOW - timedelta(days=2), id="earlier"))
        session.add(a_call(1, NOW, id="this-one"))
    with demo.database.reading() as session:
        card = service.patient_card(session, 1, now=NOW, own_call="this-one")
    assert card["last_contact"]["at"] == (NOW - timedelta(days=2)).isoformat()


def test_recent_contact_is_a_reason(demo: Parts) -> None:
    with demo.database.writing() as session:
        session.add(a_call(3, NOW - timedelta(days=2)))
    candidates = view(demo, "+8613900139000")
    assert [candidate["patient"]["id"] for candidate in candidates] == [2, 3, 4]
    assert candidates[1]["reasons"][1]["code"] == "recent_contact"


def test_the_card_of_nobody_is_not_found(parts: Parts) -> None:
    with parts.database.reading() as session, pytest.raises(NotFound):
        service.patient_card(session, 77, now=NOW)


def test_a_number_typed_for_everyone_gives_nine_candidates(parts: Parts) -> None:
    many_patients(parts, 300, number="+8657188880000")
    assert [candidate["key"] for candidate in view(parts, "+8657188880000")] == list("123456789")


def test_the_candidates_take_the_same_number_of_queries_however_many_they_are(parts: Parts) -> None:
    many_patients(parts, 9, number="+8657188880000")
    many_patients(parts, 2, number="+8657188880001")
    assert count_queries(parts, "+8657188880000") == count_queries(parts, "+8657188880001") <= 8


def test_a_number_is_looked_up_through_its_index(parts: Parts) -> None:
    many_patients(parts, 3000)
    with parts.database.writing() as session:
        session.add_all(a_call(1 + place, NOW - timedelta(minutes=place)) for place in range(2000))
        session.flush()
        session.execute(text("ANALYZE"))
    seen: list[tuple[str, Any]] = []
    with parts.database.reading() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *call: seen.append((call[2], call[3])))
        service.match_number(session, "+8613000001234", now=NOW)
        statement, values = seen[0]
        explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[session.get_bind().dialect.name]
        plan = "\n".join(str(row) for row in session.connection().exec_driver_sql(explain + statement, values))
    assert "ix_patient_phone_number" in plan
    assert "ix_call_patient" in plan


def count_queries(parts: Parts, number: str) -> int:
    seen: list[str] = []
    with parts.database.reading() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *call: seen.append(call[2]))
        service.candidates_view(session, number, NOW)
    return len(seen)


def many_patients(parts: Parts, count: int, number: str | None = None) -> None:
    with parts.database.writing() as session:
        first = add_patients(session, count)
        rows = [
            {
                "patient_id": first + place,
                "number": number or f"+861300000{place:04d}",
                "extension": "",
                "kind": "mobile",
                "as_entered": "",
                "is_valid": True,
            }
            for place in range(count)
        ]
        session.execute(insert(PatientPhone), rows)


def add_patients(session: Session, count: int) -> int:
    rows = [{"name": "P", "sex": "U", "created_at": NOW, "updated_at": NOW, "row_version": 1} for _ in range(count)]
    ids = list(session.scalars(insert(Patient).returning(Patient.id, sort_by_parameter_order=True), rows))
    return ids[0]
