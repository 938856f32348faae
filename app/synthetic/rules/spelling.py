"""How clerks, spreadsheets and old systems write a number, and what else goes wrong on the way into a list."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_FULL_WIDTH = str.maketrans("0123456789-()", "０１２３４５６７８９－（）")
_SEPARATORS = ("/", "、", ",", ";", " ", "  ", "或", "\n")
_NOTES = ("(女儿)", "（本人）", "(家)", "(儿子)")


def spell_number(local: str, area_code: str, chance: Random) -> str:
    """One number as somebody wrote it: mostly plain, sometimes with country code, spaces, dashes or full width.

    A landline always has its area code here: without one, a list from another city cannot be read.
    """
    draw = chance.random()
    if area_code:
        return _spell_landline(local, area_code, draw)
    if draw < 0.70:
        return local
    if draw < 0.78:
        return f"{local[:3]} {local[3:7]} {local[7:]}"
    if draw < 0.84:
        return f"{local[:3]}-{local[3:7]}-{local[7:]}"
    if draw < 0.89:
        return f"+86 {local}"
    if draw < 0.92:
        return f"86{local}"
    if draw < 0.95:
        return f"0{local}"
    return local.translate(_FULL_WIDTH) if draw < 0.98 else f"{local}.0"


def spell_cell(numbers: Sequence[str], chance: Random) -> str:
    """Several numbers in one cell, with a separator and now and then a remark."""
    written = list(numbers)
    if written and chance.random() < 0.1:
        written[-1] += _NOTES[int(len(_NOTES) * chance.random())]
    separator = _SEPARATORS[int(len(_SEPARATORS) * chance.random())]
    # One blank both groups digits and separates numbers, so it stands only between numbers without blanks.
    if separator == " " and any(" " in each or "-" in each for each in written):
        separator = "/"
    return separator.join(written)


def _spell_landline(local: str, area_code: str, draw: float) -> str:
    if draw < 0.5:
        return f"{area_code}-{local}"
    if draw < 0.7:
        return f"{area_code}{local}"
    if draw < 0.8:
        return f"({area_code}){local}"
    if draw < 0.9:
        return f"+86 {area_code.removeprefix('0')} {local}"
    return f"{area_code}-{local}".translate(_FULL_WIDTH)
