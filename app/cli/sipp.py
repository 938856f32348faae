"""Patients made of SIPp: real SIP and audio towards a real Asterisk. For trying the product out, and for its tests."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import imageio_ffmpeg

from app.children import Child
from app.errors import Unavailable

_SCENARIOS = Path(__file__).parent / "scenarios"
_ANSWER = "喂，您好，我是患者。我最近恢复得不错，谢谢您的关心。请问我下次什么时候复查？"
# What RFC 3261 lets stand in the user part of an address; a percent sign stays, so that what is typed is what is sent.
_USER_CHARACTERS = "-_.!~*'()&=+$,;?/%"
# "Until the other side hangs up".
_A_DAY_MS = 86_400_000


class Progress(StrEnum):
    """How far a patient's call has come."""

    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"  # the far end hung up
    REFUSED = "refused"  # with a final SIP response; `PatientCall.refusal` has it
    GONE = "gone"  # SIPp has ended: we hung up, or nobody answered at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a called patient does. A `code` refuses after `ring_seconds`; without one the call is answered."""

    talk_seconds: float | None = None  # nothing: until the agent hangs up
    ring_seconds: float = 0.5
    code: int | None = None
    text: str = ""


ANSWERS = Behaviour()
BUSY = Behaviour(code=486, text="Busy Here")
REJECTS = Behaviour(code=603, text="Decline", ring_seconds=1.0)
UNKNOWN_NUMBER = Behaviour(code=404, text="Not Found", ring_seconds=0.1)
NO_ANSWER = Behaviour(code=480, text="Temporarily Unavailable", ring_seconds=3600)


def hangs_up_after(talk_seconds: float) -> Behaviour:
    """Answers and hangs up by itself."""
    return Behaviour(talk_seconds=talk_seconds)


class PatientCall:
    """One call from a patient to a hotline of the Asterisk on this machine. Used once: `start`, then `close`.

    `number` is signalled as it is written; what cannot stand in a SIP address is percent-encoded. `say` is spoken again
    and again after a pause of two seconds.
    """

    def __init__(self, *, sip_port: int, number: str, hotline: str, say: str, display_name: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="wardline-call-"))
        self._words = self._folder / "progress.log"
        speech = make_speech(say, self._folder / "speech.alaw")
        scenario = _render("patient_calls.xml", self._folder, SPEECH=str(speech))
        display = '"' + display_name.replace("\\", "").replace('"', "") + '" ' if display_name else ""
        self._command = [
            *_sipp_command(scenario, self._words),
            # At its -m'th call SIPp forgets that it was told to quit, so it is promised a second one that never comes:
            # the scenario does not end, and nothing unexpected aborts it.
            *("-m", "2", "-l", "1", "-default_behaviors", "all,-abortunexp"),
            *("-s", hotline, "-key", "number", quote(number, safe=_USER_CHARACTERS), "-key", "display", display),
            f"127.0.0.1:{sip_port}",
        ]
        self._child: Child | None = None

    def start(self) -> None:
        """Place the call."""
        self._child = Child(self._command, log=self._folder / "sipp.log")

    @property
    def progress(self) -> Progress:
        """How far the call has come."""
        words = _words_in(self._words)
        last = words[-1].split()[0] if words else ""
        if last in (Progress.ENDED, Progress.REFUSED):
            return Progress(last)
        if self._child is not None and not self._child.is_alive:
            return Progress.GONE
        return Progress(last) if last else Progress.DIALLING

    @property
    def refusal(self) -> int | None:
        """The final SIP response of a refused call."""
        words = _words_in(self._words)
        return int(words[-1].split()[1]) if words and words[-1].startswith(Progress.REFUSED) else None

    def hang_up(self) -> None:
        """Cancel a ringing call, say goodbye in an answered one; harmless in one that has ended."""
        if self._child is None or self.progress in (Progress.ENDED, Progress.REFUSED):
            return
        # At the second signal SIPp aborts its call with CANCEL or BYE, and may run on. Two that meet in the kernel
        # count as one, so the second waits until SIPp has seen the first.
        for patience_seconds in (0.1, 0.4):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                self._child.process.send_signal(signal.SIGUSR1)
                self._child.process.wait(patience_seconds)
        self._child.stop(1)

    def close(self) -> None:
        """Hang up and remove what was written. Closing twice is harmless."""
        self.hang_up()
        if self._child is not None:
            self._child.stop(1)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class DemoPatients:
    """The far end of the trunk on `port`: whoever is called there, whatever the number, behaves as `behaviour` says."""

    def __init__(self, port: int, *, behaviour: Behaviour = ANSWERS, say: str = _ANSWER) -> None:
        self._port = port
        self._folder = Path(tempfile.mkdtemp(prefix="wardline-patients-"))
        self._words = self._folder / "progress.log"
        self._behaviour = behaviour
        self._say = say
        self._child: Child | None = None

    def start(self) -> None:
        """Be ready for calls. Raises Unavailable when SIPp or espeak-ng is missing or the port is taken."""
        if _is_udp_port_taken(self._port):
            raise Unavailable(f"UDP port {self._port} is taken by another program; the demo patients need it.")
        command = [*_sipp_command(self._scenario(), self._words, port=self._port), "-aa"]
        self._child = Child(command, log=self._folder / "sipp.log")
        _wait_until(lambda: _is_udp_port_taken(self._port) or not self.is_running, 5)
        if not self.is_running:
            raise Unavailable(f"SIPp did not start on port {self._port}: {_last_line(self._folder / 'sipp.log')}")

    @property
    def is_running(self) -> bool:
        """Whether calls are taken."""
        return self._child is not None and self._child.is_alive

    @property
    def events(self) -> list[str]:
        """What has happened so far, over all calls: called, answered, ended, hung up, refused, cancelled."""
        return _words_in(self._words)

    def stop(self) -> None:
        """End, also the calls in progress. Stopping twice is harmless."""
        if self._child is not None:
            self._child.stop(1)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _scenario(self) -> Path:
        does = self._behaviour
        if does.code is not None:
            ring = str(int(does.ring_seconds * 1000))
            return _render("patient_refuses.xml", self._folder, RING=ring, CODE=str(does.code), TEXT=does.text)
        speech = make_speech(self._say, self._folder / "speech.alaw")
        talk = _A_DAY_MS if does.talk_seconds is None else int(does.talk_seconds * 1000)
        return _render("patient_answers.xml", self._folder, SPEECH=str(speech), TALK=str(talk))


def make_speech(text: str, target: Path) -> Path:
    """Speak the text into `target`: A-law, 8 kHz, one channel, two seconds of silence at its end.

    Chinese text gets a Mandarin voice, any other an English one. Raises Unavailable when espeak-ng is missing.
    """
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        raise Unavailable("espeak-ng is missing, which speaks for the demo patients: apt install espeak-ng")
    voice = "cmn" if re.search("[\u4e00-\u9fff]", text) else "en"
    spoken = target.with_suffix(".wav")
    # A pipe, so that a text that begins with a dash is not taken for an option.
    subprocess.run([espeak, "-v", voice, "-w", str(spoken), "--stdin"], input=text.encode(), check=True)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-y", "-i", str(spoken), "-af", "apad=pad_dur=2"]
    subprocess.run([*command, "-ar", "8000", "-ac", "1", "-f", "alaw", str(target)], check=True, capture_output=True)
    spoken.unlink()
    return target


def is_sip_answered(port: int, seconds: float = 2.0) -> bool:
    """Whether somebody on this machine answers SIP at this UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", port))
        probe.settimeout(0.5)
        own = probe.getsockname()[1]
        request = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own};rport\r\n"
            f"From: <sip:demo@127.0.0.1:{own}>;tag={own}\r\nTo: <sip:127.0.0.1:{port}>\r\n"
            f"Call-ID: {own}@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                probe.send(request.encode())
                return probe.recv(4096).startswith(b"SIP/2.0")
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                return False
    return False


def _sipp_command(scenario: Path, words: Path, *, port: int | None = None) -> list[str]:
    sipp = shutil.which("sipp")
    if sipp is None:
        raise Unavailable("SIPp is missing, which is the demo patients' telephone: apt install sip-tester")
    # SIPp takes the given media port and the one two above it.
    addresses = ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port or _free_udp_port()), "-mp", str(_media_port())]
    # Its screen, which would be written each second, is left out; what went wrong is said on the standard error.
    return [sipp, "-sf", str(scenario), *addresses, "-trace_logs", "-log_file", str(words), "-nostdin", "-f", "86400"]


def _render(name: str, folder: Path, **values: str) -> Path:
    text = (_SCENARIOS / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _words_in(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except FileNotFoundError:
        return []


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "no message"


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _media_port() -> int:
    """An even free port, as RTP has it."""
    return next(port for port in iter(_free_udp_port, 0) if port % 2 == 0)


def _is_udp_port_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
