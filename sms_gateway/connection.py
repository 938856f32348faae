"""One TCP connection to an SMSC that never blocks its loop for long, and can be woken from another thread."""

from __future__ import annotations

import selectors
import socket
import ssl

# A full window of 1000 segments of 200 octets fits five times; beyond it the SMSC has stopped reading.
_MOST_UNWRITTEN = 1_000_000
_CHUNK = 65_536


_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectionLost(Exception):
    """The connection broke or was closed by the other side."""


class Connection:
    """Opened once, closed once. `wake` may be called from any thread; everything else from the loop's own."""

    def __init__(self, host: str, port: int, timeout_seconds: float, server_name: str = "") -> None:
        """Connect; with a `server_name` under TLS, to a server whose certificate bears that name.

        Certificates are checked against the system's authorities, or those of SSL_CERT_FILE. Raises ConnectionLost when
        nobody answers in time, or when it is somebody else.
        """
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout_seconds)
            if server_name:
                self._socket = _under_tls(self._socket, server_name)
        except OSError as error:
            raise ConnectionLost(_reason(error)) from None
        self._socket.setblocking(False)
        # An answer of 17 octets must not wait for the next one.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unwritten = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    def listen_to(self, waker: Waker) -> None:
        """Let `wait` return early when this waker is used."""
        self._selector.register(waker.receiver, selectors.EVENT_READ, waker)

    def write(self, octets: bytes) -> None:
        """Send as much as goes now and the rest from `wait`. Raises ConnectionLost."""
        self._unwritten += octets
        if len(self._unwritten) > _MOST_UNWRITTEN:
            raise ConnectionLost("the SMSC does not read")
        self._flush()

    def wait(self, timeout_seconds: float) -> bytes:
        """Wait for octets, a wake-up or the timeout; whatever came. Raises ConnectionLost."""
        octets = b""
        for key, events in self._selector.select(max(0.0, timeout_seconds)):
            if isinstance(key.data, Waker):
                key.data.clear()
                continue
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ:
                octets = self._read()
        return octets

    def close(self) -> None:
        """Close. Closing twice is harmless."""
        self._selector.close()
        self._socket.close()

    def _read(self) -> bytes:
        octets = b""
        try:
            # Under TLS what is left of a record waits inside, where no selector sees it.
            while not octets or self._has_pending():
                read = self._socket.recv(_CHUNK)
                if not read:
                    break
                octets += read
        except _NOT_NOW:
            return octets
        except OSError as error:
            if not octets:
                raise ConnectionLost(_reason(error)) from None
            return octets
        if not octets:
            raise ConnectionLost("closed by the SMSC")
        return octets

    def _has_pending(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _flush(self) -> None:
        try:
            while self._unwritten:
                sent = self._socket.send(self._unwritten)
                del self._unwritten[:sent]
        except _NOT_NOW:
            pass
        except OSError as error:
            raise ConnectionLost(_reason(error)) from None
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unwritten else 0)
        self._selector.modify(self._socket, interest)


class Waker:
    """Wakes a waiting loop. Outlives single connections; `wait` serves while there is none."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.receiver, selectors.EVENT_READ)

    def wake(self) -> None:
        """End the current or the next wait. Never blocks."""
        try:
            self._sender.send(b"\0")
        except (BlockingIOError, OSError):
            return  # many wake-ups wait already, or the loop is gone

    def wait(self, timeout_seconds: float) -> None:
        """Wait for a wake-up or the timeout."""
        if self._selector.select(max(0.0, timeout_seconds)):
            self.clear()

    def clear(self) -> None:
        """Forget the wake-ups so far."""
        try:
            while self.receiver.recv(4096):
                continue
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close both ends. Closing twice is harmless."""
        self._selector.close()
        self.receiver.close()
        self._sender.close()


def _under_tls(plain: socket.socket, server_name: str) -> ssl.SSLSocket:
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=server_name)
    except OSError:
        plain.close()
        raise


def _reason(error: OSError) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else type(error).__name__
