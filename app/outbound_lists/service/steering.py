"""Write an outbound list, start it, pause it, go on, stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts import service as accounts
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.followups.rules import AttemptOutcome, DiallingMode
from app.journal.service import Entry, append
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import MOVES, ListPurpose, ListState
from app.outbound_lists.service.asking import questions_for_keys
from app.patients.rules import clean_text
from app.questionnaires.models import QuestionnaireVersion
from app.segments import service as segments
from app.texts import N_

MOST_CHOSEN = 5_000
MOST_DAYS = 60
LONGEST_SCRIPT = 4_000
# What is spoken before the first question: beyond this nobody listens.
LONGEST_SPOKEN = 600
MOST_AT_ONCE = 200
MOST_A_MINUTE = 1_800
_MOST_MINUTES = 30 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ListData:
    """What a user writes: for whom (a segment or chosen people), what, when, by whom and how it is dialled.

    `agents` empty is the pool. `retries` are minutes until the next try by AttemptOutcome.
    """

    name: str
    purpose: ListPurpose
    segment_id: int | None
    people: Sequence[int] = ()
    script: str = ""
    questionnaire_version_id: int | None = None
    dialling: DiallingMode = DiallingMode.PREVIEW
    days: Sequence[date] = ()
    agents: Sequence[str] = ()
    opens: int = 9
    closes: int = 20
    most_at_once: int = 5
    calls_per_minute: int = 30
    most_attempts: int = 3
    retries: Mapping[AttemptOutcome, int] = field(default_factory=dict)
    hangs_up_on_machines: bool = False


def create_list(session: Session, data: ListData, *, by: str, today: date, now: datetime) -> OutboundList:
    """Keep a draft; nobody is called before somebody starts it. Raises InvalidInput that names the field, NotFound."""
    access.need_write(session, Module.FOLLOWUPS)
    _check(session, data, today)
    days = sorted(set(data.days))
    made = OutboundList(
        name=clean_text(data.name)[:120],
        purpose=data.purpose,
        state=ListState.DRAFT,
        segment_id=data.segment_id,
        people=sorted(set(data.people)) if data.segment_id is None else None,
        script=data.script.replace("\r\n", "\n").strip(),
        questionnaire_version_id=data.questionnaire_version_id,
        dialling=data.dialling,
        days=[day.isoformat() for day in days],
        agents=list(dict.fromkeys(data.agents)) if data.dialling is not DiallingMode.AUTOMATIC else [],
        opens=data.opens,
        closes=data.closes,
        most_at_once=data.most_at_once,
        calls_per_minute=data.calls_per_minute,
        most_attempts=data.most_attempts,
        retries={str(outcome): minutes for outcome, minutes in data.retries.items()},
        hangs_up_on_machines=data.hangs_up_on_machines,
        left_out={},
        prompts={},
        created_at=now,
        created_by=by,
        due_from=days[0],
    )
    session.add(made)
    session.flush()
    return made


def get_list(session: Session, list_id: int) -> OutboundList:
    """One list. Raises NotFound."""
    found = session.get(OutboundList, list_id) if 0 < list_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such outbound list."))
    return found


def start(session: Session, bus: Bus, list_id: int, *, by: str, now: datetime) -> None:
    """Prepare it in the background; then it runs. Raises Conflict."""
    values = {"started_at": now, "started_by": by, "error": None}
    _move(session, bus, list_id, ListState.PREPARING, by=by, now=now, values=values)


def pause(session: Session, bus: Bus, list_id: int, *, by: str, now: datetime) -> None:
    """Nobody more is called; who talks goes on. Raises Conflict."""
    _move(session, bus, list_id, ListState.PAUSED, by=by, now=now)


def resume(session: Session, bus: Bus, list_id: int, *, by: str, now: datetime) -> None:
    """Go on where it was paused. Raises Conflict."""
    _move(session, bus, list_id, ListState.RUNNING, by=by, now=now, only_from=ListState.PAUSED)


def stop(session: Session, bus: Bus, list_id: int, *, by: str, now: datetime) -> None:
    """End it: nobody more is called, and its open follow-ups are cancelled in the background. Raises Conflict."""
    values = {"stopped_at": now, "stopped_by": by}
    _move(session, bus, list_id, ListState.STOPPED, by=by, now=now, values=values)


def _move(
    session: Session,
    bus: Bus,
    list_id: int,
    to: ListState,
    *,
    by: str,
    now: datetime,
    values: Mapping[str, object] | None = None,
    only_from: ListState | None = None,
) -> None:
    """One conditional update: of two people who press at once, one is too late."""
    access.need_write(session, Module.FOLLOWUPS)
    get_list(session, list_id)
    allowed = [only_from] if only_from else [state for state, targets in MOVES.items() if to in targets]
    moved = session.execute(
        update(OutboundList)
        .where(OutboundList.id == list_id, OutboundList.state.in_(allowed))
        .values(
            state=to, claim=None, claimed_until=None, row_version=OutboundList.row_version + 1, **dict(values or {})
        )
        .execution_options(synchronize_session=False)
    )
    if rows_changed(moved) != 1:
        raise Conflict(N_("This list is no longer in the state that the page showed. Open it again."))
    session.expire_all()
    payload = {"list_id": list_id, "state": to.value}
    append(session, bus, [Entry(kind="outbound_list.changed", at=now, agent=by, payload=payload)])


def _check(session: Session, data: ListData, today: date) -> None:
    if not clean_text(data.name):
        raise InvalidInput(N_("Give the list a name."), field="name")
    if data.segment_id is not None:
        segments.get_segment(session, data.segment_id)
    elif not 0 < len(set(data.people)) <= MOST_CHOSEN:
        raise InvalidInput(N_("Choose a segment, or people in a list of patients."), field="segment")
    if not data.days or max(len(set(data.days)), 0) > MOST_DAYS:
        raise InvalidInput(N_("Choose one to 60 days."), field="days")
    if min(data.days) < today:
        raise InvalidInput(N_("A day of the list has passed already."), field="days")
    if not 0 <= data.opens < data.closes <= 24:
        raise InvalidInput(N_("The hours must end later than they begin."), field="closes")
    _check_numbers(data)
    known = set(accounts.phone_usernames(session))
    unknown = [agent for agent in data.agents if agent not in known]
    if unknown:
        raise InvalidInput(N_("Somebody on the list of agents has no telephone."), field="agents")
    if len(data.script) > LONGEST_SCRIPT:
        raise InvalidInput(N_("This text is too long."), field="script")
    _check_questions(session, data)


def _check_numbers(data: ListData) -> None:
    limits = {
        "most_at_once": (data.most_at_once, MOST_AT_ONCE),
        "calls_per_minute": (data.calls_per_minute, MOST_A_MINUTE),
        "most_attempts": (data.most_attempts, 20),
    } | {f"retry-{outcome}": (minutes, _MOST_MINUTES) for outcome, minutes in data.retries.items()}
    for name, (value, most) in limits.items():
        if not 1 <= value <= most:
            raise InvalidInput(N_("A whole number from %(low)s to %(high)s."), field=name, low=1, high=most)


def _check_questions(session: Session, data: ListData) -> None:
    version_id = data.questionnaire_version_id
    if version_id is not None:
        version = session.get(QuestionnaireVersion, version_id)
        if version is None or version.state != "approved":
            raise InvalidInput(N_("This questionnaire is not in use. Choose another one."), field="questionnaire")
    if data.dialling is not DiallingMode.AUTOMATIC:
        return
    if not data.script.strip() or len(data.script) > LONGEST_SPOKEN:
        raise InvalidInput(N_("An automatic call begins with words of yours, at most 600 characters."), field="script")
    if version_id is not None and not questions_for_keys(session, version_id):
        raise InvalidInput(N_("No question of this questionnaire can be answered by keys."), field="questionnaire")
