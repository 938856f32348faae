"""What a flow says: each sound by its name, in one language."""

from __future__ import annotations

from collections.abc import Mapping

from app.call_flows.rules.checking import reachable
from app.call_flows.rules.document import LANGUAGES, Flow, Goal


def languages_of(flow: Flow) -> list[str]:
    """The languages in which callers are greeted, the flow's own first."""
    return [flow.language, *(each for each in LANGUAGES if each != flow.language and flow.greeting.get(each))]


def sounds_of(flow: Flow, language: str) -> dict[str, str]:
    """The words of every sound that a caller may hear; what is not written in this language is said in the flow's."""
    said = {"greeting": flow.greeting}
    for target in reachable(flow):
        menu = flow.menu(target.name) if target.goal is Goal.MENU else None
        message = flow.message(target.name) if target.goal is Goal.MESSAGE else None
        if step := menu or message:
            said[f"{target.goal}_{target.name}"] = step.texts
    return {name: _in(texts, language, flow.language) for name, texts in said.items()}


def _in(texts: Mapping[str, str], language: str, usual: str) -> str:
    return texts.get(language) or texts.get(usual) or ""
