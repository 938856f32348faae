"""A rule in words: one whole sentence for each condition, indented as the tree is."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.segments.routes.choices import labels_of, visit_kinds
from app.segments.routes.forms import in_yuan
from app.segments.rules import (
    KINDS,
    Condition,
    ConditionKind,
    Group,
    Joint,
    Node,
    SegmentPurpose,
    SegmentRule,
    Slot,
    Unit,
)
from app.texts import N_

PURPOSE_TEXT = {
    SegmentPurpose.EXPORT: N_("Export"),
    SegmentPurpose.ENVELOPES: N_("Envelopes"),
    SegmentPurpose.MESSAGES: N_("Text messages"),
    SegmentPurpose.FOLLOWUP: N_("Follow-up"),
    SegmentPurpose.REGISTER: N_("Register"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence of the explanation, and the lines under it."""

    sentence: str
    is_negated: bool = False
    parts: list[Line] = field(default_factory=list)


def explain(session: Session, rule: SegmentRule) -> Line:
    """What the rule says, in the reader's language."""
    return _line(session, rule.root)


def _line(session: Session, node: Node) -> Line:
    if isinstance(node, Condition):
        return Line(sentence=_sentence(session, node), is_negated=node.is_negated)
    return Line(sentence=_joint(node), parts=[_line(session, part) for part in node.parts])


def _joint(group: Group) -> str:
    if not group.parts:
        return str(_("Everybody."))
    if group.joint is Joint.ALL:
        return str(_("Not all of these hold:") if group.is_negated else _("All of these hold:"))
    return str(_("None of these holds:") if group.is_negated else _("At least one of these holds:"))


def _sentence(session: Session, condition: Condition) -> str:
    spec = KINDS[condition.kind]
    since, until = _days(condition)
    open_words = _open_words(condition.kind)
    values = {
        "codes": _one_of(labels_of(session, condition)) or open_words["codes"],
        "range": _range(condition, spec.unit) if Slot.RANGE in spec.slots else "",
        "text": condition.text or open_words["text"],
        "key": visit_kinds().get(condition.key, _("any kind of visit")) if spec.keys else condition.key,
        "since": since,
        "until": until,
    }
    sentence: str = _(spec.dated if condition.period is not None and spec.dated else spec.sentence)
    return sentence % values


def _open_words(kind: ConditionKind) -> dict[str, str]:
    """What stands for a slot that was left empty."""
    if kind is ConditionKind.VISIT:
        return {"codes": _("any department"), "text": _("any doctor")}
    return {"codes": _("anything"), "text": _("anything")}


def _one_of(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return str(_("%(first)s or %(last)s", first=", ".join(names[:-1]), last=names[-1]))


def _days(condition: Condition) -> tuple[str, str]:
    if condition.period is None:
        return "", ""
    if condition.period.days is not None:
        return _("%(days)s days ago", days=condition.period.days - 1), _("today")
    first, last = condition.period.since, condition.period.until
    return first.isoformat() if first else _("the beginning"), last.isoformat() if last else _("today")


def _range(condition: Condition, unit: Unit) -> str:
    low, high = (_number(limit, unit) for limit in (condition.low, condition.high))
    if low is None and high is None:
        return str(_("anything"))
    if high is None:
        return str(_("at least %(low)s", low=low))
    if low is None:
        return str(_("at most %(high)s", high=high))
    return str(_("from %(low)s to %(high)s", low=low, high=high))


def _number(limit: float | None, unit: Unit) -> str | None:
    if limit is None:
        return None
    if unit is Unit.CENTS:
        return f"¥{in_yuan(limit)}"
    shown: str = format_decimal(limit)
    return shown
