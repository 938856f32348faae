"""Accounts with SMS centres in /admin/sms, and how they stand in /messages/gateway."""

from app.smsc_accounts.routes import accounts, error_tables, gateway, routing, uncertain
from app.smsc_accounts.routes.blueprint import pages

__all__ = ["accounts", "error_tables", "gateway", "pages", "routing", "uncertain"]
