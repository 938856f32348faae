"""One adapter for each channel. Import from here.

aiosmtpd, smtplib and imaplib stay in this folder; nothing of theirs leaves it.
"""

from app.channels.adapters.email import EmailAdapter
from app.channels.adapters.listener import MailListener
from app.channels.adapters.loopback import LoopbackAdapter, LoopbackEmail
from app.channels.adapters.mailbox import Mailbox
from app.channels.adapters.registry import open_adapters

__all__ = ["EmailAdapter", "LoopbackAdapter", "LoopbackEmail", "MailListener", "Mailbox", "open_adapters"]
