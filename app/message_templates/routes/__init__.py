"""Pages of message templates."""

from app.message_templates.routes.pages import pages

__all__ = ["pages"]
