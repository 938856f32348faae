"""Short words for conversations with the tracker: two ready agents, a talk, a snapshot, a history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.calls.rules import CallOutcome, CallRecord, CommandKind
from telephony.tracker import inputs
from tests.unit.switch_model import NUMBER, Party, SwitchModel


def two_ready_agents() -> SwitchModel:
    model = SwitchModel("alice", "bob")
    for agent in ("alice", "bob"):
        model.order(CommandKind.SET_READY, agent)
    return model


def talk(switch: SwitchModel) -> Party:
    party = switch.call_in()
    assert switch.offer(party) == "alice"
    switch.answer(party)
    return party


def only_call(switch: SwitchModel) -> CallRecord:
    (call,) = switch.play.calls.values()
    return call


def snapshot(switch: SwitchModel, **changes: object) -> inputs.Snapshot:
    contacts = {agent: frozenset({f"sip:{agent}@127.0.0.1"}) for agent in switch.agents}
    given = inputs.Snapshot(
        at=switch.now,
        is_restarted=False,
        channels=tuple(switch.channels.values()),
        members=switch.seen_members(),
        contacts=contacts,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def history(switch: SwitchModel, linkedid: str, **changes: object) -> inputs.CallHistory:
    told = inputs.CallHistory(
        linkedid=linkedid,
        direction="inbound",
        number=NUMBER,
        dialled="4000",
        started_at=switch.now - timedelta(seconds=9),
        told_at=switch.now - timedelta(seconds=1),
        outcome=CallOutcome.ABANDONED,
    )
    return replace(told, **changes)  # type: ignore[arg-type]
