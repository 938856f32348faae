"""Registers for people: the list, one register, its form with the rule's editor, joining and leaving."""

from app.registers.routes import record
from app.registers.routes.pages import pages

__all__ = ["pages", "record"]
