"""What a single connection to the manager withstands."""

from __future__ import annotations

import asyncio

import pytest

from telephony.ami.connection import MAX_UNANSWERED, ActionRefused, LinkLost, LinkRefused
from telephony.ami.events import Event, Hangup
from tests.wire import ami_peer
from tests.wire.ami_peer import AMIPeer, frame
from tests.wire.links import connected, counts, hangup, pending, run, until

ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/alice", "Context": "outbound", "Exten": "dial", "Priority": "1"}


def uniqueids(events: list[Event]) -> list[str]:
    return [event.uniqueid for event in events if isinstance(event, Hangup)]


def test_an_added_queue_member_is_answered_and_not_taken_for_a_list() -> None:
    async def conversation(peer: AMIPeer) -> str:
        peer.replies["QueueAdd"] = lambda action: ami_peer.success(action, Message="Added interface to queue")
        async with connected(peer) as (connection, _):
            answer = await connection.send({"Action": "QueueAdd", "Queue": "hotline", "Interface": "PJSIP/alice"})
            return answer["Message"]

    with AMIPeer() as peer:
        assert run(conversation(peer)) == "Added interface to queue"


@pytest.mark.parametrize("action", ["Originate", "Atxfer"])
def test_an_action_without_async_whose_reply_is_queued_keeps_the_link(action: str) -> None:
    async def conversation(peer: AMIPeer) -> list[str]:
        peer.replies[action] = lambda asked: ami_peer.success(asked, Message=f"{action} successfully queued")
        async with connected(peer) as (connection, heard):
            await connection.send(ORIGINATE | {"Action": action})
            peer.say(hangup("after"))
            await until(lambda: heard.events, what="the event after the answer")
            assert not heard.losses
            return uniqueids(heard.events)

    with AMIPeer() as peer:
        assert run(conversation(peer)) == ["after"]


def test_an_event_that_breaks_our_own_code_costs_neither_the_link_nor_the_rest_of_the_segment() -> None:
    async def conversation(peer: AMIPeer) -> None:
        told: list[Event] = []

        def break_on_the_first(event: Event) -> None:
            told.append(event)
            assert len(told) > 1

        async with connected(peer, on_event=break_on_the_first) as (connection, heard):
            peer.say(hangup("1") + hangup("2") + hangup("3"))
            await until(lambda: len(told) == 3, what="the rest of the segment")
            await connection.send({"Action": "Ping"})
            assert not heard.losses

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_frame_with_two_event_headers_is_dropped_and_reported_and_the_link_stays() -> None:
    async def conversation(peer: AMIPeer) -> None:
        forged = b"Event: Hangup\r\n" + hangup("forged")
        async with connected(peer) as (connection, heard):
            peer.say(hangup("before") + forged + hangup("after"))
            await until(lambda: len(heard.events) == 2)
            await connection.send({"Action": "Ping"})
            assert uniqueids(heard.events) == ["before", "after"]
            assert [suspicion.detail for suspicion in heard.suspicions] == ["Event"]
            assert not heard.losses

    with AMIPeer() as peer:
        run(conversation(peer))


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"Event: Hangup\r\nTimestamp: 1700000000.5\r\nChannel: x\r\n\r\n", id="cut short"),
        pytest.param(b"Exten: 4000\r\nContext: from-trunk\r\n\r\n", id="a rest without a name"),
        pytest.param(hangup("1", cause="sixteen"), id="a number that is none"),
        pytest.param(hangup("1").replace(b"1700000000.5", b"1e300"), id="a time beyond all times"),
    ],
)
def test_what_is_left_of_a_frame_that_forged_text_cut_is_reported(damaged: bytes) -> None:
    async def conversation(peer: AMIPeer) -> None:
        async with connected(peer) as (_, heard):
            peer.say(damaged + hangup("after"))
            await until(lambda: heard.events)
            assert uniqueids(heard.events) == ["after"]
            assert len(heard.suspicions) == 1

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_chinese_name_is_whole_wherever_a_segment_ends() -> None:
    data = frame(
        Event="Newchannel", Timestamp="1700000000.5", Channel="PJSIP/trunk-1", Uniqueid="1", Linkedid="1",
        CallerIDNum="王小明", Exten="4000", Context="from-trunk",
    )  # fmt: skip

    async def conversation(peer: AMIPeer) -> None:
        async with connected(peer) as (_, heard):
            for cut in range(1, len(data)):
                peer.say(data[:cut])
                await asyncio.sleep(0)
                peer.say(data[cut:])
                await until(counts(heard.events, cut))
            assert {event.caller_number for event in heard.events} == {"王小明"}  # type: ignore[attr-defined]

    with AMIPeer() as peer:
        run(conversation(peer))


def test_events_come_in_the_order_in_which_they_were_sent() -> None:
    async def conversation(peer: AMIPeer) -> None:
        sent = [str(number) for number in range(2000)]
        async with connected(peer) as (_, heard):
            peer.say(b"".join(hangup(number) for number in sent))
            await until(lambda: len(heard.events) == len(sent))
            assert uniqueids(heard.events) == sent

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_list_that_is_cut_midway_ends_with_the_link() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["CoreShowChannels"] = lambda action: (
            frame(Response="Success", ActionID=action["ActionID"], EventList="start")
            + frame(Event="CoreShowChannel", ActionID=action["ActionID"], Channel="PJSIP/trunk-1")
        )
        async with connected(peer) as (connection, _):
            waiting = asyncio.create_task(connection.collect({"Action": "CoreShowChannels"}))
            await until(lambda: peer.asked("CoreShowChannels"))
            peer.drop()
            with pytest.raises(LinkLost, match="broke"):
                await waiting

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_refused_list_is_answered_at_once() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["PJSIPShowContacts"] = lambda action: ami_peer.error(action, "No Contacts found")
        async with connected(peer) as (connection, _):
            with pytest.raises(ActionRefused, match="No Contacts found"):
                await connection.collect({"Action": "PJSIPShowContacts"})

    with AMIPeer() as peer:
        run(conversation(peer))


def test_a_forged_item_does_not_end_a_list_early() -> None:
    def with_forged_item(action: dict[str, str]) -> bytes:
        answer = ami_peer.listing(action, {"Channel": "a"}, {"Channel": "b"})
        return answer.replace(b"Channel: a\r\n", b"Channel: a\r\nEvent: ListComplete\r\n")

    async def conversation(peer: AMIPeer) -> None:
        peer.replies["CoreShowChannels"] = with_forged_item
        async with connected(peer) as (connection, heard):
            items = await connection.collect({"Action": "CoreShowChannels"})
            assert [item["Channel"] for item in items] == ["b"]
            assert len(heard.suspicions) == 1

    with AMIPeer() as peer:
        run(conversation(peer))


@pytest.mark.parametrize("character", ["\r", "\n", "\0"])
@pytest.mark.parametrize("place", ["value", "key"])
def test_a_line_break_in_an_action_is_refused_before_anything_is_sent(character: str, place: str) -> None:
    injected = f"x{character}Action: Originate"
    action = {"value": {"Action": "Setvar", "Value": injected}, "key": {"Action": "Setvar", injected: "1"}}[place]

    async def conversation(peer: AMIPeer) -> None:
        async with connected(peer) as (connection, _):
            with pytest.raises(ValueError, match="line breaks"):
                await connection.send(action)
            with pytest.raises(ValueError, match="line breaks"):
                await connection.collect(action)
            await connection.send({"Action": "Ping"})

    with AMIPeer() as peer:
        run(conversation(peer))
        assert [action["Action"] for action in peer.actions] == ["Login", "Ping"]


def test_unanswered_actions_are_bounded_and_forgotten() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Setvar"] = ami_peer.silence
        async with connected(peer) as (connection, _):
            sent = [
                asyncio.create_task(connection.send({"Action": "Setvar", "Value": str(number)}))
                for number in range(MAX_UNANSWERED + 50)
            ]
            failures = await asyncio.gather(*sent, return_exceptions=True)
            assert {type(failure) for failure in failures} == {LinkLost}
            await connection.send({"Action": "Ping"})

    with AMIPeer() as peer:
        run(conversation(peer))
        assert len(peer.asked("Setvar")) == MAX_UNANSWERED


def test_a_closed_connection_leaves_nothing_pending() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Originate"] = ami_peer.silence
        before = pending()
        async with connected(peer) as (connection, heard):
            waiting = asyncio.create_task(connection.send(ORIGINATE))
            await until(lambda: peer.asked("Originate"))
            connection.close()
            connection.close()
            with pytest.raises(LinkLost):
                await waiting
            with pytest.raises(LinkLost):
                await connection.send(ORIGINATE)
            assert len(heard.losses) == 1
            assert pending() == before

    with AMIPeer() as peer:
        run(conversation(peer))
        assert peer.logins == 1


def test_a_wrong_secret_is_told_apart_from_a_lost_link() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Login"] = lambda action: ami_peer.error(action, "Authentication failed")
        with pytest.raises(LinkRefused):
            async with connected(peer):
                pass

    with AMIPeer() as peer:
        run(conversation(peer))


def test_an_asterisk_that_dies_while_it_starts_is_noticed_at_once() -> None:
    async def conversation(peer: AMIPeer) -> None:
        peer.replies["Login"] = ami_peer.success
        opening = asyncio.create_task(connected(peer).__aenter__())
        await until(lambda: peer.asked("Login"))
        peer.drop()
        with pytest.raises(LinkLost, match="broke"):
            await opening

    with AMIPeer() as peer:
        run(conversation(peer))


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 300])
def test_a_peer_that_is_no_asterisk_is_left(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_peer, "BANNER", greeting)

    async def conversation(peer: AMIPeer) -> None:
        with pytest.raises(LinkLost):
            async with connected(peer):
                pass

    with AMIPeer() as peer:
        run(conversation(peer))
