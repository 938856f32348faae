"""Whether each part works: exercised, not remembered. Every check answers "ok", "off" or "down: reason"."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database
from app.health.models import HealthProbe
from app.messages.models import GatewayLink
from app.queues.models import TelephonyLink
from app.settings import Settings

OK = "ok"
OFF = "off"

# Telephony proves itself each second; five missed proofs are an outage.
_TELEPHONY_FRESH = timedelta(seconds=5)
# The gateway renews its row with each enquire_link, every 5 s; three missed ones are an outage.
_GATEWAY_FRESH = timedelta(seconds=15)
_FORGET_PROCESS = timedelta(days=1)


def check_database(database: Database, process: str, now: datetime) -> str:
    """Write a row, commit, and read it back in another transaction."""
    nonce = secrets.token_hex(16)
    try:
        with database.writing() as session:
            session.execute(delete(HealthProbe).where(HealthProbe.at < now - _FORGET_PROCESS))
            session.merge(HealthProbe(process=process, nonce=nonce, at=now))
        with database.reading() as session:
            found = session.scalar(select(HealthProbe.nonce).where(HealthProbe.process == process))
    except SQLAlchemyError as error:
        return f"down: {type(error).__name__}"
    return OK if found == nonce else "down: a write was not read back"


def check_telephony(session: Session, now: datetime) -> str:
    """Whether telephony is in step with Asterisk, and proved so in the last seconds."""
    link = session.scalar(select(TelephonyLink))
    if link is None or link.as_of is None:
        return "down: the telephone link has never been up"
    if link.state != "up":
        return f"down: the telephone link is {link.state}"
    if now - link.as_of > _TELEPHONY_FRESH:
        return "down: the telephone link is silent"
    return OK


def check_sms(session: Session, settings: Settings, now: datetime) -> str:
    """Whether every SMSC account is bound and answered its last enquiries."""
    query = select(GatewayLink).where(GatewayLink.state != "off").order_by(GatewayLink.account)
    links = list(session.scalars(query))
    if not links:
        return OFF if settings.smpp is None else "down: the gateway has never run"
    for link in links:
        if link.state != "bound":
            return f"down: the SMSC is {link.state}"
        if now - link.as_of > _GATEWAY_FRESH:
            return "down: the gateway is silent"
    return OK
