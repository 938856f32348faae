"""From a stream of octets to PDUs, whatever pieces the network makes of it."""

from __future__ import annotations

import struct

from sms_gateway.smpp.codec import HEADER_LENGTH, decode
from sms_gateway.smpp.pdus import PDU, FramingLost

# A message_payload may hold 64 KiB, which is the largest field that SMPP knows; the rest of a PDU is below 1 KiB.
_LONGEST = 66_000


class PDUParser:
    """Keeps the octets of an unfinished PDU between calls; nothing is lost by a timeout in the middle of one."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_lost = False

    def feed(self, octets: bytes) -> list[PDU]:
        """Every PDU that these octets complete, in order. After FramingLost nothing more is read."""
        self._buffer += octets
        found: list[PDU] = []
        while not self._is_lost and len(self._buffer) >= 4:
            (length,) = struct.unpack(">L", self._buffer[:4])
            if not HEADER_LENGTH <= length <= _LONGEST:
                self._is_lost = True
                found.append(FramingLost(length=length))
                break
            if len(self._buffer) < length:
                break
            found.append(decode(bytes(self._buffer[:length])))
            del self._buffer[:length]
        if self._is_lost:
            self._buffer.clear()
        return found
