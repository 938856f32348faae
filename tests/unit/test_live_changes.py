"""Which screens an entry of the journal changes."""

from __future__ import annotations

from typing import Any

import pytest

from app.web.live.changes import Pile, Shown, touched_by

SHOWN = {
    "bob": Shown(call_id="c1", patient_ids=frozenset({7})),
    "carol": Shown(call_id=None, patient_ids=frozenset()),
}


def entry(kind: str, **fields: Any) -> dict[str, Any]:
    return {"seq": 1, "kind": kind, "agent": None, "call_id": None, "message_id": None, "payload": {}} | fields


def test_call_touches_its_agent_and_whoever_shows_it() -> None:
    touched = touched_by(entry("call.answered", call_id="c1", agent="carol"), SHOWN)
    assert touched.agents == {"bob", "carol"}
    assert touched.board


def test_agent_named_in_the_payload_is_touched_too() -> None:
    assert touched_by(entry("call.transferred", payload={"agent": "carol"}), SHOWN).agents == {"carol"}


def test_changed_patient_touches_the_desks_that_show_the_person() -> None:
    assert touched_by(entry("patient.changed", payload={"patient_id": 7}), SHOWN).agents == {"bob"}
    assert touched_by(entry("patient.changed", payload={"patient_id": 8}), SHOWN).agents == frozenset()


def test_text_touches_the_inbox_and_names_itself() -> None:
    touched = touched_by(entry("message.received", message_id=41), SHOWN)
    assert (touched.inbox, touched.message_id, touched.board) == (True, 41, False)


@pytest.mark.parametrize("kind", ["link.lost", "telephony.reconciled", "gateway.changed"])
def test_link_touches_every_desk(kind: str) -> None:
    assert touched_by(entry(kind), SHOWN).every_desk


def test_end_of_a_sign_in_names_it() -> None:
    signed_out = entry("account.signed_out", agent="bob", payload={"session": "0123456789abcdef"})
    assert touched_by(signed_out, SHOWN).ended_session == "0123456789abcdef"


@pytest.mark.parametrize("kind", ["access.opened_in_emergency", "access.changed", "account.changed"])
def test_changed_rights_are_read_anew_and_every_desk_is_drawn_again(kind: str) -> None:
    touched = touched_by(entry(kind, agent="bob"), SHOWN)
    assert (touched.grants, touched.every_desk, touched.inbox) == (True, True, True)


def test_another_team_or_queue_of_an_agent_is_on_the_next_board() -> None:
    for kind in ("team.changed", "serving.changed", "account.role_changed"):
        touched = touched_by(entry(kind), SHOWN)
        assert touched.board and touched.places
    assert not touched_by(entry("agent.changed"), SHOWN).places


def test_unknown_kind_touches_the_board() -> None:
    assert touched_by(entry("weather.changed"), SHOWN).board


def test_entry_without_a_call_does_not_touch_desks_without_a_call() -> None:
    assert touched_by(entry("agent.changed", agent="bob"), SHOWN).agents == {"bob"}


def test_pile_gives_each_key_once_oldest_first() -> None:
    pile: Pile[str] = Pile()
    pile.put("b", "a")
    pile.put("b")
    assert pile.take() == ["b", "a"]
    assert pile.take(0) == []


def test_closed_pile_lets_its_reader_go() -> None:
    pile: Pile[str] = Pile()
    pile.close()
    assert pile.take() == []
    assert pile.is_closed
