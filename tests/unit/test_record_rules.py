"""Phases of care, sums of charges, ties without circles: decisions on plain values."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.patients.kinds import INVERSE, LinkRelation, makes_cycle, one_way
from app.visits.rules import ChargeLine, Phase, Phases, Span, charges_by_year, span_of, total_by_visit

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 5000).map(lambda hours: START + timedelta(hours=hours))


def after(days: float) -> datetime:
    return START + timedelta(days=days)


def test_between_two_visits_a_moment_belongs_to_the_nearer_one() -> None:
    phases = Phases([Span(start=after(0), end=after(2)), Span(start=after(12), end=after(13))])
    found = [phases.at(after(day)) for day in (-1, 1, 3, 7, 8, 12.5, 400)]
    assert found == [Phase.PRE, Phase.IN, Phase.POST, Phase.POST, Phase.PRE, Phase.IN, Phase.POST]


def test_without_any_visit_everything_is_before_it() -> None:
    assert Phases([]).at(START) is Phase.PRE


def test_only_a_stay_lasts_until_it_is_closed() -> None:
    assert span_of("inpatient", START, None).end is None
    assert span_of("outpatient", START, None).end == after(1)
    assert span_of("outpatient", START, after(-1)).end == START


@given(st.lists(st.tuples(HOURS, st.none() | st.integers(0, 500)), max_size=12), HOURS)
def test_a_moment_within_any_visit_is_in_whatever_overlaps(
    visits: list[tuple[datetime, int | None]], moment: datetime
) -> None:
    spans = [
        Span(start=start, end=None if hours is None else start + timedelta(hours=hours)) for start, hours in visits
    ]
    inside = any(span.start <= moment and (span.end is None or moment <= span.end) for span in spans)
    assert (Phases(spans).at(moment) is Phase.IN) == inside


LINES = st.builds(
    ChargeLine,
    id=st.integers(1, 10**6),
    day=st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    visit_id=st.none() | st.integers(1, 3),
    item=st.just("x"),
    kind=st.just("drug"),
    amount_cents=st.integers(-(10**9), 10**9),
    doctor=st.none(),
    department_id=st.none(),
)


@given(st.lists(LINES, max_size=40))
def test_every_way_to_sum_charges_gives_the_same_total(lines: list[ChargeLine]) -> None:
    years = charges_by_year(lines)
    total = sum(line.amount_cents for line in lines)
    assert sum(year.total_cents for year in years) == total
    assert sum(day.total_cents for year in years for day in year.days) == total
    assert sum(total_by_visit(lines).values()) == total
    assert sum(len(day.lines) for year in years for day in year.days) == len(lines)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40))
def test_introductions_that_are_checked_never_make_a_circle(wanted: list[tuple[int, int]]) -> None:
    kept: dict[int, set[int]] = {}

    def introducers_of(people: Iterable[int]) -> set[int]:
        return {by for person in people for by in kept.get(person, ())}

    for person, by in wanted:
        if not makes_cycle(person, by, introducers_of):
            kept.setdefault(person, set()).add(by)
    for person in kept:
        above, level = set[int](), kept[person]
        while level:
            above |= level
            level = introducers_of(level) - above
        assert person not in above


@given(st.integers(1, 50), st.sampled_from(LinkRelation), st.integers(1, 50))
def test_a_tie_told_from_either_side_is_kept_the_same_way(one: int, relation: LinkRelation, other: int) -> None:
    assert one_way(one, relation, other) == one_way(other, INVERSE[relation], one) or one == other
