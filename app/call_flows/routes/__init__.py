"""Pages of the way in."""

from app.call_flows.routes.pages import pages

__all__ = ["pages"]
