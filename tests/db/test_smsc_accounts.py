"""Which account claims which segment, in which form; and accounts, routes and error tables as rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidInput, NotFound
from app.messages import service as messages
from app.messages.models import Message, Segment
from app.messages.rules import (
    ClaimedSegment,
    LinkState,
    LongForm,
    MessageKind,
    Priority,
    SubmitOutcome,
    Verdict,
)
from app.messages.service import Carriage, TextForm
from app.parts import Parts
from app.smsc_accounts import service
from app.smsc_accounts.models import BindFigures
from app.smsc_accounts.rules import BindRole, Route, StatusClass, claims_of
from tests.smsc import account_fields, keep_account, keep_route, numbers, queue_texts

BOTH = ("default", "unicom")


def carriage(
    account: str, *routes: Route, form: TextForm = messages.USUAL_FORM, working: tuple[str, ...] = BOTH
) -> Carriage:
    others = tuple(name for name in BOTH if name != account)
    return Carriage(form=form, claims=claims_of(account, routes, working, "default"), others=others)


def claim(parts: Parts, account: str, how: Carriage, limit: int = 100) -> list[ClaimedSegment]:
    with parts.database.writing() as session:
        return messages.claim_segments(
            session,
            parts.bus,
            account=account,
            limit=limit,
            now=parts.now(),
            is_marketing_allowed=True,
            carriage=how,
        )


def record(parts: Parts, claimed: list[ClaimedSegment], verdict: Verdict) -> None:
    with parts.database.writing() as session:
        outcomes = [
            SubmitOutcome(segment_id=each.segment_id, verdict=verdict, smsc_message_id=f"m{each.segment_id}")
            for each in claimed
        ]
        messages.record_outcomes(session, parts.bus, outcomes, now=parts.now())


def test_an_account_claims_what_its_routes_say_and_the_fallback_the_rest(parts: Parts) -> None:
    routes = (Route(account="unicom", prefix="+86130"), Route(account="unicom", kind=MessageKind.STAFF))
    queue_texts(parts, ["+8613000000001", "+8613800000002"])
    queue_texts(parts, ["+8613800000003"], kind=MessageKind.STAFF)
    assert [each.number for each in claim(parts, "unicom", carriage("unicom", *routes))] == [
        "+8613000000001",
        "+8613800000003",
    ]
    with parts.database.reading() as session:
        ours, theirs = carriage("default", *routes), carriage("unicom", *routes)
        assert messages.has_due_segment(session, parts.now(), account="default", carriage=ours)
        assert not messages.has_due_segment(session, parts.now(), account="unicom", carriage=theirs)
    assert [each.number for each in claim(parts, "default", carriage("default", *routes))] == ["+8613800000002"]


def test_a_text_that_has_begun_goes_on_through_its_own_account_whatever_the_routes_say(parts: Parts) -> None:
    to_unicom, to_default = Route(account="unicom"), Route(account="default")
    queue_texts(parts, numbers(1), "长" * 200)
    begun = claim(parts, "unicom", carriage("unicom", to_unicom), limit=1)
    record(parts, begun, Verdict.ACCEPTED)
    assert claim(parts, "default", carriage("default", to_default)) == []
    rest = claim(parts, "unicom", carriage("unicom", to_default))
    assert [each.position for each in (*begun, *rest)] == [1, 2, 3, 4]
    assert len({(each.reference, each.form) for each in (*begun, *rest)}) == 1


def test_a_text_of_which_nothing_left_may_change_to_another_account_and_form(parts: Parts) -> None:
    text = "长" * (67 * 3 - 7)  # three segments with a header of 6 octets, four with one of 7
    queue_texts(parts, numbers(1), text)
    first = claim(parts, "unicom", carriage("unicom", Route(account="unicom")))
    record(parts, first, Verdict.NOT_SENT)
    wide = TextForm(long_form=LongForm.UDH16)
    second = claim(parts, "default", carriage("default", form=wide))
    with parts.database.reading() as session:
        assert session.scalars(select(Message.parts)).one() == 4
        assert session.scalars(select(Segment.state).order_by(Segment.position)).all() == ["sending"] * 3 + ["waiting"]
    third = claim(parts, "default", carriage("default"))  # meanwhile an administrator chose the other form
    assert [(each.position, each.total, each.form) for each in (*second, *third)] == [
        (position, 4, LongForm.UDH16) for position in (1, 2, 3, 4)
    ]
    assert "".join(each.text for each in (*second, *third)) == "【示范医院】" + text


def test_a_text_in_one_payload_needs_one_row(parts: Parts) -> None:
    queue_texts(parts, numbers(1), "长" * 300)
    (only,) = claim(parts, "default", Carriage(form=TextForm(long_form=LongForm.PAYLOAD)))
    assert (only.total, len(only.text)) == (1, 306)
    record(parts, [only], Verdict.ACCEPTED)
    with parts.database.reading() as session:
        assert session.scalars(select(Message.state)).one() == "sent"
        assert len(session.scalars(select(Segment.id)).all()) == 1


def test_urgent_texts_leave_before_normal_and_these_before_bulk(parts: Parts) -> None:
    ids = queue_texts(parts, numbers(3))
    with parts.database.writing() as session:
        session.get_one(Message, ids[0]).priority = Priority.BULK
        session.get_one(Message, ids[2]).priority = Priority.URGENT
        session.get_one(Message, ids[2]).due_at = parts.now() - timedelta(milliseconds=1)
    assert [each.message_id for each in claim(parts, "default", messages.Carriage())] == [ids[2], ids[1], ids[0]]


def test_two_accounts_that_claim_at_the_same_time_never_share_a_long_text(
    parts: Parts, open_parts: Callable[[], Parts]
) -> None:
    queue_texts(parts, numbers(10), "长" * 200)
    everything = {name: carriage(name, Route(account=name)) for name in BOTH}  # as if each held the other for down
    other = open_parts()
    for _ in range(15):
        for name, process in (("unicom", parts), ("default", other)):
            record(process, claim(process, name, everything[name], limit=3), Verdict.ACCEPTED)
    with parts.database.reading() as session:
        pairs = set(session.execute(select(Segment.message_id, Segment.account)))
        assert len(pairs) == 10
        assert {account for _, account in pairs} == set(BOTH)


def test_an_account_is_kept_with_its_password_encrypted_and_read_with_its_codes(parts: Parts) -> None:
    with parts.database.writing() as session:
        table = service.save_error_table(session, parts.bus, None, "Unicom", "0x0b temporary\n0x412 fatal")
        account = account_fields("unicom", password="secret")
        form = service.AccountForm(
            account=account, password="secret", error_table_id=table.id, error_classes="0x412 permanent", is_active=True
        )
        row = service.add_account(session, parts.bus, form, settings=parts.settings, by="adam", now=parts.now())
        assert "secret" not in row.password
        with pytest.raises(Conflict):
            service.remove_error_table(session, parts.bus, table.id)
        kept = service.save_account(
            session, parts.bus, row.id, replace(form, password=None), settings=parts.settings, by="eve", now=parts.now()
        )
        assert kept.changed_by == "eve"
    with parts.database.reading() as session:
        plan = service.read_plan(session, None, parts.settings)
        lost = service.read_plan(session, None, parts.settings.with_changes(secret_key="x" * 40))
    codes = ((0x0B, StatusClass.TEMPORARY), (0x412, StatusClass.PERMANENT))
    assert plan.accounts == (replace(account, error_classes=codes),)
    assert (plan.fallback, lost.accounts, lost.unreadable) == ("unicom", (), ("unicom",))


def test_what_is_wrong_or_taken_is_refused(parts: Parts) -> None:
    keep_account(parts, account_fields("unicom"))
    for account, error in (
        (account_fields("unicom"), Conflict),
        (account_fields("default"), InvalidInput),
        (account_fields("other", host=""), InvalidInput),
    ):
        with pytest.raises(error):
            keep_account(parts, account)
    with pytest.raises(NotFound):
        keep_account(parts, account_fields("unicom"), account_id=77)
    for wrong in ({"prefix": "86"}, {"kind": "spam"}, {"place": 0}):
        with pytest.raises(InvalidInput):
            keep_route(parts, "unicom", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        keep_route(parts, "nobody")


def test_routes_of_an_account_that_is_not_in_use_do_not_count(parts: Parts) -> None:
    keep_account(parts, account_fields("unicom"), is_active=False)
    keep_route(parts, "unicom")
    keep_route(parts, "default", prefix="+86")
    with parts.database.reading() as session:
        plan = service.read_plan(session, account_fields("default"), parts.settings)
    assert plan.routes == (Route(account="default", prefix="+86", place=10),)


def test_a_bind_that_is_gone_has_no_figures(parts: Parts) -> None:
    now = parts.now()
    reports = [
        service.BindReport(
            account="unicom",
            number=number,
            role=BindRole.TRANSCEIVER,
            state=LinkState.BOUND,
            since=now,
            as_of=now,
            detail="",
            window=10,
            in_flight=number,
            rate=1.5,
            latency_p50_ms=None,
            latency_p95_ms=None,
            accepted=3,
            receipts=2,
            errors={"smpp-0x0b": number},
        )
        for number in (1, 2)
    ]
    queue_texts(parts, numbers(2))
    with parts.database.writing() as session:
        service.record_binds(session, reports)
    with parts.database.reading() as session:
        view = service.gateway_view(session, now + timedelta(minutes=1))
    assert (view.waiting, view.is_stale, view.errors) == (2, True, [("unicom", "smpp-0x0b", 3)])
    assert view.oldest_due_at is not None and view.oldest_due_at >= now
    with parts.database.writing() as session:
        service.record_binds(session, reports[:1])
    with parts.database.reading() as session:
        assert session.scalars(select(BindFigures.number)).all() == [1]
