"""Nothing is lost and nothing is sent twice when the gateway is killed in the middle of its work."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.messages import service
from app.parts import Parts
from sms_gateway.demo import DemoSMSC
from tests.smsc import messages_of, numbers, queue_mass, queue_texts, running_smsc, states_of, submits_by_number
from tests.waiting import wait_for

WINDOW, KILLS, MESSAGES = 10, 3, 150
_ROOT = Path(__file__).resolve().parents[2]


def start_gateway(parts: Parts, smsc: DemoSMSC) -> subprocess.Popen[bytes]:
    url = parts.settings.database_url
    command = [sys.executable, "-W", "ignore", "-m", "tests.live.gateway_process", url, str(smsc.port), str(WINDOW)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def submitted(smsc: DemoSMSC) -> int:
    return int(smsc.control("state")["submitted"])


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_kill_9_loses_nothing_and_doubles_nothing(parts: Parts) -> None:
    chance = random.Random(11)
    with running_smsc(latency_ms=20, receipts="none") as smsc:
        queue_texts(parts, numbers(MESSAGES))
        for _ in range(KILLS):
            process, before = start_gateway(parts, smsc), submitted(smsc)
            goal = before + chance.randint(15, 35)
            wait_for(lambda goal=goal: submitted(smsc) >= goal, seconds=30, what="some submits")
            process.kill()
            process.wait()
        process = start_gateway(parts, smsc)
        try:
            wait_for(
                lambda: states_of(parts)["sent"] + states_of(parts)["uncertain"] == MESSAGES, seconds=60, what="the end"
            )
        finally:
            process.kill()
            process.wait()
        counts = submits_by_number(smsc)
    assert max(counts.values()) == 1
    uncertain = {message.number for message in messages_of(parts) if message.error_code == service.UNCERTAIN}
    assert len(uncertain) <= KILLS * WINDOW
    assert set(numbers(MESSAGES)) - set(counts) <= uncertain


def test_receipts_settle_what_the_kills_left_uncertain(parts: Parts) -> None:
    with running_smsc(latency_ms=100, receipt_delay_ms=300) as smsc:
        queue_texts(parts, numbers(60))
        for goal in (5, 25):
            process = start_gateway(parts, smsc)
            wait_for(lambda goal=goal: submitted(smsc) >= goal, seconds=30, what="some submits")
            process.kill()
            process.wait()
        process = start_gateway(parts, smsc)
        try:
            wait_for(lambda: states_of(parts)["delivered"] == submitted(smsc) > 40, seconds=30, what="all receipts")
        finally:
            process.kill()
            process.wait()
        counts = submits_by_number(smsc)
    delivered = {message.number for message in messages_of(parts) if message.state == "delivered"}
    assert delivered == set(counts)
    assert all(count == 1 for count in counts.values())


class Nursery:
    """Gateways that are started and killed in quick succession, one at a time."""

    def __init__(self, parts: Parts, smsc: DemoSMSC) -> None:
        url, port = parts.settings.database_url, str(smsc.port)
        command = [sys.executable, "-W", "ignore", "-m", "tests.live.gateway_nursery", url, port, str(WINDOW)]
        self.process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """One gateway as long as the block lasts, and then the end of it by kill -9."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        try:
            yield
        finally:
            os.kill(pid, signal.SIGKILL)
            assert self.process.stdout.readline() == "gone\n"

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.mark.timeout(300)
def test_a_hundred_kills_lose_nothing_double_nothing_and_receipts_settle_nearly_all(parts: Parts) -> None:
    kills, messages, chance = 100, 6_000, random.Random(7)
    with running_smsc(latency_ms=10, receipt_delay_ms=150) as smsc:
        queue_mass(parts, numbers(messages))
        nursery = Nursery(parts, smsc)
        for _ in range(kills):
            goal = submitted(smsc) + chance.randint(20, 55)
            with nursery.gateway():
                wait_for(lambda goal=goal: submitted(smsc) >= goal, seconds=30, what="some submits")
        before = states_of(parts)["uncertain"] + states_of(parts)["queued"]
        with nursery.gateway():
            wait_for(
                lambda: states_of(parts)["delivered"] + states_of(parts)["uncertain"] == messages,
                seconds=60,
                what="the end",
            )
            wait_for(
                lambda: states_of(parts)["delivered"] == len(submits_by_number(smsc)), seconds=30, what="late receipts"
            )
        nursery.close()
        counts = submits_by_number(smsc)
    states = states_of(parts)
    assert before > 0
    assert max(counts.values()) == 1
    # What no receipt came for never reached the SMSC, and is not sent again behind anybody's back.
    assert states == {"delivered": len(counts), "uncertain": messages - len(counts)}
    assert states["uncertain"] <= kills * WINDOW * 0.05
