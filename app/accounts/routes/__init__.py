"""Signing in and out, one's own account, and the tokens of programs."""

from app.accounts.routes import account, second_factor, sign_in
from app.accounts.routes.blueprints import api, pages

__all__ = ["account", "api", "pages", "second_factor", "sign_in"]
