"""Pages and API of messages."""

from app.messages.routes import verbs
from app.messages.routes.api import api
from app.messages.routes.pages import pages

__all__ = ["api", "pages", "verbs"]
