"""Every page and every answer of the application, with the ids of what was put into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apiflask import APIFlask

from app.calls.models import Call
from app.messages.models import Message
from app.parts import Parts
from app.patients import service as patients
from app.recordings.models import Recording

# Streams that never end, and what is the same for everybody.
_PASSED_OVER = frozenset({"static", "openapi.spec", "status.show_health"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """The ids that an address may name, and what no masked user may read."""

    ids: Mapping[str, Any]
    secrets: tuple[str, ...]


def seed(parts: Parts) -> Seeded:
    """One patient with a number, an id card and a card; a contact person; a call, its recording and two texts."""
    now = parts.now()
    contact = patients.ContactData(
        name="李敏", relation="child", may_be_told=True, phones=(patients.PhoneData(number="13713572468"),)
    )
    data = patients.PatientData(
        name="王秀兰",
        birth_date=date(1972, 3, 1),
        address="浙江省杭州市西湖区文三路987号",
        phones=(patients.PhoneData(number="13824681357"),),
        identifiers=(
            patients.IdentifierData(type="id_card", value="110101197203010049"),
            patients.IdentifierData(type="card", value="YKT90817263"),
        ),
        contacts=(contact,),
    )
    with parts.database.writing() as session:
        made = patients.create_patient(session, parts.bus, data, settings=parts.settings, by="alice", now=now)
        for id, number, patient_id in (("c1", "+8613824681357", made.id), ("c2", "+8615924683579", None)):
            call = Call(
                id=id, linkedid=id, direction="inbound", state="answered", number=number,
                number_signalled=number[3:], dialled="4000", agent="bob", patient_id=patient_id,
                match_state="single" if patient_id else "none", started_at=now, answered_at=now, ended_at=now,
                outcome="answered",
            )  # fmt: skip
            session.add(call)
            message = Message(
                direction="in", kind="care", state="new", number=number, patient_id=patient_id, text="hello",
                created_at=now,
            )  # fmt: skip
            session.add(message)
        session.flush()
        recording = Recording(id="r1", call_id="c1", source_name="c1", state="ready", path="r1.flac", started_at=now)
        session.add(recording)
    ids = {"patient_id": made.id, "message_id": 1, "call_id": "c1", "recording_id": "r1", "kind": "call"}
    secrets = ("13824681357", "13713572468", "15924683579", "110101197203010049", "YKT90817263", "文三路987")
    return Seeded(ids={**ids, "item_id": "c1"}, secrets=secrets)


def addresses(app: APIFlask, ids: Mapping[str, Any], method: str = "GET") -> Iterator[tuple[str, str]]:
    """Endpoint and address of every rule of that method; ids that nobody seeded are 1."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if method not in (rule.methods or ()) or rule.endpoint in _PASSED_OVER:
                continue
            arguments = {name: ids.get(name, 1) for name in rule.arguments if name not in (rule.defaults or {})}
            yield rule.endpoint, app.url_for(rule.endpoint, **arguments)


def told_in(body: str, secrets: tuple[str, ...]) -> list[str]:
    """The secrets that this body holds, in whatever way numbers are grouped and texts escaped."""
    plain = re.sub(r"[\s\-]", "", body)
    spelled = {secret: {secret, json.dumps(secret).strip('"')} for secret in secrets}
    return [secret for secret, ways in spelled.items() if any(way in plain for way in ways)]
