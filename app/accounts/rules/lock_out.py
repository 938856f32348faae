"""When a sign-in must wait. Names that do not exist are treated as those that do, so that nothing tells them apart.

Wrong tries are counted for four subjects, and each rests on its own:

- one name from one address, so that whoever guesses from one place keeps nobody else out;
- one name from everywhere, for guesses that come from many places. Of each address only the first few count;
- one address, for somebody who tries many names. Far above the others: a whole hospital may stand behind one address;
- a browser in which the person has signed in before: only its own tries count there, so the owner gets in during an
  attack.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

FORGET_AFTER = timedelta(hours=24)
"""A subject without a wrong try for so long begins anew."""
_FIRST_REST = timedelta(seconds=30)
# The last rest slows a guesser to four tries an hour.
_LONGEST_REST = timedelta(minutes=15)
_NAME_FACTOR = 2
_ADDRESS_FACTOR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One subject whose wrong tries are counted, and after how many it rests for the first time."""

    subject: str
    limit: int


def subjects_of(username: str, address: str, *, tries: int) -> tuple[Counted, Counted, Counted]:
    """The subjects of a try from a browser that is not known: name at address, name, address."""
    name, place = _digest(username.casefold()), _network(address)
    return (
        Counted(subject=f"name:{name}@{place}", limit=tries),
        Counted(subject=f"name:{name}", limit=tries * _NAME_FACTOR),
        Counted(subject=f"address:{place}", limit=tries * _ADDRESS_FACTOR),
    )


def device_subject(key_hash: str, *, tries: int) -> Counted:
    """The one subject of a try from a browser in which this person has signed in before."""
    return Counted(subject=f"device:{key_hash}", limit=tries)


def code_subject(user_id: int, *, tries: int) -> Counted:
    """The subject of codes that somebody types after the right password."""
    return Counted(subject=f"code:{user_id}", limit=tries)


def rest_after(tries: int, limit: int) -> timedelta | None:
    """How long a subject refuses everything after so many wrong tries in a row; nothing below its limit."""
    excess = tries - limit
    if excess < 0:
        return None
    doublings: int = 2 ** min(excess, 10)
    return min(_FIRST_REST * doublings, _LONGEST_REST)


def counts_for_the_name(tries_from_there: int, *, tries: int) -> bool:
    """True while an address has not used up what it may add to the count of a name as a whole."""
    return tries_from_there <= tries


def is_forgotten(last_try_at: datetime, now: datetime) -> bool:
    """True when the count of a subject begins anew."""
    return now - last_try_at >= FORGET_AFTER


def _digest(name: str) -> str:
    # A name may be anything that somebody typed, also a password in the wrong field: it is not kept as it is.
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _network(address: str) -> str:
    """The address; of IPv6 the network, because one household has 2⁶⁴ addresses of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
