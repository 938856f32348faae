"""The `wardline` command."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from app.errors import WardlineError
from app.logs import set_up_logs
from app.settings import Settings

if TYPE_CHECKING:
    from app.cli.own_asterisk import OwnAsterisk

_PORT = click.IntRange(1, 65535)


def _for_own_asterisk(command: Callable[[Path, OwnAsterisk], None]) -> Callable[..., None]:
    """The argument and options of the commands that configure an Asterisk that is not our child."""

    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option("--modules", type=click.Path(path_type=Path), help="Its modules; where Debian's package puts them.")
    @click.option("--data", type=click.Path(path_type=Path), help="Its sounds; where Debian's package puts them.")
    @click.option("--ws-port", type=_PORT, default=8088, show_default=True, help="The browsers' phones connect here.")
    @click.option("--rtp-start", type=_PORT, default=20000, show_default=True, help="Audio takes 2000 ports from here.")
    @functools.wraps(command)
    def with_options(folder: Path, modules: Path | None, data: Path | None, ws_port: int, rtp_start: int) -> None:
        from app.cli.own_asterisk import OwnAsterisk
        from telephony.asterisk.provision import PACKAGED_DATA, packaged_modules

        modules, data = modules or packaged_modules(), data or PACKAGED_DATA
        command(folder, OwnAsterisk(modules=modules, data=data, ws_port=ws_port, rtp_start=rtp_start))

    return with_options


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def wardline() -> None:
    """The hospital contact centre."""


@wardline.command()
def run() -> None:
    """Run the whole product on this machine until Ctrl-C."""
    from app.cli.launcher import run as launch

    launch(_settings())


@wardline.command(hidden=True)
def embedded() -> None:
    """The application process of `run`."""
    _serve("serve_everything")


@wardline.command()
def web() -> None:
    """Production: pages, API and live pages."""
    _serve("serve_web")


@wardline.command()
def telephony() -> None:
    """Production: the link to Asterisk."""
    _serve("serve_telephony")


@wardline.command()
def sms() -> None:
    """Production: the link to the SMSC."""
    _serve("serve_sms")


@wardline.command()
def mail() -> None:
    """Production: mail in and out."""
    _serve("serve_mail")


@wardline.command()
def worker() -> None:
    """Production: background jobs."""
    _serve("serve_worker")


@wardline.command()
def scheduler() -> None:
    """Production: finds due work."""
    _serve("serve_scheduler")


@wardline.command()
def migrate() -> None:
    """Bring the database to this version."""
    from app.cli.setup import migrate as bring_up

    bring_up(_settings())


@wardline.command("asterisk-config")
@_for_own_asterisk
def asterisk_config(folder: Path, own: OwnAsterisk) -> None:
    """Write the configuration for an Asterisk of your own into FOLDER."""
    from app.cli.setup import write_asterisk_config

    write_asterisk_config(_settings(), folder, own)


@wardline.command()
@_for_own_asterisk
def phones(folder: Path, own: OwnAsterisk) -> None:
    """Production: gives each new account its phone, in an Asterisk that reads FOLDER."""
    from app.cli.own_asterisk import follow_accounts

    follow_accounts(_production_settings(), folder, own)


@wardline.command("create-user")
@click.argument("username")
@click.option("--role", type=click.Choice(["agent", "supervisor", "qa", "doctor", "admin"]), required=True)
@click.option("--name", default="", help="Shown to colleagues; the username when left out.")
@click.option("--department", default="", help="Its code, as /admin/departments shows it.")
@click.password_option(help="At least 10 characters; 8 in the demo.")
def create_user(username: str, role: str, name: str, department: str, password: str) -> None:
    """Make an account."""
    from app.cli.setup import create_user as create

    create(_settings(), username, role, name or username, password, department)


@wardline.command("import-patients")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_patients(file: Path) -> None:
    """Take patients over from a CSV or Excel file; its first line names the columns."""
    from app.cli.setup import import_patients as take_over

    take_over(_settings(), file)


@wardline.command("demo-call")
@click.option("--from", "number", required=True, help="The number that the trunk signals, exactly as written.")
@click.option("--to", "hotline", default="", help="The hotline; WARDLINE_HOTLINE when left out.")
@click.option("--say", default="", help="What the patient says.")
def demo_call(number: str, hotline: str, say: str) -> None:
    """A real call through the real Asterisk."""
    from app.cli.demo_call import demo_call as place

    settings = _settings()
    place(settings, number, hotline or settings.hotline, say)


@wardline.command("demo-sms")
@click.option("--from", "number", required=True, help="The patient's number, exactly as written.")
@click.option("--text", required=True)
def demo_sms(number: str, text: str) -> None:
    """A text from a patient through the demo SMSC."""
    from app.cli.setup import demo_sms as send

    send(_settings(), number, text)


@wardline.group()
def audit() -> None:
    """The audit log: who did what with whose record."""


@audit.command("verify")
def verify_audit() -> None:
    """Check every event of the audit log; names the first that was changed or removed."""
    from app.cli.audit import verify

    sys.exit(0 if verify(_settings()) else 1)


@wardline.command()
def doctor() -> None:
    """What is up, what is not, what to do."""
    from app.cli.doctor import examine

    sys.exit(0 if examine(_settings()) else 1)


def main() -> None:
    """Run a command. A problem is told in one line, never with a traceback."""
    set_up_logs(logging.INFO)
    try:
        wardline(standalone_mode=True)
    except WardlineError as error:
        detail = error.detail % error.fields if "%(" in error.detail else error.detail
        print(f"wardline: {detail}", file=sys.stderr)
        sys.exit(2)
    except SQLAlchemyError as error:
        advice = "start Wardline once, or run `wardline migrate`; see `wardline doctor`"
        print(f"wardline: the database refuses ({type(error).__name__}): {advice}", file=sys.stderr)
        sys.exit(1)


def _settings() -> Settings:
    return Settings.from_env()


def _production_settings() -> Settings:
    from app.cli.secrets import need_secret

    return need_secret(_settings())


def _serve(name: str) -> None:
    # Imported late: `wardline doctor` answers without loading Flask, Celery and the rest.
    from app.cli import processes

    serve: Callable[[Settings], None] = getattr(processes, name)
    serve(_production_settings())
