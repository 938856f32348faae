"""STUN and TURN servers: how a browser behind a router finds a way to Asterisk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from app.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class ICEServer:
    """Where a browser behind a router learns its outer address (STUN), or has its sound relayed (TURN)."""

    scheme: str  # stun, turn or turns
    host: str
    port: int
    transport: str = "udp"
    username: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        """As RFC 7064 and RFC 7065 write it, without the credential."""
        address = f"{self.scheme}:{self.host}:{self.port}"
        return address if self.scheme == "stun" else f"{address}?transport={self.transport}"


def parse_ice_servers(text: str) -> tuple[ICEServer, ...]:
    """`stun:host:port turn:user:password@host:port?transport=tcp`, divided by spaces or commas, as servers.

    A TURN server has a credential, its user and password percent-encoded; `turns:` is TURN within TLS. Browsers get
    them all, Asterisk the first of each kind that it can use. Raises SettingsError when it is anything else.
    """
    servers = tuple(_ice_server(each) for each in re.split(r"[\s,]+", text.strip()) if each)
    # Browsers warn from five on: each lengthens the search for a way.
    if len(servers) > 4:
        raise SettingsError("WARDLINE_ICE_SERVERS: at most 4 servers")
    return servers


_ICE_PORTS = {"stun": 3478, "turn": 3478, "turns": 5349}


def _ice_server(text: str) -> ICEServer:
    form = "stun:host:port or turn:user:password@host:port?transport=udp"
    wrong = SettingsError(f"WARDLINE_ICE_SERVERS: not of the form {form}")
    scheme, _, rest = text.partition(":")
    try:
        parts = urlsplit(f"//{rest}")
        port, options = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise wrong from None
    transport = options.get("transport", ["tcp" if scheme == "turns" else "udp"])[-1]
    has_credential = bool(parts.username and parts.password)
    is_host = re.fullmatch(r"[A-Za-z0-9.\-]{1,253}|[0-9a-fA-F:.]{2,45}", parts.hostname or "")
    if scheme not in _ICE_PORTS or not is_host or port == 0 or parts.path or set(options) - {"transport"}:
        raise wrong
    if transport not in ("udp", "tcp") or (not has_credential if scheme != "stun" else "@" in parts.netloc):
        raise wrong
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    # They become lines of Asterisk's configuration.
    if not f"{username}{password}".isprintable() or ";" in f"{username}{password}":
        raise wrong
    host = parts.hostname or ""
    return ICEServer(
        scheme=scheme,
        host=f"[{host}]" if ":" in host else host,
        port=port or _ICE_PORTS[scheme],
        transport=transport,
        username=username,
        password=password,
    )
