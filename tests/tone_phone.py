"""A plain SIP phone that says one tone for ever and tells which tones it hears: who hears whom, in a real call."""

from __future__ import annotations

import array
import bisect
import itertools
import math
import re
import select
import socket
import struct
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable
from types import TracebackType

from tests.ports import free_port

RATE = 8000
_FRAME = 160  # 20 ms, as the SDP says
_LISTENED = RATE // 2  # half a second tells tones apart that are 20 Hz from each other
# The tone is sent with 0.3 of full scale. What leaks through by rounding is a hundred times weaker.
_LOUDNESS = 0.3
_AUDIBLE = 0.05
_FIRST_PACKETS = itertools.count(65_000, -1_000)


def _expand(code: int) -> int:
    """One A-law code as a sample (ITU-T G.711)."""
    code ^= 0x55
    segment, rest = (code & 0x70) >> 4, (code & 0x0F) << 4
    value = rest + 8 if segment == 0 else (rest + 0x108) << (segment - 1)
    return value if code & 0x80 else -value


_SAMPLES = [_expand(code) for code in range(256)]
_BY_SAMPLE = sorted((sample, code) for code, sample in enumerate(_SAMPLES))


def _compress(sample: float) -> int:
    place = bisect.bisect_left(_BY_SAMPLE, (sample, -1))
    near = _BY_SAMPLE[max(0, place - 1) : place + 1]
    return min(near, key=lambda pair: abs(pair[0] - sample))[1]


def loudness(samples: Iterable[int], hertz: float) -> float:
    """How loud this tone is in the samples, 1 for full scale."""
    listened = list(samples)
    if not listened:
        return 0.0
    step = 2 * math.pi * hertz / RATE
    real = sum(sample * math.cos(step * i) for i, sample in enumerate(listened))
    imaginary = sum(sample * math.sin(step * i) for i, sample in enumerate(listened))
    return 2 * math.hypot(real, imaginary) / len(listened) / 32768


class TonePhone:
    """Answers every call at once and says `hertz`; or, with `call`, places one. One call at a time."""

    def __init__(self, hertz: float, *, port: int = 0) -> None:
        step = 2 * math.pi * hertz / RATE
        self._tone = bytes(_compress(_LOUDNESS * 32767 * math.sin(step * i)) for i in range(RATE))
        self.hertz = hertz
        # A stream begins with any number (RFC 3550, section 5.1), and what looks older than the stream before it must
        # not be taken for late: each phone begins 20 s below the one that was made before it.
        self._packet = next(_FIRST_PACKETS)
        self.port = port or free_port(socket.SOCK_DGRAM)
        self._rtp_port = free_port(socket.SOCK_DGRAM)
        self._sip = _socket_at(self.port)
        self._rtp = _socket_at(self._rtp_port)
        self._heard: deque[int] = deque(maxlen=_LISTENED)
        self._heard_at = 0.0
        self._far: tuple[str, int] | None = None
        self._request = ""
        self._to_tag = uuid.uuid4().hex[:8]
        self._dialog: dict[str, str] = {}
        self.is_in_call = False
        self.calls_taken = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._speak, self._listen)]

    def __enter__(self) -> TonePhone:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.is_in_call:
            self.hang_up()
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._sip.close()
        self._rtp.close()

    def hears(self, *others: TonePhone) -> set[float]:
        """Which of these phones were in what came in during the last half second."""
        return self.hears_tones(*(other.hertz for other in others))

    def hears_tones(self, *tones: float) -> set[float]:
        """Which of these tones were in what came in during the last half second."""
        if time.monotonic() - self._heard_at > 0.2 or len(self._heard) < _LISTENED:
            return set()
        samples = list(self._heard)
        return {hertz for hertz in tones if loudness(samples, hertz) > _AUDIBLE}

    def call(self, sip_port: int, *, number: str, hotline: str = "4000") -> None:
        """Call the hotline from `number`."""
        call_id, tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        self._dialog = {
            "target": f"sip:{hotline}@127.0.0.1:{sip_port}",
            "from": f"<sip:{number}@127.0.0.1:{self.port}>;tag={tag}",
            "to": f"<sip:{hotline}@127.0.0.1:{sip_port}>",
            "call_id": call_id,
            "sip_port": str(sip_port),
        }
        self._send_own("INVITE", 1, self._sdp())

    @property
    def called_by(self) -> str:
        """Who the last call that came in said it was from, as SIP writes it."""
        return self._dialog["to"]

    def hang_up_from_here(self) -> None:
        """End a call that came in."""
        self._send_own("BYE", 2)
        self.is_in_call = False

    def hang_up(self) -> None:
        """End the call."""
        if self.is_in_call and self._dialog:
            self._send_own("BYE", 2)
        self.is_in_call = False

    def _send_own(self, method: str, number: int, body: str = "") -> None:
        of = self._dialog
        lines = [
            f"{method} {of['target']} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: {of['from']}",
            f"To: {of['to']}",
            f"Call-ID: {of['call_id']}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:phone@127.0.0.1:{self.port}>",
            "Max-Forwards: 70",
        ]
        self._sip.sendto(_message(lines, body), ("127.0.0.1", int(of["sip_port"])))

    def _sdp(self) -> str:
        lines = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
        return "\r\n".join((*lines, f"m=audio {self._rtp_port} RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", ""))

    def _speak(self) -> None:
        number, next_at = 0, time.monotonic()
        while not self._ended.wait(max(0.0, next_at - time.monotonic())):
            next_at += _FRAME / RATE
            if self.is_in_call and self._far is not None:
                start = number * _FRAME % RATE
                stamp = number * _FRAME & 0xFFFFFFFF
                head = struct.pack("!BBHII", 0x80, 8, self._packet & 0xFFFF, stamp, self._rtp_port)
                self._rtp.sendto(head + self._tone[start : start + _FRAME], self._far)
            number += 1
            self._packet += 1

    def _listen(self) -> None:
        while not self._ended.is_set():
            for ready in select.select([self._sip, self._rtp], [], [], 0.1)[0]:
                data, sender = ready.recvfrom(4096)
                if ready is self._rtp:
                    self._heard.extend(_SAMPLES[code] for code in data[12:])
                    self._heard_at = time.monotonic()
                elif data.strip():
                    self._on_message(data.decode(), sender)

    def _on_message(self, text: str, sender: tuple[str, int]) -> None:
        first = text.split("\r\n", 1)[0]
        if first.startswith("SIP/2.0"):
            self._on_answer(text, int(first.split()[1]))
            return
        method = first.split()[0]
        if method == "INVITE":
            self._take_far(text)
            self._remember(text, sender)
            self._heard.clear()
            self.is_in_call = True
            self.calls_taken += 1
        elif method == "BYE":
            self.is_in_call = False
        if method != "ACK":
            self._answer(text, sender, self._sdp() if method == "INVITE" else "")

    def _remember(self, text: str, sender: tuple[str, int]) -> None:
        """The dialog as this side would speak in it (RFC 3261, section 12.1.1)."""
        to = _header(text, "To")
        contact = re.search(r"(?mi)^Contact: *<([^>]+)>", text)
        assert contact is not None, "an INVITE without Contact"
        self._dialog = {
            "target": contact.group(1),
            "from": to if "tag=" in to else f"{to};tag={self._to_tag}",
            "to": _header(text, "From"),
            "call_id": _header(text, "Call-ID"),
            "sip_port": str(sender[1]),
        }

    def _on_answer(self, text: str, code: int) -> None:
        if code < 200 or "INVITE" not in _header(text, "CSeq"):
            return
        self._dialog["to"] = _header(text, "To")
        if code == 200:
            self._take_far(text)
            self.is_in_call = True
        self._send_own("ACK", 1)

    def _answer(self, text: str, sender: tuple[str, int], body: str) -> None:
        to = _header(text, "To")
        lines = ["SIP/2.0 200 OK", *(f"Via: {via}" for via in re.findall(r"(?m)^Via: *(.*?)\r?$", text))]
        lines += [f"From: {_header(text, 'From')}", f"To: {to}" if "tag=" in to else f"To: {to};tag={self._to_tag}"]
        lines += [f"{name}: {_header(text, name)}" for name in ("Call-ID", "CSeq")]
        lines += [f"Contact: <sip:phone@127.0.0.1:{self.port}>"]
        self._sip.sendto(_message(lines, body), sender)

    def _take_far(self, text: str) -> None:
        host, port = re.search(r"c=IN IP4 (\S+)", text), re.search(r"m=audio (\d+)", text)
        if host is not None and port is not None:
            self._far = (host.group(1), int(port.group(1)))


def sides_of(raw: bytes, seconds: float) -> tuple[list[int], list[int]]:
    """The last seconds of a recording as Asterisk writes it: the patient's side and the agent's."""
    samples = array.array("h", raw[: len(raw) // 4 * 4])[-int(seconds * RATE) * 2 :]
    return list(samples[0::2]), list(samples[1::2])


def _socket_at(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", port))
    return made


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}: *(.*?)\r?$", text)
    assert found is not None, f"a SIP message without {name}"
    return found.group(1)


def _message(lines: list[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body]).encode()
