"""Which account may claim what, at this moment: the plan that an administrator made, and which accounts work."""

from __future__ import annotations

import threading

from app.messages.service import USUAL_FORM, Carriage, TextForm
from app.smsc_accounts.rules import SMSCAccount, claims_of
from app.smsc_accounts.service import Plan


class Switchboard:
    """Asked and told by the threads of all accounts."""

    def __init__(self, failover_seconds: float) -> None:
        self._failover_seconds = failover_seconds
        self._lock = threading.Lock()
        self._plan = Plan(accounts=(), unreadable=(), routes=())
        self._down_since: dict[str, float] = {}

    def follow(self, plan: Plan, now: float) -> None:
        """Go by this plan from now on. A new account counts as down since now."""
        with self._lock:
            known = {account.name for account in self._plan.accounts}
            names = {account.name for account in plan.accounts}
            self._plan = plan
            self._down_since = {name: since for name, since in self._down_since.items() if name in names}
            self._down_since.update(dict.fromkeys(names - known, now))

    def tell(self, account: str, *, is_sending: bool, now: float) -> None:
        """Some bind of the account can send, or none can."""
        with self._lock:
            if is_sending:
                self._down_since.pop(account, None)
            else:
                self._down_since.setdefault(account, now)

    def carriage_of(self, name: str, now: float) -> Carriage:
        """What this account may claim now."""
        with self._lock:
            plan = self._plan
            gone = {each for each, since in self._down_since.items() if now - since >= self._failover_seconds}
        form = next((_form_of(each) for each in plan.accounts if each.name == name), USUAL_FORM)
        names = [each.name for each in plan.accounts]
        if names == [name]:
            # Routes choose between accounts; the only one carries everything.
            return Carriage(form=form)
        working = set(names) - gone
        return Carriage(
            form=form,
            claims=claims_of(name, plan.routes, working, plan.fallback),
            others=tuple(each for each in names if each != name),
        )


def _form_of(account: SMSCAccount) -> TextForm:
    return TextForm(long_form=account.long_form, takes_latin1=account.takes_latin1)
