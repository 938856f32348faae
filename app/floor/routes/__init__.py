"""The supervisors' live page and its orders."""

from app.floor.routes.pages import pages

__all__ = ["pages"]
