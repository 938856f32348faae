"""Tell the gateway that accounts, routes or error codes have changed."""

from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.bus import Bus
from app.db import after_commit


def tell_change(session: Session, bus: Bus) -> None:
    """After the commit: the gateway looks at once. Without the hint it looks within seconds."""
    after_commit(session, lambda: bus.publish(bus_topics.SMSC_ACCOUNTS, {}))
