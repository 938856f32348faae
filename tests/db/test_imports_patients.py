"""A list of patients from another system, with the dirt that such lists have."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.errors import InvalidInput
from app.imports import service
from app.imports.models import ReviewItem
from app.imports.rules import Report
from app.journal.models import JournalEntry
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient
from app.patients.service import ContactData, IdentifierData, PatientData, PhoneData

HEADER = "姓名,手机,性别,出生日期,身份证号,门诊号,备注\n"
MOTHER = PatientData(name="王秀兰", sex="F", birth_date=date(1972, 3, 1), phones=(PhoneData(number="13800138000"),))


def bring_in(parts: Parts, tmp_path: Path, text: str, encoding: str = "utf-8") -> Report:
    path = tmp_path / "patients.csv"
    path.write_bytes(text.encode(encoding))
    return service.import_file(parts, path, by="admin")


def everybody(parts: Parts) -> dict[str, Patient]:
    with parts.database.reading() as session:
        return {patient.name: patients.get_patient(session, patient.id) for patient in session.scalars(select(Patient))}


def create(parts: Parts, data: PatientData) -> int:
    with parts.database.writing() as session:
        settings, now = parts.settings, parts.now()
        return patients.create_patient(session, parts.bus, data, settings=settings, by="bob", now=now).id


def counts(report: Report) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "rejected", "to_review")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def questions(parts: Parts) -> list[ReviewItem]:
    with parts.database.reading() as session:
        return list(session.scalars(select(ReviewItem).order_by(ReviewItem.id)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_a_list_is_read_in_the_encodings_that_hospitals_use(parts: Parts, tmp_path: Path, encoding: str) -> None:
    report = bring_in(parts, tmp_path, HEADER + "王秀兰,13800138000,女,1972-03-01,,MZ1,\n", encoding)
    assert counts(report) == {"created": 1}
    patient = everybody(parts)["王秀兰"]
    assert (patient.sex, patient.birth_date) == ("F", date(1972, 3, 1))
    assert [phone.number for phone in patient.phones] == ["+8613800138000"]
    assert [(each.type, each.value) for each in patient.identifiers] == [("outpatient", "MZ1")]


def test_a_list_from_taiwan_is_read_in_big5(parts: Parts, tmp_path: Path) -> None:
    report = bring_in(parts, tmp_path, "姓名\t行動電話\t門診號\n陳麗華\t13800138000\tMZ9\n", "big5")
    assert counts(report) == {"created": 1}
    assert list(everybody(parts)) == ["陳麗華"]


def test_dirty_cells_are_understood(parts: Parts, tmp_path: Path) -> None:
    rows = (
        "张三,１３８００１３８０００/0571-88886666(家),1,1980/1/2,,,老客户\n"
        "李四,13900139000.0,,1900-01-01,,００１２３,\n"
        "王五,,,,11010519491231002X,,\n"
        " 赵\u3000六 ,'13700137000,女,26359,,N/A,\n"
    )
    assert counts(bring_in(parts, tmp_path, HEADER + rows)) == {"created": 4}
    people = everybody(parts)
    assert [phone.number for phone in people["张三"].phones] == ["+8613800138000", "+8657188886666"]
    assert people["张三"].remark == "老客户\n家"
    assert people["李四"].birth_date is None
    assert [each.value for each in people["李四"].identifiers] == ["00123"]
    assert (people["王五"].sex, people["王五"].birth_date) == ("F", date(1949, 12, 31))
    assert (people["赵 六"].birth_date, people["赵 六"].identifiers) == (date(1972, 3, 1), [])


def test_rejected_rows_are_named_with_their_line_and_reason(parts: Parts, tmp_path: Path) -> None:
    rows = (
        "好人,13800138000,,,,,\n,13800138001,,,,,\n坏号,12345,,,,,\n无号,,,,,,\n坏日,13800138002,,1980-13-40,,,\n"
        "坏证,,,,123,,\n丢号,1.38E+10,,,,,\n丢证,,,,3.30106E+17,,\n"
    )
    report = bring_in(parts, tmp_path, HEADER + rows)
    assert counts(report) == {"created": 1, "rejected": 7}
    assert [(problem.line, problem.field) for problem in report.problems] == [
        (3, "name"), (4, "phone"), (5, "phone"), (6, "birth_date"), (7, "identifiers"), (8, "phone"),
        (9, "identifiers"),
    ]  # fmt: skip
    assert report.problems[0].reason == "Enter the name."
    assert list(everybody(parts)) == ["好人"]


def test_the_same_list_twice_makes_nobody_twice(parts: Parts, tmp_path: Path) -> None:
    text = HEADER + "王秀兰,13800138000,,,,,\n李四,,,,,MZ7,\n王秀兰,138-0013-8000,,,,,\n"
    assert counts(bring_in(parts, tmp_path, text)) == {"created": 2, "unchanged": 1}
    assert counts(bring_in(parts, tmp_path, text)) == {"unchanged": 3}


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("手机", "13800138000"),
        ("电话", "0571-88886666"),
        ("一卡通号", "K-77"),
        ("门诊号", "mz-77"),
        ("住院号", "ZY77"),
    ],
)
def test_a_row_that_shares_one_of_the_five_keys_updates_that_record(
    parts: Parts, tmp_path: Path, title: str, key: str
) -> None:
    assert counts(bring_in(parts, tmp_path, f"姓名,{title}\n王秀兰,{key}\n")) == {"created": 1}
    report = bring_in(parts, tmp_path, f"姓名,{title},地址,身份证号\n王秀蘭,{key},杭州,330106197203011220\n")
    assert counts(report) == {"updated": 1}
    assert everybody(parts)["王秀兰"].address == "杭州"


def test_two_keys_of_two_records_go_to_review_and_merge_nothing(parts: Parts, tmp_path: Path) -> None:
    bring_in(parts, tmp_path, HEADER + "王秀兰,,,,,MZ1,\n王秀兰,13800138000,,,,MZ2,\n")
    report = bring_in(parts, tmp_path, HEADER + "王秀兰,13800138000,,,,MZ1,\n")
    assert counts(report) == {"to_review": 1}
    [item] = questions(parts)
    assert (item.reason, item.patient_id != item.other_id) == ("two_records", True)


def test_a_family_phone_with_another_name_goes_to_review(parts: Parts, tmp_path: Path) -> None:
    rows = "母亲,13900139000,,1950-01-01,,,\n孩子,13900139000,,1980-01-01,,,\n"
    assert counts(bring_in(parts, tmp_path, HEADER + rows)) == {"created": 1, "to_review": 1}
    assert [item.reason for item in questions(parts)] == ["shared_phone"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("王秀兰,,,1972-03-02,,MZ1,", "other_birth_date"),
        ("李四,,,1972-03-01,,MZ1,", "other_name"),
        ("王秀兰,,男,,,MZ1,", "other_sex"),
        ("王秀兰,13800138000,,1999-01-01,,,", "other_birth_date"),
    ],
)
def test_what_contradicts_the_record_goes_to_review(parts: Parts, tmp_path: Path, row: str, reason: str) -> None:
    bring_in(parts, tmp_path, HEADER + "王秀兰,13800138000,女,1972-03-01,,MZ1,\n")
    assert counts(bring_in(parts, tmp_path, HEADER + row + "\n")) == {"to_review": 1}
    assert [item.reason for item in questions(parts)] == [reason]
    assert counts(bring_in(parts, tmp_path, HEADER + row + "\n")) == {"to_review": 1}
    assert len(questions(parts)) == 1


def test_twins_who_share_phone_and_birthday_stay_two_people(parts: Parts, tmp_path: Path) -> None:
    rows = "王小明,13900139000,男,2015-01-01,,MZ1,\n王小红,13900139000,女,2015-01-01,,MZ2,\n"
    assert counts(bring_in(parts, tmp_path, HEADER + rows)) == {"created": 1, "to_review": 1}


def test_a_number_typed_for_everybody_is_nobodys_key(parts: Parts, tmp_path: Path) -> None:
    rows = "".join(f"病人{chr(0x4E00 + place)},0571-88880000,,,,MZ{place},\n" for place in range(25))
    assert counts(bring_in(parts, tmp_path, HEADER + rows)) == {"created": 25}
    assert counts(bring_in(parts, tmp_path, HEADER + "新人,0571-88880000,,,,MZ99,\n")) == {"created": 1}


def test_a_first_contact_without_a_name_is_completed(parts: Parts, tmp_path: Path) -> None:
    made = create(parts, PatientData(name="13800138000", is_provisional=True, phones=MOTHER.phones))
    assert counts(bring_in(parts, tmp_path, HEADER + "王秀兰,13800138000,女,1972-03-01,,MZ1,\n")) == {"updated": 1}
    patient = everybody(parts)["王秀兰"]
    assert (patient.id, patient.is_provisional, patient.sex) == (made, False, "F")


def test_an_update_fills_what_is_empty_and_keeps_what_people_wrote(parts: Parts, tmp_path: Path) -> None:
    create(parts, PatientData(name="王秀兰", address="旧地址", phones=MOTHER.phones))
    text = "姓名,手机,电话,地址,邮箱\n王秀兰,13800138000,057188886666,新地址,a@example.com\n"
    assert counts(bring_in(parts, tmp_path, text)) == {"updated": 1}
    patient = everybody(parts)["王秀兰"]
    assert (patient.address, patient.email, patient.row_version) == ("旧地址", "a@example.com", 2)
    assert [phone.number for phone in patient.phones] == ["+8613800138000", "+8657188886666"]


def test_the_later_source_time_wins_whatever_the_order_of_arrival(parts: Parts, tmp_path: Path) -> None:
    def told(address: str, at: str) -> dict[str, int]:
        text = f"姓名,门诊号,地址,更新时间\n王秀兰,MZ1,{address},{at}\n"
        return counts(bring_in(parts, tmp_path, text))

    assert told("第一", "2026-01-02 08:00") == {"created": 1}
    assert told("更早", "2026-01-01 08:00") == {"unchanged": 1}
    assert told("更晚", "2026-01-03 08:00") == {"updated": 1}
    assert everybody(parts)["王秀兰"].address == "更晚"


def test_contact_persons_come_with_their_numbers(parts: Parts, tmp_path: Path) -> None:
    text = "姓名,门诊号,手机,联系人,家属电话,与患者关系\n王秀兰,MZ1,13800138000,李强,13900139000 13800138000,丈夫\n"
    assert counts(bring_in(parts, tmp_path, text)) == {"created": 1}
    assert counts(bring_in(parts, tmp_path, text)) == {"unchanged": 1}
    patient = everybody(parts)["王秀兰"]
    assert patients.data_of(patient).contacts == (
        ContactData(
            id=patient.contacts[0].id, name="李强", relation="spouse", phones=(PhoneData(number="+8613900139000"),)
        ),
    )


def test_people_of_a_list_are_found_by_name_at_once(parts: Parts, tmp_path: Path) -> None:
    bring_in(parts, tmp_path, HEADER + "王秀兰,13800138000,,,,,\n")
    with parts.database.reading() as session:
        page = patients.search_patients(session, settings=parts.settings, query="xiulan", limit=5)
    assert len(page.items) == 1


def test_english_column_names_and_any_order_will_do(parts: Parts, tmp_path: Path) -> None:
    assert bring_in(parts, tmp_path, "phone;ward;name\n13800138000;3;Wang\n\n").created == 1


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\x01\x02", "手机\n13800138000\n"])
def test_a_file_without_a_name_column_is_refused(parts: Parts, tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput):
        bring_in(parts, tmp_path, text)


@pytest.mark.parametrize("tail", [b"\xff\xff\xff\xff\n", b"," * 1_000_000, b'"' + b"x" * 200_000])
def test_a_file_that_is_no_list_of_text_is_refused(parts: Parts, tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "patients.csv"
    path.write_bytes(HEADER.encode() + tail)
    with pytest.raises(InvalidInput):
        service.import_file(parts, path)


def test_markup_formulas_and_control_signs_are_only_text(parts: Parts, tmp_path: Path) -> None:
    rows = '"<script>alert(1)</script>",13800138000,,,,,=HYPERLINK("x")\n"=1+1\x07\u202e",13800138001,,,,,\n'
    assert counts(bring_in(parts, tmp_path, HEADER + rows)) == {"created": 2}
    assert set(everybody(parts)) == {"<script>alert(1)</script>", "=1+1"}


def test_a_long_list_is_journalled_by_chunks_with_ids_only(parts: Parts, tmp_path: Path) -> None:
    rows = "".join(f"P{place},138{place:08d},,,,,\n" for place in range(1200))
    assert bring_in(parts, tmp_path, HEADER + rows).created == 1200
    with parts.database.reading() as session:
        entries: list[Any] = list(session.scalars(select(JournalEntry.payload).order_by(JournalEntry.seq)))
        assert session.scalar(select(func.count(Patient.id))) == 1200
    assert [(entry["count"], entry["last_id"] - entry["first_id"]) for entry in entries] == [
        (500, 499),
        (500, 499),
        (200, 199),
    ]


def test_a_patient_in_another_system_may_have_the_same_number(parts: Parts, tmp_path: Path) -> None:
    create(parts, PatientData(name="王秀兰", identifiers=(IdentifierData(type="card", value="77", system="PEIS"),)))
    path = tmp_path / "his.csv"
    path.write_text("姓名,一卡通号\n李四,77\n")
    assert counts(service.import_file(parts, path, system="HIS")) == {"created": 1}
