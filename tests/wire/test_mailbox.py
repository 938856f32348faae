"""Mail that lies in the hospital's mailbox, on a real IMAP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.channels.adapters import Mailbox
from app.channels.fetching import MailFetcher
from app.channels.models import Interaction, MailboxPosition
from app.channels.post import Post
from app.channels.rules import Temporary
from app.parts import Parts
from tests.imap import IMAPServer
from tests.waiting import wait_for


def mail(name: str, text: str = "Do I have to fast?") -> bytes:
    return f"From: {name}@example.com\r\nMessage-ID: <{name}@example.com>\r\n\r\n{text}\r\n".encode()


@pytest.fixture
def server() -> Iterator[IMAPServer]:
    made = IMAPServer()
    made.start()
    yield made
    made.stop()
    made.remove()


@pytest.fixture
def fetcher(parts: Parts, server: IMAPServer) -> MailFetcher:
    """One that has looked into the mailbox once."""
    made = MailFetcher(parts, server.address)
    made.fetch_once()
    return made


@pytest.fixture
def senders(parts: Parts) -> Callable[[], list[str]]:
    """Whose mail is on the list, in the order it came."""

    def read() -> list[str]:
        with parts.database.reading() as session:
            return list(session.scalars(select(Interaction.address).order_by(Interaction.id)))

    return read


def test_each_new_mail_is_kept_once_and_the_mailbox_stays_as_it_was(
    server: IMAPServer, fetcher: MailFetcher, senders: Callable[[], list[str]]
) -> None:
    for name in ("wang", "li"):
        server.deliver(mail(name))
    counts = [fetcher.fetch_once(), fetcher.fetch_once()]
    server.deliver(mail("zhao"))
    counts.append(fetcher.fetch_once())
    assert counts == [2, 0, 1]
    assert senders() == ["wang@example.com", "li@example.com", "zhao@example.com"]
    assert server.seen() == []


def test_years_of_old_mail_are_not_contacts_of_today(
    parts: Parts, server: IMAPServer, senders: Callable[[], list[str]]
) -> None:
    server.deliver(mail("wang"))
    fetcher = MailFetcher(parts, server.address)
    fetcher.fetch_once()
    server.deliver(mail("li"))
    fetcher.fetch_once()
    assert senders() == ["li@example.com"]


def test_mailbox_that_is_numbered_anew_is_read_again_without_a_double(
    server: IMAPServer, fetcher: MailFetcher, senders: Callable[[], list[str]]
) -> None:
    server.deliver(mail("wang"))
    fetcher.fetch_once()
    server.stop()
    server.number_anew()
    server.start()
    server.deliver(mail("li"))
    fetcher.fetch_once()
    assert senders() == ["wang@example.com", "li@example.com"]


def test_two_processes_on_one_mailbox_keep_each_mail_once(
    parts: Parts, server: IMAPServer, fetcher: MailFetcher, senders: Callable[[], list[str]]
) -> None:
    server.deliver(b"From: wang@example.com\r\n\r\nno Message-ID\r\n")
    other = MailFetcher(parts, server.address)
    assert [fetcher.fetch_once(), other.fetch_once()] == [1, 0]
    assert senders() == ["wang@example.com"]


def test_mail_that_nobody_can_read_holds_up_no_other(
    server: IMAPServer, fetcher: MailFetcher, senders: Callable[[], list[str]]
) -> None:
    server.deliver(bytes(range(256)) * 40)
    server.deliver(b"\r\n")
    server.deliver(mail("li"))
    fetcher.fetch_once()
    assert senders()[-1] == "li@example.com"


def test_mail_larger_than_any_we_take_is_cut_and_kept(server: IMAPServer, fetcher: MailFetcher) -> None:
    server.deliver(mail("wang", "x" * 70 + "\r\n" + ("y" * 78 + "\r\n") * 150_000))
    server.deliver(mail("li"))
    assert fetcher.fetch_once() == 2


def test_wrong_password_and_a_folder_that_is_not_there_are_told_apart(server: IMAPServer) -> None:
    codes = []
    for address in (replace(server.address, password="other"), replace(server.address, folder="Nowhere")):
        with pytest.raises(Temporary) as caught:
            Mailbox(address)
        codes.append(str(caught.value))
    assert codes == ["refused", "no_folder"]


def test_mail_that_came_while_the_server_was_away_is_fetched_when_it_is_back(
    parts: Parts, server: IMAPServer, fetcher: MailFetcher, senders: Callable[[], list[str]]
) -> None:
    server.stop()
    with pytest.raises(Temporary, match="unreachable"):
        fetcher.fetch_once()
    server.deliver(mail("wang"))
    server.start()
    running = MailFetcher(parts, server.address, round_seconds=0.05)
    running.start()
    wait_for(lambda: senders() == ["wang@example.com"], what="the mail")
    running.stop()
    running.stop()


def test_post_reads_the_mailbox_that_the_settings_name(parts: Parts, server: IMAPServer) -> None:
    ours = replace(parts, settings=parts.settings.with_changes(imap=server.address))
    post = Post(ours)
    assert post.fetcher is not None
    post.fetcher.fetch_once()
    with parts.database.reading() as session:
        assert session.scalar(select(MailboxPosition.mailbox)) == (
            f"care@hospital.example@127.0.0.1:{server.port}/INBOX"
        )
