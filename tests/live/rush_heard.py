"""What is on record of a rush, compared with what can be heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calls.models import Call, Leg
from app.journal.models import JournalEntry
from app.recordings.models import Recording
from app.recordings.rules import Finding, Marker, MarkerKind, RecordingState
from app.recordings.service.marking import markers
from tests.live.rush import PATIENT_TONES, Rush
from tests.tones import LOOK_SECONDS, Heard, hear, nearest_change
from tests.two_sided import audio_of

# What a marker may be away from what it marks.
NEAR_SECONDS = 0.3
# Asterisk keeps 32 KiB of sound to itself, which a kill takes with it; the measured most is twice that.
LOST_BY_KILL_SECONDS = 2.05
# The patient's first packet comes after the answer, and Asterisk's last one before its record of the end.
_EDGE_SECONDS = 0.5


@dataclass(slots=True)
class Verdict:
    """Figures over all recordings. `wrong` has one line for each thing that is not as it should be."""

    answered: int = 0
    playable: int = 0
    cut_off: int = 0
    unwritten: int = 0  # a kill came before Asterisk had written the first of them
    seconds: float = 0.0
    missing_seconds: float = 0.0  # of the patient, pauses and kills apart
    most_missing: float = 0.0
    most_lost_by_kill: float = 0.0
    most_apart: float = 0.0  # the length of a recording and that of its call
    marked: dict[MarkerKind, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)  # markers that are further than NEAR_SECONDS from the sound


def judge(rush: Rush, *, killed_at: Sequence[datetime] = ()) -> Verdict:
    """Listen to every recording of the rush."""
    verdict = Verdict()
    with rush.floor.parts.database.reading() as session:
        calls = session.scalars(select(Call).where(Call.answered_at.is_not(None)).order_by(Call.started_at)).all()
        for call in calls:
            verdict.answered += 1
            found = session.scalar(select(Recording).where(Recording.call_id == call.id))
            if found is not None and _died_unwritten(call, found, killed_at):
                verdict.unwritten += 1
                continue
            if found is None or found.state != RecordingState.READY:
                verdict.wrong.append(f"{call.number}: {'no recording' if found is None else found.state}")
                continue
            verdict.playable += 1
            heard = hear(audio_of(rush.floor.parts, found.id))
            verdict.seconds += heard.seconds
            legs = session.scalars(select(Leg).where(Leg.call_id == call.id).order_by(Leg.started_at)).all()
            places = markers(session, found)
            is_cut = Finding.CUT_OFF in (found.findings or [])
            verdict.cut_off += is_cut
            wrong = [*_sides(rush, call, heard, places), *_agents(rush, heard, legs, places)]
            wrong += [f"found {each}" for each in found.findings or [] if each != Finding.CUT_OFF]
            wrong += _missing(verdict, call, heard, places)
            waited = _waited_again(session, call, found.started_at)
            wrong += _length(verdict, call, found, heard, waited, killed_at if is_cut else ())
            misplaced = _marked(verdict, rush, call, heard, [each for each in places if _changes(each, legs)])
            verdict.misplaced += [f"{call.number} of {call.started_at:%H:%M:%S}: {each}" for each in misplaced]
            verdict.wrong += [f"{call.number} of {call.started_at:%H:%M:%S}: {each}" for each in wrong]
    return verdict


def _died_unwritten(call: Call, found: Recording, killed_at: Sequence[datetime]) -> bool:
    if Finding.EMPTY not in (found.findings or []) or call.ended_by != "restart":
        return False
    return any(0 <= (at - found.started_at).total_seconds() <= LOST_BY_KILL_SECONDS for at in killed_at)


def _patient_tone(call: Call) -> int:
    return PATIENT_TONES[int(call.number[-1])]


def _sides(rush: Rush, call: Call, heard: Heard, places: Sequence[Marker]) -> list[str]:
    """On the patient's side is this patient alone, on the other side never the patient."""
    tone, wrong = _patient_tone(call), []
    if not heard.on_patient(tone).any():
        wrong.append("the patient is not in it")
    strangers = [hertz for hertz in (*PATIENT_TONES, *rush.tones.values()) if hertz != tone]
    wrong += [f"{hertz} Hz on the patient's side" for hertz in strangers if heard.on_patient(hertz).any()]
    if heard.on_other(tone).any():
        wrong.append("the patient on the other side")
    return wrong


def _agents(rush: Rush, heard: Heard, legs: Sequence[Leg], places: Sequence[Marker]) -> list[str]:
    """Whoever is on record as having talked is heard, and nobody else."""
    # Who answered in the last moment, or only while the caller was led on, has said nothing yet.
    talked = {leg.agent for leg in legs if leg.answered_at and _lasted(leg) > 2 * NEAR_SECONDS}
    asked = any(place.kind in (MarkerKind.CONSULT, MarkerKind.CONFERENCE) for place in places)
    present = {
        agent for agent, hertz in rush.tones.items() if heard.on_other(hertz).sum() > NEAR_SECONDS / LOOK_SECONDS
    }
    wrong = [f"{agent} is on record and not heard" for agent in talked - present]
    # Whom the agent asked may have joined the two; there is no leg of it.
    answered = {leg.agent for leg in legs if leg.answered_at}
    return wrong + [f"{agent} is heard and not on record" for agent in present - answered if not asked]


def _lasted(leg: Leg) -> float:
    return ((leg.ended_at or leg.started_at) - (leg.answered_at or leg.started_at)).total_seconds()


def _missing(verdict: Verdict, call: Call, heard: Heard, places: Sequence[Marker]) -> list[str]:
    """Looks without the patient, who says a tone for ever; but not where the recording was paused."""
    there = heard.on_patient(_patient_tone(call)).copy()
    for place in places:
        if place.kind is MarkerKind.PAUSE:
            first, last = place.start - NEAR_SECONDS, (place.end or place.start) + NEAR_SECONDS
            there[max(0, int(first / LOOK_SECONDS)) : int(last / LOOK_SECONDS) + 1] = True
    missing = float((~there).sum()) * LOOK_SECONDS
    verdict.missing_seconds += missing
    verdict.most_missing = max(verdict.most_missing, missing)
    return [f"{missing:.2f} s of the patient are missing"] if missing > _EDGE_SECONDS else []


def _length(
    verdict: Verdict, call: Call, found: Recording, heard: Heard, waited: float, killed_at: Sequence[datetime]
) -> list[str]:
    """From the answer to the end, less what the caller waited in a queue again."""
    assert call.ended_at is not None
    if killed_at:
        killed = min((at for at in killed_at if at > found.started_at), default=call.ended_at)
        lost = (killed - found.started_at).total_seconds() - heard.seconds
        verdict.most_lost_by_kill = max(verdict.most_lost_by_kill, lost)
        return [f"{lost:.2f} s were lost by the kill"] if lost > LOST_BY_KILL_SECONDS else []
    lasted = (call.ended_at - found.started_at).total_seconds() - waited
    apart = abs(heard.seconds - lasted)
    verdict.most_apart = max(verdict.most_apart, apart)
    return [f"{heard.seconds:.2f} s of a call of {lasted:.2f} s"] if apart > 2 * _EDGE_SECONDS else []


def _waited_again(session: Session, call: Call, since: datetime) -> float:
    wanted = select(JournalEntry.kind, JournalEntry.at).where(
        JournalEntry.call_id == call.id,
        JournalEntry.kind.in_(["call.queued", "call.answered", "call.ended"]),
        JournalEntry.at > since,
    )
    waited, waits_since = 0.0, None
    for kind, at in session.execute(wanted.order_by(JournalEntry.seq)):
        if kind == "call.queued":
            waits_since = at
        elif waits_since is not None:
            waited, waits_since = waited + (at - waits_since).total_seconds(), None
    return waited


def _changes(place: Marker, legs: Sequence[Leg]) -> bool:
    """Nothing changes where the queue gives a caller back to the agent whom they come from: waiting is not recorded."""
    talked = [leg.agent for leg in legs if leg.answered_at]
    is_back = any(first == second for first, second in pairwise(talked))
    return not (is_back and place.kind in (MarkerKind.QUEUE, MarkerKind.TRANSFER))


def _marked(verdict: Verdict, rush: Rush, call: Call, heard: Heard, places: Sequence[Marker]) -> list[str]:
    """Where a marker is, the sound changes."""
    patient = heard.on_patient(_patient_tone(call))
    others = heard.on_other(*rush.tones.values())
    wrong = []
    for place in places:
        looks = patient if place.kind is MarkerKind.PAUSE else others
        ends = [place.start] + ([place.end] if place.end is not None else [])
        for at in ends:
            if not NEAR_SECONDS < at < heard.seconds - 2 * NEAR_SECONDS:
                continue
            away = nearest_change(looks, at)
            verdict.marked[place.kind].append(99.0 if away is None else away)
            if away is None or away > NEAR_SECONDS:
                wrong.append(f"{place.kind} at {at:.2f} s is {away} s away from what is heard")
    return wrong
