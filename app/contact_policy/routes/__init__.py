"""The patient page's part on being contacted, and the buttons in it."""

from app.contact_policy.routes.pages import pages
from app.contact_policy.routes.section import register_own

register_own()

__all__ = ["pages"]
