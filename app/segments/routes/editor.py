"""The editor of a rule, for every page that has one: segments, and the registers that fill themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access.rules import Module
from app.errors import InvalidInput
from app.http import parts, viewer
from app.segments import service
from app.segments.routes.choices import MOST_BOXES, Choice, choices_of, resolve, visit_kinds
from app.segments.routes.forms import Draft, in_yuan, read_draft
from app.segments.routes.words import explain
from app.segments.rules import KINDS, ConditionKind, SegmentRule, read_rule
from app.texts import N_

_KIND_HEADS = {Module.CONTACT: N_("The person"), Module.CLINICAL: N_("At the hospital")}


def draft_in(session: Session, form: MultiDict[str, str]) -> Draft:
    """The rule in a form of the editor, complete or not."""

    def resolve_typed(kind: str, typed: str) -> str | None:
        return resolve(choices_of(session, KINDS[ConditionKind(kind)]), typed)

    return read_draft(form, resolve_typed)


def editor_values(session: Session, draft: Draft, *, only: Collection[ConditionKind] | None = None) -> dict[str, Any]:
    """What the editor's templates need to show this draft; `only` names the kinds that are offered."""
    offered: dict[str, tuple[Choice, ...]] = {}

    def choices(kind: str) -> tuple[Choice, ...]:
        if kind not in offered:
            offered[kind] = choices_of(session, KINDS[ConditionKind(kind)])
        return offered[kind]

    return {
        "draft": draft,
        "kinds": _kinds(only),
        "specs": {kind.value: spec for kind, spec in KINDS.items()},
        "choices": choices,
        "most_boxes": MOST_BOXES,
        "visit_kinds": visit_kinds(),
        "in_yuan": lambda value: value if isinstance(value, str) else in_yuan(value),
        **result_values(session, draft),
    }


def result_values(session: Session, draft: Draft) -> dict[str, Any]:
    """How many people the draft holds and what it says, or what is wrong with it."""
    try:
        rule: SegmentRule = read_rule(draft)
    except InvalidInput as error:
        return {"count": None, "problem": _(error.detail), "problem_at": error.fields.get("field")}
    clock = service.clock_of(parts().now(), parts().settings.timezone)
    return {"count": service.count(session, rule, clock), "explanation": explain(session, rule)}


def _kinds(only: Collection[ConditionKind] | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds that this viewer may ask about, under their headings."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for module, head in _KIND_HEADS.items():
        if viewer().grant(module).can_view:
            kinds = (each for each in KINDS.items() if each[1].module is module and (only is None or each[0] in only))
            found.append((_(head), [(kind.value, _(spec.label)) for kind, spec in kinds]))
    return found
