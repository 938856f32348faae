"""What a number, identifier, name or address looks like with its middle hidden. Plain text in, plain text out."""

from __future__ import annotations

import re

_STAR = "*"


def mask_number(number: str) -> str:
    """`138****5678` for a mobile number, `0571****6666` for a landline; every spelling of a number is masked."""
    digits = re.sub(r"[^0-9]", "", number)
    national = digits.removeprefix("86") if number.lstrip().startswith("+86") else digits
    if len(national) <= 4:
        return _STAR * len(national)
    head = 3 if len(national) >= 10 else max(0, len(national) - 8)
    return national[:head] + _STAR * (len(national) - head - 4) + national[-4:]


def mask_identifier(kind: str, value: str) -> str:
    """`330***********1234` for an id card; of any other number the last four."""
    head = 3 if kind == "id_card" else 0
    if len(value) <= head + 4:
        return _STAR * len(value)
    return value[:head] + _STAR * (len(value) - head - 4) + value[-4:]


def mask_name(name: str) -> str:
    """`王*明`, `王*`, `M*** W***`: for screens that everybody in a room sees."""
    if " " in name.strip():
        return " ".join(word[:1] + _STAR * (len(word) - 1) for word in name.split())
    if len(name) <= 1:
        return name
    return name[0] + _STAR if len(name) == 2 else name[0] + _STAR * (len(name) - 2) + name[-1]


def mask_address(address: str) -> str:
    """The address down to its district."""
    found = re.match(r".*?(?:[区區县縣旗]|市(?!.*[区區县縣旗]))", address)
    return f"{found[0]}{_STAR * 4}" if found else (address[:2] + _STAR * 4 if address else "")


def mask_email(email: str) -> str:
    """`w****@example.com`."""
    local, at, domain = email.partition("@")
    return f"{local[:1]}{_STAR * 4}{at}{domain}" if at else email[:2] + _STAR * 4
