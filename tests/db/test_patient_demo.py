"""The demo hospital's people, whose numbers the tour names."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from app.calls.models import Call
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient
from app.patients.rules import MatchState, match_state
from app.synthetic.service import seed_demo_patients, seed_tour_patients
from app.visits.models import Charge

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def seed(parts: Parts) -> int:
    with parts.database.writing() as session:
        return seed_demo_patients(session, NOW, settings=parts.settings)


def test_the_demo_patients_are_made_once_with_their_history(parts: Parts) -> None:
    assert seed(parts) == 2000
    with parts.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Charge)) > 5000
        assert session.scalar(select(func.max(Call.started_at))) < NOW
        assert session.scalar(select(func.max(Patient.active_at))) <= NOW
    assert seed(parts) == 0


def test_the_numbers_of_the_tour_show_every_way_of_matching(parts: Parts) -> None:
    expected = {
        "+8613800138000": (MatchState.SINGLE, 1),
        "+8613900139000": (MatchState.SEVERAL, 3),
        "+8613700137000": (MatchState.SINGLE, 1),
        "+8657188886666": (MatchState.SINGLE, 1),
        "+8613600136000": (MatchState.SEVERAL, 1),
        "+8613812345678": (MatchState.NONE, 0),
    }
    with parts.database.writing() as session:
        seed_tour_patients(session, NOW, settings=parts.settings)
        found = {number: service.match_number(session, number, now=NOW) for number in expected}
    assert {number: (match_state(people), len(people)) for number, people in found.items()} == expected


def test_there_is_a_name_of_forty_characters_to_try_pages_with(parts: Parts) -> None:
    with parts.database.writing() as session:
        seed_tour_patients(session, NOW, settings=parts.settings)
        assert session.scalar(select(func.max(func.length(Patient.name)))) == 40
