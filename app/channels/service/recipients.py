"""Where a person can be written to, channel by channel, and on which one a new message opens (G-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels.models import Interaction
from app.channels.rules import AdapterKind, Channel, clean_email
from app.channels.service.connections import connections
from app.patients.models import Patient
from app.patients.rules import PhoneKind
from app.settings import Settings

CALL, SMS = "call", "sms"
TYPED = "typed"
"""Stands for an address that somebody types, instead of one that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One way to reach the person. `value` names it in a form, so that a masked page never holds the address itself.

    `is_on_record` is False for what somebody merely said of himself: look at it before anything is told there.
    """

    value: str
    address: str
    is_on_record: bool = True
    owner: str | None = None  # a contact person


def channels_to_write(settings: Settings) -> list[str]:
    """The channels that a message can be written on, call and SMS first."""
    usable = [each.channel.value for each in connections(settings) if each.sends is not AdapterKind.OFF]
    return [CALL, SMS, *usable]


def recipients(
    session: Session, patient: Patient | None, answered: Interaction | None, settings: Settings
) -> Mapping[str, list[Recipient]]:
    """Where each channel reaches this person, the likeliest first."""
    found: dict[str, list[Recipient]] = {channel: [] for channel in channels_to_write(settings)}
    if answered is not None:
        _add_answered(found, patient, answered)
    if patient is None:
        return found
    for phone in patient.phones:
        owner = phone.contact_person.name if phone.contact_person else None
        each = Recipient(value=f"phone:{phone.id}", address=phone.number, owner=owner)
        if phone.is_valid:
            found[CALL].append(each)
        if phone.is_valid and phone.kind == PhoneKind.MOBILE and not phone.do_not_text:
            found[SMS].append(each)
    email = clean_email(patient.email or "")
    if email and Channel.EMAIL in found:
        found[Channel.EMAIL].insert(0, Recipient(value="email", address=email))
    _add_seen(session, found, patient)
    return found


def preferred_channel(
    patient: Patient | None, answered: Interaction | None, known: Mapping[str, list[Recipient]]
) -> str:
    """The channel that a message to this person opens on: the preferred one, else the one it came by, else any."""
    wishes = [patient.preferred_channel if patient else None, answered.channel if answered else None]
    wishes += [Channel.EMAIL, SMS, CALL]
    return next((wish for wish in wishes if wish and known.get(wish)), SMS)


def _add_answered(found: dict[str, list[Recipient]], patient: Patient | None, answered: Interaction) -> None:
    value = f"seen:{answered.id}"
    is_mail = answered.channel in (Channel.EMAIL, Channel.WEB)
    channel = Channel.EMAIL if is_mail else answered.channel
    is_on_record = is_mail and patient is not None and clean_email(patient.email or "") == answered.address
    if answered.address and channel in found and not is_on_record:
        # Whoever wrote from there reads there; it is only doubtful whether that is the person of the record.
        is_certain = not is_mail or (patient is None and answered.channel == Channel.EMAIL)
        found[channel].append(Recipient(value=value, address=answered.address, is_on_record=is_certain))
    numbers = {phone.number for phone in patient.phones} if patient else set()
    if answered.number and answered.number not in numbers:
        for each in (CALL, SMS):
            found[each].append(Recipient(value=value, address=answered.number, is_on_record=False))


def _add_seen(session: Session, found: dict[str, list[Recipient]], patient: Patient) -> None:
    """On channels whose addresses are not in the record: from where the person last wrote."""
    others = [each for each in found if each not in (CALL, SMS, Channel.EMAIL) and not found[each]]
    for channel in others:
        wanted = (
            select(Interaction)
            .where(Interaction.patient_id == patient.id, Interaction.channel == channel, Interaction.direction == "in")
            .order_by(Interaction.at.desc())
            .limit(1)
        )
        last = session.scalar(wanted)
        if last is not None and last.address:
            found[channel].append(Recipient(value=f"seen:{last.id}", address=last.address))
