"""Mail from strangers becomes plain text and a few facts, whatever is in it."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.channels.rules import (
    Channel,
    InState,
    OutState,
    Writer,
    clean_email,
    may_move,
    web_reference,
    web_reference_id,
)
from app.channels.rules.html_text import text_of_html
from app.channels.rules.mail import read_mail
from app.channels.rules.matching import Matched, decide_owner

OURS = "<0123456789abcdef@hospital.example>"


def a_mail(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "王明 <Wang.Ming@Example.com>"
    mail["Subject"] = "复查"
    mail["Message-ID"] = "<m1@example.com>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("复查需要空腹吗？")
    return mail


def a_bounce(action: str = "failed") -> bytes:
    return (
        "From: MAILER-DAEMON@example.com\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; nobody@example.com\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {OURS}\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


def test_mail_is_read_with_its_sender_subject_and_text() -> None:
    found = read_mail(a_mail().as_bytes(), envelope_sender="wang.ming@example.com")
    assert (found.channel, found.address, found.name) == (Channel.EMAIL, "wang.ming@example.com", "王明")
    assert (found.subject, found.text, found.reference) == ("复查", "复查需要空腹吗？", "<m1@example.com>")
    assert found.writer is Writer.PERSON


def test_mail_that_says_gb2312_is_read_as_what_mailers_mean_by_it() -> None:
    raw = b"From: a@b.cn\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + "镕基您好".encode("gb18030")
    assert read_mail(raw, envelope_sender=None).text == "镕基您好"


def test_html_mail_is_shown_as_its_text_alone() -> None:
    mail = a_mail()
    mail.set_content("<title>t</title><script>alert(1)</script><p>您好<br>1 &lt; 2</p>", subtype="html")
    assert read_mail(mail.as_bytes(), envelope_sender=None).text == "您好\n1 < 2"


def test_attachments_are_named_without_their_folders_and_not_kept() -> None:
    mail = a_mail()
    mail.add_attachment(b"x" * 1000, maintype="image", subtype="jpeg", filename="../../片.jpg")
    [attachment] = read_mail(mail.as_bytes(), envelope_sender=None).attachments
    assert (attachment.name, attachment.size) == ("片.jpg", 1000)


def test_same_mail_again_has_the_same_key_and_another_sender_cannot_take_it() -> None:
    again = read_mail(b"Received: by mx\r\n" + a_mail().as_bytes(), envelope_sender=None)
    forged = a_mail()
    forged.replace_header("From", "somebody@else.example")
    first = read_mail(a_mail().as_bytes(), envelope_sender=None)
    assert again.key == first.key != read_mail(forged.as_bytes(), envelope_sender=None).key


@pytest.mark.parametrize(
    ("headers", "envelope_sender"),
    [
        ({"Auto-Submitted": "auto-replied"}, "a@b.cn"),
        ({"Precedence": "bulk"}, "a@b.cn"),
        ({"X-Autoreply": "yes"}, "a@b.cn"),
        ({}, ""),
    ],
)
def test_what_a_machine_wrote_is_known(headers: dict[str, str], envelope_sender: str) -> None:
    assert read_mail(a_mail(**headers).as_bytes(), envelope_sender=envelope_sender).writer is Writer.AUTO_REPLY


def test_mail_marked_as_not_automatic_is_a_persons() -> None:
    assert read_mail(a_mail(Auto_Submitted="no").as_bytes(), envelope_sender="a@b.cn").writer is Writer.PERSON


def test_bounce_names_the_mail_that_bounced_and_why() -> None:
    found = read_mail(a_bounce(), envelope_sender="")
    assert (found.writer, found.status, found.answers) == (Writer.BOUNCE, "5.1.1", (OURS,))


def test_delayed_mail_has_not_bounced() -> None:
    assert read_mail(a_bounce("delayed"), envelope_sender="").writer is Writer.DELAY


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_to_a_mail_makes_reading_it_fail(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([a_mail().as_bytes(), a_bounce()])))
    for place, octet in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=20)):
        raw[place] = octet
    found = read_mail(bytes(raw), envelope_sender=None)
    assert "\x00" not in found.text + found.subject + found.name + found.address


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"From: " + b"(" * 60_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain" + b"; a*0=b" * 60_000 + b"\r\n\r\nx",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(900)),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
        b"Content-Type: text/html\r\n\r\n" + b"<!--" * 300_000,
    ],
    ids=["empty", "zeros", "brackets", "parameters", "nested", "many parts", "open tags", "open comments"],
)
@pytest.mark.timeout(5)
def test_mail_that_is_built_to_be_slow_is_read_in_time(raw: bytes) -> None:
    assert read_mail(raw, envelope_sender=None).channel is Channel.EMAIL


@pytest.mark.parametrize("text", ["a<b", "1 < 2", "<", "<<<", "&lt;b&gt;"])
def test_text_that_only_looks_like_html_is_kept(text: str) -> None:
    assert text_of_html(f"<p>{text}") != ""


@pytest.mark.parametrize("text", ["wang", "a@b", "a@b.cn\nBcc: c@d.cn", "a b@c.cn", "@b.cn", "a@" + "b" * 300 + ".cn"])
def test_what_no_mail_can_go_to_is_no_address(text: str) -> None:
    assert clean_email(text) is None


def test_address_is_compared_without_capitals_and_full_width_letters() -> None:
    assert clean_email(" Ｗang@Example.COM ") == "wang@example.com"


def test_reference_number_is_read_as_it_is_written() -> None:
    assert web_reference(123) == "W000123"
    assert web_reference_id(" w 000123 ") == 123
    assert web_reference_id("W1; drop") is None


def test_somebody_who_names_anothers_number_beside_his_own_address_is_not_taken_for_the_other() -> None:
    assert decide_owner([1], [2], has_number=True, has_address=True).matched is Matched.SEVERAL


def test_number_of_one_person_is_that_person() -> None:
    assert decide_owner([1], [], has_number=True, has_address=True).patient_id == 1


def test_shared_number_is_decided_by_the_address() -> None:
    assert decide_owner([1, 2], [2], has_number=True, has_address=True).patient_id == 2


def test_sent_contact_never_goes_back_into_the_outbox() -> None:
    assert not may_move(OutState.SENT, OutState.QUEUED)
    assert not may_move(InState.ANSWERED, InState.NEW)
