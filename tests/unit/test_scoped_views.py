"""No view can reach the database past the scope of whoever asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_APP = Path(__file__).parents[2] / "app"
# Views that read or write for the house and not for whoever asks, and why.
_FOR_THE_HOUSE = {
    "access": "what somebody else would see is counted, cut to that person's scope",
    "accounts": "nobody is signed in yet, or the account itself is meant",
    "channels": "a contact comes in from outside, and belongs to somebody whoever brings it may not see",
    "floor": "figures are of the whole floor; who and whose call it is come through the scope",
    "queues": "the board counts the whole floor",
    "questionnaires": "the page behind a link: the secret says whose answers these are, and nobody is signed in",
    "recordings": "a lost file and a listening are noted whatever the listener may change",
}


def _files() -> Iterator[tuple[str, Path]]:
    for path in sorted(_APP.glob("*/routes*")):
        yield from ((path.parent.name, each) for each in ([path] if path.is_file() else sorted(path.glob("*.py"))))


def _opens_a_session_itself(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "database" for node in ast.walk(tree))


def test_views_open_sessions_through_the_scope_of_whoever_asks() -> None:
    past_it = {room for room, path in _files() if _opens_a_session_itself(ast.parse(path.read_text()))}
    assert past_it - _FOR_THE_HOUSE.keys() == set()


def test_the_list_of_exceptions_names_no_room_that_needs_none() -> None:
    past_it = {room for room, path in _files() if _opens_a_session_itself(ast.parse(path.read_text()))}
    assert _FOR_THE_HOUSE.keys() - past_it == set()
