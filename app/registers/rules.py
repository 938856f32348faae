"""What a register may be filled by, and the flag that makes a key patient."""

from __future__ import annotations

from app.errors import InvalidInput
from app.segments.rules import ConditionKind, SegmentRule
from app.texts import N_

KEY_PATIENT = "key_patient"
"""The flag of people whom the hospital cares for as its key patients (P-33)."""

# A register that looked at registers, groups or contacts would change by what happens here, not by data of HIS.
RULE_KINDS = frozenset(
    {
        ConditionKind.AGE,
        ConditionKind.SEX,
        ConditionKind.DISEASE,
        ConditionKind.OPERATION,
        ConditionKind.DRUG,
        ConditionKind.EXAM,
        ConditionKind.EXAM_RESULT,
        ConditionKind.VISIT,
        ConditionKind.VISIT_COUNT,
        ConditionKind.SPENDING,
    }
)
"""The conditions that a register's rule may hold."""


def check_rule(rule: SegmentRule) -> None:
    """Raise InvalidInput for a rule that would put everybody on the register, or that looks at other things."""
    conditions = list(rule.conditions())
    if not conditions:
        raise InvalidInput(N_("A register without conditions would hold everybody."), field="rule")
    if any(condition.kind not in RULE_KINDS for condition in conditions):
        raise InvalidInput(
            N_("A register is filled by age, sex, diseases, operations, drugs, exams, visits and charges only."),
            field="rule",
        )
