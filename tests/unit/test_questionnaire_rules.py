"""Questions, answers and scores as plain values, and how a question reads as a text, to an ear and on paper."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.questionnaires.rules import (
    Alarm,
    ChangeKind,
    Given,
    Option,
    Purpose,
    Question,
    QuestionKind,
    check_question,
    check_questionnaire,
    compare,
    goes_by_sms,
    keys_of,
    may_approve,
    question_from_json,
    question_to_json,
    read_given,
    read_reply,
    score,
    sms_text,
)
from app.questionnaires.rules.sheets import Choice, Item, SheetContent, lay_out, wrap
from app.questionnaires.service import ALARM_ROLES, shipped_questions
from app.questionnaires.service.shipping import shipped_questionnaires

scores = st.one_of(st.none(), st.integers(-5, 10).map(lambda each: each / 10))
codes = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=2, max_size=6, unique=True)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    kind = draw(st.sampled_from([QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.SCALE]))
    alarms = st.one_of(st.none(), st.builds(Alarm, minutes=st.integers(1, 100), role=st.just("doctor")))
    options = tuple(
        Option(code=code, texts={"en": code}, score=draw(scores), alarm=draw(alarms)) for code in draw(codes)
    )
    dimension = draw(st.sampled_from(["", "staff", "care"]))
    return Question(code="q", kind=kind, texts={"en": "?"}, options=options, dimension=dimension)


@st.composite
def answered(draw: st.DrawFn) -> tuple[list[Question], dict[str, Given]]:
    asked: list[Question] = []
    answers: dict[str, Given] = {}
    for number, made in enumerate(draw(st.lists(questions(), min_size=1, max_size=6))):
        question = question_from_json({**question_to_json(made), "code": f"q{number}"})
        asked.append(question)
        most = len(question.options) if question.kind is QuestionKind.MULTIPLE else 1
        chosen = draw(st.lists(st.sampled_from(question.options), max_size=most, unique_by=lambda each: each.code))
        if chosen:
            answers[question.code] = read_given(question, [option.code for option in chosen])
    return asked, answers


@given(answered())
def test_a_score_is_never_above_the_highest_possible(case: tuple[list[Question], dict[str, Given]]) -> None:
    asked, answers = case
    found = score(asked, answers)
    assert found.total <= found.highest + 1e-9
    for total, highest in found.dimensions.values():
        assert total <= highest + 1e-9


@given(answered(), st.randoms(use_true_random=False))
def test_answers_in_any_order_have_the_same_score(
    case: tuple[list[Question], dict[str, Given]], dice: random.Random
) -> None:
    asked, answers = case
    shuffled, pairs = list(asked), list(answers.items())
    dice.shuffle(shuffled)
    dice.shuffle(pairs)
    assert score(shuffled, dict(pairs)) == score(asked, answers)


@given(questions())
def test_a_question_is_the_same_after_it_was_kept_as_json(question: Question) -> None:
    assert question_from_json(question_to_json(question)) == question


def test_what_was_left_out_or_not_used_makes_nobody_dissatisfied() -> None:
    meals, nurses = _choice("meals", ("good", 5), ("not_used", None)), _choice("nurses", ("good", 5), ("poor", 1))
    found = score([meals, nurses], {"meals": Given(options=("not_used",)), "nurses": Given(options=("good",))})
    assert (found.total, found.highest) == (5, 5)
    assert not score([meals], {"meals": Given(options=("not_used",))}).is_scored


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        (("single", None, None), ["a", "b"]),
        (("single", None, None), "c"),
        (("number", 34, 43), "370"),
        (("number", 34, 43), "warm"),
        (("number", None, None), "nan"),
        (("text", None, None), "好" * 2001),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_the_question_as_its_field(
    question: tuple[str, int | None, int | None], raw: str | list[str]
) -> None:
    kind, low, high = question
    options = (Option(code="a"), Option(code="b")) if kind == "single" else ()
    asked = Question(code="q", kind=QuestionKind(kind), texts={}, options=options, lowest=low, highest=high)
    with pytest.raises(InvalidInput) as error:
        read_given(asked, raw)
    assert error.value.fields["field"] == "q"


def test_a_number_may_be_typed_with_full_width_digits() -> None:
    asked = Question(code="q", kind=QuestionKind.NUMBER, texts={}, lowest=34, highest=43)
    assert read_given(asked, "３７．２").number == 37.2


def test_digits_stand_for_options_and_on_a_scale_for_the_numbers_themselves() -> None:
    assert keys_of(_choice("q", ("good", 5), ("poor", 1))) == {"1": "good", "2": "poor"}
    scale = Question(
        code="q", kind=QuestionKind.SCALE, texts={}, options=tuple(Option(code=str(n)) for n in range(6)), highest=5
    )
    assert keys_of(scale)["0"] == "0"
    wide = Question(code="q", kind=QuestionKind.SCALE, texts={}, options=tuple(Option(code=str(n)) for n in range(11)))
    assert keys_of(wide) == {}


def test_a_question_reads_as_a_text_that_can_be_answered_with_a_digit() -> None:
    asked = _choice("q", ("good", 5), ("poor", 1), text="Meals?")
    assert sms_text(asked, "en", place=2, of=3) == "(2/3) Meals? Reply with a digit: 1 good, 2 poor"
    assert sms_text(asked, "en", place=2, of=3, is_again=True).startswith("Sorry")


@pytest.mark.parametrize(
    ("reply", "code"), [("1", "good"), (" ２。", "poor"), ("POOR", "poor"), ("9", None), ("?", None)]
)
def test_a_reply_is_understood_by_its_digit_or_by_the_words_of_an_option(reply: str, code: str | None) -> None:
    assert read_reply(_choice("q", ("good", 5), ("poor", 1)), reply) == code


def test_only_short_questionnaires_with_plain_answers_go_by_text() -> None:
    several = Question(code="m", kind=QuestionKind.MULTIPLE, texts={}, options=(Option(code="a"), Option(code="b")))
    asked = _choice("q", ("good", 5), ("poor", 1))
    assert goes_by_sms([asked])
    assert not goes_by_sms([asked, several])
    assert not goes_by_sms([asked] * 11)


def test_a_comparison_names_what_came_went_moved_and_changed() -> None:
    one, two, three = (_choice(name, ("good", 5), ("poor", 1)) for name in ("one", "two", "three"))
    other = _choice("two", ("good", 4), ("poor", 1))
    found = [(change.kind, change.question.code) for change in compare([one, two, three], [three, other, one])]
    assert found == [(ChangeKind.MOVED, "three"), (ChangeKind.CHANGED, "two"), (ChangeKind.MOVED, "one")]
    assert [change.kind for change in compare([one], [two])] == [ChangeKind.ADDED, ChangeKind.REMOVED]


def test_questions_about_health_are_a_clinicians_to_approve() -> None:
    assert not may_approve(Purpose.RECOVERY, is_clinician=False, is_supervisor=True)
    assert may_approve(Purpose.SATISFACTION, is_clinician=False, is_supervisor=True)
    assert not may_approve(Purpose.SATISFACTION, is_clinician=False, is_supervisor=False)


def test_everything_that_is_shipped_can_be_kept_and_used_in_three_languages() -> None:
    bank = {row["code"]: question_from_json(row) for row in shipped_questions()}
    assert len(bank) >= 60
    for question in bank.values():
        check_question(question, ALARM_ROLES)
        assert set(question.texts) == {"zh_Hans", "zh_Hant", "en"}
        assert all(question.texts.values())
    made = shipped_questionnaires()
    assert len(made["questionnaires"]) >= 8
    for each in (*made["questionnaires"], *made["sheets"]):
        check_questionnaire([bank[code] for code in each["questions"]])
        assert all(each["names"].values())


def test_a_bank_question_without_text_or_with_two_equal_options_is_refused() -> None:
    with pytest.raises(InvalidInput):
        check_question(Question(code="q", kind=QuestionKind.TEXT, texts={"en": " "}), ALARM_ROLES)
    twins = (Option(code="a", texts={"en": "a"}), Option(code="a", texts={"en": "b"}))
    with pytest.raises(InvalidInput):
        check_question(Question(code="q", kind=QuestionKind.SINGLE, texts={"en": "?"}, options=twins), ALARM_ROLES)


@given(st.text("ab 你好，x", max_size=60), st.integers(2, 20))
def test_a_wrapped_text_loses_no_letter_and_fits(text: str, width: int) -> None:
    lines = wrap(text, 1.0, float(width), lambda shown, size: float(len(shown)))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width + 1 for line in lines)


def test_a_long_sheet_goes_on_to_further_pages_and_nothing_stands_below_the_foot() -> None:
    items = tuple(Item(text="问题" * 30, choices=(Choice(text="是", is_ticked=True),)) for _ in range(40))
    content = SheetContent(hospital="H", title="T", facts=(("a", "b"),), items=items, sections=(("s", ""),), foot="f")
    pages = lay_out(content, lambda text, size: len(text) * size)
    assert len(pages) > 1
    assert all(line.y <= 284 for page in pages for line in page.lines)
    assert sum(box.is_ticked for page in pages for box in page.boxes) == 40


def _choice(code: str, *options: tuple[str, float | None], text: str = "?", language: str = "en") -> Question:
    made = tuple(
        Option(code=name if name.isascii() else f"o{place}", texts={language: name}, score=worth)
        for place, (name, worth) in enumerate(options)
    )
    return Question(code=code, kind=QuestionKind.SINGLE, texts={language: text}, options=made)
