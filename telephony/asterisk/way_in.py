"""A flow in the words of the dialplan: one context, whose labels are the flow's steps.

Everything that comes from a form is checked here a second time: what stands in the dialplan is a program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.call_flows.rules import Flow, Goal, Span, Target, reachable
from app.errors import SettingsError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FOLDER = re.compile(r"[0-9a-f]{8,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,60}")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")
# Wardline sets it once the day is spoken, which takes about as long as the greeting; who is faster hears nothing of it.
_APPOINTMENT = (
    ',GotoIf($["${WARDLINE_APPOINTMENT}" = ""]?greeted)',
    ",Playback(${ASTSPOOLDIR}/prompts/${WARDLINE_APPOINTMENT}/say)",
)
_LANGUAGE = re.compile(r"[a-z]{2}(?:_[A-Za-z]{2,8})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPlan:
    """A flow that is live. `sounds` has the folder of its prompts by language; `number` makes its context's name."""

    number: int
    flow: Flow
    sounds: Mapping[str, str]

    @property
    def context(self) -> str:
        return f"flow-{self.number}"

    @property
    def hotlines(self) -> tuple[str, ...]:
        return self.flow.hotlines


def dialplan_of(plan: FlowPlan, *, zone: str, answer_seconds: int) -> list[str]:
    """The lines of the flow's context. Raises SettingsError for a name that is none: nothing is written then."""
    flow = plan.flow
    for number in plan.hotlines:
        _checked(_NUMBER, number)
    steps = [*_greet(plan), *_open_or_closed(flow, zone)]
    for target in reachable(flow):
        match target.goal:
            case Goal.QUEUE | Goal.URGENT:
                steps += _queue(target)
            case Goal.MENU:
                steps += _menu(flow, target, answer_seconds)
            case Goal.MESSAGE:
                steps += _message(flow, target)
    steps += ["(fallback),Gosub(queue-call,s,1(fallback,0))", ",Hangup()"]
    first, *rest = steps
    return [
        f"[{plan.context}]",
        f"exten => start,1{first}",
        *(f" same => n{step}" for step in rest),
    ]


def _greet(plan: FlowPlan) -> list[str]:
    usual = _folder(plan.sounds[plan.flow.language])
    spoken = plan.flow.language
    steps = [
        f",Set(SOUNDS=${{ASTSPOOLDIR}}/prompts/{usual})",
        f",Set(WARDLINE_SPOKEN={_checked(_LANGUAGE, spoken)})",
        ",Gosub(known-caller,s,1)",
    ]
    for language, folder in sorted(plan.sounds.items()):
        if language != plan.flow.language:
            other = f"${{ASTSPOOLDIR}}/prompts/{_folder(folder)}"
            is_theirs = f'$["${{WARDLINE_LANGUAGE}}" = "{_checked(_LANGUAGE, language)}"]'
            steps.append(f",Set(SOUNDS=${{IF({is_theirs}?{other}:${{SOUNDS}})}})")
            steps.append(f",Set(WARDLINE_SPOKEN=${{IF({is_theirs}?{language}:${{WARDLINE_SPOKEN}})}})")
    return [
        *steps,
        ",Playback(${SOUNDS}/greeting)",
        ",Gosub(tell,s,1(notice,0,))",
        *(_APPOINTMENT if plan.flow.tells_appointment else []),
        "(greeted),Gosub(heartbeat,s,1)",
        ',GotoIf($["${GOSUB_RETVAL}" = "old"]?fallback)',
    ]


def _open_or_closed(flow: Flow, zone: str) -> list[str]:
    opened, begin = _label(flow.opened), []
    if flow.for_key is not None:
        # Who is known as a key patient is led apart, while somebody is there.
        begin = [f'(begin),GotoIf($["${{WARDLINE_KEY}}" = "1"]?{_label(flow.for_key)}:{opened})']
        opened = "begin"
    if flow.hours.always:
        return [f",Goto({opened})", *begin]
    closed = _label(flow.closed)
    steps = [
        f",Set(TODAY=${{STRFTIME(${{EPOCH}},{_checked(_ZONE, zone)},%Y-%m-%d)}})",
        f",Set(WEEKDAY=${{STRFTIME(${{EPOCH}},{_checked(_ZONE, zone)},%u)}})",
        # A figure in front keeps 08:30 from being read as a number with a leading nought.
        f",Set(CLOCK=1${{STRFTIME(${{EPOCH}},{_checked(_ZONE, zone)},%H%M)}})",
    ]
    for day, span in sorted(flow.hours.dates.items()):
        if span != ("", ""):
            steps.append(f',GotoIf($["${{TODAY}}" = "{day}" & {_within(span)}]?{opened})')
        steps.append(f',GotoIf($["${{TODAY}}" = "{day}"]?{closed})')
    for weekday, span in sorted(flow.hours.days.items()):
        steps.append(f',GotoIf($["${{WEEKDAY}}" = "{int(weekday)}" & {_within(span)}]?{opened})')
    return [*steps, f",Goto({closed})", *begin]


def _within(span: Span) -> str:
    first, last = (_clock(each) for each in span)
    return f"${{CLOCK}} >= 1{first} & ${{CLOCK}} < 1{last}"


def _queue(target: Target) -> list[str]:
    is_urgent = 1 if target.goal is Goal.URGENT else 0
    return [f"({_label(target)}),Gosub(enter-queue,s,1({_name(target.name)},{is_urgent}))", ",Hangup()"]


def _menu(flow: Flow, target: Target, answer_seconds: int) -> list[str]:
    menu = flow.menu(target.name)
    assert menu is not None
    label, otherwise = _label(target), _label(menu.otherwise)
    return [
        f"({label}),Set(TRIES=0)",
        f"(ask_{label}),Set(TRIES=$[${{TRIES}} + 1])",
        f",GotoIf($[${{TRIES}} > 2]?{otherwise})",
        f",Read(PRESSED,${{SOUNDS}}/{label},1,,1,{answer_seconds})",
        *(f',GotoIf($["${{PRESSED}}" = "{_key(key)}"]?{_label(goal)})' for key, goal in sorted(menu.keys.items())),
        f",Goto(ask_{label})",
    ]


def _message(flow: Flow, target: Target) -> list[str]:
    message = flow.message(target.name)
    assert message is not None
    label = _label(target)
    steps = [f"({label}),Gosub(tell,s,1(closed,0,))", f",Playback(${{SOUNDS}}/{label})"]
    return [*steps, *([",Gosub(leave-message,s,1)"] if message.records else []), ",Hangup()"]


def _label(target: Target | None) -> str:
    if target is None:
        raise SettingsError("a flow that is live has a step that leads nowhere")
    return f"{target.goal}_{_name(target.name)}"


def _name(text: str) -> str:
    return _checked(_NAME, text)


def _folder(text: str) -> str:
    return _checked(_FOLDER, text)


def _clock(text: str) -> str:
    return _checked(_CLOCK, text).replace(":", "")


def _key(text: str) -> str:
    return _checked(re.compile("[1-9]"), text)


def _checked(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise SettingsError(f"{text!r} cannot stand in the dialplan")
    return text
