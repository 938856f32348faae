"""Finding people by what an agent hears."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.errors import InvalidInput
from app.parts import Parts
from app.patients import service
from app.patients.models import Patient
from app.patients.service import ContactData, IdentifierData, ListFilters, ListOrder, PatientData, PhoneData
from app.patients.tasks import index_unindexed

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
XIULAN = PatientData(
    name="王秀蘭",
    sex="F",
    birth_date=date(1972, 3, 1),
    phones=(PhoneData(number="138 0013 8000"),),
    identifiers=(IdentifierData(type="outpatient", value="mz-00123"),),
    contacts=(ContactData(name="李敏", relation="child", phones=(PhoneData(number="0571-88886666"),)),),
)


def create(parts: Parts, data: PatientData, *, at: datetime = NOW) -> int:
    with parts.database.writing() as session:
        return service.create_patient(session, parts.bus, data, settings=parts.settings, by="agent1", now=at).id


def named(parts: Parts, *names: str) -> list[int]:
    return [create(parts, PatientData(name=name, is_provisional=True)) for name in names]


def found(parts: Parts, query: str = "", **conditions: Any) -> list[str]:
    with parts.database.reading() as session:
        page = service.search_patients(session, settings=parts.settings, query=query, limit=50, **conditions)
        return [patient.name for patient in page.items]


@pytest.fixture
def town(parts: Parts) -> Parts:
    """王秀蘭 among others who are like her in one thing each."""
    create(parts, XIULAN)
    named(parts, "王秀英", "李兰", "张伟", "Mary Smith")
    create(parts, PatientData(name="赵一", phones=(PhoneData(number="13900131234"),), birth_date=date(1973, 3, 1)))
    return parts


HEARD = (
    "王秀兰", "王秀蘭", "秀兰", "秀蘭", "王 秀兰", "wangxiulan", "wang xiu lan", "Wáng Xiùlán", "wang2 xiu4lan2",
    "xiulan", "xiu lan", "wxl", "WXL", "13800138000", "138 0013 8000", "+86 138-0013-8000", "1380013", "0086 138 0013",
    "8000", "138000", "88886666", "0571-8888", "6666", "MZ-00123", "mz-00", "0123", "1972-03-01", "19720301", "720301",
    "1972年3月1日", "1972/3/1", "王秀兰 8000", "8000 wxl", "wxl 1972", "秀兰1972年", "王xl", "wang xl 138",
    "１３８００１３８０００",
)  # fmt: skip


def test_a_person_is_found_by_anything_an_agent_hears(town: Parts) -> None:
    assert {query: found(town, query) for query in HEARD} == {query: ["王秀蘭"] for query in HEARD}


@pytest.mark.parametrize("query", ["王秀兰 9999", "wxl 1980", "张 8000", "13700137000", "nobody", "1", "%", "_", "\\"])
def test_who_fits_only_in_part_is_not_found(town: Parts, query: str) -> None:
    assert found(town, query) == []


ODD = (
    "'; DROP TABLE patient; --", "a\x00b", "\x009876", "\ud8009876", "九" * 500, "1" * 500, "( ( (",
    "1-1-1-1", "19720230", "+", "+1", "0", "00000000", "1972-99-99", "9999年9月9日", "年", "王" + "1" * 30,
    "王 李 张 赵 陈 刘",
)  # fmt: skip


def test_odd_characters_in_a_query_are_only_text(town: Parts) -> None:
    assert {query: found(town, query) for query in ODD} == {query: [] for query in ODD}
    assert found(town, "\x00\u202e") == found(town)


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("曾小明", ("zeng xm", "zengxm", "ZENGXM", "zxm", "cxm", "zengxiaoming", "cengxiaoming")),
        ("单雄信", ("shan", "dan", "sxx")),
        ("解晓东", ("xiexiaodong", "jie")),
        ("仇英", ("qiuying", "chouying")),
        ("區文", ("ouwen", "quwen", "区文")),
        ("尉迟恭", ("yuchigong", "gong")),
        ("欧阳修文", ("xiuwen", "xw", "修文", "oyxw", "ouyangxw")),
        ("吕布", ("lvbu", "lubu", "lübu")),
        ("José María", ("jose", "maria", "José", "maria jose")),
        ("阿卜杜拉·买买提", ("买买提", "maimaiti", "阿卜杜拉买买提", "mmt")),
        ("王Mary", ("mary", "wangmary", "王mary")),
    ],
)  # fmt: skip
def test_a_name_has_many_spellings(parts: Parts, name: str, queries: tuple[str, ...]) -> None:
    named(parts, "陈七", name)
    assert {query: found(parts, query) for query in queries} == {query: [name] for query in queries}


def test_the_whole_name_comes_first_then_its_pinyin_then_beginnings_then_the_latest(parts: Parts) -> None:
    named(parts, "林娜娜", "李娜娜", "黎娜")
    create(parts, PatientData(name="李娜", is_provisional=True), at=NOW - timedelta(days=9))
    create(parts, PatientData(name="李娜", is_provisional=True, remark="lately"))
    with parts.database.reading() as session:
        page = service.search_patients(session, settings=parts.settings, query="李娜", limit=9)
        assert [(each.name, each.remark) for each in page.items] == [
            ("李娜", "lately"),
            ("李娜", None),
            ("李娜娜", None),
        ]
    assert found(parts, "lina") == ["李娜", "黎娜", "李娜", "李娜娜"]


def test_pages_of_a_search_neither_repeat_nor_lose_anybody(parts: Parts) -> None:
    named(parts, *(f"王{'一二三四五六七'[place]}" for place in range(7)))
    names: list[str] = []
    cursor = None
    with parts.database.reading() as session:
        for _ in range(3):
            page = service.search_patients(session, settings=parts.settings, query="wang", limit=3, cursor=cursor)
            names += [patient.name for patient in page.items]
            cursor = page.next_cursor
    assert (len(names), len(set(names)), cursor) == (7, 7, None)


@pytest.mark.parametrize("order", list(ListOrder))
def test_pages_of_a_list_neither_repeat_nor_lose_anybody(parts: Parts, order: ListOrder) -> None:
    for place in range(7):
        create(parts, PatientData(name=f"P{place % 3}", is_provisional=True), at=NOW + timedelta(days=place // 2))
    seen: list[int] = []
    cursor = None
    with parts.database.reading() as session:
        for _ in range(3):
            page = service.search_patients(session, settings=parts.settings, order=order, limit=3, cursor=cursor)
            seen += [patient.id for patient in page.items]
            cursor = page.next_cursor
    expected = {
        ListOrder.CREATED: [7, 6, 5, 4, 3, 2, 1],
        ListOrder.ACTIVE: [7, 6, 5, 4, 3, 2, 1],
        ListOrder.NAME: [1, 4, 7, 2, 5, 3, 6],
    }
    assert (seen, cursor) == (expected[order], None)


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WzEsIngiLDFd"])
def test_a_damaged_cursor_of_a_search_is_refused(town: Parts, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        found(town, "wang", cursor=cursor)


def test_filters_narrow_a_list_and_a_search_alike(town: Parts) -> None:
    create(town, PatientData(name="王小丫", is_key_patient=True, phones=(PhoneData(number="13511112222"),)))
    assert found(town, filters=ListFilters(key_only=True)) == ["王小丫"]
    assert found(town, "wang", filters=ListFilters(key_only=True)) == ["王小丫"]
    assert found(town, "wang", filters=ListFilters(regions=frozenset())) == []
    assert found(town, "wang", phone="0138 0013 8000") == ["王秀蘭"]
    assert found(town, phone="nobody") == []


def test_a_renamed_person_is_found_by_the_new_name_only(parts: Parts) -> None:
    patient_id = create(parts, XIULAN)
    with parts.database.writing() as session:
        data = service.data_of(service.get_patient(session, patient_id))
        changed = PatientData(name="赵一", phones=data.phones, is_provisional=True)
        service.update_patient(
            session, parts.bus, patient_id, changed, row_version=None, settings=parts.settings, by=None, now=NOW
        )
    assert (found(parts, "王秀兰"), found(parts, "zhaoyi")) == ([], ["赵一"])


def test_the_name_of_a_merged_record_finds_the_record_that_remains(parts: Parts) -> None:
    winner, loser, lost_before = named(parts, "李娜", "黎娜", "莉娜")
    with parts.database.writing() as session:
        for record, into in ((loser, winner), (lost_before, loser)):
            session.execute(update(Patient).where(Patient.id == record).values(merged_into_id=into))
    assert found(parts, "黎娜") == []
    with parts.database.writing() as session:
        service.renew_terms(session, [winner, loser])
    assert [found(parts, name) for name in ("李娜", "黎娜", "莉娜")] == [["李娜"]] * 3
    assert found(parts) == ["李娜"]


def test_records_that_nobody_indexed_are_found_after_the_sweep(parts: Parts) -> None:
    with parts.database.writing() as session:
        session.add_all(Patient(name=name, created_at=NOW, updated_at=NOW) for name in ("王五", "!", "王六"))
    assert found(parts, "wang") == []
    assert index_unindexed(parts) == 3
    assert index_unindexed(parts) == 0
    assert sorted(found(parts, "wang")) == ["王五", "王六"]


def test_a_quick_search_says_why_somebody_was_found(town: Parts) -> None:
    reasons = {"秀兰": "name", "xiulan": "pinyin", "wxl": "initials", "1380013": "number", "138000": "number_end",
               "mz-00": "identifier", "0123": "identifier_end", "1972-03-01": "birth_date"}  # fmt: skip
    with town.database.reading() as session:
        told = {query: service.find_people(session, query, settings=town.settings, limit=1)[0].by for query in reasons}
    assert told == reasons
