"""Recordings for people (/quality) and for programs (/api/v1/recordings), and their audio for both."""

from app.recordings.routes import keeping, reading
from app.recordings.routes.api import api
from app.recordings.routes.blueprint import pages

__all__ = ["api", "keeping", "pages", "reading"]
