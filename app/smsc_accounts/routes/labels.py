"""Words for what the pages of SMS centres show."""

from __future__ import annotations

from flask_babel import gettext as _

from app.messages.rules import LinkState, LongForm, MessageKind
from app.smsc_accounts.rules import BindMode, BindRole, StatusClass


def state_words() -> dict[str, tuple[str, str, str]]:
    """For each state of a bind: its word, its icon and its colour."""
    return {
        LinkState.BOUND: (_("Bound"), "check2-circle", "good"),
        LinkState.CONNECTING: (_("Connecting"), "arrow-repeat", "new"),
        LinkState.REFUSED: (_("Refused: somebody must look at the account"), "x-octagon", "bad"),
        LinkState.DOWN: (_("Down; we keep trying"), "exclamation-triangle", "warn"),
        LinkState.OFF: (_("Not set up"), "power", ""),
    }


def role_words() -> dict[str, str]:
    """What a bind may do."""
    return {
        BindRole.TRANSCEIVER: _("Sends and receives"),
        BindRole.TRANSMITTER: _("Sends"),
        BindRole.RECEIVER: _("Receives"),
    }


def mode_choices() -> list[tuple[str, str]]:
    """How an account may be bound."""
    return [
        (BindMode.TRANSCEIVER.value, _("Transceiver: each bind sends and receives")),
        (BindMode.PAIR.value, _("Pair: one bind sends, one receives")),
    ]


def form_choices() -> list[tuple[str, str]]:
    """How the segments of a long text are tied together."""
    return [
        (LongForm.UDH8.value, _("Header in the text, 8-bit reference (usual)")),
        (LongForm.UDH16.value, _("Header in the text, 16-bit reference")),
        (LongForm.SAR.value, _("Optional parameters (SAR)")),
        (LongForm.PAYLOAD.value, _("One submit with message_payload")),
    ]


def kind_choices() -> list[tuple[str, str]]:
    """Which kind of message a route is for."""
    words = {
        MessageKind.CARE: _("Care"),
        MessageKind.MARKETING: _("Promotion"),
        MessageKind.STAFF: _("Staff"),
        MessageKind.PARTNER: _("Referral partner"),
    }
    return [("", _("Every kind")), *((kind.value, word) for kind, word in words.items())]


def class_words() -> list[tuple[str, str]]:
    """The classes of error codes and what each does to a message."""
    return [
        (StatusClass.THROTTLED.value, _("too fast: pause, then the same message again")),
        (StatusClass.TEMPORARY.value, _("the same message later, up to 8 tries")),
        (StatusClass.PERMANENT.value, _("never this message")),
        (StatusClass.FATAL.value, _("nothing more on this bind: bind anew")),
        (StatusClass.UNEXPLAINED.value, _("as a code in no table: later, up to 3 tries")),
    ]
