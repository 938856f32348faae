"""Accounts with SMS centres, their routes and their error codes. Standard library only."""

from app.smsc_accounts.rules.accounts import (
    DEFAULT,
    MOST_BINDS,
    SENDING_ROLES,
    BindMode,
    BindRole,
    SMSCAccount,
    check_account,
    read_error_classes,
    read_name,
    source_for,
    write_error_classes,
)
from app.smsc_accounts.rules.errors import StatusClass, classify, error_table
from app.smsc_accounts.rules.routing import Claim, Route, carrier, claims_of, in_order

__all__ = [
    "DEFAULT",
    "MOST_BINDS",
    "SENDING_ROLES",
    "BindMode",
    "BindRole",
    "Claim",
    "Route",
    "SMSCAccount",
    "StatusClass",
    "carrier",
    "check_account",
    "claims_of",
    "classify",
    "error_table",
    "in_order",
    "read_error_classes",
    "read_name",
    "source_for",
    "write_error_classes",
]
