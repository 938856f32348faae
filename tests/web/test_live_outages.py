"""A database that is away for a moment: what could not be read then is sent when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.parts import Parts
from tests.waiting import wait_for
from tests.web.live_page import PageOf, receive, ring


class Outage:
    """While it lasts every reading transaction fails; `failures` counts them."""

    def __init__(self) -> None:
        self.lasts = threading.Event()
        self.failures = 0

    def begin(self, connection: Any) -> None:
        if self.lasts.is_set() and not connection.get_execution_options().get("wardline_writing"):
            self.failures += 1
            raise OperationalError("SELECT", {}, ConnectionError("the database is away"))


@pytest.fixture
def outage(parts: Parts) -> Outage:
    outage = Outage()
    event.listen(parts.database.engine, "begin", outage.begin)
    return outage


def _in_an_outage(outage: Outage, happen: Callable[[], object]) -> None:
    outage.lasts.set()
    happen()
    # More than one loop looks into the database; each has failed by then.
    wait_for(lambda: outage.failures >= 4, what="the failing loops")
    outage.lasts.clear()


def test_a_call_that_rang_while_the_database_was_away_pops_when_it_is_back(
    page_of: PageOf, parts: Parts, outage: Outage
) -> None:
    bob = page_of("bob")
    bob.last("desk")
    _in_an_outage(outage, lambda: ring(parts, "bob"))
    assert bob.last("desk", lambda desk: desk["call"] is not None)["call"]["number"] == "+8613800138000"


def test_a_text_that_came_while_the_database_was_away_is_shown_when_it_is_back(
    page_of: PageOf, parts: Parts, outage: Outage
) -> None:
    bob = page_of("bob")
    bob.last("inbox")
    _in_an_outage(outage, lambda: receive(parts, "13800138000", "复查需要空腹吗"))
    assert bob.last("inbox", lambda inbox: inbox["messages"])["messages"][0]["text"] == "复查需要空腹吗"
    assert bob.last("message")["message"]["text"] == "复查需要空腹吗"
