"""What the link does when the connection goes, hangs or is refused: nothing is replayed, nothing believed too early."""

from __future__ import annotations

import asyncio
import time

import pytest

from telephony.ami.connection import LinkLost
from telephony.ami.events import Event, Hangup
from telephony.ami.link import LinkState
from tests.wire import ami_peer
from tests.wire.ami_peer import AMIPeer
from tests.wire.links import QUICK, counts, hangup, linked, pending, run, until

ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/alice", "Async": "true"}


def test_an_unanswered_order_to_dial_is_not_sent_again_after_a_drop() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Originate"] = ami_peer.silence
        async with linked(peer) as (link, heard):
            await until(lambda: link.state is LinkState.UP)
            dialling = asyncio.create_task(link.send(ORIGINATE))
            await until(lambda: peer.asked("Originate"))
            peer.drop()
            with pytest.raises(LinkLost):
                await dialling
            await until(lambda: heard.states.count(LinkState.UP) == 2, what="the next connection")
            await until(lambda: len(peer.asked("Ping")) >= 4, what="a while on the next connection")

    with AMIPeer() as peer:
        run(conversation(peer))
        assert len(peer.asked("Originate")) == 1


def test_an_order_given_while_the_link_is_down_is_never_sent() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Login"] = ami_peer.silence
        async with linked(peer) as (link, heard):
            await until(lambda: peer.asked("Login"))
            peer.drop()
            await until(lambda: heard.states)
            with pytest.raises(LinkLost):
                await link.send(ORIGINATE)
            peer.replies["Login"] = lambda action: ami_peer.success(action) + ami_peer.BOOTED
            await until(lambda: len(peer.asked("Ping")) >= 3, what="the link's return")

    with AMIPeer() as peer:
        run(conversation(peer))
        assert peer.asked("Originate") == []


def test_a_half_open_link_is_noticed_and_replaced() -> None:
    async def conversation(peer: AMIPeer) -> None:
        async with linked(peer) as (link, heard):
            await until(lambda: heard.proofs)
            peer.go_deaf()
            await until(lambda: link.state is LinkState.DOWN, what="the loss")
            assert heard.details[-1] == "no answer"
            peer.hear_again()
            await until(lambda: link.state is LinkState.UP, what="the next connection")

    with AMIPeer() as peer:
        run(conversation(peer))
        assert peer.logins == 2


def test_a_refused_secret_is_not_tried_again_soon() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Login"] = lambda action: ami_peer.error(action, "Authentication failed")
        async with linked(peer) as (_, heard):
            await until(lambda: heard.states, what="the refusal")
            assert heard.details == ["Asterisk refused the user or the secret"]
            refused_at = time.monotonic()
            await until(lambda: peer.logins == 2, what="the next try")
            assert time.monotonic() - refused_at > 10 * QUICK.longest_retry_seconds

    with AMIPeer() as peer:
        run(conversation(peer))


def test_events_that_come_while_the_state_is_read_are_told_after_it_in_order() -> None:
    async def conversation(peer: AMIPeer) -> None:
        told: list[str] = []

        def tell(event: Event) -> None:
            assert isinstance(event, Hangup)
            told.append(event.uniqueid)

        async def read_state() -> None:
            peer.say(hangup("1") + hangup("2"))
            await link.send({"Action": "CoreStatus"})
            told.append("state")

        async with linked(peer, reconcile=read_state, on_event=tell) as (link, _):
            await until(lambda: link.state is LinkState.UP)
            await link.reconcile_again()
            assert told == ["state", "1", "2"] * 2

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_state_that_cannot_be_read_is_read_again_on_the_next_connection() -> None:
    async def conversation(peer: AMIPeer) -> None:
        readings: list[None] = []

        async def fail_once() -> None:
            readings.append(None)
            assert len(readings) > 1

        async with linked(peer, reconcile=fail_once) as (link, heard):
            await until(lambda: link.state is LinkState.UP)
            assert heard.states == [LinkState.RECONCILING, LinkState.DOWN, LinkState.RECONCILING, LinkState.UP]

    with AMIPeer() as peer:
        run(conversation(peer))


def test_an_event_that_breaks_our_own_code_after_a_reading_costs_neither_the_link_nor_the_others() -> None:
    async def conversation(peer: AMIPeer) -> None:
        told: list[Event] = []

        def break_on_the_first(event: Event) -> None:
            told.append(event)
            assert len(told) > 1

        async def read_state() -> None:
            peer.say(hangup("1") + hangup("2"))
            await link.send({"Action": "CoreStatus"})

        async with linked(peer, reconcile=read_state, on_event=break_on_the_first) as (link, heard):
            await until(lambda: link.state is LinkState.UP)
            assert len(told) == 2
            assert heard.states == [LinkState.RECONCILING, LinkState.UP]

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_cancelled_link_leaves_nothing_pending() -> None:
    async def conversation(peer: AMIPeer) -> None:
        before = pending()
        async with linked(peer) as (link, _):
            await until(lambda: link.state is LinkState.UP)
        assert pending() == before

    with AMIPeer() as peer:
        run(conversation(peer))
        assert peer.logins == 1


def test_a_link_that_breaks_at_any_byte_comes_back() -> None:
    data = hangup("1")

    async def conversation(peer: AMIPeer) -> None:
        async with linked(peer) as (link, heard):
            for cut in range(0, len(data), 7):
                await until(lambda: link.state is LinkState.UP)
                ups = heard.states.count(LinkState.UP)
                peer.say(data[:cut])
                peer.drop()
                await until(counts(heard.states, ups + 1, of=LinkState.UP))
            assert heard.events == []
            assert heard.suspicions == []

    with AMIPeer() as peer:
        run(conversation(peer))
