"""The first hour: what is refused, what is waited for, what comes back, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.node import find_node
from sms_gateway.demo import DemoSMSC
from telephony.asterisk.provision import AsteriskProgram
from tests.live.conftest import Switch
from tests.ports import free_port
from tests.product import Product
from tests.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture
def product(tmp_path: Path, asterisk_program: AsteriskProgram) -> Iterator[Product]:
    product = Product(tmp_path / "product")
    yield product
    for pid in product.children():
        os.kill(pid, signal.SIGKILL)
    if product.process is not None:
        product.process.wait(10)


def refusal_of(product: Product, **environment: str) -> str:
    """The one line that `wardline run` ends with."""
    done = subprocess.run(
        product.program("run"),
        env=product.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_a_wrong_value_ends_the_start_with_one_line(product: Product) -> None:
    assert refusal_of(product, WARDLINE_TIMEZONE="Asia/Nowhere") == (
        "wardline: WARDLINE_TIMEZONE: 'Asia/Nowhere' is no known time zone"
    )
    assert not product.folder.exists()


def test_a_folder_that_cannot_be_made_is_named(product: Product, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refusal_of(product, WARDLINE_RECORDINGS_DIR=str(tmp_path / "file/recordings"))
    assert line.startswith("wardline: WARDLINE_RECORDINGS_DIR: ")
    line = refusal_of(product, WARDLINE_DATA_DIR=str(tmp_path / "file"))
    assert line.startswith("wardline: WARDLINE_DATA_DIR: ")


def test_a_database_that_does_not_answer_is_named(product: Product) -> None:
    url = f"postgresql+psycopg://wardline:hidden-word@127.0.0.1:{free_port()}/wardline"
    line = refusal_of(product, WARDLINE_DATABASE_URL=url)
    assert line.startswith("wardline: WARDLINE_DATABASE_URL: the database cannot be opened")
    assert "hidden-word" not in line


def test_a_secret_key_that_is_too_short_is_named(product: Product) -> None:
    assert refusal_of(product, WARDLINE_SECRET_KEY="short").startswith("wardline: WARDLINE_SECRET_KEY: ")


@pytest.mark.parametrize(
    ("name", "kind"), [("WARDLINE_PORT", socket.SOCK_STREAM), ("WARDLINE_SIP_PORT", socket.SOCK_DGRAM)]
)
def test_a_taken_port_is_named(product: Product, name: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        line = refusal_of(product, **{name: str(port)})
    assert line == f"wardline: {name}: {port} is taken by another program; choose another"


def test_an_asterisk_and_an_smsc_that_come_late_are_told_and_then_used(
    product: Product, start_asterisk: Callable[..., Switch]
) -> None:
    switch = start_asterisk()
    switch.asterisk.stop()
    ami, smsc = switch.ami, DemoSMSC(find_node(), port=free_port())
    product.environment |= {
        "WARDLINE_AMI_URL": f"ami://{ami.username}:{ami.secret}@{ami.host}:{ami.port}",
        "WARDLINE_SMPP_URL": f"smpp://wardline:wardline@127.0.0.1:{smsc.port}",
        "WARDLINE_SIP_WS_URL": switch.sip_ws_url,
    }
    run = product.command("run")
    try:
        wait_for(lambda: product.healthz()[0] == 503, seconds=30, what="an answer that names what is down")
        parts = product.healthz()[1]["parts"]
        assert (parts["database"], parts["telephony"][:5], parts["sms"][:5]) == ("ok", "down:", "down:")
        wait_for(lambda: "Wardline runs at" in product.commands_log, seconds=30, what="the address")
        assert "Not working yet: telephony" in product.commands_log
        assert "Not working yet: sms" in product.commands_log

        switch.asterisk.start()
        smsc.start()
        wait_for(product.is_healthy, seconds=30, what="recovery without a restart")
    finally:
        smsc.stop()
        run.send_signal(signal.SIGINT)
        run.wait(30)


@pytest.mark.alone
def test_ctrl_c_leaves_nothing_and_the_next_start_takes_seconds(product: Product) -> None:
    product.start()
    assert product.stop() == 0
    assert product.children() == {}
    began = time.monotonic()
    product.start(seconds=10)
    assert time.monotonic() - began < 10
    assert product.stop() == 0
    assert product.children() == {}


def test_each_part_that_is_killed_comes_back_and_all_end_with_the_launcher(product: Product) -> None:
    product.start()
    assert product.process is not None
    launcher = product.process.pid

    kill_and_await(product, "asterisk.conf -f", lambda: launcher, "event=telephony.link state=up")
    kill_and_await(product, "smsc/server.js", lambda: launcher, "event=sms.bound")
    kill_and_await(product, "app embedded", lambda: launcher, "event=web.started")
    # The process that serves: a child of the application, and a grandchild of ours.
    kill_and_await(product, "app embedded", lambda: child_of(product, launcher, "app embedded"), "event=web.started")
    kill_and_await(product, "sipp", lambda: launcher, "")

    os.kill(launcher, signal.SIGKILL)
    product.process.wait()
    wait_for(lambda: product.children() == {}, seconds=3, what="the end of every process")


def kill_and_await(product: Product, command: str, parent: Callable[[], int], proof: str) -> None:
    """Kill the part as the kernel would; wait for its successor, for the word of it in the log, and for health."""
    pid, proofs = child_of(product, parent(), command), product.log.count(proof)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in product.children(), what="its end")
    wait_for(lambda: product.log.count(proof) > proofs or not proof, seconds=30, what=f"{proof} after {command}")
    wait_for(lambda: child_of(product, parent(), command) not in (0, pid), seconds=30, what=f"a new {command}")
    wait_for(product.is_healthy, seconds=30, what=f"health after {command}")


def child_of(product: Product, parent: int, command: str) -> int:
    """The pid of this child, 0 when there is none."""
    found = (pid for pid, line in product.children().items() if command in line and parent_of(pid) == parent)
    return next(found, 0)


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
