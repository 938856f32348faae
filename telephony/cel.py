"""Asterisk's own record of channels (CEL), read from its file: what happened while nobody listened.

`fold` is pure; `read_cel` is the only one that touches the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.calls.rules import PatientTold, Telling, WayIn
from telephony.tracker.channels import QUEUE_NAME, TRUNK, clean_number, endpoint_of, is_own_id
from telephony.tracker.inputs import CallHistory
from telephony.tracker.outcomes import outcome_of

# A line has 12 fields of at most some hundred bytes; more than this at once would only delay the reconnect.
MAX_BYTES = 64 * 1024 * 1024
_FIELDS = 12
# What the dialplan of automatic calls writes; Asterisk puts its name where other lines have their event.
_TOLD = "wardline"
# Every field is quoted and quotes in it are doubled. What a caller's line break begins is no such line, so nobody can
# forge one.
_LINE = re.compile(",".join(['"([^"]*(?:""[^"]*)*)"'] * _FIELDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class CELRow:
    """One line, in Asterisk's words."""

    event: str
    at: datetime
    caller_number: str
    exten: str
    context: str
    channel: str
    application: str
    application_data: str
    uniqueid: str
    linkedid: str
    peer: str
    extra: dict[str, object]
    offset: int = 0
    """Where in the file the line begins."""


def read_cel(path: Path, *, inode: int, offset: int) -> tuple[list[CELRow], int, int]:
    """The whole lines after `offset`, and where to read on: (rows, inode, offset).

    A file that was replaced or cut is read from its start. A half-written last line is left for the next time; a line
    that is none is passed over. A missing file is an empty one.
    """
    try:
        with path.open("rb") as file:
            status = path.stat()
            if status.st_ino != inode or status.st_size < offset:
                offset = 0
            file.seek(offset)
            data = file.read(MAX_BYTES)
    except FileNotFoundError:
        return [], 0, 0
    rows = []
    for line in data.split(b"\n")[:-1]:
        row = _row(line.decode("utf-8", "replace"), offset)
        if row is not None:
            rows.append(row)
        offset += len(line) + 1
    return rows, status.st_ino, offset


def fold(rows: Iterable[CELRow], agents: frozenset[str]) -> dict[str, CallHistory]:
    """One history per Linkedid that is a call with the trunk. The order of lines is Asterisk's order of events."""
    histories: dict[str, CallHistory] = {}
    bridged: dict[tuple[str, str], str] = {}
    for row in rows:
        known = histories.get(row.linkedid)
        if known is None:
            begun = _begin(row, agents)
            if begun is not None:
                histories[row.linkedid] = begun
            continue
        histories[row.linkedid] = _go_on(replace(known, told_at=row.at), row, agents, bridged)
    return histories


def _begin(row: CELRow, agents: frozenset[str]) -> CallHistory | None:
    if row.event != "CHAN_START" or row.uniqueid != row.linkedid:
        return None
    endpoint = endpoint_of(row.channel)
    if endpoint == TRUNK and is_own_id(row.linkedid):
        # We called the patient; whom, the order knows.
        return CallHistory(
            linkedid=row.linkedid,
            direction="outbound",
            number="",
            dialled="",
            started_at=row.at,
            told_at=row.at,
            is_automatic=True,
        )
    if endpoint == TRUNK and row.context == "from-trunk":
        return CallHistory(
            linkedid=row.linkedid,
            direction="inbound",
            number=clean_number(row.caller_number),
            dialled=row.exten,
            started_at=row.at,
            told_at=row.at,
        )
    if endpoint in agents:
        return CallHistory(
            linkedid=row.linkedid,
            direction="outbound",
            number="",
            dialled="",
            started_at=row.at,
            told_at=row.at,
            agent=endpoint,
        )
    return None


def _go_on(call: CallHistory, row: CELRow, agents: frozenset[str], bridged: dict[tuple[str, str], str]) -> CallHistory:
    """`bridged` are the channels that have been in a bridge: uniqueid by Linkedid and endpoint."""
    endpoint = endpoint_of(row.channel)
    is_patient = endpoint == TRUNK
    if row.event == "APP_START" and row.application == "Queue" and call.answered_at is None:
        return replace(call, queue=row.application_data.split(",")[0], queued_at=call.queued_at or row.at)
    if row.event == "APP_START" and row.application == "Dial" and call.direction == "outbound" and not call.dialled:
        return replace(call, dialled=row.application_data.partition("/")[2].partition("@")[0])
    if row.event == "ANSWER" and call.is_automatic and call.answered_at is None and row.uniqueid == row.linkedid:
        return replace(call, answered_at=row.at)
    if row.event == _TOLD and call.direction == "inbound":
        return _hear(call, row)
    if row.event == _TOLD and call.is_automatic:
        return replace(call, told=(*call.told, *_told(row)))
    if row.event == "BRIDGE_ENTER":
        bridged[row.linkedid, endpoint] = row.uniqueid
        with_agent = next((name for linkedid, name in bridged if linkedid == row.linkedid and name in agents), None)
        if call.answered_at is None and with_agent is not None and (row.linkedid, TRUNK) in bridged:
            uniqueid = bridged[row.linkedid, with_agent]
            return replace(call, answered_at=row.at, agent=with_agent, agent_uniqueid=uniqueid)
        if endpoint in agents:
            return replace(call, agent=endpoint, agent_uniqueid=row.uniqueid)
    if row.event == "HANGUP" and (is_patient or (call.direction == "outbound" and not call.is_automatic)):
        return _hang_up(call, row, is_patient=is_patient)
    if row.event == "LINKEDID_END":
        return replace(call, ended_at=call.ended_at or row.at, is_complete=True)
    return call


def _hang_up(call: CallHistory, row: CELRow, *, is_patient: bool) -> CallHistory:
    if call.ended_at is not None and not is_patient:
        return call
    source = endpoint_of(str(row.extra.get("hangupsource", "")))
    by = "caller" if source == TRUNK else "agent" if source else "system"
    cause = row.extra.get("hangupcause")
    outcome = outcome_of(
        is_answered=call.answered_at is not None,
        direction=call.direction,
        hung_up_by=by,
        cause=cause if isinstance(cause, int) else 0,
        dial_status=str(row.extra.get("dialstatus", "")),
        is_automatic=call.is_automatic,
        has_asked_back=call.callback_at is not None,
        has_left_message=call.voicemail_at is not None,
        is_closed=call.closed_at is not None,
    )
    return replace(call, ended_at=row.at, ended_by=by, outcome=outcome)


def _hear(call: CallHistory, row: CELRow) -> CallHistory:
    """What the way in tells of a call: the notice was heard, nobody is there, a message is left."""
    what, _, rest = str(row.extra.get("extra", "")).partition("|")
    match what:
        case WayIn.NOTICE:
            return replace(call, notice_at=call.notice_at or row.at)
        case WayIn.CLOSED:
            return replace(call, closed_at=call.closed_at or row.at)
        case WayIn.VOICEMAIL:
            return replace(call, voicemail_at=call.voicemail_at or row.at)
        case WayIn.CALLBACK:
            queue = rest.partition("|")[2]
            is_new = call.queue is None and QUEUE_NAME.fullmatch(queue)
            call = replace(call, queue=queue, queued_at=row.at) if is_new else call
            return replace(call, callback_at=call.callback_at or row.at)
        case "direct" if call.queue is None and QUEUE_NAME.fullmatch(rest.partition("|")[2]):
            return replace(call, queue=rest.partition("|")[2], queued_at=row.at)
        case _:
            return call


def _told(row: CELRow) -> list[PatientTold]:
    """What the dialplan tells of an automatic call: `what|question|keys`."""
    what, _, rest = str(row.extra.get("extra", "")).partition("|")
    question, _, given = rest.partition("|")
    if what not in set(Telling) or not question.isdecimal():
        return []
    told = PatientTold(
        at=row.at, linkedid=row.linkedid, telling=Telling(what), question=int(question), given=given[:20]
    )
    return [told]


def _row(line: str, offset: int) -> CELRow | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    fields = [field.replace('""', '"') for field in found.groups()]
    try:
        extra = json.loads(fields[11]) if fields[11] else {}
        return CELRow(
            event=fields[0],
            at=datetime.fromtimestamp(float(fields[1]), UTC),
            caller_number=fields[2],
            exten=fields[3],
            context=fields[4],
            channel=fields[5],
            application=fields[6],
            application_data=fields[7],
            uniqueid=fields[8],
            linkedid=fields[9],
            peer=fields[10],
            extra=extra if isinstance(extra, dict) else {},
            offset=offset,
        )
    except (ValueError, OverflowError):
        return None
