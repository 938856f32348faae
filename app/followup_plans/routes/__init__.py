"""Pages of follow-up plans, and what they add to the patient page and the work list."""

from app.followup_plans.routes import deciding, record, standing, work  # noqa: F401  they add to pages and registries
from app.followup_plans.routes.pages import pages

__all__ = ["pages"]
