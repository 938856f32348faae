"""Numbers from 0 to 1 that are small more often than large, by multiplication alone: the same on every machine."""

from __future__ import annotations

from random import Random


def low(chance: Random) -> float:
    """Half of these are below a quarter."""
    draw = chance.random()
    return draw * draw


def lower(chance: Random) -> float:
    """Half of these are below an eighth."""
    draw = chance.random()
    return draw * draw * draw
