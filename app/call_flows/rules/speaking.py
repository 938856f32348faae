"""What a flow says: each sound by its name, in one language, as words to be spoken or as a recording."""

from __future__ import annotations

from collections.abc import Mapping

from app.call_flows.rules.checking import reachable
from app.call_flows.rules.document import LANGUAGES, Flow, Goal


def languages_of(flow: Flow) -> list[str]:
    """The languages in which callers are greeted, the flow's own first."""
    others = (each for each in LANGUAGES if flow.greeting.get(each) or flow.greeting_sounds.get(each))
    return [flow.language, *(each for each in others if each != flow.language)]


def sounds_of(flow: Flow, language: str) -> dict[str, str]:
    """The words of every sound that is spoken; what is not there in this language is said in the flow's."""
    said = {name: _heard(texts, sounds, language, flow.language) for name, texts, sounds in _steps(flow)}
    return {name: heard for name, heard in said.items() if isinstance(heard, str)}


def recordings_of(flow: Flow, language: str) -> dict[str, int]:
    """The uploaded recording of every other sound."""
    said = {name: _heard(texts, sounds, language, flow.language) for name, texts, sounds in _steps(flow)}
    return {name: heard for name, heard in said.items() if isinstance(heard, int)}


def _steps(flow: Flow) -> list[tuple[str, Mapping[str, str], Mapping[str, int]]]:
    found = [("greeting", flow.greeting, flow.greeting_sounds)]
    for target in reachable(flow):
        menu = flow.menu(target.name) if target.goal is Goal.MENU else None
        message = flow.message(target.name) if target.goal is Goal.MESSAGE else None
        if step := menu or message:
            found.append((f"{target.goal}_{target.name}", step.texts, step.sounds))
    return found


def _heard(texts: Mapping[str, str], sounds: Mapping[str, int], language: str, usual: str) -> str | int:
    for each in (language, usual):
        if heard := sounds.get(each) or texts.get(each):
            return heard
    return ""
