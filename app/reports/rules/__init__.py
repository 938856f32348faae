"""What a report counts over, how two periods compare, and the drawing of its charts. Plain values, no clock."""

from app.reports.rules.charts import Chart, Series, draw
from app.reports.rules.figures import Answer, Figure, FigureKey, Unit, change_of
from app.reports.rules.periods import LONGEST_DAYS, Period, choose_period, split

__all__ = [
    "LONGEST_DAYS",
    "Answer",
    "Chart",
    "Figure",
    "FigureKey",
    "Period",
    "Series",
    "Unit",
    "change_of",
    "choose_period",
    "draw",
    "split",
]
