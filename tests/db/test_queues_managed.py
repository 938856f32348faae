"""Queues as supervisors keep them, and who serves which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.errors import Conflict, InvalidInput
from app.parts import Parts
from app.queues import service
from app.queues.rules import Strategy

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
WARD = service.QueueData(
    label="Ward", service_level_seconds=30, service_level_target=0.9, strategy=Strategy.RANDOM,
    wrap_up_seconds=15, max_wait_seconds=60, overflow="hotline", members={"bob": 1},
)  # fmt: skip


@pytest.fixture(autouse=True)
def _hospital(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.ensure_queues(session, parts.settings, "Hotline")
        for name in ("alice", "bob"):
            accounts.create_user(
                session, username=name, display_name=name, role=Role.AGENT, password="correct horse", now=NOW
            )


def test_who_is_in_no_queue_serves_the_hotline_and_who_is_given_another_serves_both(parts: Parts) -> None:
    with parts.database.writing() as session:
        assert service.memberships(session) == {}
        assert service.members_of(session, "hotline") == {"alice": 0, "bob": 0}
        service.add_queue(session, "ward", WARD)
        assert service.memberships(session) == {"bob": {"hotline": 0, "ward": 1}}
        hotline = service.get_queue(session, "hotline")
        data = replace(WARD, label="Hotline", overflow=None, max_wait_seconds=None, members={"alice": 0})
        service.save_queue(session, "hotline", data, row_version=hotline.row_version)
        assert service.memberships(session) == {"bob": {"ward": 1}}
        ward = service.get_queue(session, "ward")
        service.save_queue(session, "ward", replace(WARD, members={}), row_version=ward.row_version)
        assert service.memberships(session) == {}
        assert service.members_of(session, "hotline") == {"alice": 0, "bob": 0}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": " "}, "label"),
        ({"service_level_seconds": 0}, "service_level_seconds"),
        ({"service_level_target": 1.2}, "target"),
        ({"wrap_up_seconds": 0}, "wrap_up_seconds"),
        ({"max_wait_seconds": None}, "overflow"),
        ({"overflow": "gone"}, "overflow"),
        ({"overflow": "ward"}, "overflow"),
    ],
)
def test_what_no_queue_can_be_is_refused_at_its_field(parts: Parts, changes: dict[str, object], field: str) -> None:
    with parts.database.writing() as session, pytest.raises(InvalidInput) as refused:
        service.add_queue(session, "ward", replace(WARD, **changes))  # type: ignore[arg-type]
    assert refused.value.fields["field"] == field


@pytest.mark.parametrize("name", ["", "Ward", "3rd", "fallback", "a-b", "x]\nexten"])
def test_a_short_name_that_asterisk_could_not_take_is_refused(parts: Parts, name: str) -> None:
    with parts.database.writing() as session, pytest.raises(InvalidInput):
        service.add_queue(session, name, WARD)


def test_a_queue_is_never_named_like_another_one_or_like_an_agent(parts: Parts) -> None:
    for name in ("hotline", "alice"):
        with parts.database.writing() as session, pytest.raises(Conflict):
            service.add_queue(session, name, WARD)


def test_what_somebody_changed_is_not_set_back_by_the_settings_nor_by_who_comes_second(parts: Parts) -> None:
    other = parts.settings.with_changes(service_level=timedelta(seconds=44))
    with parts.database.writing() as session:
        service.ensure_queues(session, other, "Hotline")
        assert service.get_queue(session, "hotline").service_level_seconds == 44
    data = replace(WARD, overflow=None, max_wait_seconds=None)
    with parts.database.writing() as session:
        service.save_queue(session, "hotline", data, row_version=1)
    with parts.database.writing() as session:
        service.ensure_queues(session, other, "Hotline")
        assert service.get_queue(session, "hotline").service_level_seconds == 30
        with pytest.raises(Conflict):
            service.save_queue(session, "hotline", data, row_version=1)
