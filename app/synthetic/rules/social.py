"""Work, schooling, money, and how people came to the hospital: codes of the hospital's lists."""

from __future__ import annotations

from random import Random

from app.synthetic.rules.chance import low
from app.synthetic.rules.records import SyntheticSocial
from app.synthetic.rules.words import WORK_UNITS

OCCUPATIONS = ("worker", "farmer", "clerk", "teacher", "medical", "official", "business", "retired")
INDUSTRIES = ("manufacturing", "agriculture", "education", "health", "finance", "it", "public", "trade")
EDUCATIONS = ("primary", "junior", "senior", "college", "bachelor", "master")
INCOME_BANDS = ("below_3000", "3000_5000", "5000_10000", "10000_20000", "above_20000")
ECONOMIC_CONDITIONS = ("comfortable", "modest", "poor")
SOURCES = ("media_tv", "media_outdoor", "media_search", "marketing_lecture", "marketing_clinic", "referral_doctor",
           "referral_community", "people_friend", "people_customer", "exam_group", "self")  # fmt: skip
MEMBER_TYPES = ("personal", "family", "group")
_UNKNOWN = SyntheticSocial()


def make_social(chance: Random, *, is_adult: bool) -> SyntheticSocial:
    """What is known of an adult's life; of most people little is."""
    if not is_adult or chance.random() < 0.4:
        return _UNKNOWN
    return SyntheticSocial(
        occupation=_some(chance, OCCUPATIONS),
        industry=_some(chance, INDUSTRIES),
        education=_some(chance, EDUCATIONS),
        income_band=_some(chance, INCOME_BANDS),
        economic_condition=_some(chance, ECONOMIC_CONDITIONS),
        work_unit=_some(chance, WORK_UNITS),
    )


def make_source(chance: Random) -> str | None:
    return _some(chance, SOURCES)


def make_member_type(chance: Random) -> str | None:
    return MEMBER_TYPES[int(3 * low(chance))] if chance.random() < 0.12 else None


def _some(chance: Random, codes: tuple[str, ...]) -> str | None:
    draw = chance.random() * 1.3
    return codes[int(len(codes) * draw)] if draw < 1 else None
