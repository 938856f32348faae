"""Pages of mass sends."""

from app.mass_sends.routes.pages import pages

__all__ = ["pages"]
