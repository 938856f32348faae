"""Commands that prepare a product: database, Asterisk's files, accounts, patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.audit.rules import COMMAND_LINE, Action, AuditEntry
from app.audit.service import record
from app.call_flows import service as call_flows
from app.cli.own_asterisk import OwnAsterisk, write_for_own_asterisk
from app.cli.ports import load_ports
from app.cli.secrets import known_secret, need_secret
from app.codes import service as codes
from app.errors import NotFound, Unavailable
from app.followup_templates import service as followup_templates
from app.imports import service as imports
from app.message_templates import service as templates
from app.organisation import service as organisation
from app.parts import Parts
from app.quality import service as quality
from app.questionnaires import service as questionnaires
from app.queues import service as queues
from app.queues.rules import HOTLINE_LABEL
from app.schema import upgrade_schema
from app.sending_rules import service as sending_rules
from app.settings import Settings
from sms_gateway.demo import send_demo_sms


def migrate(settings: Settings) -> None:
    """Run the migrations, make the queues and the code lists."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade_schema(settings.database_url)
    parts = Parts.open(settings)
    with parts.database.writing() as session:
        queues.install_queues(session, settings, label=HOTLINE_LABEL)
        call_flows.install_shipped(session, settings, parts.now())
        codes.seed(session)
        templates.install_shipped(session, parts.now())
        sending_rules.install_shipped(session, parts.now())
        questionnaires.install_shipped(session, parts.now())
        followup_templates.install_shipped(session, parts.now())
        quality.install_shipped(session, parts.now())
    parts.close()
    print("wardline: the database is up to date")


def write_asterisk_config(settings: Settings, folder: Path, own: OwnAsterisk) -> None:
    """Write the files for an Asterisk that is not our child."""
    path = write_for_own_asterisk(need_secret(settings), folder, own)
    print(f"wardline: wrote {path.parent}; start Asterisk with -C {path}")


def create_user(settings: Settings, username: str, role: str, name: str, password: str, department: str) -> None:
    """Make an account; its phone works within some seconds. `department` is a code, or nothing."""
    settings = known_secret(settings)
    parts = Parts.open(settings)
    with parts.database.writing() as session:
        found = organisation.department_by_code(session, department) if department else None
        if department and found is None:
            raise NotFound(f"There is no department with the code {department!r}.")
        user = accounts.create_user(
            session,
            username=username,
            display_name=name,
            role=Role(role),
            password=password,
            now=parts.now(),
            department_id=found.id if found else None,
            shortest_password=accounts.shortest_password(is_demo=settings.demo),
        )
        made = _entry(parts, Action.ACCOUNT, f"account:{user.id}", {"made": username, "role": role})
        record(session, made, key=settings.secret_key)
    parts.close()
    print(f"wardline: {username} may sign in")


def import_patients(settings: Settings, file: Path) -> None:
    """Take patients over and say what was left out and why."""
    settings = known_secret(settings)
    parts = Parts.open(settings)
    with parts.database.writing() as session:
        record(session, _entry(parts, Action.IMPORT, "", {"state": "started"}), key=settings.secret_key)
    report = imports.import_file(parts, file)
    parts.close()
    print(
        f"wardline: {report.created} new, {report.updated} updated, {report.unchanged} known already, "
        f"{report.to_review} to review, {report.rejected} left out"
    )
    for problem in report.problems:
        print(f"  line {problem.line}: {problem.reason}")


def _entry(parts: Parts, action: Action, subject: str, details: dict[str, Any]) -> AuditEntry:
    return AuditEntry(at=parts.now(), actor=COMMAND_LINE, action=action, subject=subject, details=details)


def demo_sms(settings: Settings, number: str, text: str) -> None:
    """Let a patient text us."""
    ports = load_ports(settings.data_dir)
    if ports is None:
        raise Unavailable("The demo SMSC does not run. Start Wardline first: make run")
    send_demo_sms(ports.smsc_control, number, text)
    print("wardline: the text is on its way")
