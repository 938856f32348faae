"""The synthetic hospital as lists from elsewhere: CSV files with all the dirt that such files have, and their truth."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from random import Random
from typing import TextIO

from app.synthetic.rules import SyntheticPatient
from app.synthetic.rules.chance import low, lower
from app.synthetic.rules.spelling import spell_cell

COLUMNS = (
    "序号", "姓名", "性别", "出生日期", "身份证号", "门诊号", "住院号", "一卡通号", "病案号", "手机", "地址", "联系人",
    "联系人电话",
)  # fmt: skip
TRUTH_COLUMNS = ("record", "person", "likeness", "like")
_SEXES = {"F": ("女", "2", "F", "女性"), "M": ("男", "1", "M", "男性")}
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def write_csv(file: TextIO, records: Iterable[SyntheticPatient], *, seed: int) -> int:
    """Write the records as a front desk's export; returns how many rows. One row in memory at a time.

    Spellings differ from row to row: numbers as they were entered, several in a cell, dates in five forms, unknown
    birth dates as 1900-01-01, full-width digits, blanks around names. Open the file with newline="" and the encoding
    that the test needs; every character is in GB 18030. "序号" is the record's number, the key into the truth.
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    rows = 0
    for record in records:
        writer.writerow(_row(record, Random((seed << 34) ^ record.number)))
        rows += 1
    return rows


def write_truth(file: TextIO, records: Iterable[SyntheticPatient]) -> None:
    """Write who is whom: rows with the same `person` are one person; `likeness` says how a row stands to row `like`."""
    writer = csv.writer(file)
    writer.writerow(TRUTH_COLUMNS)
    for record in records:
        writer.writerow((record.number, record.person, record.likeness.value, record.like or ""))


def _row(record: SyntheticPatient, chance: Random) -> list[str]:
    numbers = {each.type: each.value for each in record.identifiers if each.system in ("", "HIS", "EMR")}
    id_card = numbers.get("id_card", "")
    contacts = [contact for contact in record.contacts if contact.phones]
    name = record.name if chance.random() < 0.95 else f" {record.name}　"
    return [
        str(record.number),
        name,
        _SEXES[record.sex][int(4 * lower(chance))],
        _spell_date(record.birth_date, chance),
        id_card.translate(_FULL_WIDTH) if chance.random() < 0.04 else id_card,
        numbers.get("outpatient", ""),
        numbers.get("inpatient", ""),
        numbers.get("card", ""),
        numbers.get("medical_record", ""),
        spell_cell([phone.as_entered for phone in record.phones], chance),
        record.address or "",
        contacts[0].name if contacts else "",
        contacts[0].phones[0].as_entered if contacts else "",
    ]


def _spell_date(day: date | None, chance: Random) -> str:
    if day is None:
        return ""
    forms = (
        f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y-%m-%d} 00:00:00",
    )  # fmt: skip
    return forms[int(len(forms) * low(chance))]
