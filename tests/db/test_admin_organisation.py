"""Departments as a tree, the people in them, and what somebody who leaves hands over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.models import User
from app.accounts.rules import Role
from app.codes import service as codes
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.organisation import service
from app.organisation.models import Department, StaffRequest
from app.organisation.rules import DepartmentKind
from app.organisation.service import Receiver, RequestFilter, StaffFilter
from app.parts import Parts
from app.patients.models import Patient


@pytest.fixture
def session(parts: Parts) -> Iterator[Session]:
    with parts.database.writing() as opened:
        yield opened


@pytest.fixture
def tree(session: Session, parts: Parts) -> dict[str, Department]:
    """A hospital with medicine (cardiology with its ward below it) and surgery."""
    made: dict[str, Department] = {}
    for code, above in (("MED", None), ("CARD", "MED"), ("WARD", "CARD"), ("SURG", None)):
        parent_id = made[above].id if above else None
        made[code] = service.create_department(
            session, code=code, name=code.title(), kind=DepartmentKind.CLINICAL, now=parts.now(), parent_id=parent_id
        )
    return made


def add_user(session: Session, parts: Parts, username: str, department: Department | None = None) -> User:
    return accounts.create_user(
        session,
        username=username,
        display_name=username.title(),
        role=Role.AGENT,
        password="wardline-tests",
        now=parts.now(),
        department_id=department.id if department else None,
    )


def test_department_moves_with_everything_below_it(session: Session, tree: dict[str, Department]) -> None:
    service.move_department(session, tree["CARD"].id, tree["SURG"].id)
    shown = [(branch.department.code, branch.depth) for branch in service.department_tree(session)]
    assert shown == [("MED", 0), ("SURG", 0), ("CARD", 1), ("WARD", 2)]
    assert tree["WARD"].path == f"/{tree['SURG'].id}/{tree['CARD'].id}/{tree['WARD'].id}/"


def test_department_cannot_stand_below_itself(session: Session, tree: dict[str, Department]) -> None:
    for target in ("MED", "WARD"):
        with pytest.raises(Conflict):
            service.move_department(session, tree["MED"].id, tree[target].id)


def test_department_with_people_or_departments_in_use_stays_in_use(
    session: Session, parts: Parts, tree: dict[str, Department]
) -> None:
    add_user(session, parts, "bob", tree["WARD"])
    for code in ("MED", "WARD"):
        found = tree[code]
        with pytest.raises(Conflict):
            service.change_department(
                session, found.id, code=code, name=found.name, kind=DepartmentKind.WARD, is_active=False
            )


def test_department_no_longer_in_use_is_not_offered(session: Session, tree: dict[str, Department]) -> None:
    service.change_department(
        session, tree["SURG"].id, code="SURG", name="Surgery", kind=DepartmentKind.CLINICAL, is_active=False
    )
    assert [each.code for each in service.departments(session)] == ["MED", "CARD", "WARD"]


def test_code_of_a_department_is_its_own(session: Session, parts: Parts, tree: dict[str, Department]) -> None:
    with pytest.raises(Conflict):
        service.create_department(session, code="MED", name="Again", kind=DepartmentKind.OTHER, now=parts.now())


def test_people_are_found_by_name_number_and_department_with_those_below(
    session: Session, parts: Parts, tree: dict[str, Department]
) -> None:
    add_user(session, parts, "bob", tree["WARD"]).extension = "8001"
    add_user(session, parts, "carol", tree["SURG"])
    session.flush()

    def found(**wanted: object) -> list[str]:
        page = service.list_staff(session, StaffFilter(**wanted))  # type: ignore[arg-type]
        return [user.username for user, _department in page.people]

    assert [found(text="800"), found(text="CAR"), found(text="%"), found(department_id=tree["MED"].id)] == [
        ["bob"],
        ["carol"],
        [],
        ["bob"],
    ]


def add_patient(session: Session, parts: Parts, owner: str) -> Patient:
    now = parts.now()
    patient = Patient(name="Test", owner=owner, created_at=now, updated_at=now, active_at=now)
    session.add(patient)
    session.flush()
    return patient


def test_colleague_takes_over_patients_and_requests(
    session: Session, parts: Parts, tree: dict[str, Department]
) -> None:
    bob, carol = add_user(session, parts, "bob", tree["MED"]), add_user(session, parts, "carol")
    patient = add_patient(session, parts, "bob")
    asked = service.raise_request(
        session, title="A chair", text="", department_id=tree["MED"].id, by="carol", now=parts.now()
    )
    service.take_request(session, asked.id, by=bob, now=parts.now())
    moved = service.hand_over(session, "bob", Receiver(username="carol"), parts.now())
    session.expire_all()
    # Rooms that are loaded besides have nothing of bob's.
    assert {name: count for name, count in moved.items() if count} == {"patients": 1, "requests": 1}
    assert (patient.owner, asked.taken_by) == (carol.username, carol.username)
    assert set(service.open_work(session, "bob").values()) == {0}


def test_pool_takes_over_what_any_member_may_take(session: Session, parts: Parts, tree: dict[str, Department]) -> None:
    bob = add_user(session, parts, "bob", tree["MED"])
    patient = add_patient(session, parts, "bob")
    asked = service.raise_request(session, title="X", text="", department_id=tree["MED"].id, by="bob", now=parts.now())
    service.take_request(session, asked.id, by=bob, now=parts.now())
    service.hand_over(session, "bob", Receiver(department_id=tree["SURG"].id), parts.now())
    session.expire_all()
    assert (patient.owner, patient.department_id) == (None, tree["SURG"].id)
    assert (asked.state, asked.taken_by, asked.department_id) == ("open", None, tree["SURG"].id)


@pytest.mark.parametrize("to", [Receiver(), Receiver(username="bob"), Receiver(username="nobody")])
def test_nothing_is_handed_over_to_nobody(session: Session, parts: Parts, to: Receiver) -> None:
    add_user(session, parts, "bob")
    with pytest.raises((InvalidInput, NotFound)):
        service.hand_over(session, "bob", to, parts.now())


def test_request_is_taken_once_by_a_member_and_answered_by_who_took_it(
    session: Session, parts: Parts, tree: dict[str, Department]
) -> None:
    bob, carol = add_user(session, parts, "bob", tree["MED"]), add_user(session, parts, "carol", tree["MED"])
    dora = add_user(session, parts, "dora", tree["SURG"])
    asked = service.raise_request(session, title="X", text="", department_id=tree["MED"].id, by="dora", now=parts.now())
    with pytest.raises(NotAllowed):
        service.take_request(session, asked.id, by=dora, now=parts.now())
    service.take_request(session, asked.id, by=bob, now=parts.now())
    with pytest.raises(Conflict):
        service.take_request(session, asked.id, by=carol, now=parts.now())
    with pytest.raises(Conflict):
        service.answer_request(session, asked.id, "Done", by="carol", now=parts.now())
    service.answer_request(session, asked.id, "Done", by="bob", now=parts.now())
    assert session.get_one(StaffRequest, asked.id, populate_existing=True).state == "done"


def test_requests_page_on_without_repeating_one(session: Session, parts: Parts, tree: dict[str, Department]) -> None:
    for number in range(60):
        service.raise_request(
            session, title=f"{number}", text="", department_id=tree["MED"].id, by="bob", now=parts.now()
        )
    first = service.list_requests(session, RequestFilter(department_id=tree["MED"].id))
    rest = service.list_requests(session, RequestFilter(department_id=tree["MED"].id), cursor=first.next_cursor)
    shown = [view.request.title for view in (*first.items, *rest.items)]
    assert shown == [str(number) for number in reversed(range(60))]
    assert rest.next_cursor is None


def test_null_characters_are_found_nowhere_and_kept_nowhere(session: Session, parts: Parts) -> None:
    assert accounts.find_user(session, "bob\x00") is None
    assert service.list_staff(session, StaffFilter(text="\x00")).people == []
    with pytest.raises(NotFound):
        codes.get_item(session, "region", "33\x00")
    with pytest.raises(NotFound):
        service.hand_over(session, "bob", Receiver(username="carol\x00"), parts.now())
    with pytest.raises(InvalidInput):
        service.raise_request(session, title="a\x00", text="", department_id=1, by="bob", now=parts.now())
