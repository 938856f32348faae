"""Whom a call can be led to: a colleague, a queue, or a number outside. Checked here, and here last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from app.agents.rules import AgentState
from app.texts import N_
from telephony.tracker import inputs
from telephony.tracker.channels import clean_number, digits_to_dial
from telephony.tracker.desks import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`name` is what is stored and shown: a username, a queue, or an E.164 number. `exten` is the dialplan's word."""

    name: str
    exten: str
    is_outside: bool = False
    is_queue: bool = False


class Targets:
    """Reads the desks, the queues and the list of what may be dialled, which may all change."""

    def __init__(self, desks: Mapping[str, Desk], queues: Set[str], may_dial: Callable[[str], bool]) -> None:
        self._desks = desks
        self._queues = queues
        self._may_dial = may_dial

    def of(self, command: inputs.CommandIssued) -> Target | str:
        """The target that an order names by `to` or by `number`, or a sentence that says why it is none."""
        if command.args.get("number"):
            return self._outside(str(command.args["number"]))
        name = str(command.args.get("to", ""))
        if name in self._queues:
            return Target(name=name, exten=name, is_queue=True)
        if name not in self._desks or name == command.agent:
            return N_("Choose a colleague or a queue.")
        if self._desks[name].record.state is not AgentState.READY:
            return N_("This colleague is not ready. Choose another, or the queue.")
        return Target(name=name, exten=name)

    def extension_to_ask(self, target: Target, *, by: str) -> inputs.Extension | None:
        """Where the channel of an agent who asks goes; nothing when nobody of the queue is ready.

        A queue is asked by ringing one after the other of those who are ready: nobody waits in it; the patient holds.
        """
        if target.is_outside:
            return inputs.Extension(context="consult-outside", exten=target.exten)
        exten = self._first_ready(target.name, by) if target.is_queue else target.exten
        return inputs.Extension(context="consult", exten=exten) if exten else None

    def next_to_ask(self, queue: str, *, by: str) -> inputs.Extension | None:
        """Who is rung after one of the queue has not answered; nothing when `queue` is none, or has nobody more."""
        exten = self._first_ready(queue, by) if queue in self._queues else ""
        return inputs.Extension(context="consult", exten=exten) if exten else None

    def _first_ready(self, queue: str, by: str) -> str:
        """Of those with the lowest penalty, who has been ready for longest."""
        ready = [
            (desk.queues[queue], desk.record.since, name)
            for name, desk in self._desks.items()
            if name != by and queue in desk.queues and desk.record.state is AgentState.READY
        ]
        return min(ready)[2] if ready else ""

    def _outside(self, given: str) -> Target | str:
        number = clean_number(given)
        if not number or not self._may_dial(number):
            return N_("Numbers that begin like this one are not dialled from here.")
        return Target(name=number, exten=digits_to_dial(number), is_outside=True)
