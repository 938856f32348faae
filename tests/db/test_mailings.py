"""Birthdays, envelopes, gifts and group customers on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidInput
from app.groups import service as groups
from app.groups.rules import GroupKind, read_lines
from app.mailings import service
from app.mailings.rules import MailingKind, MailingState, Sender
from app.parts import Parts
from app.patients.models import ContactPerson, Identifier, Patient, PatientPhone

TODAY = date(2026, 3, 1)
WISH = service.EnvelopeWish(
    format="ZL", purpose="New year", sender=Sender(name="示范医院", address="", postcode=""), is_joined=True
)


class AllLetters(service.Letters):
    """A font that has every letter but one."""

    def __init__(self) -> None:
        super().__init__([])

    def missing(self, text: str) -> list[str]:
        return [letter for letter in text if letter == "𠮷"]


def _add(parts: Parts, **columns: Any) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        patient = Patient(**{"name": "王秀兰", "created_at": now, "updated_at": now} | columns)
        session.add(patient)
        session.flush()
        return patient.id


def _birthdays(parts: Parts, since: date, until: date) -> list[tuple[int, date, int]]:
    with parts.database.reading() as session:
        found = service.birthdays(session, since, until)
    return [(each.patient_id, each.birthday.day, each.birthday.age) for each in found]


def _gift(day: date = TODAY, occasion: str = "spring_festival") -> service.MailingData:
    return service.MailingData(
        kind=MailingKind.GIFT, occasion=occasion, item="Tea", day=day, state=MailingState.PLANNED
    )


def test_birthdays_are_found_across_the_new_year_in_their_order(parts: Parts) -> None:
    january, december = _add(parts, birth_date=date(1980, 1, 3)), _add(parts, birth_date=date(1950, 12, 30))
    _add(parts, birth_date=date(1980, 1, 9))
    _add(parts, birth_date=date(1980, 1, 3), deceased_at=parts.now())
    found = _birthdays(parts, date(2026, 12, 28), date(2027, 1, 5))
    assert found == [(december, date(2026, 12, 30), 76), (january, date(2027, 1, 3), 47)]


def test_birthday_of_29_february_is_kept_on_the_28th_of_a_common_year(parts: Parts) -> None:
    leapling = _add(parts, birth_date=date(2000, 2, 29))
    assert _birthdays(parts, date(2026, 2, 28), date(2026, 2, 28)) == [(leapling, date(2026, 2, 28), 26)]
    assert _birthdays(parts, date(2026, 3, 1), date(2026, 3, 2)) == []
    assert _birthdays(parts, date(2028, 2, 29), date(2028, 2, 29)) == [(leapling, date(2028, 2, 29), 28)]


def test_lunar_birthday_is_kept_by_the_lunar_calendar_only(parts: Parts) -> None:
    # 28 January 1960 was the first day of the lunar year; in 2027 that is 6 February.
    lunar = _add(parts, birth_date=date(1960, 1, 28), has_lunar_birthday=True)
    assert _birthdays(parts, date(2027, 2, 6), date(2027, 2, 6)) == [(lunar, date(2027, 2, 6), 67)]
    assert _birthdays(parts, date(2027, 1, 28), date(2027, 1, 28)) == []


@pytest.mark.parametrize("until", [date(2026, 2, 1), date(2026, 9, 1)])
def test_range_that_is_backwards_or_too_long_is_refused(parts: Parts, until: date) -> None:
    with pytest.raises(InvalidInput):
        _birthdays(parts, TODAY, until)


def test_envelopes_join_an_address_and_leave_out_whom_they_cannot_reach(parts: Parts) -> None:
    home = {"address": "杭州市文三路478号", "postcode": "310012"}
    wang, li = _add(parts, sex="F", **home), _add(parts, name="李明", sex="M", **home)
    homeless = _add(parts, name="赵敏")
    rare = _add(parts, name="𠮷田", **home)
    dead = _add(parts, deceased_at=parts.now(), **home)
    with parts.database.writing() as session:
        made = service.make_envelopes(session, select(Patient.id), WISH, AllLetters(), today=TODAY)
        assert [line.text for line in made.sheets[0].lines if "收" in line.text] == ["王秀兰 女士、李明 先生 收"]
        assert len(made.sheets) == 1
        left_out = {patient.id: reason for patient, reason in made.left_out}
        assert left_out == {
            homeless: service.LeftOut.NO_ADDRESS,
            rare: service.LeftOut.NO_LETTER,
            dead: service.LeftOut.DECEASED,
        }
        now = parts.now()
        service.record_print(session, made, WISH, segment_id=None, today=TODAY, by="alice", now=now)
        session.flush()
        assert [len(service.mailings_of(session, each)) for each in (wang, li, homeless, rare)] == [1, 1, 0, 0]


def test_occasion_is_given_once_a_year_unless_somebody_insists(parts: Parts) -> None:
    patient_id = _add(parts)
    told = {"by": "alice", "now": parts.now()}
    with parts.database.writing() as session:
        first = service.add_mailing(session, patient_id, _gift(), is_warned=False, **told)
        with pytest.raises(Conflict):
            service.add_mailing(session, patient_id, _gift(date(2026, 12, 31)), is_warned=False, **told)
        service.add_mailing(session, patient_id, _gift(date(2027, 1, 1)), is_warned=False, **told)
        service.add_mailing(session, patient_id, _gift(), is_warned=True, **told)
        assert first.state == MailingState.PLANNED


def test_gift_that_came_back_can_be_given_again_without_a_warning(parts: Parts) -> None:
    patient_id = _add(parts)
    told = {"by": "alice", "now": parts.now()}
    with parts.database.writing() as session:
        made = service.add_mailing(session, patient_id, _gift(), is_warned=False, **told)
        with pytest.raises(Conflict):
            service.move_mailing(session, made.id, MailingState.RETURNED, day=TODAY)
        service.move_mailing(session, made.id, MailingState.SENT, day=TODAY)
        service.move_mailing(session, made.id, MailingState.RETURNED, day=TODAY)
        session.flush()
        assert service.add_mailing(session, patient_id, _gift(), is_warned=False, **told).id != made.id


def test_mailings_are_paged_without_losing_one(parts: Parts) -> None:
    patient_id = _add(parts)
    with parts.database.writing() as session:
        for n in range(5):
            service.add_mailing(
                session, patient_id, _gift(occasion=f"o{n}"), is_warned=False, by="alice", now=parts.now()
            )
        first = service.list_mailings(session, limit=3)
        rest = service.list_mailings(session, limit=3, cursor=first.next_cursor)
        assert len({row.mailing.id for row in (*first.items, *rest.items)}) == 5
        assert rest.next_cursor is None


def test_group_finds_its_people_by_identifier_and_by_own_number_only(parts: Parts) -> None:
    wang, li, zhao = _add(parts), _add(parts, name="李明"), _add(parts, name="赵敏")
    with parts.database.writing() as session:
        child = ContactPerson(patient_id=zhao, name="陈", relation="child")
        session.add_all([Identifier(patient_id=wang, type="card", value="A100"), child])
        session.flush()
        for patient_id, number, contact in ((li, "1", None), (zhao, "2", child.id), (li, "3", None), (zhao, "3", None)):
            e164 = f"+861380013800{number}"
            session.add(
                PatientPhone(
                    patient_id=patient_id, contact_person_id=contact, number=e164, kind="mobile", as_entered=e164
                )
            )
    told = {"settings": parts.settings, "by": "alice", "now": parts.now()}
    lines = "a100,M-1\n138 0013 8001\n13800138002\n13800138003\nA100\n"
    with parts.database.writing() as session:
        data = groups.GroupData(name="Steel works", kind=GroupKind.CONTRACT_UNIT)
        group = groups.save_group(session, None, data, **told)
        report = groups.add_members(session, group.id, read_lines(lines), **told)
        assert (report.added, report.known, report.unknown, report.ambiguous) == (2, 1, [3], [4])
        session.flush()
        assert sorted(session.scalars(groups.members_of(group.id))) == sorted([wang, li])


def test_group_needs_a_name_of_its_own_and_days_in_order(parts: Parts) -> None:
    told = {"settings": parts.settings, "by": "alice", "now": parts.now()}
    with parts.database.writing() as session:
        groups.save_group(session, None, groups.GroupData(name="One", kind=GroupKind.SCHEME), **told)
        with pytest.raises(Conflict):
            groups.save_group(session, None, groups.GroupData(name=" One ", kind=GroupKind.SCHEME), **told)
        backwards = groups.GroupData(name="Two", kind=GroupKind.SCHEME, starts_on=TODAY, ends_on=date(2026, 1, 1))
        with pytest.raises(InvalidInput):
            groups.save_group(session, None, backwards, **told)
