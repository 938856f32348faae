"""Whether this person may be contacted, and what people said about that. Everything that sends or dials asks here."""

from app.contact_policy.service.asking import (
    Recipient,
    limits,
    may_contact,
    may_contact_each,
    may_leave_now,
    require_dialable,
)
from app.contact_policy.service.wishes import (
    consents_of,
    opt_outs_of,
    record_consent,
    record_opt_out,
    standing_opt_outs,
    withdraw_opt_out,
)

__all__ = [
    "Recipient",
    "consents_of",
    "limits",
    "may_contact",
    "may_contact_each",
    "may_leave_now",
    "opt_outs_of",
    "record_consent",
    "record_opt_out",
    "require_dialable",
    "standing_opt_outs",
    "withdraw_opt_out",
]
