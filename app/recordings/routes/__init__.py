"""Recordings for people (/quality) and for programs (/api/v1/recordings), and their audio for both."""

from app.recordings.routes import keeping
from app.recordings.routes.api import api
from app.recordings.routes.pages import pages

__all__ = ["api", "keeping", "pages"]
