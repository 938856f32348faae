"""What protects a sign-in, on both databases: waits, known browsers, second factors, ended access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import service
from app.accounts.models import RecoveryCode, SecondFactor, User
from app.accounts.rules import Role
from app.accounts.rules.codes import code_at, step_at
from app.errors import Conflict, InvalidInput
from app.journal.models import JournalEntry
from app.parts import Parts

KEY = "k" * 40


@pytest.fixture
def session(parts: Parts) -> Iterator[Session]:
    with parts.database.writing() as opened:
        yield opened


@pytest.fixture
def bob(session: Session, parts: Parts) -> User:
    return add_user(session, parts, "bob", Role.AGENT)


@pytest.fixture
def now(parts: Parts) -> datetime:
    return parts.now()


def add_user(session: Session, parts: Parts, username: str, role: Role) -> User:
    return service.create_user(
        session, username=username, display_name=username, role=role, password="wardline-tests", now=parts.now()
    )


def try_once(session: Session, now: datetime, user: User | None, address: str, device: str = "") -> service.Try:
    return service.begin_try(
        session,
        username=user.username if user else "nobody",
        user_id=user.id if user else None,
        address=address,
        device=device,
        now=now,
    )


def tries_until_rest(session: Session, now: datetime, user: User | None, addresses: Iterator[str]) -> int:
    return next(count for count, address in enumerate(addresses) if try_once(session, now, user, address).rests_until)


def test_guesses_from_one_place_keep_nobody_else_out(session: Session, bob: User, now: datetime) -> None:
    for _ in range(20):
        try_once(session, now, bob, "198.51.100.9")
    assert try_once(session, now, bob, "198.51.100.9").rests_until is not None
    assert try_once(session, now, bob, "10.0.0.7").rests_until is None


def test_guesses_from_many_places_slow_the_account(session: Session, bob: User, now: datetime) -> None:
    addresses = (f"198.51.100.{number}" for number in range(1, 100))
    assert tries_until_rest(session, now, bob, addresses) == 10


def test_name_that_does_not_exist_waits_as_one_that_does(session: Session, bob: User, now: datetime) -> None:
    waited = [tries_until_rest(session, now, user, iter(["198.51.100.9"] * 100)) for user in (bob, None)]
    assert waited == [5, 5]


def test_many_names_from_one_place_make_the_place_wait(session: Session, now: datetime) -> None:
    rests = [
        service.begin_try(
            session, username=f"user{number}", user_id=None, address="198.51.100.9", device="", now=now
        ).rests_until
        for number in range(60)
    ]
    assert [rest is None for rest in rests] == [True] * 50 + [False] * 10


def test_owner_gets_in_on_a_known_browser_during_an_attack(session: Session, bob: User, now: datetime) -> None:
    device = service.remember_device(session, bob.id, "", now)
    for number in range(1, 100):
        try_once(session, now, bob, f"198.51.100.{number}")
    assert try_once(session, now, bob, "10.0.0.7").rests_until is not None
    assert try_once(session, now, bob, "10.0.0.7", device).rests_until is None


def test_known_browser_waits_after_its_own_wrong_tries(session: Session, bob: User, now: datetime) -> None:
    device = service.remember_device(session, bob.id, "", now)
    rests = [try_once(session, now, bob, "10.0.0.7", device).rests_until for _ in range(6)]
    assert [rest is None for rest in rests] == [True] * 5 + [False]


def test_shared_browser_is_known_for_those_who_signed_in_there(
    session: Session, parts: Parts, bob: User, now: datetime
) -> None:
    carol = add_user(session, parts, "carol", Role.AGENT)
    device = service.remember_device(session, carol.id, "", now)
    known_before = [service.known_device(session, user_id, device) for user_id in (bob.id, None)]
    assert service.remember_device(session, bob.id, device, now) == device
    assert (known_before, service.known_device(session, bob.id, device) is not None) == ([None, None], True)


def test_key_that_a_browser_made_up_is_replaced(session: Session, bob: User, now: datetime) -> None:
    assert service.remember_device(session, bob.id, "made-up", now) != "made-up"


def test_right_try_begins_anew(session: Session, bob: User, now: datetime) -> None:
    for _ in range(3):
        for _ in range(3):
            try_once(session, now, bob, "10.0.0.7")
        service.succeed(session, try_once(session, now, bob, "10.0.0.7"))
    assert try_once(session, now, bob, "10.0.0.7").rests_until is None


def test_wrong_tries_are_forgotten_after_a_day(session: Session, bob: User, now: datetime) -> None:
    for _ in range(4):
        try_once(session, now, bob, "10.0.0.7")
    later = now + timedelta(hours=24)
    assert [try_once(session, later, bob, "10.0.0.7").rests_until for _ in range(5)] == [None] * 5


def set_up(session: Session, user: User, now: datetime) -> tuple[str, list[str]]:
    secret = service.begin_set_up(session, user.id, secret_key=KEY)
    return secret, service.finish_set_up(session, user.id, code_at(secret, step_at(now)), now, secret_key=KEY)


def test_second_factor_is_on_after_its_first_code_and_each_code_opens_once(
    session: Session, bob: User, now: datetime
) -> None:
    secret, _codes = set_up(session, bob, now)
    assert service.has_second_factor(session, bob.id)
    later = now + timedelta(seconds=60)
    code = code_at(secret, step_at(later))
    opened = [
        service.use_code(session, bob.id, each, later, secret_key=KEY)
        for each in (code_at(secret, step_at(now)), code, code)
    ]
    assert opened == [False, True, False]


def test_set_up_needs_a_right_code(session: Session, bob: User, now: datetime) -> None:
    service.begin_set_up(session, bob.id, secret_key=KEY)
    with pytest.raises(InvalidInput):
        service.finish_set_up(session, bob.id, "000000x", now, secret_key=KEY)
    assert not service.has_second_factor(session, bob.id)


def test_secret_and_recovery_codes_cannot_be_read_in_the_database(session: Session, bob: User, now: datetime) -> None:
    secret, codes = set_up(session, bob, now)
    stored = session.get_one(SecondFactor, bob.id).secret
    assert secret not in stored
    assert not set(codes) & set(session.scalars(select(RecoveryCode.code_hash)))


def test_recovery_code_opens_once_and_new_ones_replace_the_old(session: Session, bob: User, now: datetime) -> None:
    _secret, codes = set_up(session, bob, now)
    assert service.use_code(session, bob.id, codes[0].upper().replace("-", " "), now, secret_key=KEY)
    assert not service.use_code(session, bob.id, codes[0], now, secret_key=KEY)
    assert service.recovery_codes_left(session, bob.id) == 9
    service.renew_recovery_codes(session, bob.id, secret_key=KEY)
    assert not service.use_code(session, bob.id, codes[1], now, secret_key=KEY)


def test_new_role_ends_every_sign_in_and_token(session: Session, parts: Parts, bob: User, now: datetime) -> None:
    key_hash = service.hash_key(service.start_session(session, bob.id, now))
    token, _expires = service.create_token(session, bob.id, now)
    person = service.Person(display_name="Bob", role=Role.SUPERVISOR)
    assert service.change_person(session, parts.bus, bob, person, now)
    session.expire_all()
    assert service.live_session(session, key_hash, now) is None
    assert service.token_owner(session, token, now) is None
    told = session.scalars(select(JournalEntry.kind).order_by(JournalEntry.seq)).all()
    assert told == ["account.signed_out", "account.role_changed"]


def test_change_without_a_new_role_keeps_the_sign_in(session: Session, parts: Parts, bob: User, now: datetime) -> None:
    key_hash = service.hash_key(service.start_session(session, bob.id, now))
    service.change_person(session, parts.bus, bob, service.Person(display_name="Robert", role=Role.AGENT), now)
    assert service.live_session(session, key_hash, now) is not None


def test_who_leaves_has_no_phone_no_sign_in_and_keeps_the_past(
    session: Session, parts: Parts, bob: User, now: datetime
) -> None:
    key_hash = service.hash_key(service.start_session(session, bob.id, now))
    service.leave(session, parts.bus, bob, now)
    session.expire_all()
    assert service.live_session(session, key_hash, now) is None
    assert service.phone_usernames(session) == []
    assert (bob.left_at is not None, service.find_user(session, "bob")) == (True, bob)


def test_last_administrator_stays_one(session: Session, parts: Parts, now: datetime) -> None:
    adam = add_user(session, parts, "adam", Role.ADMIN)
    with pytest.raises(Conflict):
        service.leave(session, parts.bus, adam, now)
    with pytest.raises(Conflict):
        service.change_person(session, parts.bus, adam, service.Person(display_name="Adam", role=Role.QA), now)


def test_one_session_is_ended_by_its_name_and_only_ones_own(
    session: Session, parts: Parts, bob: User, now: datetime
) -> None:
    carol = add_user(session, parts, "carol", Role.AGENT)
    key_hash = service.hash_key(service.start_session(session, bob.id, now))
    name = service.session_id(key_hash)
    ended = [
        service.end_session_named(session, parts.bus, user.id, asked, now)
        for user, asked in ((carol, name), (bob, "%" * 16), (bob, name), (bob, name))
    ]
    assert ended == [0, 0, 1, 0]
