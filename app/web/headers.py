"""The security headers of every answer."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from app.http import parts
from app.settings import Settings

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")


def register(app: Flask) -> None:
    """Put the headers on every answer of this application."""
    app.before_request(_make_nonce)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = lambda: g.csp_nonce


def _make_nonce() -> None:
    g.csp_nonce = secrets.token_urlsafe(16)


def _add_headers(response: Response) -> Response:
    settings = parts().settings
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy(settings))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "microphone=(self), camera=(), geolocation=(), payment=(), usb=()")
    if settings.secure_cookies:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static":
        # Built files carry a hash of their content in their name.
        is_hashed = request.path.startswith("/static/dist/assets/")
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
    else:
        # A page may hold patients' data; it must not outlive the sign-in on a shared machine.
        headers.setdefault("Cache-Control", "no-store")
    return response


def _policy(settings: Settings) -> str:
    connect = ["'self'"]
    if _HOST.fullmatch(request.host):
        # Safari does not take 'self' for websockets of the same origin.
        connect.append(f"{'wss' if request.is_secure else 'ws'}://{request.host}")
    phone = urlsplit(settings.sip_ws_url)
    if phone.netloc:
        connect.append(f"{phone.scheme}://{phone.netloc}")
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src {' '.join(connect)}",
            # The waveform draws itself in a shadow tree with a style element, which carries the nonce.
            f"style-src 'self' 'nonce-{g.get('csp_nonce', '')}'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )
