"""The states of an outbound list, and why somebody is left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.contact_policy.rules import Refusal
from app.followups.rules import DiallingMode
from app.texts import N_


class ListState(StrEnum):
    """draft → preparing → running ⇄ paused → done; anything that is not done → stopped.

    A preparation that fails leads back to the draft, with the reason.
    """

    DRAFT = "draft"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


MOVES: Mapping[ListState, frozenset[ListState]] = {
    ListState.DRAFT: frozenset({ListState.PREPARING, ListState.STOPPED}),
    ListState.PREPARING: frozenset({ListState.RUNNING, ListState.DRAFT, ListState.STOPPED}),
    ListState.RUNNING: frozenset({ListState.PAUSED, ListState.DONE, ListState.STOPPED}),
    ListState.PAUSED: frozenset({ListState.RUNNING, ListState.STOPPED}),
    ListState.DONE: frozenset(),
    ListState.STOPPED: frozenset(),
}
"""Every move that is allowed."""
LIVE = (ListState.PREPARING, ListState.RUNNING, ListState.PAUSED)
"""Whoever has an open follow-up in one of these is not put on a second list."""


class ListPurpose(StrEnum):
    QUALITY = "quality"
    SATISFACTION = "satisfaction"
    RECHECK = "recheck"
    WISHES = "wishes"
    OTHER = "other"


SURVEYS = frozenset({ListPurpose.QUALITY, ListPurpose.SATISFACTION, ListPurpose.WISHES})
"""Not for those who have refused to be asked (Q-07)."""


class LeftOut(StrEnum):
    """Why somebody gets no follow-up of a list, besides the refusals of the contact policy."""

    NO_NUMBER = "no_number"
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    ON_ANOTHER_LIST = "on_another_list"
    REFUSED_SURVEYS = "refused_surveys"


LEFT_OUT_TEXT: Mapping[str, str] = {
    LeftOut.NO_NUMBER: N_("No telephone number that holds"),
    LeftOut.NUMBER_NOT_ALLOWED: N_("The number is none that is dialled from here"),
    LeftOut.ON_ANOTHER_LIST: N_("Is on a list that is not finished"),
    LeftOut.REFUSED_SURVEYS: N_("Has refused to be asked"),
    Refusal.DECEASED: N_("Has died"),
    Refusal.WRONG_NUMBER: N_("The number was marked as wrong"),
    Refusal.DO_NOT_CALL: N_("Does not want to be called"),
    Refusal.STOPPED: N_("Wants no contact at all"),
    Refusal.OPTED_OUT: N_("Wants no more messages of this kind"),
}
"""Each reason in a few words. One that is not here is shown as it is."""
STATE_TEXT: Mapping[ListState, str] = {
    ListState.DRAFT: N_("Draft"),
    ListState.PREPARING: N_("Being prepared"),
    ListState.RUNNING: N_("Running"),
    ListState.PAUSED: N_("Paused"),
    ListState.DONE: N_("Done"),
    ListState.STOPPED: N_("Stopped"),
}
PURPOSE_TEXT: Mapping[ListPurpose, str] = {
    ListPurpose.QUALITY: N_("Medical quality"),
    ListPurpose.SATISFACTION: N_("Satisfaction"),
    ListPurpose.RECHECK: N_("Recheck"),
    ListPurpose.WISHES: N_("Wishes"),
    ListPurpose.OTHER: N_("Other"),
}
DIALLING_TEXT: Mapping[DiallingMode, str] = {
    DiallingMode.PREVIEW: N_("The agent sees who it is, then dials"),
    DiallingMode.PROGRESSIVE: N_("Dialled as soon as an agent is free"),
    DiallingMode.AUTOMATIC: N_("Called, asked and handed over automatically"),
}
