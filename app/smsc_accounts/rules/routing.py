"""Which account carries which message. The first route that fits, and whose account works, decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.messages.rules import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Numbers that begin with `prefix` (E.164 with the plus; empty: all) of this kind (None: all) go to `account`.

    Of two routes the one with the smaller `place` comes first.
    """

    account: str
    prefix: str = ""
    kind: MessageKind | None = None
    place: int = 100

    def fits(self, number: str, kind: MessageKind) -> bool:
        """Whether the route is for this message."""
        return number.startswith(self.prefix) and self.kind in (None, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an account may take: what fits `route`, unless one of the routes before it, of another account, fits too."""

    route: Route
    unless: tuple[Route, ...]

    def takes(self, number: str, kind: MessageKind) -> bool:
        """Whether the message is the account's under this claim."""
        return self.route.fits(number, kind) and not any(each.fits(number, kind) for each in self.unless)


def in_order(routes: Sequence[Route]) -> list[Route]:
    """The order in which routes are tried: by place, then the longer prefix, then the one that names a kind."""
    return sorted(routes, key=lambda each: (each.place, -len(each.prefix), each.kind is None, each.prefix))


def carrier(
    routes: Sequence[Route], working: Collection[str], fallback: str | None, number: str, kind: MessageKind
) -> str | None:
    """The account that carries this message now. None: no route fits that works, and there is no other account.

    `fallback` carries what no working route is for; a message with routes of its own, none of which works, waits.
    """
    fitting = [each for each in in_order(routes) if each.fits(number, kind)]
    for route in fitting:
        if route.account in working:
            return route.account
    return fallback if not fitting else None


def claims_of(
    account: str, routes: Sequence[Route], working: Collection[str], fallback: str | None
) -> tuple[Claim, ...]:
    """The same decision from the side of one account, for a query: it may take what any of these claims takes."""
    claims: list[Claim] = []
    before: list[Route] = []
    for route in in_order(routes):
        if route.account == account and account in working:
            claims.append(Claim(route=route, unless=tuple(before)))
        elif route.account in working:
            before.append(route)
    if account == fallback:
        claims.append(Claim(route=Route(account=account), unless=tuple(in_order(routes))))
    return tuple(claims)
