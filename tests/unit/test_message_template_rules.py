"""What a template may say, how its fields are filled, who approves it, and the texts that the product brings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.message_templates.rules import (
    LANGUAGES,
    Approval,
    Change,
    Objection,
    Rule,
    Subject,
    TemplateKind,
    check_text,
    diff_texts,
    field_key,
    fields_in,
    fill_text,
    has_stray_brace,
    honorific,
    language_for,
    measure,
    needed_approvals,
    object_to,
    with_opt_out,
)
from app.message_templates.service import shipped_rows
from app.messages.rules import MessageKind

SHIPPED = shipped_rows()
_COLUMNS = {"zh_Hans": "zh_hans", "zh_Hant": "zh_hant", "en": "en"}
_SIMPLIFIED_ONLY = set("预约时间请药检诊医饮术发体节乐愿们开关护换东车复现场处")
_VALUES = {
    "name": "欧阳娜娜", "honorific": "女士", "doctor": "陈立新", "department": "呼吸内科", "date": "12月25日",
    "time": "10:30", "place": "门诊楼三楼", "phone": "057188888888", "hospital": "示范医院",
}  # fmt: skip


def _rules(text: str, *, is_promotion: bool = False, **more: object) -> list[tuple[Rule, str]]:
    found = check_text(text, is_promotion=is_promotion, units=50, most_units=500, **more)  # type: ignore[arg-type]
    return [(finding.rule, finding.word) for finding in found]


def test_fields_are_filled_by_their_english_and_chinese_names() -> None:
    filled = fill_text("{姓名}{称呼}，{ Date }见。", {"name": "王秀兰", "honorific": "女士", "date": "12月3日"})
    assert filled.text == "王秀兰女士，12月3日见。"
    assert filled.missing == ()


def test_an_unfilled_field_is_named_and_left_as_it_stands() -> None:
    filled = fill_text("{name}, {保单号}, {name}, {date}", {"name": "Li", "date": "  "})
    assert filled.text == "Li, {保单号}, Li, {date}"
    assert filled.missing == ("保单号", "date")


@given(st.text(), st.dictionaries(st.sampled_from(["name", "date", "x"]), st.text()))
def test_a_value_is_never_taken_for_a_field_or_a_line_of_its_own(text: str, values: dict[str, str]) -> None:
    hostile = {key: "{name}{date}\n" + value for key, value in values.items()}
    filled = fill_text("{name} {date} {x}", hostile)
    assert set(filled.missing) == {"name", "date", "x"} - set(hostile)
    assert "\n" not in filled.text
    assert set(fields_in(text)) == {
        field_key(name) for name in re.findall(r"\{([^{}\n]{1,60})\}", text) if name.strip()
    }


def test_a_mistyped_brace_is_seen() -> None:
    assert has_stray_brace("Dear {name, hello")
    assert has_stray_brace("Dear name}")
    assert not has_stray_brace("Dear {name}")


def test_nobody_is_left_without_a_form_of_address() -> None:
    assert [honorific(sex, 40, "zh_Hans") for sex in "FMU"] == ["女士", "先生", "先生/女士"]
    assert honorific("F", 8, "zh_Hant") == "小朋友"
    assert honorific("U", None, "en") == "Mr/Ms"


def test_the_language_follows_the_person_and_the_country_of_the_telephone() -> None:
    assert language_for("en", "+8613800138000", "zh_Hans") == "en"
    assert language_for(None, "+886912345678", "zh_Hans") == "zh_Hant"
    assert language_for("yue", "+8613800138000", "zh_Hans") == "zh_Hans"


@pytest.mark.parametrize(
    ("text", "rule", "word"),
    [
        ("保证根治，永不再来", Rule.CURE_PROMISE, "根治"),
        ("让您药 到 病 除", Rule.CURE_PROMISE, "药到病除"),
        ("治愈率高达98%", Rule.RATE, "98%"),
        ("We cure it", Rule.CURE_PROMISE, "cure"),
        ("聽聽患者見證", Rule.TESTIMONY, "患者見證"),
        ("全国第一", Rule.SUPERLATIVE, "第一"),
    ],
)
def test_a_promotion_is_refused_with_the_word_that_was_found(text: str, rule: Rule, word: str) -> None:
    findings = check_text(text, is_promotion=True, units=50, most_units=500)
    assert (rule, word) in [(each.rule, each.word) for each in findings]
    assert findings[0].is_blocking
    assert (rule, word) not in _rules(text)


def test_the_name_of_a_disease_is_found_in_every_language_and_from_the_hospitals_list() -> None:
    assert _rules("糖尿病讲座") == [(Rule.DISEASE, "糖尿病")]
    assert _rules("a talk on Hypertension") == [(Rule.DISEASE, "hypertension")]
    assert _rules("川崎病门诊", disease_names=["川崎病"]) == [(Rule.DISEASE, "川崎病")]
    assert _rules("Gouty is a surname, {diabetes} a field") == []


def test_what_operators_refuse_is_warned_of() -> None:
    text = "详情 https://x.example/a 或 0571-88888888 🎉 拒收请回复R"
    assert {rule for rule, _word in _rules(text, is_promotion=True)} == {
        Rule.LINK, Rule.PHONE_IN_PROMOTION, Rule.EMOJI, Rule.OWN_OPT_OUT,
    }  # fmt: skip
    assert [rule for rule, _word in _rules("【甲】")] == [Rule.BRACKETS]
    assert [rule for rule, _word in _rules("a\x07b {name")] == [Rule.STRAY_BRACE, Rule.CONTROL_CHARACTER]
    too_long = check_text("a", is_promotion=False, units=501, most_units=500)
    assert [each.rule for each in too_long] == [Rule.TOO_LONG]


def test_the_words_for_opting_out_stand_behind_promotions_alone_and_count() -> None:
    body = "好" * 59
    assert with_opt_out(body, MessageKind.CARE, "zh_Hans") == body
    sent = with_opt_out(body, MessageKind.MARKETING, "zh_Hans")
    assert sent == body + "拒收请回复R"
    assert with_opt_out(sent, MessageKind.MARKETING, "zh_Hans") == sent
    assert with_opt_out("Hi", MessageKind.MARKETING, "en", "T to stop") == "Hi T to stop"
    assert (measure(body, "示范医院").units, measure(body, "示范医院").parts) == (65, 1)
    assert (measure(sent, "示范医院").units, measure(sent, "示范医院").parts) == (71, 2)


def _object(kind: TemplateKind, approval: Approval, by: str, **more: object) -> Objection | None:
    is_clinician = bool(more.pop("is_clinician", False))
    subject = Subject(kind=kind, author="alice", names_disease=bool(more.pop("names_disease", False)), **more)  # type: ignore[arg-type]
    return object_to(subject, approval, by=by, is_clinician=is_clinician)


def test_a_promotion_needs_somebody_besides_its_author() -> None:
    assert _object(TemplateKind.PROMOTION, Approval.GENERAL, "alice") is Objection.OWN_TEXT
    assert _object(TemplateKind.PROMOTION, Approval.GENERAL, "adam") is None
    assert _object(TemplateKind.NOTICE, Approval.GENERAL, "alice") is None


def test_a_text_on_health_needs_a_clinician() -> None:
    assert needed_approvals(Subject(kind=TemplateKind.TIP, author="alice", names_disease=False)) == tuple(Approval)
    assert _object(TemplateKind.TIP, Approval.CLINICAL, "alice") is Objection.NOT_A_CLINICIAN
    assert _object(TemplateKind.TIP, Approval.CLINICAL, "dora", is_clinician=True) is None
    given = {Approval.CLINICAL: "dora"}
    assert _object(TemplateKind.TIP, Approval.GENERAL, "dora", given=given) is None


def test_the_name_of_a_disease_needs_two_people_who_did_not_write_the_text() -> None:
    given = {Approval.CLINICAL: "dora"}
    disease = {"names_disease": True}
    assert _object(TemplateKind.NOTICE, Approval.GENERAL, "dora", given=given, **disease) is Objection.BOTH_BY_ONE
    assert _object(TemplateKind.NOTICE, Approval.GENERAL, "alice", given=given, **disease) is Objection.OWN_TEXT
    assert _object(TemplateKind.NOTICE, Approval.GENERAL, "adam", given=given, **disease) is None
    assert _object(TemplateKind.NOTICE, Approval.CLINICAL, "dora", given=given, **disease) is Objection.NOT_NEEDED


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_gives_both_texts_back(old: str, new: str) -> None:
    pieces = diff_texts(old, new)
    assert "".join(piece.text for piece in pieces if piece.change is not Change.ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.change is not Change.REMOVED) == new


def test_sixty_ready_texts_and_more_stand_in_three_languages() -> None:
    assert len(SHIPPED) >= 60
    assert len({row["code"] for row in SHIPPED}) == len(SHIPPED)
    assert {row["kind"] for row in SHIPPED} == set(TemplateKind)
    assert all(row[column] and row[f"name_{column}"] for row in SHIPPED for column in _COLUMNS.values())
    assert all(row["code"].startswith(row["kind"]) for row in SHIPPED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_speaks_against_a_ready_text(language: str) -> None:
    found = []
    for row in SHIPPED:
        text = row[_COLUMNS[language]]
        sent = with_opt_out(fill_text(text, _VALUES).text, MessageKind(row["message_kind"]), language)
        length = measure(sent, "示范医院")
        found += [
            (row["code"], each)
            for each in check_text(
                text, is_promotion=row["message_kind"] == "marketing", units=length.units, most_units=500
            )
        ]
        found += [(row["code"], key) for key in fill_text(text, _VALUES).missing]
    assert found == []


def test_ready_texts_go_in_one_or_two_parts_in_chinese_and_at_most_three_in_english() -> None:
    parts = {language: [] for language in LANGUAGES}  # type: dict[str, list[int]]
    for row in SHIPPED:
        for language, column in _COLUMNS.items():
            sent = with_opt_out(fill_text(row[column], _VALUES).text, MessageKind(row["message_kind"]), language)
            parts[language].append(measure(sent, "示范医院").parts)
    assert max(parts["zh_Hans"] + parts["zh_Hant"]) == 2
    assert max(parts["en"]) <= 3


def test_the_three_languages_of_a_ready_text_ask_for_the_same_fields() -> None:
    for row in SHIPPED:
        fields = [set(fields_in(row[column])) - {"honorific"} for column in _COLUMNS.values()]
        assert fields[0] == fields[1] == fields[2], row["code"]


def test_no_simplified_letter_is_left_in_a_traditional_text() -> None:
    left = {row["code"]: set(row["zh_hant"] + row["name_zh_hant"]) & _SIMPLIFIED_ONLY for row in SHIPPED}
    assert {code: letters for code, letters in left.items() if letters} == {}
