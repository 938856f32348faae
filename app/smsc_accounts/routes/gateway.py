"""How the gateway stands: each bind, what waits, and what the SMS centres refused."""

from __future__ import annotations

from flask import render_template

from app.accounts.rules import OVER_AGENTS, Role
from app.http import allow, parts, reading, signed_in
from app.smsc_accounts import service
from app.smsc_accounts.routes.blueprint import pages
from app.smsc_accounts.routes.labels import role_words, state_words


@pages.get("/messages/gateway")
@allow(OVER_AGENTS)
def show_gateway() -> str:
    """The page asks for itself every few seconds and takes over its middle."""
    now = parts().now()
    with reading() as session:
        view = service.gateway_view(session, now)
    accepted, receipts = (sum(getattr(bind, name) for bind in view.binds) for name in ("accepted", "receipts"))
    return render_template(
        "smsc_accounts/gateway.html",
        view=view,
        accepted=accepted,
        receipts=receipts,
        share=round(100 * receipts / accepted) if accepted else 0,
        now=now,
        states=state_words(),
        roles=role_words(),
        is_admin=signed_in().role is Role.ADMIN,
        most_counted=service.MOST_COUNTED,
    )
