"""Reads a mailbox of the hospital's mail server (IMAP, RFC 3501), and changes nothing in it: staff may read it too."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from app.channels.rules import Temporary
from app.channels.rules.mail import MOST_OCTETS
from app.settings import IMAPAddress, MailSecurity

_TIMEOUT_SECONDS = 20.0
# One mail of 10 MB at a time is in memory; the rest of the round is asked for mail by mail.
_MOST_IN_A_ROUND = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """How the server numbers the folder's mails: `validity` changes when it numbers them anew (RFC 3501, 2.3.1.1)."""

    validity: int
    next_uid: int


class Mailbox:
    """One connection to one folder, opened read-only, used for one round and closed."""

    def __init__(self, address: IMAPAddress, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        """Connect, sign in and open the folder. Raises Temporary when that cannot be done now."""
        with _asking():
            self._link = _connect(address, timeout_seconds)
        try:
            with _asking():
                self.state = self._open(address)
        except Temporary:
            self.close()
            raise

    def uids_after(self, uid: int) -> list[int]:
        """The numbers of the mails that came after this one, oldest first; so many as a round may take."""
        if uid + 1 >= self.state.next_uid:
            return []
        with _asking():
            _kind, found = self._link.uid("SEARCH", f"UID {uid + 1}:*")
        # "n:*" always names the last mail, also where its number is smaller.
        numbers = (int(number) for number in (found[0] or b"").split())
        return sorted(number for number in numbers if number > uid)[:_MOST_IN_A_ROUND]

    def fetch(self, uid: int) -> bytes | None:
        """The mail, cut where it is larger than any that we take; None for one that is not there any more."""
        with _asking():
            _kind, found = self._link.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_OCTETS}>)")
        return next((bytes(each[1]) for each in found if isinstance(each, tuple)), None)

    def close(self) -> None:
        """Closing twice is harmless."""
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._link.logout()

    def _open(self, address: IMAPAddress) -> MailboxState:
        self._link.login(address.username, address.password)
        kind, _found = self._link.select(f'"{address.folder}"', readonly=True)
        if kind != "OK":
            raise Temporary("no_folder")
        _kind, status = self._link.status(f'"{address.folder}"', "(UIDVALIDITY UIDNEXT)")
        numbers = {
            name: int(number) for name, number in re.findall(rb"(UIDVALIDITY|UIDNEXT) ([0-9]+)", status[0] or b"")
        }
        if len(numbers) != 2:
            raise Temporary("protocol")
        return MailboxState(validity=numbers[b"UIDVALIDITY"], next_uid=numbers[b"UIDNEXT"])


def _connect(address: IMAPAddress, timeout: float) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if address.security is MailSecurity.TLS:
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=context, timeout=timeout)
    link = imaplib.IMAP4(address.host, address.port, timeout=timeout)
    if address.security is MailSecurity.STARTTLS:
        link.starttls(context)
    return link


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """What goes wrong between us and the server is worth another try, and its words may hold anything."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise Temporary("link_lost") from None
    except imaplib.IMAP4.error:
        raise Temporary("refused") from None
    except (OSError, ValueError) as error:
        raise Temporary("unreachable" if isinstance(error, OSError) else "protocol") from None
