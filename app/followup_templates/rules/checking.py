"""What speaks against a template before somebody is asked to approve it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.followup_templates.rules.planning import Programme
from app.followup_templates.rules.steps import Step
from app.followups.rules import TaskMode, TaskRole
from app.message_templates.rules import LANGUAGES, diseases_in, has_stray_brace
from app.texts import N_

MOST_STEPS = 40
EARLIEST_DAY, LATEST_DAY = -90, 3_660
MOST_LEAD, MOST_WINDOW = 60, 365
LONGEST_KEY = 20
LONGEST_TEXT = 2_000
_KEY = re.compile(r"[a-z0-9_]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: the number of its step in the form, counted from 0, the field, and a sentence."""

    sentence: str
    field: str
    step: int | None = None


def check_programme(programme: Programme, *, anchors: Collection[str]) -> list[Fault]:
    """Everything that keeps a draft from being saved."""
    found: list[Fault] = []
    if programme.anchor not in anchors:
        found.append(Fault(sentence=N_("Choose what the days are counted from."), field="anchor"))
    if not programme.steps:
        found.append(Fault(sentence=N_("A template needs at least one step."), field="steps"))
    if len(programme.steps) > MOST_STEPS:
        found.append(Fault(sentence=N_("A template has at most 40 steps."), field="steps"))
    months, times = programme.repeat_months, programme.repeat_times
    if months is not None and not 1 <= months <= 120:
        found.append(Fault(sentence=N_("It repeats after 1 to 120 months."), field="repeat_months"))
    if times is not None and not 1 <= times <= 100:
        found.append(Fault(sentence=N_("It runs 1 to 100 times."), field="repeat_times"))
    seen: set[str] = set()
    for place, step in enumerate(programme.steps):
        found += [Fault(sentence=sentence, field=field, step=place) for field, sentence in _faults_of(step, seen)]
        seen.add(step.key)
    return found


def check_texts(programme: Programme, *, questionnaires: Collection[str]) -> list[Fault]:
    """What keeps a version from being submitted: an SMS without a text, a questionnaire that does not exist."""
    found: list[Fault] = []
    if programme.anchor == "register" and not programme.filters.get("register_id"):
        found.append(Fault(sentence=N_("Choose the register from which it starts."), field="register"))
    for place, step in enumerate(programme.steps):
        written = [step.texts.get(language, "") for language in LANGUAGES]
        if step.mode is TaskMode.SMS and not all(text.strip() for text in written):
            sentence = N_("An SMS needs its text in all three languages.")
            found.append(Fault(sentence=sentence, field="text", step=place))
        if step.mode is TaskMode.SMS and any(has_stray_brace(text) for text in written):
            sentence = N_("A brace { or } belongs to no field. Write fields as {name}.")
            found.append(Fault(sentence=sentence, field="text", step=place))
        if step.questionnaire is not None and step.questionnaire not in questionnaires:
            sentence = N_("There is no questionnaire with this code.")
            found.append(Fault(sentence=sentence, field="questionnaire", step=place))
    return found


def named_diseases(steps: Sequence[Step], names: Collection[str] = ()) -> list[str]:
    """The names of diseases in what is sent as SMS (guard 3); what is only spoken may name them."""
    texts = [text for step in steps if step.mode is TaskMode.SMS for text in step.texts.values()]
    return sorted({word for text in texts for word in diseases_in(text, names)})


def _faults_of(step: Step, seen: set[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not _KEY.fullmatch(step.key):
        found.append(("key", N_("The code of a step has at most 20 small letters, digits and underscores.")))
    if step.key in seen:
        found.append(("key", N_("Two steps have the same code.")))
    if not EARLIEST_DAY <= step.days <= LATEST_DAY:
        found.append(("days", N_("A step lies between 90 days before and 3660 days after.")))
    if not 0 <= step.lead_days <= MOST_LEAD:
        found.append(("lead_days", N_("A reminder goes 0 to 60 days before.")))
    if not 0 <= step.window_days <= MOST_WINDOW:
        found.append(("window_days", N_("A step is in time for 0 to 365 days.")))
    if not any(title.strip() for title in step.titles.values()):
        found.append(("title", N_("Give the step a title.")))
    if any(len(title) > 200 for title in step.titles.values()):
        found.append(("title", N_("This text is too long.")))
    if any(len(text) > LONGEST_TEXT or "\x00" in text for text in step.texts.values()):
        found.append(("text", N_("This text is too long.")))
    if step.mode is TaskMode.SMS and step.role is not TaskRole.SYSTEM:
        found.append(("role", N_("An SMS is sent by the product itself.")))
    if step.mode is not TaskMode.SMS and step.mode is not TaskMode.AUTOMATIC and step.role is TaskRole.SYSTEM:
        found.append(("role", N_("Say who does it.")))
    return found
