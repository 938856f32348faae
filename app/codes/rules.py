"""The code lists of the product, and which region an address lies in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.texts import N_


class CodeList(StrEnum):
    """Every list that a form offers. The value names it in the database and in exported files."""

    REGION = "region"
    SOURCE = "source"
    DISEASE = "disease"
    OCCUPATION = "occupation"
    INDUSTRY = "industry"
    EDUCATION = "education"
    INCOME_BAND = "income_band"
    ECONOMIC_CONDITION = "economic_condition"
    FLAG = "flag"
    GIFT_OCCASION = "gift_occasion"
    SERVICE_SUBJECT = "service_subject"
    OPINION_CATEGORY = "opinion_category"
    PREFERRED_TIME = "preferred_time"
    MEMBER_TYPE = "member_type"
    MEMBER_LEVEL = "member_level"
    DISPOSITION = "disposition"
    NOT_READY_REASON = "not_ready_reason"


LIST_TITLES: Mapping[CodeList, str] = {
    CodeList.REGION: N_("Regions"),
    CodeList.SOURCE: N_("Sources"),
    CodeList.DISEASE: N_("Diseases"),
    CodeList.OCCUPATION: N_("Occupations"),
    CodeList.INDUSTRY: N_("Industries"),
    CodeList.EDUCATION: N_("Education"),
    CodeList.INCOME_BAND: N_("Income bands"),
    CodeList.ECONOMIC_CONDITION: N_("Economic conditions"),
    CodeList.FLAG: N_("Flags"),
    CodeList.GIFT_OCCASION: N_("Occasions for gifts and mailings"),
    CodeList.SERVICE_SUBJECT: N_("Service subjects"),
    CodeList.OPINION_CATEGORY: N_("Categories of opinions"),
    CodeList.PREFERRED_TIME: N_("Preferred times"),
    CodeList.MEMBER_TYPE: N_("Member types"),
    CodeList.MEMBER_LEVEL: N_("Member levels"),
    CodeList.DISPOSITION: N_("Dispositions of calls"),
    CodeList.NOT_READY_REASON: N_("Reasons for not being ready"),
}
TREES = frozenset({CodeList.REGION, CodeList.SOURCE, CodeList.DISEASE})
"""The lists whose entries have entries below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry of a list. `name` is in the reader's language; `path` is "/33/3301/", `depth` 0 at the top."""

    code: str
    name: str
    parent: str | None = None
    path: str
    depth: int = 0
    is_offered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionNames:
    """One region and every spelling of its name, for `find_region_in`."""

    code: str
    path: str
    names: tuple[str, ...]


# What people leave out. A district is known by its whole name only: 朝阳 is a district and a city, 朝阳区 is one.
_SUFFIXES = (
    *(
        "特别行政区",
        "特別行政區",
        "维吾尔自治区",
        "維吾爾自治區",
        "壮族自治区",
        "壯族自治區",
        "回族自治区",
        "回族自治區",
    ),
    *("自治区", "自治區", "自治州", "地区", "地區", "省", "市", "盟"),
)
_DISTRICT_DEPTH = 3
_WHOLE, _SHORT = 3, 2


def find_region_in(text: str, regions: Iterable[RegionNames]) -> str | None:
    """The code of the smallest region that an address or a city's name speaks of; nothing where it is not clear.

    Regions above that are named too count: 鼓楼区 alone is several places, 南京市鼓楼区 is one.
    """
    folded = text.casefold()
    regions = list(regions)
    found = {region.code: weight for region in regions if (weight := _weight(region, folded))}
    if not found:
        return None
    sums = {
        region.path: sum(found.get(code, 0) for code in region.path.strip("/").split("/"))
        for region in regions
        if region.code in found
    }
    best = max(sums.values())
    paths = [path for path, weight in sums.items() if weight == best]
    return _last(paths[0]) if len(paths) == 1 else _common(paths)


def _weight(region: RegionNames, folded: str) -> int:
    """How surely the text names this region: 0 for not at all."""
    is_district = region.path.count("/") > _DISTRICT_DEPTH
    for name in region.names:
        if name.casefold() in folded:
            return _WHOLE
    if is_district:
        return 0
    return max((_SHORT for name in region.names if (short := _short(name)) and short.casefold() in folded), default=0)


def _short(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name.removesuffix(suffix)
    return ""


def _last(path: str) -> str:
    return path.strip("/").rpartition("/")[2]


def _common(paths: list[str]) -> str | None:
    """The region that holds all of these, when there is one."""
    shared: list[str] = []
    for level in zip(*(path.strip("/").split("/") for path in paths), strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return shared[-1] if shared else None
