"""The pages of outbound lists."""

from app.outbound_lists.routes.pages import pages

__all__ = ["pages"]
