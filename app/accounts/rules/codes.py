"""The codes of an authenticator (RFC 6238: SHA-1, six digits, 30 seconds) and the ones that replace it once."""

import base64
import hashlib
import hmac
import re
import secrets
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

_STEP_SECONDS = 30
# A telephone's clock may be off by one step to either side (RFC 6238 section 5.2).
_STEPS_OFF = 1
_DIGITS = 6
RECOVERY_CODES = 10
# Without the letters and digits that look alike. Ten of 31 characters are 49 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """160 random bits in base32, as authenticators take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_at(now: datetime) -> int:
    """The number of the time step that `now` lies in."""
    return int(now.timestamp()) // _STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """The code of one time step (RFC 4226 section 5.3)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def matching_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The time step whose code this is, when it is later than `after`: no code opens anything twice."""
    typed = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", typed):
        return None
    present = step_at(now)
    for step in range(present - _STEPS_OFF, present + _STEPS_OFF + 1):
        if step > after and hmac.compare_digest(code_at(secret, step), typed):
            return step
    return None


def provisioning_uri(secret: str, *, username: str, issuer: str) -> str:
    """What the QR code says to an authenticator."""
    label = quote(f"{issuer}:{username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def new_recovery_codes() -> list[str]:
    """Ten codes such as `k3fhm-8wq2z`."""
    return [f"{_letters()}-{_letters()}" for _ in range(RECOVERY_CODES)]


def plain_recovery_code(typed: str) -> str:
    """A recovery code as it is hashed, however somebody typed it."""
    return re.sub(r"[^a-z0-9]", "", typed.casefold())[:20]


def _letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))
