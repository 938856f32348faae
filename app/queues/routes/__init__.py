"""The API's snapshot of the queues, and their pages."""

from app.queues.routes.api import api
from app.queues.routes.pages import pages

__all__ = ["api", "pages"]
