"""Stacked bars over time as numbers: where each bar stands in a drawing of fixed size. The template only writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 8, 24
_TICKS = 4
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the chart: its name, an English sentence for the catalogues, and a value for each step."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart: `value` is what it stands for."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is drawn. `is_money` tells that the ticks are cents."""

    series: tuple[Series, ...]
    steps: tuple[date, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    zero_y: float
    is_money: bool


def draw(steps: Sequence[date], series: Sequence[Series], *, is_money: bool = False) -> Chart | None:
    """The chart of these values, stacked in the order of the series; nothing when there is nothing to show.

    Only a single series may fall below zero.
    """
    totals = [sum(max(0.0, each.values[step]) for each in series) for step in range(len(steps))]
    lowest = min((min(each.values, default=0) for each in series), default=0)
    top = max(totals, default=0)
    if top <= 0 and lowest >= 0:
        return None
    unit = _nice((top - min(0, lowest)) / _TICKS)
    above, below = math.ceil(top / unit), math.ceil(max(0, -lowest) / unit)
    scale = (HEIGHT - _TOP - _BOTTOM) / ((above + below) * unit)
    zero = _TOP + above * unit * scale
    slot = (WIDTH - _LEFT - _RIGHT) / len(steps)
    bars = []
    for step in range(len(steps)):
        y = zero
        for place, each in enumerate(series):
            value = each.values[step]
            tall = abs(value) * scale
            y = y - tall if value >= 0 else zero
            if value:
                left = _LEFT + slot * (step + 0.15)
                bars.append(Bar(round(left, 1), round(y, 1), round(slot * 0.7, 1), round(tall, 1), place))
    every = math.ceil(len(steps) / _MOST_LABELS)
    return Chart(
        series=tuple(series),
        steps=tuple(steps),
        bars=tuple(bars),
        ticks=tuple(Tick(round(zero - n * unit * scale, 1), n * unit) for n in range(-below, above + 1)),
        labels=tuple(
            Label(round(_LEFT + slot * (step + 0.5), 1), day) for step, day in enumerate(steps) if step % every == 0
        ),
        zero_y=round(zero, 1),
        is_money=is_money,
    )


def _nice(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … that is not smaller."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return max(1.0, next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999999))
