"""Pages and API of follow-up tasks."""

from app.followups.routes import acts, questions, workstation  # noqa: F401  they add their routes to `pages`
from app.followups.routes.api import api
from app.followups.routes.pages import pages
from app.followups.service.lines import register_lines

register_lines()

__all__ = ["api", "pages"]
