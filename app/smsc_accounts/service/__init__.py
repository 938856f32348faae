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
    get_error_table,
    remove_error_table,
    save_error_table,
    written,
)
from app.smsc_accounts.service.figures import (
    MOST_COUNTED,
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
    "MOST_COUNTED",
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
    "get_error_table",
    "links_besides",
    "list_accounts",
    "list_routes",
    "read_plan",
    "record_binds",
    "remove_error_table",
    "remove_route",
    "route_of",
    "save_account",
    "save_error_table",
    "waiting_messages",
    "written",
]
