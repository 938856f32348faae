"""Calls, their legs, and the commands that make telephony do something."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Module, Scoped
from app.db import Table, text_by_bytes


def number_from_end(number: str) -> str:
    """An E.164 number's digits from the last one on."""
    return number.lstrip("+")[::-1]


class Call(Table):
    """One call with one patient, from first ring to the end of wrap-up. Written by telephony; others read.

    The matched patient, disposition and note are written by the web side on an agent's word.
    """

    __tablename__ = "call"
    __scoped__ = Scoped(module=Module.CALLS, patient="patient_id", at="started_at", owners=("agent",))
    __table_args__ = (
        Index("ix_call_started", "started_at", "id"),
        Index("ix_call_patient", "patient_id", "started_at"),
        Index("ix_call_agent", "agent", "started_at"),
        Index("ix_call_state", "state", "queue"),
        Index("ix_call_number", "number", "started_at"),
        Index("ix_call_number_reversed", "number_reversed"),
        Index("ix_call_parked", "parked_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    linkedid: Mapped[str] = mapped_column(String(64), unique=True)
    direction: Mapped[str] = mapped_column(String(8))  # inbound, outbound, or internal: one of ours with another
    state: Mapped[str] = mapped_column(String(10))  # CallState of app.calls.rules
    outcome: Mapped[str | None] = mapped_column(String(20))  # CallOutcome of app.calls.rules
    ended_by: Mapped[str | None] = mapped_column(String(10))  # caller, agent, system or restart
    number: Mapped[str] = mapped_column(String(20))  # E.164, or "" when withheld or not a number
    # The digits of `number` from the end, so that the last ones are a prefix.
    number_reversed: Mapped[str] = mapped_column(
        text_by_bytes(20),
        default=lambda row: number_from_end(row.get_current_parameters()["number"]),
        server_default="",
    )
    number_signalled: Mapped[str] = mapped_column(String(40))  # as it came from the trunk; agents cannot change it
    dialled: Mapped[str] = mapped_column(String(40))  # hotline that was called, or the number we called
    queue: Mapped[str | None] = mapped_column(String(40))
    agent: Mapped[str | None] = mapped_column(String(64))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    match_state: Mapped[str] = mapped_column(String(12), default="none")  # none, single, several or confirmed
    started_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]  # when the present hold began, else nothing
    notice_at: Mapped[datetime | None]  # when the caller had heard that the call is recorded
    closed_at: Mapped[datetime | None]  # when a message ended the way in, because nobody was there
    voicemail_at: Mapped[datetime | None]  # when the caller began to leave a message
    callback_at: Mapped[datetime | None]  # when the caller asked to be called back
    urgency: Mapped[str] = mapped_column(String(10), default="usual", server_default="usual")
    rejoining_at: Mapped[datetime | None]  # since when the patient waits for a reloaded desk, else nothing
    consult: Mapped[str | None] = mapped_column(String(12))  # ConsultState of app.calls.rules, while somebody is asked
    consult_with: Mapped[str | None] = mapped_column(String(64))  # a username, a queue or an E.164 number
    transferred_to: Mapped[str | None] = mapped_column(String(40))  # the number outside that the patient went to
    parked_at: Mapped[datetime | None]  # since when the patient waits parked, else nothing
    parked_by: Mapped[str | None] = mapped_column(String(64))
    recording_paused_at: Mapped[datetime | None]  # since when the recording holds silence, else nothing
    disposition: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(String(4000))
    wrapped_up_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]  # when two identifiers of the caller were found right
    verified_by: Mapped[str | None] = mapped_column(String(100))  # which ones, as codes with commas
    identity_checks: Mapped[int] = mapped_column(default=0, server_default="0")  # how often that was tried


class Leg(Table):
    """One ringing or talking agent within a call. A call that was offered to three agents has three."""

    __tablename__ = "leg"

    uniqueid: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    agent: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(String(20))


class TelephonyCommand(Table):
    """An order to telephony. Claimed by one conditional update, done at most once, refused after `expires_at`."""

    __tablename__ = "telephony_command"
    __table_args__ = (Index("ix_telephony_command_state", "state", "created_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # CommandKind of app.calls.rules
    args: Mapped[dict[str, Any]]
    agent: Mapped[str] = mapped_column(String(64))
    issued_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, claimed, done, failed or expired
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))


class OutboundLine(Table):
    """Who is being called just now: a number, a person or an agent, held by the order that calls.

    Two who dial at once both try to take the same line, and one of them does not get it.
    """

    __tablename__ = "outbound_line"

    line: Mapped[str] = mapped_column(String(80), primary_key=True)
    held_by: Mapped[str] = mapped_column(String(36), index=True)  # the order's id
    until: Mapped[datetime]  # afterwards anybody may take it: whoever held it is dead
