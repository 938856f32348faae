"""Departments and staff in /admin, and what colleagues ask of each other in /requests."""

from app.organisation.routes import departments, requests, staff
from app.organisation.routes.blueprint import pages

__all__ = ["departments", "pages", "requests", "staff"]
