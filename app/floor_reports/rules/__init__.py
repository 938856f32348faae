"""How calls and agents' times become figures over steps of time. Plain values, no clock. Import from here."""

from app.floor_reports.rules.agents import AgentFigures, Part, Span, sum_agents
from app.floor_reports.rules.queues import CallTimes, QueueFigures, sum_queues
from app.floor_reports.rules.steps import MOST_DAYS, STEP_TEXT, Step, Steps, steps_of
from app.floor_reports.rules.words import AGENT_FIGURES, FIGURE_TEXT, MEANING_TEXT, QUEUE_FIGURES, FloorFigure

__all__ = [
    "AGENT_FIGURES",
    "FIGURE_TEXT",
    "MEANING_TEXT",
    "MOST_DAYS",
    "QUEUE_FIGURES",
    "STEP_TEXT",
    "AgentFigures",
    "CallTimes",
    "FloorFigure",
    "Part",
    "QueueFigures",
    "Span",
    "Step",
    "Steps",
    "steps_of",
    "sum_agents",
    "sum_queues",
]
