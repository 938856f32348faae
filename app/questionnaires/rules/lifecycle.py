"""What becomes of a version, who may approve it, and the ways in which answers come."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.texts import N_


class Purpose(StrEnum):
    """What a questionnaire is for."""

    SATISFACTION = "satisfaction"
    QUALITY = "quality"
    RECOVERY = "recovery"
    WISHES = "wishes"


PURPOSE_TEXT: Mapping[Purpose, str] = {
    Purpose.SATISFACTION: N_("Satisfaction"),
    Purpose.QUALITY: N_("Medical quality"),
    Purpose.RECOVERY: N_("Recovery"),
    Purpose.WISHES: N_("Wishes"),
}
CLINICAL = frozenset({Purpose.QUALITY, Purpose.RECOVERY})
"""What these ask about health is a draft until a clinician of the hospital has approved it (guard 13)."""
SURVEYS = frozenset({Purpose.SATISFACTION, Purpose.WISHES})
"""Who refused surveys is not asked these again for a while (Q-07)."""


class ResponseWay(StrEnum):
    """How the answers came (Q-08)."""

    PHONE = "phone"  # an agent asked
    PAPER = "paper"  # typed from a form
    SMS = "sms"  # question by question
    LINK = "link"  # on the patient's own telephone
    AUTOMATIC = "automatic"  # Asterisk asked, keys answered


WAY_TEXT: Mapping[ResponseWay, str] = {
    ResponseWay.PHONE: N_("On the phone"),
    ResponseWay.PAPER: N_("On paper"),
    ResponseWay.SMS: N_("By SMS"),
    ResponseWay.LINK: N_("By link"),
    ResponseWay.AUTOMATIC: N_("Automatic call"),
}


def may_approve(purpose: Purpose, *, is_clinician: bool, is_supervisor: bool) -> bool:
    """Whether such a person may put a questionnaire of that purpose into use."""
    return is_clinician if purpose in CLINICAL else is_clinician or is_supervisor
