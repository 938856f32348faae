"""A patient is called at most once, however often the link to Asterisk is cut while the order is on its way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import uuid
from collections import Counter

from telephony.ami.connection import ActionRefused, LinkLost
from telephony.ami.link import AMILink, LinkState
from telephony.ami.times import LinkTimes
from telephony.effects import action_for
from telephony.tracker.inputs import CallPatient
from tests.wire.ami_peer import AMIPeer
from tests.wire.links import until

# WARDLINE_CUTS=1000 takes some seconds.
CUTS = int(os.environ.get("WARDLINE_CUTS", "300"))
TIMES = LinkTimes(
    answer_seconds=0.3, boot_seconds=1.0, ping_seconds=0.05, first_retry_seconds=0.001, longest_retry_seconds=0.002
)


def test_no_call_is_doubled_when_the_link_is_cut() -> None:
    chance = random.Random(3)
    sent: list[tuple[str, bool]] = []

    async def nothing() -> None:
        pass

    async def call(link: AMILink) -> None:
        id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        effect = CallPatient(uniqueid=id, digits="13800138000", caller="4000", variables={})
        is_known = False
        with contextlib.suppress(LinkLost, ActionRefused):
            await link.send(action_for(effect))
            is_known = True
        sent.append((id, is_known))

    async def conversation(peer: AMIPeer) -> None:
        link = AMILink(
            peer.address, reconcile=nothing, on_event=lambda _event: None, on_suspicion=lambda _frame: None,
            on_state=lambda _state, _detail: None, on_proof=lambda: None, times=TIMES,
        )  # fmt: skip
        running = asyncio.create_task(link.run())
        try:
            for _cut in range(CUTS):
                await until(lambda: link.state is LinkState.UP)
                calls = [asyncio.create_task(call(link)) for _ in range(2)]
                await asyncio.sleep(chance.choice((0, 0, 0.0002, 0.0005, 0.001, 0.002)))
                peer.drop()
                await asyncio.gather(*calls)
                await call(link)  # while the link is down, or comes back
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    with AMIPeer() as peer:
        asyncio.run(conversation(peer))
        dialled = Counter(action["ChannelId"] for action in peer.asked("Originate"))
    assert len(sent) == 3 * CUTS
    assert [id for id, count in dialled.items() if count > 1] == []
    assert [id for id, is_known in sent if is_known and id not in dialled] == []
