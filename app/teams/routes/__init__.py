"""The pages of teams."""

from app.teams.routes.pages import pages

__all__ = ["pages"]
