"""Scores and states as rules: their invariants, and examples worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.quality.rules import (
    COACHING_MOVES,
    MOVES,
    PARTIES,
    SHOWN_TO_AGENT,
    WITH_VERSION,
    Answer,
    Applies,
    CallFacts,
    Card,
    CoachingMove,
    CoachingState,
    EvaluationState,
    Item,
    ItemKind,
    Moment,
    Move,
    Objection,
    Party,
    Section,
    Sheet,
    Standing,
    Who,
    after,
    check_card,
    clean_sheet,
    fit,
    object_to,
    object_to_coaching,
    read_moments,
    read_sections,
    read_sheet,
    score,
    write_sections,
    write_sheet,
)
from app.quality.service import shipped_cards

NOW = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)


def item(key: str, kind: ItemKind = ItemKind.YES_NO, weight: int = 1, **more: object) -> Item:
    limits = {ItemKind.YES_NO: (0, 1), ItemKind.SCALE: (1, 5), ItemKind.POINTS: (0, 10)}[kind]
    return Item(key=key, kind=kind, weight=weight, texts={"en": key}, low=limits[0], high=limits[1], **more)  # type: ignore[arg-type]


@st.composite
def cards(draw_: st.DrawFn) -> Card:
    sections = []
    for place in range(draw_(st.integers(1, 4))):
        items = [
            item(
                f"i{place}_{number}",
                draw_(st.sampled_from(list(ItemKind))),
                draw_(st.integers(1, 20)),
                is_fatal=draw_(st.booleans()) and draw_(st.booleans()),
                allows_na=True,
            )
            for number in range(draw_(st.integers(1, 4)))
        ]
        weight = draw_(st.integers(1, 50))
        sections.append(Section(key=f"s{place}", weight=weight, titles={"en": "x"}, items=tuple(items)))
    return Card(sections=tuple(sections), fatal_cap=draw_(st.integers(0, 100)))


@st.composite
def judged(draw_: st.DrawFn) -> tuple[Card, dict[str, Answer]]:
    card = draw_(cards())
    answers = {}
    for each in card.items:
        kind = draw_(st.integers(0, 4))
        if kind == 0:
            answers[each.key] = Answer(is_na=True)
        elif kind > 1:
            answers[each.key] = Answer(value=draw_(st.integers(each.low, each.high)))
    return card, answers


@given(judged())
def test_a_score_lies_between_0_and_100(case: tuple[Card, dict[str, Answer]]) -> None:
    found = score(*case)
    assert found.total is None or 0 <= found.total <= 100


@given(judged(), st.data())
def test_a_better_answer_never_lowers_the_score(case: tuple[Card, dict[str, Answer]], data: st.DataObject) -> None:
    card, answers = case
    improvable = [each for each in card.items if (_value := answers.get(each.key, Answer()).value) is not None]
    improvable = [each for each in improvable if (answers[each.key].value or 0) < each.high]
    assume(improvable)
    chosen = data.draw(st.sampled_from(improvable))
    better = data.draw(st.integers((answers[chosen.key].value or 0) + 1, chosen.high))
    before, now = score(card, answers), score(card, {**answers, chosen.key: Answer(value=better)})
    assert before.total is not None
    assert now.total is not None
    assert now.total >= before.total


@given(judged(), st.integers(2, 4))
def test_weights_are_relative(case: tuple[Card, dict[str, Answer]], times: int) -> None:
    card, answers = case
    sections = tuple(
        Section(
            key=each.key,
            weight=each.weight * times,
            titles=each.titles,
            items=tuple(
                Item(
                    key=one.key,
                    kind=one.kind,
                    weight=one.weight * times,
                    texts=one.texts,
                    is_fatal=one.is_fatal,
                    allows_na=one.allows_na,
                    low=one.low,
                    high=one.high,
                )
                for one in each.items
            ),
        )
        for each in card.sections
    )
    before, now = score(card, answers).total, score(Card(sections=sections, fatal_cap=card.fatal_cap), answers).total
    assert (before is None) == (now is None)
    assert before is None or now == pytest.approx(before, abs=0.01)


@given(judged(), st.data())
def test_what_does_not_apply_counts_as_if_the_card_had_it_not(
    case: tuple[Card, dict[str, Answer]], data: st.DataObject
) -> None:
    card, answers = case
    gone = data.draw(st.sampled_from(card.items)).key
    smaller = Card(
        sections=tuple(
            Section(
                key=each.key,
                weight=each.weight,
                titles=each.titles,
                items=tuple(one for one in each.items if one.key != gone),
            )
            for each in card.sections
        ),
        fatal_cap=card.fatal_cap,
    )
    assert score(card, {**answers, gone: Answer(is_na=True)}).total == score(smaller, answers).total


@given(judged())
def test_a_failed_fatal_item_caps_the_score_and_nothing_else_does(case: tuple[Card, dict[str, Answer]]) -> None:
    card, answers = case
    failed = [
        each
        for each in card.items
        if each.is_fatal and answers.get(each.key, Answer()).value == each.low and each.key in answers
    ]
    found = score(card, answers)
    assert found.is_fatal == bool(failed)
    if failed and found.total is not None:
        assert found.total <= card.fatal_cap


def test_a_score_worked_out_by_hand() -> None:
    card = Card(
        sections=(
            Section(
                key="a",
                weight=30,
                titles={"en": "A"},
                items=(item("yes", weight=2), item("scale", ItemKind.SCALE, 1), item("na", allows_na=True, weight=9)),
            ),
            Section(key="b", weight=70, titles={"en": "B"}, items=(item("points", ItemKind.POINTS, 4),)),
        ),
        fatal_cap=0,
    )
    answers = {
        "yes": Answer(value=1), "scale": Answer(value=3), "na": Answer(is_na=True), "points": Answer(value=6),
    }  # fmt: skip
    # Section A: (2 × 1 + 1 × 0.5) ÷ 3 = 0.8333; B: 0.6. In all 0.3 × 0.8333 + 0.7 × 0.6 = 0.67.
    assert score(card, answers).total == pytest.approx(67.0)
    assert score(card, {}).missing == ("yes", "scale", "na", "points")
    assert score(card, {key: Answer(is_na=True) for key in answers}).missing == ("yes", "scale", "points")


def test_an_answer_that_the_item_does_not_take_is_none() -> None:
    card = Card(sections=(Section(key="a", weight=1, titles={"en": "A"}, items=(item("yes"),)),))
    assert score(card, {"yes": Answer(value=7)}).missing == ("yes",)
    assert score(card, {"yes": Answer(is_na=True)}).missing == ("yes",)
    kept = clean_sheet(
        card,
        Sheet(
            answers={"yes": Answer(value=7, note="x\x00"), "other": Answer(value=1)},
            moments=(Moment(at=float("nan")), Moment(at=3.14, item="other"), Moment(at=1, item="yes", text="a" * 600)),
        ),
    )  # fmt: skip
    assert kept.answers == {"yes": Answer(note="x")}
    assert [(each.at, each.item, len(each.text)) for each in kept.moments] == [(1, "yes", 500), (3.1, "", 0)]


@given(cards())
def test_a_card_reads_back_as_it_was_written(card: Card) -> None:
    assert read_sections(write_sections(card)) == card.sections


def test_a_sheet_reads_back_as_it_was_written() -> None:
    sheet = Sheet(answers={"a": Answer(value=3, note="n")}, moments=(Moment(at=2.5, item="a", text="t"),), summary="s")
    assert read_sheet(write_sheet(sheet)) == sheet
    assert read_sheet(None) == Sheet()


@pytest.mark.parametrize("sent", ["x", 7, None, [1], [{"at": "1"}], [{"at": True}], [{"at": 1, "item": 3}], {"at": 1}])
def test_moments_that_are_none_are_left_out(sent: object) -> None:
    assert read_moments(sent) == []


def test_the_shipped_cards_are_whole_and_speak_three_languages() -> None:
    for row in shipped_cards():
        card = Card(sections=read_sections(row["sections"]), fatal_cap=row["fatal_cap"])
        assert check_card(card) == []
        assert sum(section.weight for section in card.sections) == 100
        texts = [row["names"], *(each.titles for each in card.sections)]
        texts += [words for each in card.items for words in (each.texts, each.guidance)]
        assert all(set(words) == {"zh_Hans", "zh_Hant", "en"} and all(words.values()) for words in texts)
        assert any(each.is_fatal for each in card.items)
        assert any(each.allows_na for each in card.items)


def test_a_card_that_makes_no_sense_is_refused_place_by_place() -> None:
    wrong = Item(key="A B", kind=ItemKind.SCALE, weight=0, texts={"en": " "}, low=5, high=5)
    card = Card(sections=(Section(key="s", weight=101, titles={"en": ""}, items=(wrong, wrong)),), fatal_cap=101)
    found = {(fault.field, fault.key) for fault in check_card(card)}
    assert {
        ("fatal_cap", ""),
        ("title", "s"),
        ("weight", "s"),
        ("key", "A B"),
        ("text", "A B"),
        ("high", "A B"),
    } <= found
    assert check_card(Card(sections=()))[0].field == "sections"


def test_the_card_that_is_meant_most_closely_fits_best() -> None:
    call = CallFacts(direction="outbound", queue=None, followup_kind="recovery")
    assert fit(Applies(), call) == 0
    assert fit(Applies(direction="outbound"), call) == 1
    assert fit(Applies(direction="outbound", followup_kinds=("recovery",)), call) == 2
    assert fit(Applies(direction="inbound"), call) is None
    assert fit(Applies(queues=("hotline",)), call) is None


# --- states ---


def _who(name: str) -> Who:
    return Who(username=name, grades=name in ("quinn", "alice", "adam"))


class Evaluations(RuleBasedStateMachine):
    """Anybody tries any move at any time; what is not in the tables never happens."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.standing = Standing(state=EvaluationState.DRAFT, agent="bob", grader="quinn")
        self.done: list[tuple[Move, str, EvaluationState]] = []

    @rule(hours=st.integers(0, 200))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(move=st.sampled_from(list(Move)), name=st.sampled_from(["bob", "quinn", "alice", "adam", "carol"]))
    def somebody_tries(self, move: Move, name: str) -> None:
        before = self.standing
        objection = object_to(before, move, _who(name), now=self.now, appeal_days=7)
        if objection is not None:
            return
        assert (before.state, move) in MOVES
        self.standing = after(before, move, self.now)
        self.done.append((move, name, before.state))
        assert self.standing.number - before.number == (1 if move in WITH_VERSION else 0)

    @invariant()
    def everybody_kept_to_their_part(self) -> None:
        for move, name, _state in self.done:
            party = PARTIES[move]
            assert (name == "bob") == (party is Party.AGENT)
            assert (name == "quinn") == (party is Party.GRADER)
            assert name != "carol"

    @invariant()
    def an_appeal_is_decided_once_and_the_end_is_the_end(self) -> None:
        moves = [move for move, _name, _state in self.done]
        assert sum(move in (Move.UPHOLD, Move.CHANGE) for move in moves) <= moves.count(Move.APPEAL) <= 1
        ends = (Move.ACKNOWLEDGE, Move.DISCARD)
        assert all(move not in ends for move in moves[:-1])

    @invariant()
    def the_agent_sees_it_exactly_when_it_was_submitted(self) -> None:
        was_submitted = any(move is Move.SUBMIT for move, _name, _state in self.done)
        assert (self.standing.state in SHOWN_TO_AGENT) == was_submitted
        assert (self.standing.number > 0) == was_submitted


TestEvaluations = Evaluations.TestCase


def test_an_appeal_is_possible_for_the_days_that_the_hospital_allows() -> None:
    standing = Standing(state=EvaluationState.SUBMITTED, agent="bob", grader="quinn", number=1, submitted_at=NOW)
    for days, objection in ((7, None), (8, Objection.TOO_LATE)):
        now = NOW + timedelta(days=days)
        assert object_to(standing, Move.APPEAL, _who("bob"), now=now, appeal_days=7) is objection
    corrected = after(standing, Move.CORRECT, NOW + timedelta(days=6))
    assert object_to(corrected, Move.APPEAL, _who("bob"), now=NOW + timedelta(days=12), appeal_days=7) is None


@given(st.sampled_from(list(CoachingState)), st.sampled_from(list(CoachingMove)), st.sampled_from(["bob", "quinn"]))
def test_coaching_is_done_by_the_agent_and_checked_by_somebody_else(
    state: CoachingState, move: CoachingMove, name: str
) -> None:
    objection = object_to_coaching(state, move, _who(name), agent="bob")
    is_move = (state, move) in COACHING_MOVES
    assert (objection is None) == (is_move and (name == "bob") == (move is CoachingMove.DO))
