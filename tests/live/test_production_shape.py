"""Every service a process of its own, on PostgreSQL and Redis: what works, and what goes on when a part is away."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, expect

from telephony.asterisk.provision import AsteriskProgram
from tests.live.browser import Person, chromium
from tests.production import Production
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_BOTH_READY = {"agent1": "ready", "agent2": "ready"}
# Without hints a desk hears of a call when its web server next looks into the journal, which it does each second.
_POP_SECONDS = 3.0


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, asterisk_program: AsteriskProgram) -> Iterator[Production]:
    production = Production(tmp_path_factory.mktemp("production"), asterisk_program)
    try:
        production.start("agent1", "agent2")
        yield production
    finally:
        production.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def agent_on_a(browser: Browser, production: Production) -> Iterator[Person]:
    """Ready at a desk of the first web server."""
    yield from _at_a_desk(Person(browser, production.web_a, "agent1"))


@pytest.fixture(scope="module")
def agent_on_b(browser: Browser, production: Production) -> Iterator[Person]:
    """Ready at a desk of the second web server."""
    yield from _at_a_desk(Person(browser, production.web_b, "agent2"))


@pytest.fixture(scope="module")
def supervisor_on_b(browser: Browser, production: Production) -> Iterator[Person]:
    supervisor = Person(browser, production.web_b, "supervisor")
    supervisor.sign_in()
    yield supervisor
    supervisor.close()
    assert supervisor.problems == []


def _at_a_desk(agent: Person) -> Iterator[Person]:
    agent.sign_in()
    agent.open_desk()
    agent.press_ready()
    yield agent
    agent.close()
    assert agent.problems == []


def test_each_web_server_finds_every_part_well(production: Production) -> None:
    for web in (production.web_a, production.web_b):
        status, answer = web.healthz()
        assert (status, answer["parts"]) == (200, dict.fromkeys(("database", "telephony", "sms", "jobs"), "ok"))


def test_a_call_pops_at_one_web_server_counts_on_the_board_of_another_and_is_heard_afterwards(
    production: Production, agent_on_a: Person, supervisor_on_b: Person
) -> None:
    board = supervisor_on_b.page
    board.goto(f"{production.web_b.url}/wallboard?lang=en")
    with production.call():
        assert _who_is_rung(agent_on_a) is agent_on_a
        expect(agent_on_a.page.get_by_role("region", name="Incoming call")).to_contain_text("王秀兰")
        _answer(agent_on_a)
        expect(board.locator("[data-state=talking] dd")).to_have_text("1")
        wait_for(lambda: agent_on_a.packets_heard() > 100, what="two seconds of the patient's voice")
        agent_on_a.page.get_by_role("button", name="Hang up").click()
    _finish(agent_on_a)
    answered = board.locator("section.figure").filter(has=board.get_by_role("heading", name="Answered"))
    expect(answered.locator(".value")).to_have_text("1")
    (call,) = production.web_b.api("/calls", user="supervisor")["items"]
    assert (call["outcome"], call["agent"], call["number"]) == ("answered", "agent1", "+8613800138000")
    player = supervisor_on_b.new_page()

    def is_playable() -> bool:
        player.goto(f"{production.web_b.url}/patients/{call['patient_id']}?lang=en")
        return player.get_by_role("button", name="Play").count() > 0

    wait_for(is_playable, seconds=20, what="the recording that the worker stored")
    player.get_by_role("button", name="Play").first.click()
    slider = player.get_by_role("slider", name="Seek").first
    wait_for(lambda: float(slider.get_attribute("aria-valuenow") or 0) > 0.3, what="sound that goes on")


def test_a_text_shows_at_the_desks_of_both_web_servers_and_the_reply_is_delivered(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    _receive_text(production, "复查需要空腹吗")
    for agent in (agent_on_a, agent_on_b):
        expect(agent.page.get_by_text("复查需要空腹吗").first).to_be_visible()
    _reply(agent_on_b, "复查需要空腹吗", "需要,请空腹八小时。")
    wait_for(lambda: _texts_sent(production) == ["delivered"], what="the delivery receipt")


def test_open_pages_hold_no_connection_to_the_database(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    held = (
        "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND xact_start < now() - interval '1 s'"
    )
    assert production.rows(held) == []


def test_without_redis_agents_stay_ready_calls_pop_and_texts_go_out(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    calls, texts = len(_calls(production)), len(_texts_sent(production))
    with production.without_redis():
        stopped_at = time.monotonic()
        with production.call():
            rung = _who_is_rung(agent_on_a, agent_on_b)
            assert _seconds_since_offer(production) < _POP_SECONDS
            _answer(rung)
            wait_for(rung.packets_heard, what="the patient's voice")
            rung.page.get_by_role("button", name="Hang up").click()
        _finish(rung)
        _receive_text(production, "可以改约下周吗")
        _reply(agent_on_a, "可以改约下周吗", "可以,请说您方便的日子。")
        # As long as an agent's proof lives, and some more: nobody may be taken off the queue for what Redis lost.
        wait_for(lambda: time.monotonic() - stopped_at > 8, what="the outage's end")
        assert _states(production) == _BOTH_READY
    for web in (production.web_a, production.web_b):
        wait_for(web.is_healthy, seconds=20, what="the recovery")
    wait_for(lambda: _texts_sent(production) == ["delivered"] * (texts + 1), what="the delivery receipt")
    wait_for(lambda: _calls(production)[0]["recording_id"], seconds=20, what="the recording")
    assert [call["outcome"] for call in _calls(production)] == ["answered"] * (calls + 1)
    assert _states(production) == _BOTH_READY
    assert _lost_desks(production) == 0


def test_agents_and_calls_are_as_before_when_a_web_server_dies_and_comes_back(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    calls, lost = len(_calls(production)), _lost_desks(production)
    with production.call():
        rung = _who_is_rung(agent_on_a, agent_on_b)
        _answer(rung)
        rung.product.kill()
        rung.product.start()
        expect(rung.page.get_by_role("button", name="Mute")).to_be_visible()
        heard = rung.packets_heard()
        wait_for(lambda: rung.packets_heard() > heard + 50, what="the patient's voice")
        rung.page.get_by_role("button", name="Hang up").click()
    _finish(rung)
    wait_for(lambda: _states(production) == _BOTH_READY, what="both ready")
    assert [call["outcome"] for call in _calls(production)] == ["answered"] * (calls + 1)
    assert _lost_desks(production) == lost


def test_a_call_in_which_telephony_dies_is_told_right_and_wrapped_up(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    calls = len(_calls(production))
    with production.call():
        rung = _who_is_rung(agent_on_a, agent_on_b)
        _answer(rung)
        wait_for(lambda: _answered(production) == calls + 1, what="the answer on record")
        production.services["telephony"].kill()
        heard = rung.packets_heard()
        wait_for(lambda: rung.packets_heard() > heard + 50, what="the patient's voice")
        restarted_at = datetime.now(UTC)
        production.start_service("telephony")
        wait_for(lambda: _is_in_step_since(production, restarted_at), seconds=30, what="telephony in step")
        rung.page.get_by_role("button", name="Hang up").click()
    _finish(rung)
    found = _calls(production)
    assert [call["outcome"] for call in found] == ["answered"] * (calls + 1)
    assert (found[0]["agent"], found[0]["ended_by"]) == (rung.username, "agent")
    wait_for(lambda: _calls(production)[0]["recording_id"], seconds=20, what="the recording")


def test_no_process_dies_with_postgresql_and_what_happened_meanwhile_is_written_afterwards(
    production: Production, agent_on_a: Person, agent_on_b: Person
) -> None:
    calls, texts = len(_calls(production)), len(_texts_received(production))
    with contextlib.ExitStack() as call:
        with production.without_postgresql():
            stopped_at = time.monotonic()
            call.enter_context(production.call())
            rung = _who_is_rung(agent_on_a, agent_on_b)
            _answer(rung)
            _receive_text(production, "停电了吗")
            wait_for(lambda: time.monotonic() - stopped_at > 5, what="the outage's end")
        for web in (production.web_a, production.web_b):
            wait_for(web.is_healthy, seconds=20, what="the recovery")
        wait_for(lambda: _answered(production) == calls + 1, what="the answer on record")
        rung.page.get_by_role("button", name="Hang up").click()
    _finish(rung)
    assert [call["outcome"] for call in _calls(production)] == ["answered"] * (calls + 1)
    wait_for(lambda: len(_texts_received(production)) == texts + 1, seconds=20, what="the text")
    assert _texts_received(production)[0] == "停电了吗"
    wait_for(lambda: _calls(production)[0]["recording_id"], seconds=20, what="the recording")
    assert [name for name, service in production.services.items() if not service.is_alive] == []
    wait_for(lambda: _states(production) == _BOTH_READY, what="both ready")


def test_an_account_that_is_made_while_everything_runs_has_a_phone_within_seconds(
    production: Production, browser: Browser
) -> None:
    production.create_user("agent3", "agent")
    newcomer = Person(browser, production.web_b, "agent3")
    newcomer.sign_in()
    newcomer.open_desk()
    newcomer.press_ready()
    newcomer.close()
    assert newcomer.problems == []


def _who_is_rung(*agents: Person) -> Person:
    """The agent whose desk shows an incoming call."""

    def rung() -> Person | None:
        return next((agent for agent in agents if _incoming(agent).is_visible()), None)

    person = wait_for(rung, seconds=15, what="an incoming call")
    assert person is not None
    return person


def _incoming(agent: Person) -> Locator:
    return agent.page.get_by_role("region", name="Incoming call")


def _answer(agent: Person) -> None:
    agent.page.get_by_role("button", name="Answer").click()
    expect(agent.page.get_by_role("button", name="Hang up")).to_be_visible()


def _finish(agent: Person) -> None:
    """End wrap-up, which makes the agent ready again."""
    agent.page.get_by_label("Recheck").check()
    agent.page.get_by_role("button", name="Finish").click()
    _expect_ready(agent)


def _expect_ready(agent: Person, *, seconds: float = 15) -> None:
    button = agent.page.get_by_role("button", name="Ready", exact=True)
    expect(button).to_have_attribute("aria-pressed", "true", timeout=seconds * 1000)


def _receive_text(production: Production, text: str) -> None:
    production.smsc.control("mo", {"from": "13800138000", "to": "1069001", "text": text})


def _reply(agent: Person, text: str, reply: str) -> None:
    agent.page.get_by_text(text).first.click()
    agent.page.get_by_label(re.compile("Reply", re.I)).fill(reply)
    agent.page.get_by_role("button", name=re.compile("^Send")).click()
    agent.page.get_by_role("button", name="Close the message").click()


def _texts_sent(production: Production) -> list[str]:
    return [message["state"] for message in production.web_a.api("/messages?direction=out")["items"]]


def _texts_received(production: Production) -> list[str]:
    """Newest first."""
    return [message["text"] for message in production.web_a.api("/messages?direction=in")["items"]]


def _calls(production: Production) -> list[dict[str, str]]:
    """Newest first."""
    found: list[dict[str, str]] = production.web_a.api("/calls")["items"]
    return found


def _answered(production: Production) -> int:
    return len([call for call in _calls(production) if call["answered_at"]])


def _is_in_step_since(production: Production, at: datetime) -> bool:
    ((as_of,),) = production.rows("SELECT as_of FROM telephony_link")
    return bool(as_of > at)


def _seconds_since_offer(production: Production) -> float:
    offered_at = datetime.fromisoformat(_calls(production)[0]["offered_at"])
    return (datetime.now(UTC) - offered_at).total_seconds()


def _states(production: Production) -> dict[str, str]:
    agents = production.web_a.api("/agents")["items"]
    return {agent["id"]: agent["state"] for agent in agents if agent["id"] in _BOTH_READY}


def _lost_desks(production: Production) -> int:
    """How often an agent was taken off the queue because the desk did not prove itself."""
    return len(production.rows("SELECT seq FROM journal WHERE payload ->> 'reason' = 'desk_lost'"))
