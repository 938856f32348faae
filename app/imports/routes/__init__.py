"""Pages of imports and of the rows that wait for a person."""

from app.imports.routes import review  # noqa: F401
from app.imports.routes.pages import pages

__all__ = ["pages"]
