"""The audit log on a real database: part of each transaction, chained, and closed to every change."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from app.audit import service
from app.audit.models import AuditEvent, AuditHead
from app.audit.rules import Action, AuditEntry, Break, Fault
from app.cli.audit import verify
from app.parts import Parts

# More than are written at once.
MANY = 1_234


def entry(parts: Parts, **fields: object) -> AuditEntry:
    return AuditEntry(**{"at": parts.now(), "actor": "bob", "action": Action.VIEW, "patient_id": 7} | fields)  # type: ignore[arg-type]


def append(parts: Parts, *entries: AuditEntry) -> None:
    with parts.database.writing() as session:
        for each in entries:
            service.record(session, each, key=parts.settings.secret_key)


def verdict(parts: Parts) -> service.Verdict:
    with parts.database.reading() as session:
        anchors = service.read_anchors(parts.settings.data_dir)
        return service.verify(session, key=parts.settings.secret_key, anchors=anchors)


def ids(parts: Parts) -> list[int]:
    with parts.database.reading() as session:
        return list(session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)))


def open_the_log(parts: Parts) -> None:
    """What somebody who owns the database can do: take the guard away."""
    names = ("audit_event_no_update", "audit_event_no_delete")
    statements = (
        [f"DROP TRIGGER {name}" for name in names]
        if parts.database.is_sqlite
        else ["ALTER TABLE audit_event DISABLE TRIGGER ALL"]
    )
    with parts.database.writing() as session:
        for statement in statements:
            session.execute(text(statement))


def test_events_are_numbered_without_a_gap_and_whole(parts: Parts) -> None:
    append(parts, entry(parts), entry(parts, reason="asked by 科室 <b>"))
    append(parts, entry(parts, details={"rows": 3}))
    assert ids(parts) == [1, 2, 3]
    assert verdict(parts) == service.Verdict(checked=3, first_break=None)


def test_what_is_done_to_many_patients_stands_in_the_log_of_each(parts: Parts) -> None:
    whole = entry(parts, action=Action.EXPORT, patient_id=None, subject="export:1", details={"rows": MANY})
    with parts.database.writing() as session:
        service.record_people(session, whole, range(1, MANY + 1), key=parts.settings.secret_key)
    assert verdict(parts) == service.Verdict(checked=MANY + 1, first_break=None)
    with parts.database.reading() as session:
        events = session.execute(select(AuditEvent.patient_id, AuditEvent.subject, AuditEvent.details)).all()
    assert events[0] == (None, "export:1", f'{{"rows": {MANY}}}')
    assert events[1:] == [(patient_id, "export:1", "") for patient_id in range(1, MANY + 1)]


def test_what_is_done_to_one_patient_is_one_event(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.record_people(session, entry(parts, patient_id=None), [7], key=parts.settings.secret_key)
    with parts.database.reading() as session:
        assert session.scalars(select(AuditEvent.patient_id)).all() == [7]


def test_an_event_of_a_transaction_that_fails_is_not_written(parts: Parts) -> None:
    append(parts, entry(parts))
    with pytest.raises(LookupError), parts.database.writing() as session:
        service.record(session, entry(parts), key=parts.settings.secret_key)
        raise LookupError
    append(parts, entry(parts))
    assert ids(parts) == [1, 2]


def test_an_event_is_refused_in_a_transaction_that_only_reads(parts: Parts) -> None:
    with parts.database.reading() as session, pytest.raises(RuntimeError):
        service.record(session, entry(parts), key=parts.settings.secret_key)


def test_a_savepoint_does_not_close_the_chain_early(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.record(session, entry(parts), key=parts.settings.secret_key)
        with session.begin_nested():
            service.record(session, entry(parts), key=parts.settings.secret_key)
    assert verdict(parts) == service.Verdict(checked=2, first_break=None)


def test_hostile_text_is_kept_as_harmless_text(parts: Parts) -> None:
    append(parts, entry(parts, reason="a\x00b\ud800" + "字" * 400, subject="s" * 200))
    with parts.database.reading() as session:
        kept = session.scalars(select(AuditEvent)).one()
    assert (kept.reason[:4], len(kept.reason), len(kept.subject)) == ("a b ", 300, 80)
    assert verdict(parts).first_break is None


def test_writers_at_the_same_time_make_one_chain(parts: Parts) -> None:
    def append_five() -> None:
        for _ in range(5):
            append(parts, entry(parts))

    threads = [Thread(target=append_five) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdict(parts) == service.Verdict(checked=20, first_break=None)


@pytest.mark.parametrize("statement", [update(AuditEvent).values(actor="carol"), delete(AuditEvent)])
def test_the_database_refuses_to_change_or_remove_an_event(parts: Parts, statement: object) -> None:
    append(parts, entry(parts))
    with pytest.raises(DBAPIError, match="only appended to"), parts.database.writing() as session:
        session.execute(statement)  # type: ignore[call-overload]
    assert verdict(parts).first_break is None


def test_a_change_past_the_guard_is_found(parts: Parts) -> None:
    append(parts, entry(parts), entry(parts), entry(parts))
    open_the_log(parts)
    with parts.database.writing() as session:
        session.execute(update(AuditEvent).where(AuditEvent.id == 2).values(actor="carol"))
    assert verdict(parts) == service.Verdict(checked=1, first_break=Break(event_id=2, fault=Fault.CHANGED))


def test_a_break_at_the_end_stays_found_when_work_goes_on(parts: Parts) -> None:
    append(parts, entry(parts), entry(parts))
    open_the_log(parts)
    with parts.database.writing() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.id == 2))
    append(parts, entry(parts))
    assert verdict(parts).first_break == Break(event_id=2, fault=Fault.CHANGED)


def test_a_head_that_was_removed_stays_found_when_work_goes_on(parts: Parts) -> None:
    append(parts, entry(parts))
    with parts.database.writing() as session:
        session.execute(delete(AuditHead))
    append(parts, entry(parts))
    assert verdict(parts).first_break == Break(event_id=2, fault=Fault.CHANGED)


def test_an_old_head_put_back_is_noticed_by_the_anchor_on_disk(parts: Parts) -> None:
    append(parts, entry(parts))
    with parts.database.reading() as session:
        old = session.get_one(AuditHead, 1)
        kept = {"last_id": old.last_id, "last_mac": old.last_mac, "mac": old.mac}
    append(parts, entry(parts))
    with parts.database.reading() as session:
        assert service.write_due_anchor(session, parts.settings.data_dir, parts.now()) is not None
        later = parts.now() + timedelta(hours=2)
        assert service.write_due_anchor(session, parts.settings.data_dir, later) is None
    open_the_log(parts)
    with parts.database.writing() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.id == 2))
        session.execute(update(AuditHead).values(kept))
    assert verdict(parts).first_break == Break(event_id=2, fault=Fault.CUT_OFF)


def test_the_key_of_the_chain_is_nowhere_in_the_database(parts: Parts) -> None:
    append(parts, entry(parts))
    with parts.database.reading() as session:
        connection = session.connection()
        tables = [f'SELECT * FROM "{name}"' for name in inspect(connection).get_table_names()]  # noqa: S608
        cells = [str(cell) for every in tables for row in connection.execute(text(every)) for cell in row]
    assert parts.settings.secret_key not in "\n".join(cells)


def test_the_command_names_the_first_event_that_does_not_hold(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    append(parts, entry(parts), entry(parts))
    assert verify(parts.settings)
    open_the_log(parts)
    with parts.database.writing() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.id == 1))
    assert not verify(parts.settings)
    assert capsys.readouterr().out.splitlines()[-1] == "Event 1 is missing."
