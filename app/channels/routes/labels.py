"""The words of contacts in the reader's language, each with its icon."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.access import service as access
from app.access.rules import mask_email
from app.channels.models import Interaction
from app.channels.rules import AdapterKind, Channel, InState, Outcome, OutState
from app.channels.service.recipients import CALL, SMS
from app.http import viewer

_ICONS = {
    CALL: "telephone",
    SMS: "chat-left-text",
    Channel.EMAIL: "envelope",
    Channel.WEB: "globe",
    Channel.WECHAT: "wechat",
    Channel.FAX: "printer",
    Channel.APP: "phone",
    Channel.WAP: "phone-landscape",
    Channel.USSD: "hash",
}
_STATE_ICONS: dict[str, str] = {
    InState.NEW: "envelope",
    InState.READ: "envelope-open",
    InState.ANSWERED: "reply",
    InState.IGNORED: "archive",
    OutState.DRAFT: "pencil",
    OutState.QUEUED: "hourglass-split",
    OutState.SENDING: "arrow-up-right",
    OutState.SENT: "check2",
    OutState.UNCERTAIN: "question-circle",
    OutState.FAILED: "x-octagon",
    OutState.CANCELLED: "slash-circle",
}
_STATE_COLOURS: dict[str, str] = {
    InState.READ: "queued",
    InState.IGNORED: "",
    OutState.SENDING: "sent",
    OutState.SENT: "good",
    OutState.UNCERTAIN: "warn",
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "channel_words": channel_words(),
        "channel_icon": lambda channel: _ICONS.get(channel, "chat"),
        "state_words": state_words(),
        "state_icon": lambda state: _STATE_ICONS.get(state, "dot"),
        "state_colour": lambda state: _STATE_COLOURS.get(state, state),
        "outcome_words": outcome_words(),
        "error_sentence": error_sentence,
        "shown_address": shown_address,
        "connection_words": connection_words(),
    }


def shown_address(channel: str, address: str) -> str:
    """The other side's address as whoever looks may see it."""
    if channel in (CALL, SMS) or (address.startswith("+") and address[1:].isdigit()):
        return access.number_for(viewer(), address)
    return mask_email(address) if viewer().is_masked and address else address


def channel_words() -> dict[str, str]:
    """The names of the channels."""
    return {
        CALL: _("Call"),
        SMS: _("Text message"),
        Channel.EMAIL: _("Email"),
        Channel.WEB: _("Web message"),
        Channel.WECHAT: _("WeChat"),
        Channel.FAX: _("Fax"),
        Channel.APP: _("App"),
        Channel.WAP: _("WAP"),
        Channel.USSD: _("USSD"),
    }


def state_words() -> dict[str, str]:
    """One or two words for each state."""
    return {
        InState.NEW: _("New"),
        InState.READ: _("Read"),
        InState.ANSWERED: _("Replied to"),
        InState.IGNORED: _("Ignored"),
        OutState.DRAFT: _("Draft"),
        OutState.QUEUED: _("Waiting to be sent"),
        OutState.SENDING: _("Being sent"),
        OutState.SENT: _("Sent"),
        OutState.UNCERTAIN: _("Uncertain"),
        OutState.FAILED: _("Failed"),
        OutState.CANCELLED: _("Cancelled"),
    }


def outcome_words() -> dict[str, str]:
    """What came of a contact, as a sentence."""
    return {
        Outcome.EMAIL: _("Answered by email."),
        Outcome.SMS: _("Answered by text message."),
        Outcome.CALL: _("Answered by telephone."),
        Outcome.OTHER: _("Answered on the same channel."),
        Outcome.NO_ANSWER_NEEDED: _("No answer was needed."),
        Outcome.REPLIED: _("The other side has replied."),
        Outcome.AUTO_REPLIED: _("An automatic reply came back."),
        Outcome.DELAYED: _("The other side's mail server still tries to deliver it."),
        Outcome.BOUNCED: _("It came back: the address does not take mail."),
        Outcome.AUTOMATIC: _("Written by a machine; nobody waits for an answer."),
    }


def connection_words() -> dict[str, str]:
    """How a channel stands."""
    return {
        AdapterKind.CONNECTED: _("Connected"),
        AdapterKind.LOOPBACK: _("Demonstration: nothing leaves this house"),
        AdapterKind.OFF: _("Not connected"),
    }


def error_sentence(interaction: Interaction) -> str:
    """What went wrong, and what follows from it; nothing when all is well."""
    code = interaction.error_code
    if code is None or interaction.outcome == Outcome.BOUNCED:
        return ""
    sentences = {
        "uncertain": _("It may have arrived; the answer never came. It is not sent again by itself."),
        "deceased": _("This person has died. Nothing is sent."),
        "gave_up": _("A day of attempts has failed. Send it again, or choose another channel."),
        "unreachable": _("The mail server cannot be reached; we keep trying."),
        "not_connected": _("This channel is not connected; we keep trying."),
    }
    if code in sentences:
        return str(sentences[code])
    return str(_("The other side refused it (code %(code)s).", code=code))
