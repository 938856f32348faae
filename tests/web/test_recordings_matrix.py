"""Who may do what with which recording: every route of app/recordings, as each person, at each kind of recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.access.models import UserGrant
from app.accounts.models import User
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.configuration.rules import LISTENING_NEEDS_REASON
from app.configuration.service import set_value
from app.organisation import service as organisation
from app.organisation.rules import DepartmentKind
from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.models import Recording, RecordingDeletion, Transcript
from app.recordings.rules import TranscriptState
from app.recordings.service.word_index import add_words
from recordings.pickup import process_recording
from tests.two_sided import add_ended_call, write_raw
from tests.web.browser import PASSWORD
from tests.web.conftest import Browser

_TABLE = Path(__file__).with_name("recordings_matrix.txt")
_PEOPLE = {
    "own": "bob",
    "colleague": "carol",
    "team": "alice",
    "elsewhere": "sam",
    "qa": "quinn",
    "doctor": "dora",
    "admin": "adam",
}
_MORE: Mapping[str, dict[str, Any]] = {
    "play_on": {"headers": {"Range": "bytes=10-19"}},
    "play_why": {"query_string": {"reason": "sample"}},
    "read": {"query_string": {"read": "1"}},
    "take_words": {"query_string": {"reason": "court"}},
    "download": {"query_string": {"download": "1", "reason": "court"}},
    "comment": {"data": {"at": "0.5", "text": "Greeting"}},
    "hold": {"data": {"subject": "dispute 7"}},
    "evidence": {"data": {"reason": "court"}},
    "order": {"data": {"expected": "0"}},
}
"""What a verb sends beside its address."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done: its address, and for each kind of recording what each person gets."""

    name: str
    method: str
    address: str
    lines: Mapping[str, Mapping[str, str]]


def read_table() -> tuple[list[str], list[Verb]]:
    """The people at the head of the columns, and the verbs in their order."""
    rows = [line.split() for line in _TABLE.read_text().splitlines() if line.strip() and line[0] != "#"]
    people, verbs = rows[0], list[Verb]()
    for row in rows[1:]:
        if row[1] in ("GET", "POST"):
            lines: dict[str, dict[str, str]] = {}
            verbs.append(Verb(row[0], row[1], row[2], lines))
        else:
            lines[row[0]] = dict(zip(people, row[1:], strict=True))
    return people, verbs


@dataclass(frozen=True, slots=True)
class Ward:
    """The recordings by kind, and the comment and the hold of each."""

    ids: Mapping[str, str]
    comments: Mapping[str, int]
    holds: Mapping[str, int]


@pytest.fixture
def ward(app: APIFlask, parts: Parts) -> Ward:
    """bob and alice in one department, carol and sam in another; agents see their own, supervisors their department's.

    quinn and another of quality see sixty days. `outside` is a third department's and older; `asked` is an ordinary one
    where the hospital asks why somebody listens.
    """
    with parts.database.writing() as session:
        for name, role in (("sam", Role.SUPERVISOR), ("tom", Role.QA), ("erin", Role.AGENT)):
            create_user(session, username=name, display_name=name, role=role, password=PASSWORD, now=parts.now())
        people = {each.username: each for each in session.query(User)}
        for place, members in enumerate((("bob", "alice"), ("carol", "sam"), ("erin",))):
            made = organisation.create_department(
                session, code=f"d{place}", name=f"D{place}", kind=DepartmentKind.OFFICE, now=parts.now()
            )
            for name in members:
                people[name].department_id = made.id
        for name, limits in (
            *((agent, {"reach": "own"}) for agent in ("bob", "carol", "erin")),
            *((supervisor, {"reach": "department"}) for supervisor in ("alice", "sam")),
            *((grader, {"days": 60}) for grader in ("quinn", "tom")),
        ):
            session.add(UserGrant(user_id=people[name].id, module="calls", **limits))
    ids = {kind: _add(parts, kind) for kind in ("ordinary", "held", "deleted", "damaged", "asked")}
    ids["outside"] = _add(parts, "outside", agent="erin", days=90)
    comments, holds = {}, {}
    with parts.database.writing() as session:
        for kind, id in ids.items():
            found = session.get_one(Recording, id)
            more: dict[str, Any] = {"by": "quinn", "now": parts.now()}
            comments[kind] = recordings.add_comment(session, found, at_seconds=0.5, text="Zyx", **more).id
            said = Transcript(recording_id=id, state=TranscriptState.MADE, search_text="zyx")
            session.add(said)
            session.flush()
            add_words(session, said)
        [held] = recordings.hold(session, parts.bus, [ids["held"]], subject="case", by="alice", now=parts.now())
        holds["held"] = held.id
        session.get_one(Recording, ids["damaged"]).state = "damaged"
        order = {"keeping_class": "consultation", "years": 3, "ordered_by": "adam", "ordered_at": parts.now()}
        session.add(RecordingDeletion(recording_id=ids["deleted"], **order))
        session.flush()
        recordings.recording_removed(session, parts.bus, session.get_one(Recording, ids["deleted"]), parts.now())
    return Ward(ids, comments, holds)


def _add(parts: Parts, stem: str, *, agent: str = "bob", days: int = 2) -> str:
    at = parts.now() - timedelta(days=days)
    write_raw(parts.settings.spool_dir, stem, written_at=at)
    recording_id = add_ended_call(parts, stem, answered_at=at, agent=agent)[1]
    process_recording(parts, recording_id)
    return recording_id


@pytest.fixture
def clients(
    app: APIFlask, browser_of: Callable[[str], Browser], bearer_of: Callable[[str], dict[str, str]], ward: Ward
) -> Iterator[Mapping[str, Callable[..., str]]]:
    """For each column somebody who asks and says what came back."""
    found = {"nobody": _asker(app.test_client(), {})}
    for column, name in _PEOPLE.items():
        browser = browser_of(name)
        found[column] = _asker(browser.client, {"X-CSRFToken": browser.token("/account")})
    found["token"] = _asker(app.test_client(), bearer_of("tom"))
    yield found


def _asker(client: FlaskClient, headers: Mapping[str, str]) -> Callable[..., str]:
    def ask(method: str, address: str, ids: Mapping[str, str], more: Mapping[str, Any], *, is_list: bool) -> str:
        given = {**more, "headers": {**headers, **more.get("headers", {})}}
        answer = client.open(address, method=method, buffered=True, **given)
        if is_list and answer.status_code == 200:
            return "listed" if ids["recording_id"] in answer.text else "absent"
        if answer.status_code != 303:
            return str(answer.status_code)
        with client.session_transaction() as session:
            words = session.pop("_flashes", [])
        return {"success": "done", "danger": "refused"}[words[0][0]] if words else "done"

    return ask


def test_each_route_of_recordings_is_in_the_table(app: APIFlask) -> None:
    """A new route fails here until somebody has written down what each person gets of each recording."""
    found = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if app.view_functions[rule.endpoint].__module__.startswith("app.recordings.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(verb.method, verb.address) for verb in read_table()[1]} == found


def test_everybody_gets_what_the_table_says(
    app: APIFlask, parts: Parts, ward: Ward, clients: Mapping[str, Callable[..., str]]
) -> None:
    people, verbs = read_table()
    assert people == [*clients]
    wrong = []
    for kind, id in ward.ids.items():
        with parts.database.writing() as session:
            set_value(session, LISTENING_NEEDS_REASON, kind == "asked", by="adam", now=parts.now())
        ids = {
            "recording_id": id,
            "comment_id": str(ward.comments[kind]),
            "hold_id": str(ward.holds.get(kind, 0)),
            "name": "consultation",
        }
        for verb in verbs:
            address = verb.address
            for name, value in ids.items():
                address = address.replace(f"<{name}>", value).replace(f"<int:{name}>", value)
            for column, expected in verb.lines.get(kind, {}).items():
                more, is_list = _MORE.get(verb.name, {}), verb.name == "list"
                got = clients[column](verb.method, address, ids, more, is_list=is_list)
                if got != expected:
                    wrong.append(f"{verb.name} {kind} as {column}: {got}, not {expected}")
    assert wrong == []
