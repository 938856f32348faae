"""SIPp as patients and as plain phones."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.ports import free_port

SCENARIOS = Path(__file__).parent / "live" / "scenarios"


class Sipp:
    """One running SIPp. `wait` returns its exit code: 0 when every call went as its scenario says."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            ["sipp", *arguments, "-i", "127.0.0.1", "-nostdin"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self, seconds: float = 60) -> int:
        return self.process.wait(timeout=seconds)

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=5)


@contextlib.contextmanager
def patients_calling(
    sip_port: int,
    *,
    number: str = "13800138000",
    numbers: Sequence[str] = (),
    hotline: str = "4000",
    talk_seconds: float = 1.0,
    calls: int = 1,
    per_second: float = 10,
) -> Iterator[Sipp]:
    """Patients that call the hotline, talk, and hang up; at most `calls` of them, `per_second` of them a second.

    With `numbers` each call comes from the next of them, and after the last from the first again.
    """
    with tempfile.TemporaryDirectory() as folder:
        scenario, given = SCENARIOS / "caller.xml", ["-key", "number", number]
        if numbers:
            told = Path(folder) / "numbers.csv"
            told.write_text("SEQUENTIAL\n" + "".join(f"{each};\n" for each in numbers))
            text = scenario.read_text().replace("[number]", "[field0]")
            scenario, given = Path(folder) / "caller.xml", ["-inf", str(told)]
            scenario.write_text(text)
        with _patients(sip_port, scenario, given, hotline, talk_seconds, calls, per_second) as sipp:
            yield sipp


@contextlib.contextmanager
def _patients(
    sip_port: int,
    scenario: Path,
    given: list[str],
    hotline: str,
    talk_seconds: float,
    calls: int,
    per_second: float,
) -> Iterator[Sipp]:
    port = free_port()
    sipp = Sipp(
        [
            "-sf",
            str(scenario),
            "-s",
            hotline,
            *given,
            "-p",
            str(port),
            "-m",
            str(calls),
            "-r",
            str(per_second),
            "-d",
            str(int(talk_seconds * 1000)),
            f"127.0.0.1:{sip_port}",
            "-recv_timeout",
            "30000",
        ]
    )
    try:
        yield sipp
    finally:
        sipp.stop()


@contextlib.contextmanager
def patient_pressing(
    sip_port: int, *presses: tuple[float, str], number: str = "13800138000", hotline: str = "4000", seconds: float = 20
) -> Iterator[Sipp]:
    """A patient who calls, presses each key so many seconds after the one before, and stays until the other end rings
    off or `seconds` are over."""
    keys = "".join(
        CALLER_PRESS.replace("@AFTER@", str(int(after * 1000))).replace("@KEY@", key) for after, key in presses
    )
    scenario = (SCENARIOS / "caller.xml").read_text().replace("<pause/>", keys + "<pause/>")
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(scenario)
        file.flush()
        port, length = free_port(), str(int(seconds * 1000))
        target = f"127.0.0.1:{sip_port}"
        sipp = Sipp(
            [
                "-sf",
                file.name,
                "-s",
                hotline,
                "-key",
                "number",
                number,
                "-p",
                str(port),
                "-m",
                "1",
                "-d",
                length,
                target,
            ]
        )
        try:
            yield sipp
        finally:
            sipp.stop()


CALLER_PRESS = """
  <pause milliseconds="@AFTER@"/>
  <send retrans="500"><![CDATA[
INFO sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: [cseq] INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal=@KEY@
Duration=160
]]></send>
  <recv response="200"/>
"""


@contextlib.contextmanager
def phone_at(port: int, *, answers_after_seconds: float = 0.2, calls: int = 1_000_000) -> Iterator[Sipp]:
    """A plain SIP phone at `port`."""
    with _phone(port, SCENARIOS / "phone.xml", "-d", str(int(answers_after_seconds * 1000)), calls=calls) as sipp:
        yield sipp


@contextlib.contextmanager
def phone_refusing_at(port: int, *, code: int = 486, after_seconds: float = 0.1) -> Iterator[Sipp]:
    """A phone that refuses every call with this SIP status."""
    scenario = (SCENARIOS / "refusing.xml").read_text().replace("486", str(code))
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(scenario)
        file.flush()
        with _phone(port, Path(file.name), "-d", str(int(after_seconds * 1000))) as sipp:
            yield sipp


@contextlib.contextmanager
def phone_ringing_at(port: int) -> Iterator[Sipp]:
    """A phone that nobody answers."""
    with _phone(port, SCENARIOS / "silent.xml") as sipp:
        yield sipp


@contextlib.contextmanager
def phone_pressing_at(port: int, *presses: tuple[float, str], speech: Path | None = None) -> Iterator[Sipp]:
    """A patient who answers and presses each key so many seconds after the one before, then listens until the end.

    `speech` is what the patient says at once: A-law, 8 kHz.
    """
    scenario = (SCENARIOS / "pressing.xml").read_text()
    said = f'<nop><action><exec rtp_stream="{speech},1,8"/></action></nop>' if speech else ""
    keys = "".join(_PRESS.replace("@AFTER@", str(int(after * 1000))).replace("@KEY@", key) for after, key in presses)
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(scenario.replace("@SPEECH@", said).replace("@KEYS@", keys))
        file.flush()
        with _phone(port, Path(file.name)) as sipp:
            yield sipp


_PRESS = """
  <pause milliseconds="@AFTER@"/>
  <send retrans="500"><![CDATA[
INFO [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]t[call_number]
To:[$from]
[last_Call-ID:]
CSeq: [cseq] INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal=@KEY@
Duration=160
]]></send>
  <recv response="200"/>
"""


@contextlib.contextmanager
def phone_holding_at(port: int) -> Iterator[Sipp]:
    """A phone that answers, holds after 0.7 s, and resumes after as long again."""
    with _phone(port, SCENARIOS / "holding.xml") as sipp:
        yield sipp


@contextlib.contextmanager
def phone_hanging_up_at(port: int, *, after_seconds: float) -> Iterator[Sipp]:
    """A phone that answers at once and hangs up by itself."""
    with _phone(port, SCENARIOS / "hanging_up.xml", "-d", str(int(after_seconds * 1000))) as sipp:
        yield sipp


@contextlib.contextmanager
def _phone(port: int, scenario: Path, *options: str, calls: int = 1_000_000) -> Iterator[Sipp]:
    sipp = Sipp(["-sf", str(scenario), "-p", str(port), "-m", str(calls), *options])
    try:
        yield sipp
    finally:
        sipp.stop()
