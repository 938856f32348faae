"""What monitors see."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import create_autospec

import pytest
from apiflask import APIFlask

from app import jobs
from app.messages.models import GatewayLink, Message
from app.parts import Parts
from app.queues.models import TelephonyLink
from app.web.app import create_app


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does every task at once. The real one is exercised in tests/live."""
    monkeypatch.setattr(jobs, "ping", create_autospec(jobs.ping, return_value=True))


def prove(parts: Parts, *, age_seconds: float = 0, telephony: str = "up", gateway: str = "bound") -> None:
    then = parts.now() - timedelta(seconds=age_seconds)
    with parts.database.writing() as session:
        session.merge(TelephonyLink(id=1, state=telephony, since=then, as_of=then))
        session.merge(GatewayLink(account="default", state=gateway, since=then, as_of=then))


def test_all_is_well_when_every_part_works(parts: Parts, people: None, worker: None) -> None:
    prove(parts)
    answer = create_app(parts).test_client().get("/healthz")
    assert answer.json == {
        "status": "ok",
        "parts": {"database": "ok", "telephony": "ok", "sms": "ok", "jobs": "ok"},
    }
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("state", "part"),
    [
        ({"telephony": "down"}, "telephony"),
        ({"telephony": "reconciling"}, "telephony"),
        ({"gateway": "refused"}, "sms"),
    ],
)
def test_part_that_is_down_is_named(parts: Parts, people: None, worker: None, state: dict[str, str], part: str) -> None:
    prove(parts, **state)  # type: ignore[arg-type]
    answer = create_app(parts).test_client().get("/healthz")
    assert answer.status_code == 503
    assert [name for name, value in answer.json["parts"].items() if value != "ok"] == [part]


def test_link_that_stopped_proving_itself_is_down(parts: Parts, people: None, worker: None) -> None:
    prove(parts, age_seconds=20)
    answer = create_app(parts).test_client().get("/healthz").json
    assert answer["parts"]["telephony"] == "down: the telephone link is silent"
    assert answer["parts"]["sms"] == "down: the gateway is silent"


def test_jobs_are_down_without_a_worker(parts: Parts, people: None) -> None:
    prove(parts)
    answer = create_app(parts).test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json["parts"]["jobs"].startswith("down")


def test_health_without_its_database_is_an_answer_too(parts: Parts, people: None) -> None:
    app = create_app(parts)
    with parts.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE health_probe")
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json["parts"]["database"].startswith("down")


def test_sms_that_nobody_set_up_is_off_and_not_down(parts: Parts, people: None) -> None:
    assert create_app(parts).test_client().get("/healthz").json["parts"]["sms"] == "off"


def test_metrics_count_requests_by_route_and_never_by_id(app: APIFlask, parts: Parts) -> None:
    with parts.database.writing() as session:
        session.add(
            Message(
                direction="in", kind="care", state="new", number="+8613800138000", text="谢谢", created_at=parts.now()
            )
        )
    client = app.test_client()
    client.get("/api/v1/agents/bob/state")
    client.get("/nowhere/at/all")
    page = client.get("/metrics").text
    assert 'wardline_http_requests_total{method="GET",route="/api/v1/agents/<agent>/state",status="401"} 1.0' in page
    assert 'route="none",status="404"' in page
    assert 'wardline_messages{direction="in",state="new"} 1.0' in page
    assert 'wardline_queue_waiting{queue="hotline"} 0.0' in page
    assert "wardline_live_sockets 0.0" in page
    assert "bob" not in page
    # A figure may hold any digits; what it is called may not.
    assert not [line for line in page.splitlines() if "138" in line.rpartition(" ")[0]]
