"""Pages of sending rules."""

from app.sending_rules.routes.pages import pages

__all__ = ["pages"]
