"""One row that each process overwrites to prove that the database takes writes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class HealthProbe(Table):
    """The last proof of one process. `nonce` is read back after the commit."""

    __tablename__ = "health_probe"

    process: Mapped[str] = mapped_column(String(40), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
