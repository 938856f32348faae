"""Mail over real SMTP: out to a server that refuses, hangs and drops, in through our own listener."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from app.channels import service
from app.channels.adapters import EmailAdapter, LoopbackAdapter, MailListener
from app.channels.models import Interaction
from app.channels.post import Post
from app.channels.rules import Adapter, Channel, Outgoing, OutState, Permanent, Temporary, Uncertain
from app.channels.service import Draft
from app.parts import Parts, utc_now
from app.settings import MailSecurity, SMTPAddress
from tests.ports import free_port

MAIL = b"From: wang@example.com\r\nMessage-ID: <m1@example.com>\r\nSubject: hello\r\n\r\nDo I have to fast?\r\n"


class Kept:
    """A mailbox of the peer; `failing` makes it unable to keep anything."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.failing = False

    def __call__(self, raw: bytes, _sender: str) -> None:
        if self.failing:
            raise OSError("disk full")
        self.mails.append(raw)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def listener(kept: Kept) -> Iterator[MailListener]:
    made = MailListener(kept, host="127.0.0.1", port=0, recipient="somebody@example.com")
    made.start()
    yield made
    made.stop()


class RudeServer:
    """Answers each line from its script, and does with the connection what the script's last word says."""

    def __init__(self, *answers: bytes, then: str = "close") -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._answers, self._then = answers, then
        self.is_done = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        link, _ = self._door.accept()
        with link, link.makefile("rb") as lines:
            for answer in self._answers:
                link.sendall(answer + b"\r\n")
                self._read(lines, is_text=answer.startswith(b"354"))
            self.is_done.wait(5.0 if self._then == "hang" else 0)

    def _read(self, lines: object, *, is_text: bool) -> None:
        for line in iter(lines.readline, b""):  # type: ignore[attr-defined]
            if not is_text or line == b".\r\n":
                break

    def stop(self) -> None:
        self.is_done.set()
        self._thread.join(5.0)
        self._door.close()


@pytest.fixture
def rude() -> Iterator[Callable[..., RudeServer]]:
    made: list[RudeServer] = []

    def make(*answers: bytes, then: str = "close") -> RudeServer:
        made.append(RudeServer(*answers, then=then))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def address_of(port: int) -> SMTPAddress:
    return SMTPAddress(
        host="127.0.0.1",
        port=port,
        security=MailSecurity.NONE,
        username="",
        password="",
        sender="care@hospital.example",
    )


def adapter_to(port: int) -> EmailAdapter:
    address = SMTPAddress(
        host="127.0.0.1",
        port=port,
        security=MailSecurity.NONE,
        username="",
        password="",
        sender="care@hospital.example",
    )
    return EmailAdapter(address, sender_name="示范医院", now=utc_now, timeout_seconds=0.5)


def a_letter(channel: Channel = Channel.EMAIL, address: str = "somebody@example.com") -> Outgoing:
    return Outgoing(
        id=1, channel=channel, address=address, subject="复查", text="您好\n.\n再见", reference="<r1@hospital.example>"
    )


@pytest.fixture(params=[Channel.EMAIL, Channel.WECHAT, Channel.FAX, Channel.APP, Channel.WAP, Channel.USSD])
def adapter(request: pytest.FixtureRequest, listener: MailListener) -> Adapter:
    channel: Channel = request.param
    by_channel: dict[Channel, Adapter] = {Channel.EMAIL: adapter_to(listener.port)}
    return by_channel.get(channel, LoopbackAdapter(channel))


RAW = {Channel.EMAIL: MAIL}
DOCUMENT = b'{"id": "m1", "address": "wang@example.com", "text": "Do I have to fast?"}'


def test_every_adapter_keeps_the_contract(adapter: Adapter) -> None:
    channel = adapter.channel
    assert adapter.send(a_letter(channel))
    with pytest.raises(Permanent):
        adapter.send(a_letter(channel, "refused@example.com"))
    raw = RAW.get(channel, DOCUMENT)
    first, again = adapter.receive(raw), adapter.receive(raw)
    assert (first.channel, first.address, first.text) == (channel, "wang@example.com", "Do I have to fast?")
    assert first.key == again.key != adapter.receive(raw.replace(b"m1", b"m2")).key


def test_mail_arrives_whole_with_what_names_it(listener: MailListener, kept: Kept) -> None:
    adapter_to(listener.port).send(a_letter())
    found = adapter_to(listener.port).receive(kept.mails[0])
    assert (found.address, found.name, found.subject) == ("care@hospital.example", "示范医院", "复查")
    assert (found.text, found.reference) == ("您好\n.\n再见", "<r1@hospital.example>")


OK = (b"220 hi", b"250 me", b"250 ok", b"250 ok")


@pytest.mark.parametrize(
    ("answers", "then", "error"),
    [
        ((), "close", Temporary),
        ((), "hang", Temporary),
        ((b"421 busy",), "close", Temporary),
        ((b"220 hi", b"250 me", b"530 who are you"), "close", Temporary),
        ((b"220 hi", b"250 me", b"250 ok", b"450 greylisted"), "close", Temporary),
        ((b"220 hi", b"250 me", b"250 ok", b"550 no such user"), "close", Permanent),
        (OK, "close", Temporary),
        (OK, "hang", Temporary),
        ((*OK, b"354 go on", b"250 taken"), "close", None),
        ((*OK, b"354 go on", b"552 too large"), "close", Permanent),
        ((*OK, b"354 go on", b"451 later"), "close", Temporary),
        ((*OK, b"354 go on", b"garbage"), "close", Uncertain),
        ((*OK, b"354 go on"), "close", Uncertain),
        ((*OK, b"354 go on"), "hang", Uncertain),
    ],
)
def test_only_a_mail_whose_last_answer_was_not_read_is_uncertain(
    rude: Callable[..., RudeServer], answers: tuple[bytes, ...], then: str, error: type[Exception] | None
) -> None:
    server = rude(*answers, then=then)
    try:
        adapter_to(server.port).send(a_letter())
    except (Temporary, Permanent, Uncertain) as raised:
        assert type(raised) is error
    else:
        assert error is None


def test_mail_that_cannot_be_kept_stays_with_its_sender(listener: MailListener, kept: Kept) -> None:
    kept.failing = True
    with smtplib.SMTP("127.0.0.1", listener.port) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("wang@example.com", ["somebody@example.com"], MAIL)
    assert refused.value.smtp_code == 451


def test_listener_takes_mail_for_its_one_address_only(listener: MailListener) -> None:
    with smtplib.SMTP("127.0.0.1", listener.port) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("wang@example.com", ["else@example.com"], MAIL)


def test_mail_that_is_too_large_is_refused_while_it_comes(listener: MailListener, kept: Kept) -> None:
    with smtplib.SMTP("127.0.0.1", listener.port) as client:
        client.ehlo()
        for command in ("MAIL FROM:<wang@example.com>", "RCPT TO:<somebody@example.com>"):
            client.docmd(command)
        assert client.data(MAIL + (b"x" * 900 + b"\r\n") * 12_000)[0] == 552
    assert kept.mails == []


def test_mail_goes_out_and_its_answer_comes_in(parts: Parts, listener: MailListener, kept: Kept) -> None:
    ours = Parts(
        settings=parts.settings.with_changes(smtp=address_of(listener.port)), database=parts.database, bus=parts.bus
    )
    post = Post(ours)
    with parts.database.writing() as session:
        draft = Draft(channel=Channel.EMAIL, address="somebody@example.com", subject="复查", text="请空腹。")
        row, _ = service.write(session, parts.bus, draft, settings=ours.settings, agent="bob", now=parts.now())
    assert post.send_next() and not post.send_next()
    sent = adapter_to(listener.port).receive(kept.mails[0])
    post.keep(
        f"From: somebody@example.com\r\nIn-Reply-To: {sent.reference}\r\n\r\nThank you.\r\n".encode(),
        "somebody@example.com",
    )
    with parts.database.reading() as session:
        out, answer = session.scalars(select(Interaction).order_by(Interaction.id)).all()
    assert (out.id, out.state, out.outcome) == (row.id, OutState.SENT, "replied")
    assert (answer.reply_to_id, answer.text) == (row.id, "Thank you.")


def test_mail_is_on_the_list_before_it_is_acknowledged_and_only_once(parts: Parts) -> None:
    settings = parts.settings.with_changes(mail_port=free_port())
    post = Post(Parts(settings=settings, database=parts.database, bus=parts.bus))
    post.start()
    for _ in range(2):
        with smtplib.SMTP("127.0.0.1", settings.mail_port) as client:
            client.sendmail("wang@example.com", ["care@hospital.example"], MAIL)
        with parts.database.reading() as session:
            assert service.count_open(session) == 1
    post.stop()
    post.stop()
