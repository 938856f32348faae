"""What the demonstration's hospital has set, so that its texts can be filled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.configuration.rules import HOSPITAL_PHONE, HOSPITAL_PLACE
from app.configuration.service.settings import set_value, value
from app.settings import Settings


def seed_demo(session: Session, settings: Settings, *, now: datetime) -> None:
    """Say how patients reach the demonstration's hospital, where nobody has said anything yet."""
    for key, text in ((HOSPITAL_PHONE, f"{settings.area_code}-{settings.hotline}"), (HOSPITAL_PLACE, "门诊楼一楼")):
        if not value(session, key):
            set_value(session, key, text, by="demo", now=now)
