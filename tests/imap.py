"""A mail server as Debian packages it (Dovecot), with one mailbox of a test's own."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from app.children import Child
from app.settings import IMAPAddress, MailSecurity
from tests.ports import free_port
from tests.waiting import wait_for

_CONFIG = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
auth_failure_delay = 0
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail
}}
"""


class IMAPServer:
    """Keeps its mail and its port over restarts. `deliver` puts a mail into the inbox, as a mail server does."""

    def __init__(self) -> None:
        program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "Dovecot is missing: run make test, which installs it"
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="wardline-imap-"))
        self._folder.chmod(0o755)
        self.port = free_port()
        for name in ("mail", "mail/new", "mail/cur", "mail/tmp", "run", "state"):
            (self._folder / name).mkdir()
        self._user, self._group = self._folder.owner(), self._folder.group()
        if os.geteuid() == 0:
            # Dovecot reads no mail as root.
            self._user = self._group = "mail"
            for path in (self._folder, *(self._folder / "mail").rglob("*"), self._folder / "mail"):
                shutil.chown(path, "mail", "mail")
        self._write_config()
        self._child: Child | None = None
        self._delivered = 0

    @property
    def address(self) -> IMAPAddress:
        return IMAPAddress(
            host="127.0.0.1",
            port=self.port,
            security=MailSecurity.NONE,
            username="care@hospital.example",
            password="secret",
            folder="INBOX",
        )

    def start(self) -> None:
        self._child = Child([self._program, "-F", "-c", str(self._folder / "dovecot.conf")])
        wait_for(self._answers, what="Dovecot")

    def stop(self) -> None:
        """Stopping twice is harmless."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def deliver(self, mail: bytes) -> None:
        self._delivered += 1
        path = self._folder / "mail/tmp" / f"{self._delivered}.wardline"
        path.write_bytes(mail)
        path.chmod(0o644)
        path.rename(self._folder / "mail/new" / path.name)

    def number_anew(self) -> None:
        """Forget every number that was given, as a mailbox does that is put back from a backup."""
        for path in (self._folder / "mail").glob("dovecot*"):
            path.unlink()

    def seen(self) -> list[str]:
        """The mails that somebody has marked as read."""
        return [path.name for path in (self._folder / "mail/cur").iterdir() if "S" in path.name.rpartition(",")[2]]

    def _write_config(self) -> None:
        (self._folder / "dovecot.conf").write_text(
            _CONFIG.format(folder=self._folder, user=self._user, group=self._group, port=self.port)
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                return link.recv(4) == b"* OK"
        except OSError:
            return False
