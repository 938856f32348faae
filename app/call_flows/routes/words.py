"""The way in, in the words of its reader."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from app.call_flows.rules import Fault, FaultKind, Flow, Goal, Target


def language_words() -> dict[str, str]:
    return {"zh_Hans": _("Simplified Chinese"), "zh_Hant": _("Traditional Chinese"), "en": _("English")}


def weekday_words() -> dict[int, str]:
    names = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
    return dict(enumerate(names, start=1))


def target_word(target: Target | None, flow: Flow, queues: Mapping[str, str]) -> str:
    """`Queue Hotline`, `Menu 1`, `Message 2`; a dash where nothing is chosen."""
    if target is None:
        return "–"
    match target.goal:
        case Goal.QUEUE:
            return str(_("Queue %(name)s", name=queues.get(target.name, target.name)))
        case Goal.URGENT:
            return str(_("Queue %(name)s, as urgent", name=queues.get(target.name, target.name)))
        case Goal.MENU:
            return str(_("Menu %(number)s", number=_place(target.name, [menu.code for menu in flow.menus])))
        case Goal.MESSAGE:
            return str(_("Message %(number)s", number=_place(target.name, [each.code for each in flow.messages])))


def target_choices(flow: Flow, queues: Mapping[str, str]) -> list[tuple[str, str]]:
    """Everything that a step can lead to, with nothing first."""
    found = [Target(goal=goal, name=name) for goal in (Goal.QUEUE, Goal.URGENT) for name in queues]
    found += [Target(goal=Goal.MENU, name=menu.code) for menu in flow.menus]
    found += [Target(goal=Goal.MESSAGE, name=message.code) for message in flow.messages]
    return [("", _("Choose …")), *((str(target), target_word(target, flow, queues)) for target in found)]


def fault_sentence(fault: Fault, flow: Flow) -> str:
    """What is missing, and where."""
    where = _where(fault.where, flow)
    match fault.kind:
        case FaultKind.NO_HOTLINE:
            return str(_("Say which numbers this way in answers."))
        case FaultKind.BAD_HOTLINE:
            return str(_("%(number)s is no hotline number: figures only.", number=fault.what))
        case FaultKind.HOTLINE_TAKEN:
            return str(_("Another way in that is live answers %(number)s already.", number=fault.what))
        case FaultKind.NO_TEXT:
            return str(_("%(where)s: nothing is said yet in the usual language.", where=where))
        case FaultKind.NO_SOUND:
            return str(_("%(where)s: the recording is not ready, or cannot be used. Choose another one.", where=where))
        case FaultKind.NO_TARGET:
            return str(_("%(where)s: choose where callers are led.", where=where))
        case FaultKind.NO_QUEUE:
            return str(_("%(where)s: there is no queue %(name)s any more.", where=where, name=fault.what))
        case FaultKind.NO_MENU | FaultKind.NO_MESSAGE:
            return str(_("%(where)s leads to something that is not there any more.", where=where))
        case FaultKind.NO_KEYS:
            return str(_("%(where)s: give at least one key a meaning.", where=where))
        case FaultKind.LOOP:
            return str(
                _("%(where)s leads back to a menu in which the caller has been: the way would never end.", where=where)
            )
        case FaultKind.BAD_HOURS:
            return str(_("The hours of %(day)s do not end after they begin.", day=_day(fault.what)))
        case FaultKind.BAD_DATE:
            return str(_("%(day)s is no day. Write it as 2026-10-01.", day=fault.what))
        case FaultKind.BAD_KEY | FaultKind.BAD_CODE | FaultKind.TWICE:
            return str(_("%(where)s cannot be read. Take it out and write it anew.", where=where))


def _where(where: str, flow: Flow) -> str:
    kind, _colon, name = where.partition(":")
    match kind:
        case "greeting":
            return str(_("Greeting"))
        case "opened":
            return str(_("While somebody is there"))
        case "closed":
            return str(_("Outside the hours"))
        case "for_key":
            return str(_("Key patients, while somebody is there"))
        case "menu":
            return str(_("Menu %(number)s", number=_place(name, [menu.code for menu in flow.menus])))
        case "message":
            return str(_("Message %(number)s", number=_place(name, [each.code for each in flow.messages])))
        case _:
            return where


def _place(code: str, codes: list[str]) -> str:
    return str(codes.index(code) + 1) if code in codes else code


def _day(what: str) -> str:
    return weekday_words().get(int(what), what) if what.isdecimal() else what
