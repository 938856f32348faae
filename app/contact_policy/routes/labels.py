"""The words of the contact policy in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.contact_policy.rules import EVERYTHING
from app.messages.rules import MessageKind


def kind_words() -> dict[str, str]:
    """The kinds of message that a person may want or not."""
    return {
        MessageKind.CARE.value: _("Care and service"),
        MessageKind.MARKETING.value: _("Promotions"),
        MessageKind.STAFF.value: _("Staff"),
        MessageKind.PARTNER.value: _("Referral partner"),
        EVERYTHING: _("Everything"),
    }


def channel_words() -> dict[str, str]:
    """The channels that a consent or an opt-out is about."""
    return {
        "sms": _("Text message"),
        "call": _("Telephone"),
        "email": _("Email"),
        "wechat": _("WeChat"),
        EVERYTHING: _("Every channel"),
    }
