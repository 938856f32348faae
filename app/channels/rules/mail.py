"""Reads a mail as it came over SMTP (RFC 5322, MIME), whatever is in it: nothing that a stranger sends may fail here.

The standard library's parser with plain, bounded headers: it parses those of its default policy in time that grows with
the square of their length, 5 s for one of 60 kB. It still raises many kinds of errors on damaged input, so one thing is
asked for at a time; what cannot be read is empty, and a mail that cannot be read at all is kept as raw text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.utils import collapse_rfc2231_value, getaddresses
from typing import Any, TypeAlias, TypeVar

from app.channels.rules.contacts import Attachment, Incoming, Writer, clean_attachment_name, clean_email, dedup_key
from app.channels.rules.html_text import text_of_html
from app.channels.rules.states import Channel

MOST_OCTETS = 10 * 1024 * 1024
"""A larger mail is refused while it arrives. Two photographs of a telephone are 6 to 8 MB."""
_LONGEST_TEXT = 20_000
_LONGEST_SUBJECT = 200
_LONGEST_NAME = 120
_LONGEST_REFERENCE = 250
_LONGEST_HEADER = 4 * 1024
_LONGEST_HEADERS = 64 * 1024
# Each costs the parser 0.1 ms; a mail with pictures has about twenty.
_MOST_BOUNDARIES = 1000
_MOST_PARTS = 100
_MOST_ATTACHMENTS = 20
_MOST_ANSWERS = 20
_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "junk", "list", "auto_reply"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,240}>")
_ERRORS = (MessageError, ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError)
Result = TypeVar("Result")
Mail: TypeAlias = "Message[Any, Any]"


class _BoundedHeaders(Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


_POLICY = _BoundedHeaders()


def read_mail(raw: bytes, *, envelope_sender: str | None) -> Incoming:
    """The mail as a contact. `envelope_sender` is what MAIL FROM said: "" for the null sender of a bounce, else None
    when it is not known. Never raises."""
    head = raw.find(b"\r\n\r\n") if b"\r\n\r\n" in raw else raw.find(b"\n\n")
    is_too_large = (head if head >= 0 else len(raw)) > _LONGEST_HEADERS or raw.count(b"\n--") > _MOST_BOUNDARIES
    mail: Mail | None = None if is_too_large else _try(lambda: message_from_bytes(raw, policy=_POLICY), None)
    if mail is None:
        return _unread(raw)
    parts = _parts(mail)
    name, address = _sender(mail)
    writer, status = _writer(mail, parts, envelope_sender)
    reference = next(iter(_ids(mail, "Message-ID")), "")
    subject, text = _line(_header(mail, "Subject"), _LONGEST_SUBJECT), _text(parts)
    key = (reference, address) if reference else (address, _header(mail, "Date"), subject, text)
    return Incoming(
        channel=Channel.EMAIL,
        key=dedup_key(Channel.EMAIL, *key),
        address=address,
        name=name,
        subject=subject,
        text=text,
        reference=reference,
        attachments=_attachments(parts),
        writer=writer,
        answers=_answers(mail, parts),
        status=status,
    )


def _unread(raw: bytes) -> Incoming:
    text = raw[: _LONGEST_TEXT * 2].decode("utf-8", "replace")
    return Incoming(
        channel=Channel.EMAIL,
        key=dedup_key(Channel.EMAIL, raw.decode("latin-1")),
        address="",
        text=_plain(text),
    )


def _parts(mail: Mail) -> list[Mail]:
    def walk() -> list[Mail]:
        found: list[Mail] = []
        for part in mail.walk():
            found.append(part)
            if len(found) == _MOST_PARTS:
                break
        return found

    return _try(walk, [mail])


def _sender(mail: Mail) -> tuple[str, str]:
    for header in ("Reply-To", "From"):
        for name, address in _addresses(_header(mail, header)):
            cleaned = clean_email(address)
            if cleaned is not None:
                return _line(name, _LONGEST_NAME), cleaned
    return "", ""


def _addresses(header: str) -> list[tuple[str, str]]:
    none: list[tuple[str, str]] = []
    return _try(lambda: getaddresses([header]), none)


def _writer(mail: Mail, parts: list[Mail], envelope_sender: str | None) -> tuple[Writer, str]:
    """A person or a machine (RFC 3834, 5; RFC 3464)."""
    report = next((part for part in parts if _kind(part) == "message/delivery-status"), None)
    if report is not None:
        text = _report_text(report)
        action = re.search(r"(?im)^Action:\s*([a-z]+)", text)
        status = re.search(r"(?im)^Status:\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})", text)
        is_failure = action is None or action[1].lower() == "failed"
        return (Writer.BOUNCE if is_failure else Writer.DELAY), status[1] if status else ""
    is_automatic = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no")
    is_bulk = _header(mail, "Precedence").strip().lower() in _AUTOMATIC_PRECEDENCE
    if _header(mail, "X-Failed-Recipients"):
        return Writer.BOUNCE, ""
    if is_automatic or is_bulk or _header(mail, "X-Autoreply") or envelope_sender == "":
        return Writer.AUTO_REPLY, ""
    return Writer.PERSON, ""


def _report_text(part: Mail) -> str:
    """A delivery status is parsed as a list of header blocks (RFC 3464, 2)."""
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return str(blocks)[:_LONGEST_TEXT]
    return _try(lambda: "\n".join(str(block)[:_LONGEST_TEXT] for block in blocks[:_MOST_PARTS]), "")


def _answers(mail: Mail, parts: list[Mail]) -> tuple[str, ...]:
    found = _ids(mail, "In-Reply-To")
    for part in parts[1:]:
        if _kind(part) == "text/rfc822-headers":
            found += _returned_ids(_octets(part)[:_LONGEST_HEADERS])
        elif part.get("Message-ID") is not None:
            found += _ids(part, "Message-ID")
    found += reversed(_ids(mail, "References"))
    return tuple(dict.fromkeys(found))[:_MOST_ANSWERS]


def _returned_ids(headers: bytes) -> list[str]:
    nothing: Mail = Message()
    return _ids(_try(lambda: message_from_bytes(headers, policy=_POLICY), nothing), "Message-ID")


def _ids(mail: Mail, header: str) -> list[str]:
    return [each for each in _MESSAGE_ID.findall(_header(mail, header)) if len(each) <= _LONGEST_REFERENCE]


def _text(parts: list[Mail]) -> str:
    shown = [part for part in parts if not part.is_multipart() and not _is_attachment(part)]
    plain = [_decoded(part) for part in shown if _kind(part) == "text/plain"]
    if any(text.strip() for text in plain):
        return _plain("\n\n".join(plain))
    html = [_decoded(part) for part in shown if _kind(part) == "text/html"]
    return _plain("\n\n".join(text_of_html(text[: _LONGEST_TEXT * 10]) for text in html))


def _decoded(part: Mail) -> str:
    octets = _octets(part)[: _LONGEST_TEXT * 40]
    named = _try(lambda: part.get_content_charset(), None)
    # GB2312 is what many mailers say when they mean GB18030, which holds it.
    charset = "gb18030" if named in ("gb2312", "gbk", "x-gbk") else named
    for each in (charset, "utf-8", "gb18030"):
        if each:
            found = _try(lambda each=each: octets.decode(each), None)  # type: ignore[misc]
            if found is not None:
                return found
    return octets.decode("utf-8", "replace")


def _octets(part: Mail) -> bytes:
    payload: object = _try(lambda: part.get_payload(decode=True), None)
    return payload if isinstance(payload, bytes) else b""


def _attachments(parts: list[Mail]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(name=clean_attachment_name(_file_name(part)), size=len(_octets(part))) for part in _hanging(parts)
    )[:_MOST_ATTACHMENTS]


def _file_name(part: Mail) -> str:
    name = _try(lambda: part.get_filename() or "", "")[:_LONGEST_HEADER]
    return _try(lambda: str(make_header(decode_header(collapse_rfc2231_value(name)))), name)


def _hanging(parts: list[Mail]) -> Iterator[Mail]:
    for part in parts:
        if not part.is_multipart() and (_is_attachment(part) or not _kind(part).startswith(("text/", "message/"))):
            yield part


def _is_attachment(part: Mail) -> bool:
    return _try(lambda: part.get_content_disposition() == "attachment" or part.get_filename() is not None, False)


def _kind(part: Mail) -> str:
    return _try(part.get_content_type, "")


def _header(mail: Mail, name: str) -> str:
    raw = _try(lambda: str(mail.get(name, ""))[:_LONGEST_HEADER], "")
    return _try(lambda: str(make_header(decode_header(raw))), raw)


def _line(text: str, longest: int) -> str:
    return " ".join(_plain(text).split())[:longest]


def _plain(text: str) -> str:
    """Without what no database or page takes: control characters but tab and line break, lone surrogates."""
    ended = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", ended)[:_LONGEST_TEXT].strip()


def _try(read: Callable[[], Result], otherwise: Result) -> Result:
    try:
        return read()
    except _ERRORS:
        return otherwise
