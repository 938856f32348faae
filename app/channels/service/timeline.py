"""Contacts among the entries of a patient's timeline."""

from __future__ import annotations

from sqlalchemy import select

from app.access.rules import Module
from app.accounts.models import User
from app.channels.models import Interaction
from app.patients.service import TimelineItem, TimelineSource, add_timeline_source
from app.texts import N_


def _item(interaction: Interaction, agent_name: str | None) -> TimelineItem:
    return TimelineItem(
        kind="interaction",
        at=interaction.at,
        id=str(interaction.id),
        direction="inbound" if interaction.direction == "in" else "outbound",
        agent=interaction.agent,
        agent_name=agent_name or interaction.agent,
        state=interaction.state,
        outcome=interaction.outcome,
        title=interaction.subject or None,
        detail=interaction.channel,
        text=interaction.text,
        note=interaction.note,
        error=interaction.error_code,
    )


add_timeline_source(
    TimelineSource(
        name="interaction",
        title=N_("Emails, web and other channels"),
        icon="envelope",
        module=Module.MESSAGES,
        rows=select(Interaction, User.display_name).outerjoin(User, User.username == Interaction.agent),
        patient=Interaction.patient_id,
        at=Interaction.at,
        key=Interaction.id,
        item=_item,
        template="channels/_timeline_item.html",
    )
)
