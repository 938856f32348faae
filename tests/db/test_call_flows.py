"""Versions of a way in: a draft goes live when it is whole, any version can again, two who save do not both win."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.call_flows import service
from app.call_flows.models import CallFlow
from app.call_flows.rules import FaultKind, Flow, Goal, Target, from_document
from app.errors import Conflict, InvalidInput, NotFound
from app.parts import Parts
from app.queues.service import ensure_queues

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
FLOW = Flow(
    hotlines=("4001",), greeting={"zh_Hans": "您好"}, opened=Target(goal=Goal.QUEUE, name="hotline")
)  # fmt: skip


@pytest.fixture
def flow_id(parts: Parts) -> int:
    """A new flow of alice's, with the queues of a hospital beside it."""
    with parts.database.writing() as session:
        ensure_queues(session, parts.settings, "Hotline")
        return service.create_flow(session, " Ward  line ", by="alice", now=NOW).id


def save(parts: Parts, flow_id: int, flow: Flow) -> int:
    """Keep this as the draft. Returns its number."""
    with parts.database.writing() as session:
        draft = service.open_draft(session, flow_id, by="alice", now=NOW)
        version = draft.row_version
        service.save_draft(session, flow_id, flow, name="Ward", row_version=version, by="alice", now=NOW)
        return draft.number


def release(parts: Parts, flow_id: int, number: int) -> None:
    with parts.database.writing() as session:
        service.go_live(session, parts.bus, flow_id, number, by="alice", now=NOW)


def live(parts: Parts) -> dict[int, Flow]:
    with parts.database.reading() as session:
        return service.live_flows(session)


def test_a_draft_that_is_not_whole_stays_a_draft(parts: Parts, flow_id: int) -> None:
    number = save(parts, flow_id, replace(FLOW, opened=Target(goal=Goal.QUEUE, name="gone")))
    with pytest.raises(Conflict):
        release(parts, flow_id, number)
    assert live(parts) == {}


def test_a_version_goes_live_and_an_earlier_one_is_live_again_by_one_word(parts: Parts, flow_id: int) -> None:
    first = save(parts, flow_id, FLOW)
    release(parts, flow_id, first)
    second = save(parts, flow_id, replace(FLOW, greeting={"zh_Hans": "早上好"}))
    assert second == first + 1 and live(parts)[flow_id].greeting["zh_Hans"] == "您好"
    release(parts, flow_id, second)
    assert live(parts)[flow_id].greeting["zh_Hans"] == "早上好"
    release(parts, flow_id, first)
    assert live(parts)[flow_id].greeting["zh_Hans"] == "您好"
    with parts.database.reading() as session:
        told = [(each.number, each.by, each.at) for each in service.releases_of(session, flow_id)]
        assert told == [(first, "alice", NOW), (second, "alice", NOW), (first, "alice", NOW)]
        assert [each.is_draft for each in service.versions_of(session, flow_id)] == [False, False]


def test_what_was_live_is_not_changed_by_a_later_draft(parts: Parts, flow_id: int) -> None:
    release(parts, flow_id, save(parts, flow_id, FLOW))
    save(parts, flow_id, replace(FLOW, language="en"))
    save(parts, flow_id, replace(FLOW, language="zh_Hant"))
    with parts.database.reading() as session:
        versions = service.versions_of(session, flow_id)
        assert [from_document(each.document).language for each in versions] == ["zh_Hant", "zh_Hans"]


def test_two_who_save_the_same_draft_do_not_both_win(parts: Parts, flow_id: int) -> None:
    with parts.database.reading() as session:
        seen = service.versions_of(session, flow_id)[0].row_version
    save(parts, flow_id, FLOW)
    with pytest.raises(Conflict), parts.database.writing() as session:
        service.save_draft(session, flow_id, Flow(), name="Ward", row_version=seen, by="bob", now=NOW)


def test_two_flows_never_answer_one_number(parts: Parts, flow_id: int) -> None:
    release(parts, flow_id, save(parts, flow_id, FLOW))
    with parts.database.writing() as session:
        other = service.create_flow(session, "Other", by="alice", now=NOW).id
        (fault,) = service.faults_of(session, FLOW, flow_id=other)
    assert (fault.kind, fault.what) == (FaultKind.HOTLINE_TAKEN, "4001")
    with parts.database.writing() as session:
        service.take_off(session, parts.bus, flow_id, by="alice", now=NOW)
    release(parts, other, save(parts, other, FLOW))
    assert set(live(parts)) == {other}


def test_the_shipped_way_in_is_installed_once_and_follows_the_hotline_until_somebody_changes_it(parts: Parts) -> None:
    for hotline in ("4000", "4000", "5000"):
        with parts.database.writing() as session:
            ensure_queues(session, parts.settings, "Hotline")
            service.install_shipped(session, parts.settings.with_changes(hotline=hotline), NOW)
    ((flow_id, flow),) = live(parts).items()
    assert flow.hotlines == ("5000",) and flow.opened == Target(goal=Goal.QUEUE, name="hotline")
    with parts.database.reading() as session:
        assert service.faults_of(session, flow, flow_id=flow_id) == []
    save(parts, flow_id, replace(flow, hotlines=("5000", "5001")))
    with parts.database.writing() as session:
        service.install_shipped(session, parts.settings.with_changes(hotline="6000"), NOW)
    assert live(parts)[flow_id].hotlines == ("5000",)


def test_a_name_is_needed_and_what_is_not_there_is_not_found(parts: Parts, flow_id: int) -> None:
    with parts.database.writing() as session:
        with pytest.raises(InvalidInput):
            service.create_flow(session, "  ", by="alice", now=NOW)
        with pytest.raises(NotFound):
            service.get_version(session, flow_id, 9)
        assert session.get(CallFlow, flow_id).name == "Ward line"  # type: ignore[union-attr]
