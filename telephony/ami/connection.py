"""One connection to Asterisk's manager interface: opened once, used, thrown away.

panoramisk frames actions and matches answers; everything it does on its own (reconnect, send again, dispatch) is
closed off here, for it would dial twice or late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from app.settings import AMIAddress
from telephony.ami.events import FOLLOWED, Event, FullyBooted, MalformedEvent, parse_event
from telephony.ami.frames import BrokenStream, Frame, FrameParser
from telephony.ami.times import DEFAULT_TIMES, LinkTimes

log = structlog.get_logger()

# More actions than this without an answer: something is stuck, and more would only hide it.
MAX_UNANSWERED = 500

Headers = dict[str, str]


class LinkLost(Exception):
    """The connection ended before the answer came. What was ordered may or may not have been done."""


class LinkRefused(Exception):
    """Asterisk knows neither the user nor the secret. Trying again soon would not help."""


class ActionRefused(Exception):
    """Asterisk answered an action with an error; the text is Asterisk's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousFrame:
    """A frame as no Asterisk sends it, with a header twice or missing: somebody forges events."""

    event: str
    detail: str


class AMIConnection:
    """Log in with `open`, then `send` and `collect`. Events come by `on_event`, in order; `on_lost` is called once.

    Closing twice is harmless. Everything runs in the event loop that opened it.
    """

    def __init__(
        self,
        address: AMIAddress,
        *,
        on_event: Callable[[Event], None],
        on_suspicion: Callable[[SuspiciousFrame], None],
        on_lost: Callable[[], None],
        times: LinkTimes = DEFAULT_TIMES,
    ) -> None:
        self._address = address
        self._times = times
        self._on_event = on_event
        self._on_suspicion = on_suspicion
        self._on_lost = on_lost
        self._manager: _OneShotManager | None = None
        self._is_closed = False
        self._is_booted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Connect, log in, and wait until Asterisk has loaded its modules.

        Raises OSError, LinkLost, LinkRefused; then the connection is closed already.
        """
        config = {"host": self._address.host, "port": self._address.port, "events": "on"}
        manager = _OneShotManager(lambda: _HardenedProtocol(self._frame, self._lost), config)
        self._manager = manager
        try:
            async with asyncio.timeout(self._times.answer_seconds):
                await manager.open()
                answer = await self.send(
                    {"Action": "Login", "Username": self._address.username, "Secret": self._address.secret}
                )
            # The manager port opens before the queues are loaded; their actions are unknown until this event.
            async with asyncio.timeout(self._times.boot_seconds):
                if not await self._is_booted:
                    raise LinkLost("the link broke while Asterisk was starting")
        except TimeoutError:
            self.close()
            raise LinkLost("Asterisk did not answer the login, or is still starting") from None
        except ActionRefused:
            self.close()
            raise LinkRefused("wrong user or secret") from None
        except (OSError, LinkLost):
            self.close()
            raise
        log.info("ami.connected", message=answer.get("Message", ""))

    async def send(self, action: Headers) -> Headers:
        """Send one action and return its answer's headers. Raises ActionRefused, LinkLost, ValueError."""
        answer = await self._exchange(action, as_list=False)
        assert isinstance(answer, Message)
        headers = {str(key): str(value) for key, value in answer.items()}
        if headers.get("Response") not in ("Success", "Goodbye"):
            raise ActionRefused(headers.get("Message", "refused"))
        return headers

    async def collect(self, action: Headers) -> list[Headers]:
        """Send one action whose answer is a list of events, and return them. Raises like `send`."""
        answers = await self._exchange(action, as_list=True)
        if isinstance(answers, Message):
            answers = [answers]
        if answers[0].get("Response") == "Error":
            raise ActionRefused(str(answers[0].get("Message", "refused")))
        return [{str(key): str(value) for key, value in answer.items()} for answer in answers[1:-1]]

    def close(self) -> None:
        """Cut the connection now. `on_lost` is called unless it was before."""
        if self._manager is not None and self._manager.protocol is not None:
            self._manager.protocol.close()
        self._lost()

    async def _exchange(self, action: Headers, *, as_list: bool) -> Message | list[Message]:
        for key, value in action.items():
            if any(character in "\r\n\0" for character in key + str(value)):
                raise ValueError(f"{key}: line breaks cannot be sent to Asterisk")
        manager = self._manager
        if self._is_closed or manager is None or manager.protocol is None:
            raise LinkLost("the link is down")
        responses = manager.protocol.responses
        if len(responses) >= MAX_UNANSWERED:
            raise LinkLost("too many actions without an answer")
        request = Action(action)
        future = manager.protocol.send(request, as_list=as_list)
        try:
            async with asyncio.timeout(self._times.answer_seconds):
                answer: Message | list[Message] = await future
                return answer
        except TimeoutError:
            raise LinkLost("no answer") from None
        finally:
            responses.pop(request.id, None)

    def _frame(self, frame: Frame) -> None:
        name = frame.headers.get("Event", "")
        if frame.duplicates or not name:
            self._on_suspicion(SuspiciousFrame(event=name, detail=",".join(frame.duplicates) or "no Event"))
            return
        try:
            event = parse_event(frame.headers)
        except MalformedEvent as error:
            self._on_suspicion(SuspiciousFrame(event=error.event, detail=f"no {error.header}"))
            return
        if isinstance(event, FullyBooted):
            self._boot_ended(True)
        elif event is not None:
            self._on_event(event)

    def _lost(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._boot_ended(False)
            self._on_lost()

    def _boot_ended(self, is_booted: bool) -> None:
        if not self._is_booted.done():
            self._is_booted.set_result(is_booted)


class _OneShotManager(Manager):  # type: ignore[misc]
    """panoramisk's manager without its reconnect, its pinger and its list of actions to send again."""

    def __init__(self, protocol_factory: Callable[[], AMIProtocol], config: dict[str, object]) -> None:
        super().__init__(loop=asyncio.get_running_loop(), protocol_factory=protocol_factory, **config)

    async def open(self) -> None:
        _, self.protocol = await self.loop.create_connection(
            self.config["protocol_factory"], self.config["host"], self.config["port"]
        )
        self.protocol.factory = self
        self.protocol.encoding = "utf8"


class _HardenedProtocol(AMIProtocol):  # type: ignore[misc]
    def __init__(self, on_frame: Callable[[Frame], None], on_lost: Callable[[], None]) -> None:
        self._parser = FrameParser(FOLLOWED)
        self._on_frame = on_frame
        self._on_lost = on_lost
        self.closed = False

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._parser.feed(data)
        except BrokenStream as error:
            log.warning("ami.broken_stream", reason=str(error))
            self.close()
            return
        for frame in frames:
            # A forged item must not end a list early: calls behind it would be taken for gone.
            if not frame.duplicates and frame.is_answer:
                self._answer(frame)
                continue
            try:
                self._on_frame(frame)
            except Exception:
                # One event that breaks our own code must not take the rest of the segment or the link with it.
                log.exception("ami.event_failed", ami_event=frame.headers.get("Event", "")[:40])

    def connection_lost(self, exc: BaseException | None) -> None:
        self.close()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        pending = {id(action): action for action in self.responses.values()}
        self.responses.clear()
        for action in pending.values():
            if not action.future.done():
                action.future.set_exception(LinkLost("the link broke"))
        self._on_lost()

    def _answer(self, frame: Frame) -> None:
        action = self.responses.get(frame.headers.get("ActionID", ""))
        if action is None or action.future.done():
            return
        message = Message(frame.headers)
        if frame.headers.get("Response") == "Error":
            # panoramisk waits for the rest of a list that was refused, for ever.
            action.future.set_result(message)
        elif not action.add_message(message):
            return
        self.responses.pop(action.id, None)
