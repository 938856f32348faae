"""Accounts with SMS centres. Import from here.

`record_binds` and `forget_links` are for sms_gateway alone: how a bind stands has one writer.
"""

from app.smsc_accounts.service.accounts import (
    AccountForm,
    Plan,
    add_account,
    get_account,
    list_accounts,
    read_plan,
    save_account,
)
from app.smsc_accounts.service.error_tables import (
    error_tables,
    read_stored,
    remove_error_table,
    save_error_table,
)
from app.smsc_accounts.service.figures import (
    STALE,
    BindReport,
    GatewayView,
    forget_links,
    gateway_view,
    links_besides,
    record_binds,
    waiting_messages,
)
from app.smsc_accounts.service.routes import add_route, list_routes, remove_route, route_of

__all__ = [
    "STALE",
    "AccountForm",
    "BindReport",
    "GatewayView",
    "Plan",
    "add_account",
    "add_route",
    "error_tables",
    "forget_links",
    "gateway_view",
    "get_account",
    "links_besides",
    "list_accounts",
    "list_routes",
    "read_plan",
    "read_stored",
    "record_binds",
    "remove_error_table",
    "remove_route",
    "route_of",
    "save_account",
    "save_error_table",
    "waiting_messages",
]
