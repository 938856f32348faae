"""Pages and API of contacts. The public contact page is in `contact`, a room of its own to the front hall."""

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK
from app.channels import service
from app.channels.routes import composing as _composing  # noqa: F401  adds its views to the same pages
from app.channels.routes.api import api
from app.channels.routes.pages import pages
from app.texts import N_
from app.worklist.service import WorkItem, register

__all__ = ["api", "pages"]

register(
    WorkItem(
        label=N_("Emails and web messages"),
        hint=N_("They came in and nobody has answered them yet."),
        icon="envelope",
        endpoint="channels.show_inbox",
        roles=AT_THE_DESK,
        module=Module.MESSAGES,
        count=lambda session, _viewer, _now: service.count_open(session),
    )
)
