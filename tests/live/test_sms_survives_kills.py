"""Nothing is lost and nothing is sent twice when the gateway is killed in the middle of its work."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from app.messages import service
from app.parts import Parts
from sms_gateway.demo import DemoSMSC
from tests.smsc import messages_of, numbers, queue_texts, running_smsc, states_of, submits_by_number
from tests.waiting import wait_for

WINDOW, KILLS, MESSAGES = 10, 3, 150


def start_gateway(parts: Parts, smsc: DemoSMSC) -> subprocess.Popen[bytes]:
    url = parts.settings.database_url
    command = [sys.executable, "-W", "ignore", "-m", "tests.live.gateway_process", url, str(smsc.port), str(WINDOW)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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
