"""The accounts with SMS centres as an administrator keeps them, and the page that says how they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from app.messages.models import GatewayLink
from app.messages.rules import LinkState
from app.parts import Parts
from app.smsc_accounts import service
from app.smsc_accounts.models import AccountRow, ErrorTable, RouteRow
from app.smsc_accounts.rules import BindRole
from tests.smsc import numbers, queue_texts
from tests.web.browser import Browser

FORM = {
    "name": "unicom",
    "host": "smsc.example.net",
    "port": "2775",
    "system_id": "ward",
    "password": "s3cret",
    "bind_mode": "pair",
    "binds": "2",
    "window": "20",
    "segments_per_second": "12.5",
    "source_addr": "1069001",
    "is_tls": "1",
    "long_form": "sar",
    "error_classes": "0x0b temporary",
    "is_active": "1",
}


def send(browser: Browser, path: str, form: dict[str, str]) -> TestResponse:
    return browser.client.post(path, data=form | {"csrf_token": browser.token("/account")})


def rows(parts: Parts, table: Any) -> list[Any]:
    with parts.database.reading() as session:
        return list(session.scalars(select(table)))


def test_an_account_is_added_changed_and_taken_out_of_use(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    adam = browser_of("adam")
    assert send(adam, "/admin/sms/accounts/new", FORM).status_code == 303
    (row,) = rows(parts, AccountRow)
    page = adam.client.get(f"/admin/sms/accounts/{row.id}").text
    assert "smsc.example.net" in page and "0x0b temporary" in page
    assert "s3cret" not in page + row.password
    changed = FORM | {"password": "", "window": "30", "is_active": ""}
    assert send(adam, f"/admin/sms/accounts/{row.id}", changed).status_code == 303
    with parts.database.reading() as session:
        (after,) = session.scalars(select(AccountRow))
        assert (after.name, after.window, after.is_active, after.password) == ("unicom", 30, False, row.password)
        assert service.read_plan(session, None, parts.settings).accounts == ()
    assert "unicom" in adam.client.get("/admin/sms").text


def test_a_wrong_form_says_where_and_keeps_what_was_typed(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    adam = browser_of("adam")
    for field, value in (("host", "a b"), ("binds", "9"), ("name", "default"), ("error_classes", "0x0b maybe")):
        answer = send(adam, "/admin/sms/accounts/new", FORM | {field: value})
        assert answer.status_code == 422
        assert f'href="#field-{field}"' in answer.text
        assert value in answer.text
    assert rows(parts, AccountRow) == []


def test_routes_are_added_in_their_order_and_removed(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    adam = browser_of("adam")
    send(adam, "/admin/sms/accounts/new", FORM)
    route = {"account": "unicom", "prefix": "+86130", "kind": "marketing", "place": "5"}
    assert send(adam, "/admin/sms/routes", route).status_code == 303
    assert send(adam, "/admin/sms/routes", route | {"prefix": "130"}).status_code == 422
    assert "+86130" in adam.client.get("/admin/sms").text
    (row,) = rows(parts, RouteRow)
    assert send(adam, f"/admin/sms/routes/{row.id}/remove", {}).status_code == 303
    assert rows(parts, RouteRow) == []


def test_a_table_of_error_codes_stays_while_an_account_uses_it(
    parts: Parts, browser_of: Callable[[str], Browser]
) -> None:
    adam = browser_of("adam")
    table = {"name": "中国联通", "error_classes": "0x412 permanent\n1043 throttled"}
    assert send(adam, "/admin/sms/errors/new", table).status_code == 303
    (row,) = rows(parts, ErrorTable)
    send(adam, "/admin/sms/accounts/new", FORM | {"error_table_id": str(row.id)})
    assert "0x413 throttled" in adam.client.get(f"/admin/sms/errors/{row.id}").text
    assert send(adam, f"/admin/sms/errors/{row.id}/remove", {}).status_code == 409
    assert send(adam, f"/admin/sms/errors/{row.id}", table | {"error_classes": "x"}).status_code == 422
    (account,) = rows(parts, AccountRow)
    send(adam, f"/admin/sms/accounts/{account.id}", FORM | {"error_table_id": ""})
    assert send(adam, f"/admin/sms/errors/{row.id}/remove", {}).status_code == 303
    assert rows(parts, ErrorTable) == []


def test_the_gateway_page_says_that_nothing_is_set_up(browser_of: Callable[[str], Browser]) -> None:
    alice = browser_of("alice")
    page = alice.client.get("/messages/gateway").text
    assert "No SMS centre is in use." in page
    assert "Accounts and routes" not in page


def test_the_gateway_page_and_the_metrics_show_each_bind_and_what_waits(
    parts: Parts, browser_of: Callable[[str], Browser]
) -> None:
    now = parts.now()
    queue_texts(parts, numbers(3))
    with parts.database.writing() as session:
        service.record_binds(session, [report("unicom", LinkState.BOUND, now), report("mobile", LinkState.DOWN, now)])
        session.add(GatewayLink(account="mobile", state="down", since=now, as_of=now, detail="timed out"))
    adam = browser_of("adam")
    page = adam.client.get("/messages/gateway").text
    for words in ("4 / 20", "7.5", "21 / 80 ms", "90 %", "smpp-0x0b", "mobile: no link (timed out)"):
        assert words in page
    metrics = adam.client.get("/metrics").text
    assert 'wardline_sms_bind_up{account="unicom",bind="1",role="transceiver"} 1.0' in metrics
    assert 'wardline_sms_bind_up{account="mobile",bind="1",role="transceiver"} 0.0' in metrics
    assert 'wardline_sms_refused{account="unicom",code="smpp-0x0b"} 2.0' in metrics
    assert "wardline_sms_oldest_waiting_seconds" in metrics


def test_figures_that_nobody_renews_are_told_as_old(parts: Parts, browser_of: Callable[[str], Browser]) -> None:
    with parts.database.writing() as session:
        service.record_binds(session, [report("unicom", LinkState.BOUND, parts.now() - timedelta(minutes=1))])
    adam = browser_of("adam")
    assert "may no longer be true" in adam.client.get("/messages/gateway").text


def report(account: str, state: LinkState, now: Any) -> service.BindReport:
    return service.BindReport(
        account=account,
        number=1,
        role=BindRole.TRANSCEIVER,
        state=state,
        since=now,
        as_of=now,
        detail="",
        window=20,
        in_flight=4,
        rate=7.5,
        latency_p50_ms=21,
        latency_p95_ms=80,
        accepted=50,
        receipts=45,
        errors={"smpp-0x0b": 2} if account == "unicom" else {},
    )
