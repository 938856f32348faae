"""Pages of follow-up templates."""

from app.followup_templates.routes import laboratory  # noqa: F401  it adds its page to `pages`
from app.followup_templates.routes.pages import pages

__all__ = ["pages"]
