"""`wardline demo-call`: a patient calls the hotline."""

from __future__ import annotations

import signal
import threading

import click

from app.cli.sipp import DemoPatients, PatientCall, Progress, is_sip_answered
from app.errors import InvalidInput, Unavailable
from app.settings import Settings

__all__ = ["DemoPatients", "demo_call"]

_GREETING = "您好，我想预约复查。"
_LOOK_SECONDS = 0.1
_LINES = {
    Progress.DIALLING: "Calling {hotline} as {number} …",
    Progress.RINGING: "Ringing.",
    Progress.ANSWERED: "Connected to the hotline. The patient talks until the call ends; Ctrl-C hangs up.",
    Progress.ENDED: "The other side hung up.",
    Progress.GONE: "The call is over.",
}
_LAST = (Progress.ENDED, Progress.REFUSED, Progress.GONE)


def demo_call(settings: Settings, number: str, hotline: str, say: str) -> None:
    """Call the Asterisk on this machine and print how the call goes, until it ends or Ctrl-C hangs up.

    Raises Unavailable, with what to do, when Asterisk, SIPp or espeak-ng is missing or the call was refused.
    """
    if not 1 <= len(number) <= 200 or not 1 <= len(hotline) <= 80:
        raise InvalidInput("Give the calling number (1 to 200 characters) and the hotline.")
    if not is_sip_answered(settings.sip_port):
        raise Unavailable(
            f"No Asterisk answers at 127.0.0.1:{settings.sip_port}. Start the product with `make run`, "
            "or name the port of its Asterisk in WARDLINE_SIP_PORT."
        )
    hang_up = threading.Event()
    for number_of_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number_of_signal, lambda *_: hang_up.set())
    with PatientCall(sip_port=settings.sip_port, number=number, hotline=hotline, say=say or _GREETING) as call:
        _follow(call, number, hotline, hang_up)


def _follow(call: PatientCall, number: str, hotline: str, hang_up: threading.Event) -> None:
    shown: Progress | None = None
    while True:
        now = call.progress
        if now is not shown and now is not Progress.REFUSED:
            click.echo(_LINES[now].format(number=number, hotline=hotline))
        if now is Progress.REFUSED:
            raise Unavailable(f"Asterisk refused the call with SIP response {call.refusal}.")
        if now in _LAST:
            return
        shown = now
        if hang_up.wait(_LOOK_SECONDS):
            call.hang_up()
            click.echo("Hung up.")
            return
