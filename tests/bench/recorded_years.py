"""Three years of recorded calls, past the services: rows are all that counts here."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from app.db import Database
from app.patients.names import fold_name
from app.patients.service.terms import index_new_names
from app.recordings.service.word_index import pairs_of

RARE_NAME, RARE_WORD = "欧阳秀兰", "退費"
_DAYS = 3 * 365
# An ordinary call of three minutes: some 400 characters.
_PHRASES_A_CALL = 40
_CALLS_A_PERSON = 10
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "秀兰芳敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英建国志华"
_PHRASES = [fold_name(phrase) for phrase in (
    "您好这里是市一医院", "我想预约复查", "请问您叫什么名字", "出生年月日是多少", "需要空腹吗", "不需要空腹",
    "明天上午可以来吗", "医生说要三个月以后", "伤口还有一点红", "没有发烧", "按时吃药了吗", "吃了就是胃不舒服",
    "那您来医院看看", "挂哪个科的号", "妇科门诊在三楼", "报告出来了没有", "我帮您查一下", "请稍等", "谢谢您", "再见",
    "电话打不通", "停车场在哪里", "医保卡带了吗", "住院手续怎么办",
)]  # fmt: skip


def fill(database: Database, rows: int, *, until: datetime) -> None:
    """Calls up to `until` with their recordings, transcripts, patients and evaluations."""
    start, step = until - timedelta(days=_DAYS), timedelta(days=_DAYS) / rows

    def at(number: int) -> str:
        return (start + step * number).strftime("%Y-%m-%d %H:%M:%S.%f")

    _add_people(database, rows // _CALLS_A_PERSON, at)
    with database.engine.begin() as connection:
        raw = connection.connection.cursor()
        for table, columns, lines in _tables(rows, at):
            marks = ", ".join("?" * len(columns.split(",")))
            raw.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", lines)  # noqa: S608  our own words


def _add_people(database: Database, people: int, at: Callable[[int], str]) -> None:
    draw = random.Random(1)
    names = [draw.choice(_SURNAMES) + "".join(draw.sample(_GIVEN, 2)) for _ in range(people - 1)] + [RARE_NAME]
    with database.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO patient (id, name, sex, created_at, updated_at, active_at, row_version, is_provisional,"
            " is_key_patient) VALUES (?, ?, 'F', ?, ?, ?, 1, 0, 0)",
            [(place, name, at(0), at(0), at(0)) for place, name in enumerate(names, 1)],
        )
        index_new_names(session, list(enumerate(names, 1)))


def _tables(rows: int, at: Callable[[int], str]) -> Iterator[tuple[str, str, Iterator[tuple[Any, ...]]]]:
    numbers, people = range(rows), rows // _CALLS_A_PERSON
    draw = random.Random(3)

    def number(place: int) -> str:
        return f"{place % 100_000_000:08d}"

    yield (
        "call",
        "id, linkedid, direction, state, number, number_reversed, number_signalled, dialled, queue, agent, patient_id,"
        " disposition, outcome, match_state, urgency, identity_checks, started_at, answered_at, ended_at",
        (
            (
                f"{n:036d}", str(n), "inbound" if n % 3 else "outbound", "wrapped_up", f"+86138{number(n)}",
                f"{number(n)[::-1]}83168", f"138{number(n)}", "4000", f"queue{n % 8}", f"agent{n % 200}",
                n % people + 1, "complaint" if n % 500 == 0 else "other", "answered", "none", "usual", 0, at(n), at(n),
                at(n),
            )
            for n in numbers
        ),
    )  # fmt: skip
    yield (
        "recording",
        "id, call_id, state, source_name, started_at, attempts, seconds, bytes, sha256, path, store, is_sealed,"
        " stored_at",
        (
            (
                _id(n), f"{n:036d}", "damaged" if n % 1000 == 0 else "ready", str(n), at(n), 0, n % 3600, 1000,
                "0" * 64, "x", "main", 1, at(n),
            )
            for n in numbers
        ),
    )  # fmt: skip
    yield "journal", "at, kind, call_id, payload", ((at(n), "call.held", f"{n:036d}", "{}") for n in numbers[::10])
    yield (
        "transcript",
        "id, recording_id, state, attempts, search_text",
        ((n + 1, _id(n), "made", 1, _said(draw, n)) for n in numbers),
    )
    words = random.Random(3)
    yield (
        "transcript_words",
        "rowid, pairs",
        ((n + 1, " ".join(pairs_of(_said(words, n).split()))) for n in numbers),
    )
    yield (
        "recording_hold",
        "recording_id, subject, held_at, held_by",
        ((_id(n), "case", at(n), "qa") for n in numbers[::2000]),
    )
    yield (
        "scorecard",
        "id, code, name, names, applies, is_shipped, created_at",
        iter([(1, "c", "c", "{}", "{}", 0, at(0))]),
    )
    yield (
        "scorecard_version",
        "id, scorecard_id, number, sections, fatal_cap, state, changed_at, row_version",
        iter([(1, 1, 1, "[]", 0, "approved", at(0), 1)]),
    )
    yield (
        "evaluation",
        "recording_id, call_id, card_version_id, agent, grader, direction, call_at, state, number, total, is_fatal,"
        " draft_seen, created_at, changed_at, submitted_at, row_version",
        (
            (
                _id(n), f"{n:036d}", 1, f"agent{n % 200}", "quinn", "inbound", at(n), "submitted", 1,
                40 + n % 61, 0, 0, at(n), at(n), at(n), 1,
            )
            for n in numbers[::23]
        ),
    )  # fmt: skip


def _said(draw: random.Random, number: int) -> str:
    rare = [fold_name(RARE_WORD)] if number % 1000 == 0 else []
    return " ".join([*draw.choices(_PHRASES, k=_PHRASES_A_CALL), *rare])


def _id(number: int) -> str:
    return f"r{number:035d}"
