"""How long the gateway waits for what. Tests are in more of a hurry than a hospital."""

from dataclasses import dataclass, field
from datetime import timedelta

from sms_gateway.smpp.session import SessionTimers


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTimers:
    """In seconds unless it is a timedelta."""

    session: SessionTimers = field(default_factory=SessionTimers)
    connect_seconds: float = 10.0
    scan_seconds: float = 2.0  # finds what the bus's hints missed
    sweep_seconds: float = 5.0  # expiry, late receipts, long texts that stay incomplete
    alarm_seconds: float = 30.0  # a link that is down for longer is somebody's business
    database_retry_seconds: float = 1.0
    first_reconnect_seconds: float = 1.0
    longest_reconnect_seconds: float = 60.0
    receipt_waits: timedelta = timedelta(seconds=10)
    plan_seconds: float = 3.0  # finds changed accounts and routes when no hint came
    figures_seconds: float = 3.0  # how old the gateway page may be
    failover_seconds: float = 30.0  # an account that is down for longer gives its messages to the next route
    stop_seconds: float = 6.0  # for the last answers of all binds together
    reassembly: timedelta = timedelta(minutes=5)
