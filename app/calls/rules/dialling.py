"""Which numbers may be dialled at all: an allow-list of prefixes against toll fraud. What is not on it is not dialled.

Whoever can order a call can spend the hospital's money on it; so the list is asked by the page, by what dials by
itself, and again in telephony before anything reaches Asterisk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

USUAL_PREFIXES = (
    "+8613 +86145 +86146 +86147 +86148 +86149 +8615 +86162 +86165 +86166 +86167 +8617 +8618 +8619 "
    "+8610 +862 +863 +864 +865 +866 +867 +868 +8690 +8691 +8693 +8694 +8695 +8697 +8699 "
    "-861349 -861740 -861749 -86179 -86400 -86800"
)
"""Chinese mobiles and landlines; not satellite telephones (1349, 1740, 1749), carriers' prefixes (179), and no service
numbers (160, 168, 400, 800).
"""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = re.compile(r"[+-][1-9][0-9]{0,13}")
_AT_HOME = "+86"
_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
# An area code of two digits (10, 2x) before eight, or one of three before seven or eight. A local number begins with 2
# to 8: 1, 9 and 0 begin the numbers of services, among them those that cost by the minute (160, 168).
_LANDLINE = re.compile(r"\+86(?:(?:10|2[0-9])[2-8][0-9]{7}|[3-9][0-9]{2}[2-8][0-9]{6,7})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """Prefixes in E.164. The longest that fits decides; none means no."""

    allowed: tuple[str, ...]
    refused: tuple[str, ...] = ()

    def may_dial(self, number: str) -> bool:
        """Whether this number may be dialled. Only a whole E.164 number ever may, at home only one that can exist."""
        if not number.isascii() or not _E164.fullmatch(number):
            return False
        if number.startswith(_AT_HOME) and not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
            return False
        return _longest(self.allowed, number) > _longest(self.refused, number)


def parse_plan(text: str) -> DialPlan:
    """Read `+8613 -861349 …`: plus allows what begins so, minus refuses it. A word that is neither allows nothing."""
    words = [word for word in text.split() if _PREFIX.fullmatch(word)]
    return DialPlan(
        allowed=tuple(word for word in words if word.startswith("+")),
        refused=tuple(f"+{word[1:]}" for word in words if word.startswith("-")),
    )


def _longest(prefixes: tuple[str, ...], number: str) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=0)
