"""An account with an operator's SMSC: what it consists of, and what a form may say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.errors import InvalidInput
from app.messages.rules import LongForm
from app.smsc_accounts.rules.errors import StatusClass
from app.texts import N_

DEFAULT = "default"
"""The account of WARDLINE_SMPP_URL, or of the demo SMSC. It has no row."""
MOST_BINDS = 8
MOST_WINDOW = 1000
MOST_RATE = 10_000.0


class BindMode(StrEnum):
    """How an account is bound."""

    TRANSCEIVER = "transceiver"  # each bind sends and receives
    PAIR = "pair"  # each bind is two: one that sends, one that receives


class BindRole(StrEnum):
    """What one bind may do (SMPP 3.4, section 2.2)."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


SENDING_ROLES = frozenset({BindRole.TRANSCEIVER, BindRole.TRANSMITTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class SMSCAccount:
    """Everything that a gateway needs to bind and to send. Two that are equal need no new bind.

    `window` is of each bind, `segments_per_second` of the whole account. `error_classes` are those of its operator with
    its own over them, both over the standard's. `server_name` is the name in the SMSC's certificate; empty means the
    host.
    """

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    bind_mode: BindMode = BindMode.TRANSCEIVER
    binds: int = 1
    window: int = 10
    segments_per_second: float = 50.0
    source_addr: str = ""
    is_tls: bool = False
    server_name: str = ""
    long_form: LongForm = LongForm.UDH8
    takes_latin1: bool = False
    error_classes: tuple[tuple[int, StatusClass], ...] = ()

    @property
    def roles(self) -> tuple[BindRole, ...]:
        """The role of each connection, in order."""
        if self.bind_mode is BindMode.PAIR:
            return (BindRole.TRANSMITTER, BindRole.RECEIVER) * self.binds
        return (BindRole.TRANSCEIVER,) * self.binds


def read_name(text: str) -> str:
    """The name of a new account: small letters, digits and dashes. Raises InvalidInput."""
    name = text.strip()
    if name == DEFAULT or not re.fullmatch(r"[a-z][a-z0-9-]{1,29}", name):
        raise InvalidInput(
            N_("Small letters, digits and dashes, beginning with a letter; “default” is taken."), field="name"
        )
    return name


def check_account(account: SMSCAccount) -> None:
    """Raises InvalidInput that names the first field with a wrong value."""
    for name, is_right, sentence in (
        ("host", bool(re.fullmatch(r"[A-Za-z0-9._:-]{1,120}", account.host)), _HOST),
        ("port", 1 <= account.port <= 65_535, _PORT),
        # smpplib cuts longer ones in silence, and the SMSC answers with a bind error.
        ("system_id", _is_c_string(account.system_id, 1, 15), _SYSTEM_ID),
        ("password", _is_c_string(account.password, 0, 8), _PASSWORD),
        ("binds", 1 <= account.binds <= MOST_BINDS, _BINDS),
        ("window", 1 <= account.window <= MOST_WINDOW, _WINDOW),
        ("segments_per_second", 0 < account.segments_per_second <= MOST_RATE, _RATE),
        ("source_addr", bool(re.fullmatch(r"\+?[A-Za-z0-9]{0,19}", account.source_addr)), _SOURCE),
        ("server_name", bool(re.fullmatch(r"[A-Za-z0-9.-]{0,120}", account.server_name)), _HOST),
    ):
        if not is_right:
            raise InvalidInput(sentence, field=name)


def read_error_classes(text: str) -> tuple[tuple[int, StatusClass], ...]:
    """The account's own error classes from lines such as `0x0b temporary`. Raises InvalidInput."""
    found: dict[int, StatusClass] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = re.fullmatch(r"(?:0x([0-9a-fA-F]{1,8})|([0-9]{1,9}))\s+([a-z]+)", line)
        if match is None or match[3] not in set(StatusClass):
            raise InvalidInput(
                N_("One code and its class in each line, such as: 0x0b temporary"), field="error_classes"
            )
        status = int(match[1], 16) if match[1] else int(match[2])
        found[status] = StatusClass(match[3])
    if len(found) > 200:
        raise InvalidInput(N_("At most 200 codes."), field="error_classes")
    return tuple(sorted(found.items()))


def write_error_classes(classes: Mapping[int, StatusClass]) -> str:
    """The lines that `read_error_classes` reads."""
    return "\n".join(f"0x{status:02x} {kind}" for status, kind in sorted(classes.items()))


def _is_c_string(text: str, shortest: int, longest: int) -> bool:
    return shortest <= len(text) <= longest and text.isascii() and (text.isprintable() or not text)


_HOST = N_("A host name or an address, such as smsc.example.net or 10.0.0.5.")
_PORT = N_("A number from 1 to 65535; most SMS centres listen at 2775.")
_SYSTEM_ID = N_("1 to 15 characters, without accents.")
_PASSWORD = N_("At most 8 characters, without accents.")
_BINDS = N_("A number from 1 to 8.")
_WINDOW = N_("A number from 1 to 1000.")
_RATE = N_("A number above 0, at most 10000.")
_SOURCE = N_("At most 20 letters or digits.")


def source_for(service_number: str, usual: str, own: str) -> str:
    """The number that a message comes from when an account with another number (`own`) than the usual carries it.

    What follows the usual number is the extension by which a reply finds its thread; it is kept.
    """
    if not own:
        return service_number
    if not service_number:
        return own
    return own + service_number.removeprefix(usual) if usual and service_number.startswith(usual) else service_number
