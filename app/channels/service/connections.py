"""Which channels lead out of the house, as this process is set up."""

from __future__ import annotations

from dataclasses import dataclass

from app.channels.rules import AdapterKind, Channel
from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How one channel stands: what may be sent there, and what comes in."""

    channel: Channel
    sends: AdapterKind
    receives: AdapterKind


def connections(settings: Settings) -> list[Connection]:
    """Every channel, in the order in which they are shown.

    Where no hospital has connected one, the demonstration has a stand-in and everybody else has nothing: what an agent
    writes must not seem to be sent.
    """
    stand_in = AdapterKind.LOOPBACK if settings.demo else AdapterKind.OFF
    email = Connection(
        channel=Channel.EMAIL,
        sends=AdapterKind.CONNECTED if settings.smtp else stand_in,
        receives=AdapterKind.CONNECTED if settings.mail_port or settings.imap else AdapterKind.OFF,
    )
    web = Connection(channel=Channel.WEB, sends=AdapterKind.OFF, receives=AdapterKind.CONNECTED)
    others = (Channel.WECHAT, Channel.FAX, Channel.APP, Channel.WAP, Channel.USSD)
    return [email, web, *(Connection(channel=each, sends=stand_in, receives=stand_in) for each in others)]


def is_usable(settings: Settings, channel: Channel) -> bool:
    """Whether something can be sent on that channel."""
    return any(each.channel is channel and each.sends is not AdapterKind.OFF for each in connections(settings))
