"""Supervision of calls, and when a figure of the floor is an alarm. Import from here."""

from app.floor.rules.supervision import SupervisionChanged, SupervisionMode, SupervisionRecord

__all__ = ["SupervisionChanged", "SupervisionMode", "SupervisionRecord"]
