"""A run goes on where it stopped, is worked on by one worker, and takes visits, charges and views of databases too."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.configuration.rules import IMPORT_RETENTION_DAYS
from app.errors import Conflict, InvalidInput
from app.imports import service
from app.imports.models import ImportProblem, ImportRun
from app.imports.rules import CLAIM, RunState, SourceKind, Target
from app.imports.service import ViewAddress, working
from app.parts import Parts
from app.patients.models import Patient
from app.visits.models import Charge, Diagnosis, Exam, Visit

PEOPLE = "姓名,门诊号\n王秀兰,MZ1\n李四,MZ2\n"


def made(parts: Parts, tmp_path: Path, text: str) -> int:
    path = service.new_file(parts.settings)
    path.write_text(text, encoding="utf-8")
    with parts.database.writing() as session:
        found = service.inspect(path)
        run = service.create_run(session, title="list", path=path, found=found, by="alice", now=parts.now())
        return run.id


def started(parts: Parts, tmp_path: Path, text: str, *, is_trial: bool = False) -> int:
    run_id = made(parts, tmp_path, text)
    with parts.database.writing() as session:
        service.start(session, service.get_run(session, run_id), is_trial=is_trial, settings=parts.settings)
    return run_id


def run_of(parts: Parts, run_id: int) -> ImportRun:
    with parts.database.reading() as session:
        return service.get_run(session, run_id)


def taken(parts: Parts, tmp_path: Path, text: str) -> tuple[int, int, int, int]:
    run_id = started(parts, tmp_path, text)
    service.work_on(parts, run_id)
    run = run_of(parts, run_id)
    assert run.state == RunState.DONE, run.error
    return run.created, run.updated, run.unchanged, run.rejected


def people(parts: Parts) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(Patient.id))) or 0


def test_a_stopped_run_goes_on_where_it_stopped(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_CHUNK", 2)
    text = "姓名,门诊号\n" + "".join(f"P{place},MZ{place}\n" for place in range(5))
    run_id = started(parts, tmp_path, text)
    advance = working._advance

    def stop_after_a_chunk(*given: object) -> None:
        advance(*given)  # type: ignore[arg-type]
        session = given[0]
        service.stop(session, service.get_run(session, run_id))  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(working, "_advance", stop_after_a_chunk)
        service.work_on(parts, run_id)
    run = run_of(parts, run_id)
    assert (run.state, run.rows_done, run.created, people(parts)) == ("stopped", 2, 2, 2)
    with parts.database.writing() as session:
        service.start(session, service.get_run(session, run_id), is_trial=False, settings=parts.settings)
    service.work_on(parts, run_id)
    run = run_of(parts, run_id)
    assert (run.state, run.rows_done, run.created, people(parts)) == ("done", 5, 5, 5)


def test_a_run_whose_worker_died_is_found_and_goes_on(parts: Parts, tmp_path: Path) -> None:
    run_id = started(parts, tmp_path, PEOPLE)
    now = parts.now()
    with parts.database.writing() as session:
        held = update(ImportRun).values(state=RunState.RUNNING, claim="dead", claimed_until=now + CLAIM, rows_done=1)
        session.execute(held)
        assert service.due_runs(session, now) == []
    service.work_on(parts, run_id)
    assert run_of(parts, run_id).rows_done == 1
    later = replace(parts, now=lambda: now + CLAIM + timedelta(seconds=1))
    with later.database.reading() as session:
        assert service.due_runs(session, later.now()) == [run_id]
    service.work_on(later, run_id)
    run = run_of(parts, run_id)
    assert (run.state, run.rows_done, run.created) == ("done", 2, 1)


def test_a_trial_reports_what_would_happen_and_writes_nothing(parts: Parts, tmp_path: Path) -> None:
    text = PEOPLE + "王秀兰,MZ1\n,MZ3\n王五,MZ1\n"
    run_id = started(parts, tmp_path, text, is_trial=True)
    service.work_on(parts, run_id)
    tried = run_of(parts, run_id)
    assert tried.state == RunState.TRIED
    assert (tried.created, tried.unchanged, tried.rejected, tried.to_review) == (2, 1, 1, 1)
    assert people(parts) == 0
    with parts.database.writing() as session:
        service.start(session, service.get_run(session, run_id), is_trial=False, settings=parts.settings)
    service.work_on(parts, run_id)
    done = run_of(parts, run_id)
    assert (done.created, done.unchanged, done.rejected, done.to_review) == (2, 1, 1, 1)
    with parts.database.reading() as session:
        assert session.scalars(select(ImportProblem.line)).all() == [5]


def test_a_million_errors_are_counted_and_the_first_ones_kept(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "MOST_PROBLEMS", 30)
    assert taken(parts, tmp_path, "姓名,门诊号\n" + ",MZ1\n" * 2500) == (0, 0, 0, 2500)
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(ImportProblem.id))) == 30


def test_a_list_that_breaks_in_the_middle_keeps_what_came_before_and_says_so(parts: Parts, tmp_path: Path) -> None:
    people_before = "".join(f"P{place},MZ{place}\n" for place in range(1001))
    run_id = started(parts, tmp_path, f"姓名,门诊号\n{people_before}{'x,' * 600}\n")
    service.work_on(parts, run_id)
    run = run_of(parts, run_id)
    assert (run.state, run.error, run.created) == ("failed", "The list has more than 500 columns.", 1000)


def test_files_are_deleted_after_thirty_days(parts: Parts, tmp_path: Path) -> None:
    run_id = made(parts, tmp_path, PEOPLE)
    run = run_of(parts, run_id)
    path = service.file_of(run, parts.settings)
    days = IMPORT_RETENTION_DAYS.default
    for age, is_there in ((timedelta(days=days - 1), True), (timedelta(days=days + 1), False)):
        with parts.database.writing() as session:
            service.delete_old_files(session, parts.settings, parts.now() + age)
        assert path.exists() is is_there
    with parts.database.writing() as session, pytest.raises(Conflict):
        service.start(session, service.get_run(session, run_id), is_trial=False, settings=parts.settings)


def test_a_view_of_another_database_is_read_by_key_and_never_written(parts: Parts, tmp_path: Path) -> None:
    source = tmp_path / "his.db"
    with sqlite3.connect(source) as his:
        his.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, 姓名 TEXT, 手机 TEXT)")
        rows = [(place, f"P{place}", f"138{place:08}") for place in range(1, 3001)]
        his.executemany("INSERT INTO person VALUES (?, ?, ?)", rows)
    path = service.store_view(parts.settings, ViewAddress(url=f"sqlite:///{source}", view="person", key="id"))
    with parts.database.writing() as session:
        found = service.preview(path, SourceKind.VIEW, {})
        run = service.create_run(session, title="person", path=path, found=found, by="adam", now=parts.now())
        service.start(session, run, is_trial=False, settings=parts.settings)
        run_id = run.id
    service.work_on(parts, run_id)
    done = run_of(parts, run_id)
    assert (done.state, done.created, done.position) == ("done", 3000, "3000")


@pytest.mark.parametrize(
    ("url", "view", "key"),
    [("nonsense", "t", "id"), ("sqlite:////nowhere/x.db", "t", "id"), ("sqlite://", "t; DROP TABLE t", "id"),
     ("oracle+nothing://x", "t", "id")],
)  # fmt: skip
def test_a_database_that_is_not_there_is_told_in_words(parts: Parts, url: str, view: str, key: str) -> None:
    with pytest.raises(InvalidInput):
        service.store_view(parts.settings, ViewAddress(url=url, view=view, key=key))


def test_visits_diagnoses_charges_and_exams_find_their_patient(parts: Parts, tmp_path: Path) -> None:
    assert taken(parts, tmp_path, PEOPLE)[0] == 2
    visit = "就诊流水号,门诊号,就诊时间,就诊类型,医生\nV1,MZ1,2026-01-02 08:30,急诊,陈医生\nV2,MZ9,2026-01-02,门诊,\n"
    assert taken(parts, tmp_path, visit) == (1, 0, 0, 1)
    assert taken(parts, tmp_path, visit) == (0, 0, 1, 1)
    diagnosis = (
        "诊断流水号,门诊号,姓名,诊断名称,诊断时间,就诊流水号\n"
        "D1,MZ1,王秀兰,高血压,2026-01-02,V1\nD2,MZ1,李四,借卡,2026-01-02,\n"
    )
    assert taken(parts, tmp_path, diagnosis) == (1, 0, 0, 1)
    charge = (
        "收费流水号,门诊号,项目名称,金额,收费时间,费用类别\n"
        "C1,MZ1,阿司匹林,12.50,2026-01-02,药费\nC2,MZ1,阿司匹林,-12.50,2026-01-03,药费\n"
    )
    assert taken(parts, tmp_path, charge) == (2, 0, 0, 0)
    exam = "体检号,门诊号,体检套餐,体检日期\nE1,MZ2,入职套餐,2026-02-01\nE2,MZ2,入职套餐,不详\n"
    assert taken(parts, tmp_path, exam) == (1, 0, 0, 1)
    with parts.database.reading() as session:
        found = session.execute(select(Visit.kind, Visit.started_at, Visit.doctor)).one()
        assert tuple(found) == ("emergency", datetime(2026, 1, 2, 0, 30, tzinfo=UTC), "陈医生")
        assert session.scalars(select(Diagnosis.text).where(Diagnosis.visit_id.is_not(None))).all() == ["高血压"]
        assert session.execute(select(Charge.amount_cents, Charge.day, Charge.kind).order_by(Charge.id)).all() == [
            (1250, date(2026, 1, 2), "drug"), (-1250, date(2026, 1, 3), "drug"),
        ]  # fmt: skip
        assert session.scalars(select(Exam.name)).all() == ["入职套餐"]
        reasons = set(session.scalars(select(ImportProblem.reason)))
    assert reasons == {
        "No patient has these numbers. Bring the patients in first.",
        "The identifier belongs to a patient with another name.",
        "The time is missing.",
    }


def test_a_list_without_what_it_needs_does_not_start(parts: Parts, tmp_path: Path) -> None:
    run_id = made(parts, tmp_path, "甲,乙\n1,2\n")
    with parts.database.writing() as session:
        run = service.get_run(session, run_id)
        with pytest.raises(InvalidInput):
            service.start(session, run, is_trial=False, settings=parts.settings)
        with pytest.raises(InvalidInput):
            service.map_columns(run, target=Target.VISITS, columns=["key", "started_at"], system="")
