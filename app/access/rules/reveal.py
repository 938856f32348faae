"""What can be shown in full, and why somebody may want to see it (guard 7)."""

from enum import StrEnum


class Revealed(StrEnum):
    """The masked parts of a patient's record."""

    PHONE = "phone"
    IDENTIFIER = "identifier"
    ADDRESS = "address"


class RevealReason(StrEnum):
    """Offered as a menu; what does not fit is written in words."""

    TELL_THE_PATIENT = "tell_the_patient"  # the patient asks what is on record
    COMPARE = "compare"  # with a card, letter or another system
    CORRECT = "correct"  # to correct the record
    CALL_BY_OTHER_MEANS = "call_by_other_means"  # from another telephone, or by post
    OTHER = "other"


SHOWN_SECONDS = 30
"""A revealed value is masked again after this."""
