"""What somebody must look at: a call without a recording, forged events, a link that stays down."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Alarm(Table):
    """One alarm. The same kind and subject is raised once until it is cleared."""

    __tablename__ = "alarm"
    __table_args__ = (Index("ix_alarm_open", "cleared_at", "kind", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # AlarmKind of app.alarms.rules
    subject: Mapped[str] = mapped_column(String(80))  # an id, never a name or number
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    count: Mapped[int] = mapped_column(default=1)
