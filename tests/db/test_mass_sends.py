"""Mass sends on both databases: who gets the text and who does not, restarts, pause and stop, and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select, update

from app.access.models import RoleGrant
from app.accounts.models import User
from app.accounts.rules import Role
from app.contact_policy.rules import Refusal
from app.contact_policy.service import record_consent
from app.errors import Conflict, InvalidInput, NotAllowed
from app.mass_sends import service
from app.mass_sends.models import MassSend, MassSendRecipient
from app.mass_sends.rules import Audience, Exclusion, SendState
from app.mass_sends.service import SendData
from app.message_templates import service as templates
from app.message_templates.models import TemplateVersion
from app.message_templates.rules import Approval, TemplateKind
from app.message_templates.service import TemplateData
from app.messages.models import Message, Segment
from app.messages.rules import MessageKind, OutState, SegmentState
from app.messages.service import claim_segments
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.segments import service as segments
from app.segments.rules import Group, Joint, SegmentRule
from app.segments.service import SegmentData

NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)  # ten o'clock at the hospital
TEXT = "{name}{honorific}，门诊楼明天停水。"
Mass = Callable[..., int]


@pytest.fixture
def at(parts: Parts) -> Parts:
    """The parts of one process, whose clock stands."""
    return replace(parts, now=lambda: NOW)


@pytest.fixture
def people(at: Parts) -> dict[str, int]:
    """Wang and Li can be written to; nobody else for the reason that is the name."""
    moment = {"created_at": NOW, "updated_at": NOW, "created_by": "alice"}
    made = {
        "wang": Patient(name="王秀兰", sex="F", **moment),
        "li": Patient(name="李明", sex="M", **moment),
        "no_mobile": Patient(name="赵无机", **moment),
        "dead": Patient(name="钱已故", deceased_at=NOW - timedelta(days=3), **moment),
        "wrong": Patient(name="孙错号", **moment),
        "unwanted": Patient(name="周勿扰", **moment),
        "shared": Patient(name="王小明", **moment),
        "unnamed": Patient(name="+8613800138009", is_provisional=True, **moment),
    }
    numbers = {name: f"+861380013800{place}" for place, name in enumerate(made)} | {"shared": "+8613800138000"}
    for name, patient in made.items():
        patient.phones = [
            PatientPhone(
                number=numbers[name],
                kind="landline" if name == "no_mobile" else "mobile",
                as_entered=numbers[name],
                is_valid=name != "wrong",
                do_not_text=name == "unwanted",
            )
        ]
    with at.database.writing() as session:
        for username, role in {"alice": Role.SUPERVISOR, "adam": Role.ADMIN}.items():
            session.add(_account(username, role))
        session.add_all(made.values())
        session.flush()
        return {name: patient.id for name, patient in made.items()}


def _account(username: str, role: Role, mobile: str | None = None) -> User:
    return User(
        username=username, display_name=username.title(), role=role, password_hash="-", created_at=NOW, mobile=mobile
    )


def _mass(at: Parts, **more: Any) -> int:
    data = {"name": "停水", "audience": Audience.PEOPLE, "message_kind": MessageKind.CARE, "text": TEXT, **more}
    with at.database.writing() as session:
        return service.create_send(session, at, SendData(**data), by="alice").id


def _everybody(at: Parts) -> int:
    rule = SegmentRule(root=Group(joint=Joint.ALL, parts=()), with_deceased=True)
    data = SegmentData(name="Everybody", description="", rule=rule, is_shared=True)
    with at.database.writing() as session:
        return segments.create_segment(session, data, by="alice", now=NOW).id


def _approve(at: Parts, send_id: int, by: str = "adam") -> None:
    with at.database.writing() as session:
        service.approve(session, at, send_id, by=by)


def _send(at: Parts, send_id: int) -> MassSend:
    with at.database.reading() as session:
        return service.get_send(session, send_id)


def _messages(at: Parts) -> list[Message]:
    with at.database.reading() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def _left_out(at: Parts, send_id: int) -> dict[str, int]:
    with at.database.reading() as session:
        return service.report_on(session, send_id).exclusions


def test_the_recipients_are_the_segment_without_those_left_out_each_with_the_reason(
    at: Parts, people: dict[str, int]
) -> None:
    send_id = _mass(at, audience=Audience.SEGMENT, wanted={"segment": _everybody(at)})
    service.work_on(at, send_id)
    send = _send(at, send_id)
    assert (send.state, send.recipients, send.excluded, send.parts) == (SendState.READY, 2, 6, 2)
    with at.database.reading() as session:
        lines = service.list_lines(session, send_id, limit=50).items
    assert {line.recipient.patient_id: line.recipient.exclusion for line in lines} == {
        people["wang"]: None,
        people["li"]: None,
        people["no_mobile"]: Exclusion.NO_MOBILE,
        people["dead"]: Refusal.DECEASED,
        people["wrong"]: Refusal.WRONG_NUMBER,
        people["unwanted"]: Refusal.DO_NOT_TEXT,
        people["shared"]: Exclusion.DUPLICATE,
        people["unnamed"]: Exclusion.EMPTY_FIELD,
    }
    assert _messages(at) == []
    with at.database.reading() as session:
        [use] = segments.uses_of(session, send.wanted["segment"])
    assert (use.purpose, use.members) == ("messages", 8)


def test_an_approved_mass_send_goes_into_the_outbox_once_filled_for_each(at: Parts, people: dict[str, int]) -> None:
    send_id = _mass(at, wanted={"people": list(people.values())})
    service.work_on(at, send_id)
    _approve(at, send_id, by="alice")
    for _time in range(2):
        service.work_on(at, send_id)
    assert [(row.text, row.patient_id, row.origin, row.origin_id, row.priority) for row in _messages(at)] == [
        ("【示范医院】王秀兰女士，门诊楼明天停水。", people["wang"], "mass_send", send_id, 2),
        ("【示范医院】李明先生，门诊楼明天停水。", people["li"], "mass_send", send_id, 2),
    ]
    send = _send(at, send_id)
    assert (send.state, send.queued) == (SendState.QUEUED, 2)
    with at.database.reading() as session:
        assert service.report_on(session, send_id).states == {"queued": 2}
        assert service.due_sends(session, NOW) == []


def test_a_promotion_needs_consent_and_somebody_besides_its_author(at: Parts, people: dict[str, int]) -> None:
    with at.database.writing() as session:
        record_consent(
            session,
            patient_id=people["li"],
            kind=MessageKind.MARKETING,
            channel="sms",
            is_granted=True,
            changed_by=None,
            now=NOW,
        )
    send_id = _mass(at, message_kind=MessageKind.MARKETING, wanted={"people": [people["wang"], people["li"]]})
    service.work_on(at, send_id)
    with pytest.raises(NotAllowed):
        _approve(at, send_id, by="alice")
    _approve(at, send_id, by="adam")
    service.work_on(at, send_id)
    assert [row.text for row in _messages(at)] == ["【示范医院】李明先生，门诊楼明天停水。拒收请回复R"]
    assert _left_out(at, send_id) == {"no_consent": 1}


def test_a_free_promotion_with_a_forbidden_word_is_refused(at: Parts, people: dict[str, int]) -> None:
    with pytest.raises(InvalidInput) as refused:
        _mass(at, message_kind=MessageKind.MARKETING, text="{name}，治愈率最高", wanted={"people": []})
    assert refused.value.fields["field"] == "text"
    with pytest.raises(InvalidInput):
        _mass(at, message_kind=MessageKind.STAFF, wanted={"people": [people["wang"]]})


def test_who_dies_or_opts_out_after_the_preview_gets_nothing(at: Parts, people: dict[str, int]) -> None:
    send_id = _mass(at, wanted={"people": [people["wang"], people["li"]]})
    service.work_on(at, send_id)
    _approve(at, send_id)
    with at.database.writing() as session:
        session.get_one(Patient, people["wang"]).deceased_at = NOW
    service.work_on(at, send_id)
    assert [row.patient_id for row in _messages(at)] == [people["li"]]
    send = _send(at, send_id)
    assert (send.recipients, send.excluded, send.parts) == (1, 1, 1)
    assert _left_out(at, send_id) == {"deceased": 1}


def test_a_worker_that_dies_is_followed_by_one_that_goes_on_and_nobody_gets_two(
    at: Parts, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person a batch; the worker dies in every second one, first while preparing and then while queueing."""
    monkeypatch.setattr("app.mass_sends.service.audiences.BATCH", 1)
    monkeypatch.setattr("app.mass_sends.service.working.BATCH", 1)
    send_id = _mass(at, wanted={"people": list(people.values())})
    clock, dying = [NOW], replace(at, now=lambda: clock[0])

    def die_in_second_batch(name: str) -> None:
        real = getattr(service.working, name)  # type: ignore[attr-defined]
        calls = iter(range(1, 100))

        def once(*arguments: Any, **more: Any) -> Any:
            assert next(calls) % 2, "killed"
            return real(*arguments, **more)

        monkeypatch.setattr(service.working, name, once)  # type: ignore[attr-defined]

    def work_until(state: SendState) -> None:
        for _try in range(20):
            clock[0] += timedelta(minutes=5)
            try:
                service.work_on(dying, send_id)
            except AssertionError:
                continue
            if _send(at, send_id).state == state:
                return

    die_in_second_batch("prepare_batch")
    work_until(SendState.READY)
    assert (_send(at, send_id).recipients, _send(at, send_id).excluded) == (2, 6)
    _approve(at, send_id)
    die_in_second_batch("queue_many")
    work_until(SendState.QUEUED)
    assert [row.patient_id for row in _messages(at)] == [people["wang"], people["li"]]
    assert _send(at, send_id).queued == 2


def test_a_mass_send_waits_for_its_time(at: Parts, people: dict[str, int]) -> None:
    send_id = _mass(at, wanted={"people": [people["wang"]]}, due_at=NOW + timedelta(hours=1))
    service.work_on(at, send_id)
    _approve(at, send_id)
    service.work_on(at, send_id)
    assert _messages(at) == []
    later = replace(at, now=lambda: NOW + timedelta(hours=1))
    service.work_on(later, send_id)
    assert len(_messages(at)) == 1


def _steer(at: Parts, act: Callable[..., None], send_id: int, **more: Any) -> None:
    with at.database.writing() as session:
        act(session, send_id, **more)
    service.work_on(at, send_id)


def _queued_for_two(at: Parts, people: dict[str, int]) -> int:
    send_id = _mass(at, wanted={"people": [people["wang"], people["li"]]})
    service.work_on(at, send_id)
    _approve(at, send_id)
    service.work_on(at, send_id)
    return send_id


def _claim(at: Parts, limit: int) -> int:
    with at.database.writing() as session:
        return len(claim_segments(session, at.bus, account="default", limit=limit, now=NOW, is_marketing_allowed=True))


def test_pausing_holds_what_has_not_left_and_going_on_lets_it_go(at: Parts, people: dict[str, int]) -> None:
    send_id = _queued_for_two(at, people)
    assert _claim(at, 1) == 1
    _steer(at, service.pause, send_id)
    assert [row.state for row in _messages(at)] == [OutState.QUEUED, OutState.APPROVED]
    assert _claim(at, 10) == 0
    _steer(at, service.resume, send_id)
    assert _send(at, send_id).state == SendState.QUEUED
    assert _claim(at, 10) == 1


def test_stopping_cancels_what_has_not_left_and_nothing_more_is_queued(at: Parts, people: dict[str, int]) -> None:
    send_id = _queued_for_two(at, people)
    assert _claim(at, 1) == 1
    _steer(at, service.pause, send_id)
    stopped: dict[str, Any] = {"settings": at.settings, "by": "alice", "now": NOW}
    _steer(at, service.stop, send_id, **stopped)
    assert [row.state for row in _messages(at)] == [OutState.QUEUED, OutState.CANCELLED]
    with at.database.reading() as session:
        states = session.execute(select(Segment.state, func.count()).group_by(Segment.state)).all()
        assert dict(tuple(row) for row in states) == {SegmentState.SENDING: 1, SegmentState.CANCELLED: 1}
        assert service.due_sends(session, NOW) == []
    with pytest.raises(Conflict):
        _steer(at, service.resume, send_id)


def test_a_mass_send_that_is_paused_while_it_is_queued_goes_on_where_it_was(
    at: Parts, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.mass_sends.service.working.BATCH", 1)
    send_id = _mass(at, wanted={"people": [people["wang"], people["li"]]})
    service.work_on(at, send_id)
    _approve(at, send_id)
    real = service.working._next  # type: ignore[attr-defined]

    def pause_after_first(session: Any, mass_send_id: int) -> Any:
        rows = real(session, mass_send_id)
        if rows and rows[0].patient_id == people["wang"]:
            service.pause(session, mass_send_id)
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(service.working, "_next", pause_after_first)  # type: ignore[attr-defined]
        service.work_on(at, send_id)
    service.work_on(at, send_id)
    assert [row.state for row in _messages(at)] == [OutState.APPROVED]
    _steer(at, service.resume, send_id)
    assert [(row.patient_id, row.state) for row in _messages(at)] == [
        (people["wang"], OutState.QUEUED),
        (people["li"], OutState.QUEUED),
    ]


def _list_send(at: Parts, content: str, **more: Any) -> int:
    path = service.new_file(at.settings)
    path.write_text(content, encoding="utf-8")
    return _file_send(at, path, **more)


def _file_send(at: Parts, path: Any, **more: Any) -> int:
    found = service.inspect_list(path, at.settings)
    wanted = {name: getattr(found, name) for name in ("kind", "format", "titles", "has_titles", "number_column")}
    send_id = _mass(at, audience=Audience.FILE, wanted=wanted, stored_name=path.name, **more)
    service.work_on(at, send_id)
    assert not path.exists()
    return send_id


def test_a_list_brings_its_own_fields_and_what_is_wrong_in_it_is_counted(at: Parts, people: dict[str, int]) -> None:
    rows = [
        "客户,手机号码,保单号",
        "陈先生,139 1234 5678,A1",
        "又是他,13912345678,A1",
        "座机,0571-88886666,A2",
        "坏号,12345,A3",
        "无单号,13912345670,",
        "周勿扰,13800138005,A4",
        "钱已故,13800138003,A5",
    ]
    send_id = _list_send(at, "\n".join(rows), text="{客户}您好，保单{保单号}已到期。")
    assert _left_out(at, send_id) == {
        "duplicate": 1, "not_a_mobile": 1, "bad_number": 1, "empty_field": 1, "do_not_text": 1, "deceased": 1,
    }  # fmt: skip
    _approve(at, send_id)
    service.work_on(at, send_id)
    assert [(row.number, row.text) for row in _messages(at)] == [
        ("+8613912345678", "【示范医院】陈先生您好，保单A1已到期。")
    ]


def test_a_bare_list_of_numbers_and_a_workbook_are_read_too(at: Parts, people: dict[str, int]) -> None:
    bare = _list_send(at, "13912345678\n13912345679\n13800138001\n", text="门诊楼明天停水。")
    assert _send(at, bare).recipients == 3
    with at.database.reading() as session:
        found = session.scalars(
            select(MassSendRecipient.patient_id).where(MassSendRecipient.patient_id.is_not(None))
        ).all()
    assert found == [people["li"]]
    book = Workbook()
    for cells in (["Name", "Mobile"], ["Chen", 13912345678], ["Wu", "13912345679"]):
        book.active.append(cells)
    path = service.new_file(at.settings)
    book.save(path)
    assert _send(at, _file_send(at, path, text="Dear {name}, no water tomorrow.", language="en")).recipients == 2


def test_a_list_without_numbers_is_refused(at: Parts) -> None:
    path = service.new_file(at.settings)
    path.write_text("Name,City\nWang,Hangzhou\n")
    with pytest.raises(InvalidInput, match="No column"):
        service.inspect_list(path, at.settings)


def test_colleagues_are_written_to_by_role_and_apart_from_patients(at: Parts, people: dict[str, int]) -> None:
    with at.database.writing() as session:
        session.add_all(
            [
                _account("bob", Role.AGENT, "+8613912340001"),
                _account("carol", Role.AGENT),
                _account("dora", Role.DOCTOR, "+8613912340002"),
            ]
        )
    send_id = _mass(
        at,
        audience=Audience.STAFF,
        wanted={"role": "agent"},
        message_kind=MessageKind.STAFF,
        text="{name}，今天下午培训。",
    )
    service.work_on(at, send_id)
    _approve(at, send_id, by="alice")
    service.work_on(at, send_id)
    assert [(row.kind, row.number, row.patient_id, row.text) for row in _messages(at)] == [
        ("staff", "+8613912340001", None, "【示范医院】Bob，今天下午培训。")
    ]
    assert _left_out(at, send_id) == {"no_mobile": 1}


def _approved_template(at: Parts) -> int:
    data = TemplateData(
        name="停水",
        kind=TemplateKind.NOTICE,
        message_kind=MessageKind.CARE,
        texts={"zh_Hans": "{name}，{date}停水。", "en": "Dear {name}, no water on {date}."},
    )
    with at.database.writing() as session:
        template_id = templates.create_template(session, data, by="alice", now=NOW).id
        templates.submit(session, template_id, settings=at.settings, by="alice", now=NOW)
        return templates.approve(session, template_id, Approval.GENERAL, by="adam", is_clinician=False, now=NOW).id


def test_a_template_is_sent_in_each_persons_language_and_is_marked_as_used(at: Parts, people: dict[str, int]) -> None:
    version_id = _approved_template(at)
    with at.database.writing() as session:
        session.get_one(Patient, people["li"]).language = "en"
    wanted = {"people": [people["wang"], people["li"]]}
    send_id = _mass(at, template_version_id=version_id, wanted=wanted, values={"date": "12月1日"}, text="")
    service.work_on(at, send_id)
    _approve(at, send_id)
    service.work_on(at, send_id)
    assert [row.text for row in _messages(at)] == [
        "【示范医院】王秀兰，12月1日停水。",
        "【示范医院】Dear 李明, no water on 12月1日.",
    ]
    with at.database.reading() as session:
        assert session.get_one(TemplateVersion, version_id).used_at == NOW


def test_a_template_that_went_out_of_use_stops_what_waited_for_its_time(at: Parts, people: dict[str, int]) -> None:
    version_id = _approved_template(at)
    wanted, values = {"people": [people["wang"]]}, {"date": "12月1日"}
    send_id = _mass(at, template_version_id=version_id, wanted=wanted, values=values, text="")
    service.work_on(at, send_id)
    _approve(at, send_id)
    with at.database.writing() as session:
        session.execute(update(TemplateVersion).values(state="retired"))
    service.work_on(at, send_id)
    assert _messages(at) == []
    assert _send(at, send_id).state == SendState.STOPPED
    assert "out of use" in (_send(at, send_id).error or "")


def test_the_list_behind_each_number_holds_as_many_as_the_number_says(at: Parts, people: dict[str, int]) -> None:
    send_id = _mass(at, wanted={"people": list(people.values())})
    service.work_on(at, send_id)
    _approve(at, send_id)
    service.work_on(at, send_id)
    with at.database.writing() as session:
        first = session.scalars(select(Message).order_by(Message.id)).first()
        assert first is not None
        first.state, first.sent_at = OutState.DELIVERED, NOW
    with at.database.reading() as session:
        report = service.report_on(session, send_id)
        lists = {
            **{state: service.list_lines(session, send_id, state=state, limit=50).items for state in report.states},
            **{
                reason: service.list_lines(session, send_id, exclusion=reason, limit=50).items
                for reason in report.exclusions
            },
        }
        everybody = list(service.every_line(session, send_id))
    assert {name: len(lines) for name, lines in lists.items()} == {**report.states, **report.exclusions}
    assert (report.states, report.sent_parts) == ({"delivered": 1, "queued": 1}, 1)
    assert Counter(line.state for line in everybody) == {None: 6, "delivered": 1, "queued": 1}


def test_the_audience_ends_where_its_authors_scope_ends(at: Parts, people: dict[str, int]) -> None:
    """Alice sees her own patients only: a segment, a selection and a list tell her nothing of Carol's."""
    with at.database.writing() as session:
        session.add(RoleGrant(role="supervisor", module="contact", reach="own"))
        session.get_one(Patient, people["li"]).created_by = "carol"
    segment = _mass(at, audience=Audience.SEGMENT, wanted={"segment": _everybody(at)})
    chosen = _mass(at, wanted={"people": [people["wang"], people["li"]]})
    for send_id in (segment, chosen):
        service.work_on(at, send_id)
    listed = _list_send(at, "13800138000\n13800138001", text="{name}，门诊楼明天停水。")
    with at.database.reading() as session:
        found = {
            send_id: {line.recipient.patient_id for line in service.every_line(session, send_id)}
            for send_id in (segment, chosen, listed)
        }
    assert people["li"] not in found[segment]
    assert found[chosen] == {people["wang"]}
    assert found[listed] == {None}  # the number is Wang's and a namesake's, the other one somebody else's patient
    assert _left_out(at, listed) == {"empty_field": 2}


def test_the_preview_leaves_out_who_gets_enough_on_that_day_already(at: Parts, people: dict[str, int]) -> None:
    for _time in range(2):
        _queued_for_two(at, people)
    today = _mass(at, wanted={"people": [people["wang"]]})
    next_week = _mass(at, wanted={"people": [people["wang"]]}, due_at=NOW + timedelta(days=7))
    for send_id in (today, next_week):
        service.work_on(at, send_id)
    assert _left_out(at, today) == {"day_cap": 1}
    assert _left_out(at, next_week) == {}
