"""A desk's phone without a browser: SIP over a websocket, enough to register, to be rung, and to vanish like a page."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import uuid
from types import TracebackType

import websocket

from tests.waiting import wait_for


class SIPPage:
    """Registers while it is open, answers what rings, and sends no media. `invites` are the calls it was rung for."""

    def __init__(self, ws_url: str, username: str, password: str) -> None:
        self._url, self._username, self._password = ws_url, username, password
        self._aor = f"sip:{username}@wardline"
        self._contact = f"sip:{username}@{uuid.uuid4().hex[:12]}.invalid;transport=ws"
        self._call_id, self._tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        self._socket: websocket.WebSocket | None = None
        self._cseq = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.is_registered = False
        self.invites: list[str] = []

    def __enter__(self) -> SIPPage:
        self._socket = websocket.create_connection(self._url, subprotocols=["sip"], timeout=60)
        self._thread.start()
        self._register("")
        wait_for(lambda: self.is_registered, what="the registration")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.vanish()

    def vanish(self) -> None:
        """Go away without a word, as a page does that is reloaded."""
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.shutdown()  # type: ignore[no-untyped-call]
        self._thread.join()

    def _register(self, authorization: str) -> None:
        self._cseq += 1
        self._send(
            f"REGISTER sip:wardline SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: <{self._aor}>;tag={self._tag}\r\nTo: <{self._aor}>\r\nCall-ID: {self._call_id}\r\n"
            f"CSeq: {self._cseq} REGISTER\r\nContact: <{self._contact}>;expires=60\r\nMax-Forwards: 70\r\n"
            f"{authorization}Content-Length: 0\r\n\r\n"
        )

    def _listen(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while text := self._socket.recv():
                self._take(text if isinstance(text, str) else text.decode())

    def _take(self, text: str) -> None:
        first = text.partition("\r\n")[0]
        if first.startswith("SIP/2.0 401"):
            self._register(self._authorization(text))
        elif first.startswith("SIP/2.0 200") and "REGISTER" in header(text, "CSeq"):
            self.is_registered = True
        elif first.startswith("INVITE"):
            self.invites.append(text)
            self._answer(text, "180 Ringing")
            self._answer(text, "200 OK", body=_answer_to(text))
        elif first.startswith(("BYE", "OPTIONS", "CANCEL")):
            self._answer(text, "200 OK")

    def _authorization(self, challenge: str) -> str:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', header(challenge, "WWW-Authenticate")))
        realm, nonce, cnonce = said["realm"], said["nonce"], uuid.uuid4().hex
        secret = _md5(f"{self._username}:{realm}:{self._password}")
        response = _md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{_md5('REGISTER:sip:wardline')}")
        opaque = f', opaque="{said["opaque"]}"' if "opaque" in said else ""
        return (
            f'Authorization: Digest username="{self._username}", realm="{realm}", nonce="{nonce}", uri="sip:wardline", '
            f'response="{response}", algorithm=MD5, cnonce="{cnonce}", qop=auth, nc=00000001{opaque}\r\n'
        )

    def _answer(self, request: str, status: str, *, body: str = "") -> None:
        copied = "".join(
            f"{line}\r\n" for line in request.split("\r\n") if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))
        )
        to = header(request, "To")
        tag = "" if ";tag=" in to else f";tag={self._tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self._send(
            f"SIP/2.0 {status}\r\n{copied}To: {to}{tag}\r\nContact: <{self._contact}>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> None:
        assert self._socket is not None
        self._socket.send(text)


def header(text: str, name: str) -> str:
    """The value of the first header of this name."""
    found = re.search(rf"^{name}: *(.*?)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else ""


def _answer_to(invite: str) -> str:
    """A WebRTC answer that promises everything and never sends a packet."""
    mid = re.search(r"a=mid:(\S+)", invite)
    lines = [
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 127.0.0.1",
        "a=rtpmap:0 PCMU/8000", "a=setup:active", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=rtcp-mux", "a=sendrecv",
    ]  # fmt: skip
    if mid:
        lines.append(f"a=mid:{mid.group(1)}")
    return "".join(f"{line}\r\n" for line in lines)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
