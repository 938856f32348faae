"""Mail: out over SMTP, one connection for each message, and in as MIME."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from app.channels.rules import Channel, Incoming, Outgoing, Permanent, Temporary, Uncertain
from app.channels.rules.mail import read_mail
from app.settings import MailSecurity, SMTPAddress

# RFC 5321, 4.5.3.2 allows minutes for each answer; a server of the hospital's own that takes 20 s will not answer.
_TIMEOUT_SECONDS = 20.0


class EmailAdapter:
    """Hands mail to one mail server, and reads what one brings."""

    channel = Channel.EMAIL

    def __init__(
        self,
        address: SMTPAddress,
        *,
        sender_name: str,
        now: Callable[[], datetime],
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._address = address
        self._sender_name = sender_name
        self._now = now
        self._timeout = timeout_seconds

    def send(self, outgoing: Outgoing) -> str:
        """Hand it to the mail server and return the Message-ID under which it was accepted."""
        octets = self._compose(outgoing)
        try:
            with self._connect() as client:
                self._hand_over(client, outgoing.address, octets)
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(_code_of(error)) from None
        return outgoing.reference

    def receive(self, raw: bytes) -> Incoming:
        return read_mail(raw, envelope_sender=None)

    def _compose(self, outgoing: Outgoing) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((self._sender_name, self._address.sender), "utf-8")
        mail["To"] = outgoing.address
        mail["Subject"] = outgoing.subject or self._sender_name
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = outgoing.reference
        if outgoing.answers:
            mail["In-Reply-To"] = mail["References"] = outgoing.answers
        # base64, because some servers on the way still cut the eighth bit.
        mail.set_content(outgoing.text, cte="base64")
        return mail.as_bytes()

    def _connect(self) -> _Client:
        return _Client(self._address, self._timeout)

    def _hand_over(self, client: _Client, to: str, octets: bytes) -> None:
        """Up to the last dot nothing can have been accepted; once it is on its way, only an answer can tell."""
        client.ask(f"MAIL FROM:<{self._address.sender}>")
        client.ask(f"RCPT TO:<{to}>", is_about_mail=True)
        client.ask("DATA", wanted=354, is_about_mail=True)
        client.write(re.sub(rb"(?m)^\.", b"..", octets))
        client.finish()


class _Client:
    """One connection to the mail server, used for one message and then thrown away."""

    def __init__(self, address: SMTPAddress, timeout: float) -> None:
        context = ssl.create_default_context()
        if address.security is MailSecurity.TLS:
            self._link: smtplib.SMTP = smtplib.SMTP_SSL(address.host, address.port, timeout=timeout, context=context)
        else:
            self._link = smtplib.SMTP(address.host, address.port, timeout=timeout)
        try:
            if address.security is MailSecurity.STARTTLS:
                self._link.starttls(context=context)
            self._link.ehlo_or_helo_if_needed()
            if address.username:
                self._link.login(address.username, address.password)
        except BaseException:
            self._link.close()
            raise

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def ask(self, command: str, *, wanted: int = 250, is_about_mail: bool = False) -> None:
        """Raises Permanent for a refusal that is about this mail, Temporary for any other answer."""
        code, _text = self._link.docmd(command)
        if code == wanted or (wanted == 250 and code == 251):
            return
        # A refusal of the sender or of the account is a matter of the set-up: the mail waits until it is put right.
        raise Permanent(f"smtp-{code}") if is_about_mail and 500 <= code < 600 else Temporary(f"smtp-{code}")

    def write(self, octets: bytes) -> None:
        self._link.send(octets if octets.endswith(b"\r\n") else octets + b"\r\n")

    def finish(self) -> None:
        """Send the last dot and read the answer."""
        try:
            self._link.send(b".\r\n")
            code, _text = self._link.getreply()
        except (smtplib.SMTPException, OSError):
            raise Uncertain from None
        if code == 250:
            return
        if not 400 <= code < 600:
            raise Uncertain
        raise Permanent(f"smtp-{code}") if code >= 500 else Temporary(f"smtp-{code}")


def _code_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp-{error.smtp_code}"
    return "unreachable" if isinstance(error, OSError) else "protocol"
