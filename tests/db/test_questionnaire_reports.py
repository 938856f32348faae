"""Reports of questionnaires against the same figures reckoned by hand from the answers (Q-03, Q-04, Q-06, Q-13)."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.models import RoleGrant
from app.access.rules import Module
from app.access.service import bind, viewer_for
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.followups.models import FollowupTask
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Identifier, Patient
from app.questionnaires import service
from app.questionnaires.rules import ResponseWay
from app.questionnaires.service import About, GroupBy, ReportFilters
from app.reports.rules import Period
from tests.db.asked_people import FEVER, MEALS, NOON, WISHES, WOUND, add_people, add_questionnaire, answer

PERIOD = Period(date(2026, 11, 15), date(2026, 11, 24))
QUESTIONS = (MEALS, WISHES, FEVER)
WORTH = {("meals", "good"): 5, ("meals", "poor"): 1, ("wishes_for", "talks"): 1, ("wishes_for", "exams"): 2}
HIGHEST = {"meals": 5, "wishes_for": 3}


@dataclass(slots=True)
class Told:
    """One response as a test would write it on paper."""

    day: date
    ward: str
    department: int
    doctor: str | None
    agent: str | None
    way: ResponseWay
    patient: int
    meals: str | None
    wishes: list[str]
    fever: float | None

    @property
    def points(self) -> float:
        return (WORTH.get(("meals", self.meals or ""), 0)) + sum(WORTH["wishes_for", each] for each in self.wishes)

    @property
    def highest(self) -> float:
        return (5 if self.meals in ("good", "poor") else 0) + (3 if self.wishes else 0)


class Case:
    """Eighty responses from a seed on the days of the period and of the one before; a few that nobody completed."""

    def __init__(self, parts: Parts) -> None:
        self.parts, dice = parts, random.Random(11)
        self.told: list[Told] = []
        with parts.database.writing() as session:
            self.people = add_people(session, 6)
            session.add(Department(id=2, code="ear", name="Ear", path="/2/", created_at=NOON))
            session.flush()
            version = add_questionnaire(session, QUESTIONS)
            self.questionnaire = version.questionnaire_id
            for number in range(80):
                told = Told(
                    day=PERIOD.last - timedelta(days=dice.randrange(20)),
                    ward=dice.choice(["W1", "W2"]),
                    department=dice.choice([1, 2]),
                    doctor=dice.choice(["dora", "dan"]),
                    agent=dice.choice([None, "bob"]),
                    way=dice.choice([ResponseWay.PHONE, ResponseWay.PAPER]),
                    patient=dice.choice(self.people),
                    meals=dice.choice(["good", "poor", "not_used", None]),
                    wishes=[each for each in ("talks", "exams") if dice.random() < 0.5],
                    fever=dice.choice([36.5, 38.0]),
                )
                is_completed = number % 10 != 0
                self._write(session, version.id, told, completes=is_completed)
                if is_completed:
                    self.told.append(told)

    def _write(self, session: Any, version_id: int, told: Told, *, completes: bool) -> None:
        given = {"meals": told.meals, "wishes_for": told.wishes, "fever": str(told.fever)}
        answer(
            session,
            self.parts,
            version_id,
            {code: value for code, value in given.items() if value},
            patient_id=told.patient,
            way=told.way,
            at=datetime.combine(told.day, time(10), self.parts.settings.timezone),
            about=About(ward=told.ward, department_id=told.department, doctor=told.doctor),
            agent=told.agent,
            completes=completes,
        )

    def filters(self, **more: Any) -> ReportFilters:
        zone = self.parts.settings.timezone
        return ReportFilters(period=PERIOD, zone=zone, questionnaire_id=self.questionnaire, **more)

    def within(self, period: Period = PERIOD, **wanted: Any) -> list[Told]:
        return [
            each
            for each in self.told
            if period.first <= each.day <= period.last
            and all(getattr(each, name) == value for name, value in wanted.items())
        ]


@pytest.fixture
def case(parts: Parts) -> Case:
    return Case(parts)


def _satisfied(told: list[Told]) -> int:
    return sum(each.points * 100 >= each.highest * 80 for each in told if each.highest)


def test_the_whole_agrees_with_hand_calculation_under_every_filter(parts: Parts, case: Case) -> None:
    wishes: list[dict[str, Any]] = [{}, {"ward": "W1"}, {"way": ResponseWay.PAPER}, {"doctor": "dan"}]
    for wanted in wishes:
        with parts.database.reading() as session:
            found = service.measure(session, case.filters(**wanted))
        told = case.within(**wanted)
        scored = [each for each in told if each.highest]
        assert len(told) > 5
        assert (found.count, found.scored, found.satisfied) == (len(told), len(scored), _satisfied(told)), wanted
        by_hand = sum(each.points for each in scored) / sum(each.highest for each in scored)
        assert found.score == pytest.approx(by_hand), wanted


def test_each_group_agrees_with_hand_calculation_also_for_the_period_before(parts: Parts, case: Case) -> None:
    for group in (GroupBy.DEPARTMENT, GroupBy.WARD, GroupBy.DOCTOR, GroupBy.AGENT, GroupBy.WAY):
        with parts.database.reading() as session:
            found = service.by_group(session, case.filters(), group)
        by_hand: dict[str | None, list[list[Told]]] = defaultdict(lambda: [[], []])
        for place, period in enumerate((PERIOD, PERIOD.previous)):
            for each in case.within(period):
                value = getattr(each, "department" if group is GroupBy.DEPARTMENT else group.value)
                by_hand[None if value is None else str(value)][place].append(each)
        expected = {
            key: (len(now), _satisfied(now), len(before), _satisfied(before))
            for key, (now, before) in by_hand.items()
            if now
        }
        assert {
            each.key: (each.now.count, each.now.satisfied, each.before.count, each.before.satisfied) for each in found
        } == expected, group


def test_each_question_agrees_with_hand_calculation(parts: Parts, case: Case) -> None:
    with parts.database.reading() as session:
        meals, wishes, fever = service.by_question(session, case.filters(), QUESTIONS)
    told, before = case.within(), case.within(PERIOD.previous)
    eaten = [each.meals for each in told if each.meals]
    counts = {each.option: each.count for each in meals.answers}
    assert (meals.answered, counts) == (len(eaten), {code: eaten.count(code) for code in ("good", "poor", "not_used")})
    scored = [WORTH["meals", each] for each in eaten if each != "not_used"]
    assert meals.mean == pytest.approx(sum(scored) / len(scored))
    shares = {each.option: (each.share, each.before) for each in meals.answers}
    eaten_before = [each.meals for each in before if each.meals]
    expected = (eaten.count("poor") / len(eaten), eaten_before.count("poor") / len(eaten_before))
    assert shares["poor"] == pytest.approx(expected)
    wished = [each for each in told if each.wishes]
    assert wishes.answered == len(wished)
    assert wishes.mean == pytest.approx(sum(WORTH["wishes_for", w] for t in wished for w in t.wishes) / len(wished))
    assert sum(answer.count for answer in wishes.answers) == sum(len(each.wishes) for each in wished)
    heat = [each.fever for each in told if each.fever]
    assert (fever.answered, fever.mean) == (len(heat), pytest.approx(sum(heat) / len(heat)))


def test_the_list_behind_a_bar_has_exactly_its_people(parts: Parts, case: Case) -> None:
    filters = case.filters(ward="W2")
    told = [each for each in case.within(ward="W2") if each.meals == "poor"]
    with parts.database.reading() as session:
        first = service.list_answerers(session, filters, "meals", "poor", limit=2)
        rest = service.list_answerers(session, filters, "meals", "poor", limit=50, cursor=first.next_cursor)
        people = service.patients_behind(session, filters, "meals", "poor")
    listed = [each.patient_id for each in (*first.items, *rest.items)]
    assert len(listed) == len(told) > 2
    assert sorted(listed) == sorted(each.patient for each in told)
    assert people == sorted({each.patient for each in told})


def test_one_item_of_two_questionnaires_is_counted_together_and_by_agent(parts: Parts, case: Case) -> None:
    with parts.database.writing() as session:
        other = add_questionnaire(session, (WOUND, MEALS), name="Other")
        for given in ("good", "poor", "poor"):
            answer(session, parts, other.id, {"meals": given}, agent="carol", at=NOON)
    filters = ReportFilters(period=PERIOD, zone=parts.settings.timezone)
    with parts.database.reading() as session:
        [together] = service.by_question(session, filters, [MEALS])
        groups = service.item_by_group(session, filters, MEALS, GroupBy.AGENT)
        forms = service.item_by_group(session, filters, MEALS, GroupBy.QUESTIONNAIRE)
    alone = [each for each in case.within() if each.meals]
    assert together.answered == len(alone) + 3
    assert {each.key: each.answered for each in groups} == {
        "carol": 3,
        "bob": sum(each.agent == "bob" for each in alone),
        None: sum(each.agent is None for each in alone),
    }
    assert {each.key: each.mean for each in groups}["carol"] == pytest.approx(7 / 3)
    assert sum(each.answered for each in forms) == together.answered


def test_whoever_may_see_a_department_only_gets_its_figures_and_its_people(parts: Parts, case: Case) -> None:
    with parts.database.writing() as session:
        session.add(RoleGrant(role=Role.SUPERVISOR, module=Module.FOLLOWUPS, reach="own"))
        create_user(
            session, username="sue", display_name="Sue", role=Role.SUPERVISOR, password="a-good-one-1", now=NOON
        )
    with parts.database.reading() as session:
        bind(session, viewer_for(session, "sue", NOON), now=NOON, zone=parts.settings.timezone)
        assert service.measure(session, case.filters()).count == 0
        assert service.list_answerers(session, case.filters(), "meals", "poor", limit=50).items == []
        assert service.by_question(session, case.filters(), QUESTIONS)[0].answered == 0


def test_follow_ups_are_made_once_and_never_for_the_dead(parts: Parts, case: Case) -> None:
    zone = parts.settings.timezone
    make: dict[str, Any] = {"title": "Meals", "why": "report", "due_on": NOON.date(), "zone": zone, "by": "alice"}
    with parts.database.writing() as session:
        session.get(Patient, case.people[0]).deceased_at = NOON  # type: ignore[union-attr]
        session.flush()
        first = service.make_followups(session, parts.bus, case.people, now=NOON, **make)
        second = service.make_followups(session, parts.bus, case.people, now=NOON, **make)
    assert (first.made, first.left_out, second.made, second.had_one) == (5, 1, 0, 5)
    with parts.database.reading() as session:
        kinds = session.execute(select(FollowupTask.kind, FollowupTask.role).distinct()).all()
    assert [tuple(kind) for kind in kinds] == [("list", "service_centre")]


def test_a_hundred_paper_forms_give_a_ward_report_and_follow_ups_for_the_six_dissatisfied(parts: Parts) -> None:
    zone, now = parts.settings.timezone, NOON
    with parts.database.writing() as session:
        people = add_people(session, 10)
        for patient_id in people:
            session.add(Identifier(patient_id=patient_id, system="HIS", type="inpatient", value=f"ZY{patient_id}"))
        version = add_questionnaire(session, (MEALS, WISHES))
    for number in range(100):
        is_dissatisfied = number < 6
        form = service.PaperForm(
            key=f"form-{number:04}",
            version_id=version.id,
            answers={"meals": "poor" if is_dissatisfied else "good", "wishes_for": ["talks"]},
            filled_on=now.date() - timedelta(days=number % 5),
            number=f"ZY{people[number % 10]}",
            about=About(ward="W2" if number % 2 else "W1"),
        )
        with parts.database.writing() as session:
            service.enter_form(session, parts.bus, form, zone=zone, by="bob", now=now)
    filters = ReportFilters(period=PERIOD, zone=zone, questionnaire_id=version.questionnaire_id)
    with parts.database.writing() as session:
        wards = {each.key: each.now.count for each in service.by_group(session, filters, GroupBy.WARD)}
        assert wards == {"W1": 50, "W2": 50}
        six = service.patients_behind(session, filters, "meals", "poor")
        assert six == people[:6]
        made = service.make_followups(
            session, parts.bus, six, title="Meals", why="report", due_on=now.date(), zone=zone, by="alice", now=now
        )
    assert made.made == 6
