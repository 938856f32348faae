"""Logs: one line an event, a constant name and fields, to standard error. No number, name or text of a patient."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

_Fault = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

# Those that print for themselves unless somebody has given them a level.
_LIBRARIES = ("smpplib", "panoramisk", "engineio.server", "socketio.server")


def set_up_logs(level: int) -> None:
    """Send structlog and the libraries' loggers to standard error. Libraries speak from warnings up only.

    smpplib's DEBUG lines hold passwords and texts, panoramisk's hold numbers: they stay off at any level.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_fault,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.excepthook = lambda _kind, error, _place: _tell_uncaught(error)
    threading.excepthook = lambda failed: _tell_uncaught(failed.exc_value)


def describe_fault(error: BaseException) -> str:
    """Where it was raised and what kind it is, through all its causes; not what it says.

    The words of an error quote what it choked on: a database names the value, `int` the text. Only the operating
    system's own reason is kept.
    """
    told: list[str] = []
    following: BaseException | None = error
    while following is not None and len(told) < 10:
        kind = type(following)
        frames = "".join(traceback.format_tb(following.__traceback__)).rstrip()
        reason = f": {os.strerror(following.errno)}" if isinstance(following, OSError) and following.errno else ""
        told.append(f"{frames}\n{kind.__module__}.{kind.__qualname__}{reason}".lstrip())
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\ncaused by\n".join(told)


class _Formatter(logging.Formatter):
    """Of a failure, its message before the values were put in, and its place."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            record = logging.makeLogRecord(record.__dict__ | {"args": (), "exc_text": None})
        return super().format(record)

    def formatException(self, ei: _Fault) -> str:
        return describe_fault(ei[1]) if ei[1] is not None else ""


def _tell_uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt):
        structlog.get_logger().critical("process.uncaught", exc_info=error)


def _tell_fault(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    fault = event.pop("exc_info", None)
    if fault is True:
        fault = sys.exc_info()[1]
    elif isinstance(fault, tuple):
        fault = fault[1]
    if isinstance(fault, BaseException):
        event["exception"] = describe_fault(fault)
    return event
