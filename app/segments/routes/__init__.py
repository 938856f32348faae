"""Segments for people: the list, the editor with its live count, and one segment with its uses."""

from app.segments.routes.pages import pages

__all__ = ["pages"]
