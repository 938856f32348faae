"""What a desk may order: every payload is checked, every order is done once, every answer says how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import structlog
from flask import has_request_context, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.access import service as access
from app.accounts.rules import AT_THE_DESK
from app.agents import service as agents
from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.calls import service as calls
from app.calls.rules import CommandKind
from app.contact_policy.service import require_dialable
from app.duplicates import service as duplicates
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable, WardlineError
from app.floor import service as floor
from app.followups import service as followups
from app.followups.rules import DiallingMode
from app.http import SignedIn
from app.messages import service as messages
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import PatientPhone
from app.texts import N_
from app.web.errors import detail_of
from app.web.live.arguments import (
    LONGEST_ID,
    LONGEST_TEXT,
    Args,
    read_date,
    read_given,
    read_mapping,
    read_number,
    read_optional_text,
    read_text,
    read_uuid,
    read_words,
)
from app.web.live.leading import lead, pick_up
from app.web.live.scoped import bind, writing
from app.web.live.views import next_task_view
from app.worklist import service as worklist
from app.wrap_up import service as wrap_up

log = structlog.get_logger()

# An agent who looks at that many things and does none of them is asked nothing more of them.
_MOST_LEFT_ASIDE = 50

Result = dict[str, Any]


class DeskCommandKind(StrEnum):
    """The commands of docs/desk-protocol.md."""

    SET_READY = "set_ready"
    SET_NOT_READY = "set_not_ready"
    CANCEL_NEXT = "cancel_next"
    DIAL = "dial"
    HANG_UP = "hang_up"
    TRANSFER = "transfer"
    SAVE_WRAP_UP = "save_wrap_up"
    FINISH_WRAP_UP = "finish_wrap_up"
    PICK_PATIENT = "pick_patient"
    CREATE_PATIENT = "create_patient"
    REPLY = "reply"
    HANDLE_MESSAGE = "handle_message"
    VERIFY_CALLER = "verify_caller"
    READ_NOTICE = "read_notice"
    NEXT_TASK = "next_task"
    SAVE_KEYS = "save_keys"
    STOP_SUPERVISING = "stop_supervising"
    CONSULT = "consult"
    COMPLETE = "complete"
    JOIN_ALL = "join_all"
    BACK = "back"
    PARK = "park"
    PICK_UP = "pick_up"
    CALL_COLLEAGUE = "call_colleague"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    ASK_HELP = "ask_help"
    WITHDRAW_HELP = "withdraw_help"


def carry_out(parts: Parts, user: SignedIn, payload: object) -> dict[str, Any]:
    """Do what a desk ordered and return the acknowledgement. Never raises for what the sender did wrong.

    Blocks until it is done or refused, for telephony's commands up to 6 s. Call it where a locale is set.
    """
    kind = "unknown"
    try:
        if user.role not in AT_THE_DESK:
            raise NotAllowed(N_("Your role does not permit this."))
        command = read_mapping(payload, "command")
        id, wanted, args = read_uuid(command), _kind(command), read_mapping(command.get("args") or {}, "args")
        kind = wanted.value
        result = _DO[wanted](parts, user, id, args)
    except WardlineError as error:
        log.info("desk.command_refused", kind=kind, agent=user.username, code=error.code)
        return {"ok": False, "code": error.code, "detail": detail_of(error)}
    except OperationalError as error:
        log.error("desk.command_failed", kind=kind, agent=user.username, error=type(error.orig).__name__)
        detail = _("The database does not answer. Nothing was saved; try again in a moment.")
        return {"ok": False, "code": Unavailable.code, "detail": detail}
    except Exception:
        # The outermost frame of a command: the agent must learn that it failed.
        log.exception("desk.command_failed", kind=kind, agent=user.username)
        detail = _("Something went wrong on our side. It has been logged; try again.")
        return {"ok": False, "code": "error", "detail": detail}
    return {"ok": True, "result": result}


def _telephony(kind: CommandKind, read: Callable[[Args], Result]) -> Callable[[Parts, SignedIn, str, Args], Result]:
    def do(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
        return calls.order(parts, id=id, kind=kind, args=read(args), agent=user.username, issued_by=user.username)

    return do


def _of_call(args: Args) -> Result:
    return {"call_id": read_text(args, "call_id", LONGEST_ID)}


def _set_not_ready(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    with parts.database.reading() as session:
        wish = {"reason": agents.require_reason(session, args.get("reason"))}
    kind = CommandKind.SET_NOT_READY
    return calls.order(parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username)


def _save_wrap_up(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    call_id = read_text(args, "call_id", LONGEST_ID)
    disposition, note = read_optional_text(args, "disposition"), read_optional_text(args, "note")
    with writing(parts, user) as session:
        calls.save_wrap_up(
            session,
            parts.bus,
            call_id=call_id,
            agent=user.username,
            disposition=disposition,
            note=note,
            now=parts.now(),
        )
    return {}


def _finish_wrap_up(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    try:
        _require_disposition(parts, user, args)
        _save_wrap_up(parts, user, id, args)
    except Conflict:
        # Somebody else has the call and has written about it: that stands, and this agent is free all the same.
        log.info("desk.note_superseded", agent=user.username)
    wish = {"call_id": read_text(args, "call_id", LONGEST_ID)}
    kind = CommandKind.FINISH_WRAP_UP
    return calls.order(parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username)


def _require_disposition(parts: Parts, user: SignedIn, args: Args) -> None:
    if read_optional_text(args, "disposition"):
        return
    with parts.database.reading() as session:
        queue = calls.own_call(session, read_text(args, "call_id", LONGEST_ID), user.username).queue
        if wrap_up.is_disposition_required(session, queue):
            raise InvalidInput(N_("Choose what came of the call before you end wrap-up."), field="disposition")


def _pick_patient(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    call_id, patient_id = read_text(args, "call_id", LONGEST_ID), read_number(args, "patient_id")
    with writing(parts, user) as session:
        stranger_id = calls.own_call(session, call_id, user.username).patient_id
        now = parts.now()
        calls.pick_patient(session, parts.bus, call_id=call_id, agent=user.username, patient_id=patient_id, now=now)
        if stranger_id not in (None, patient_id) and patients.has_no_name(session, stranger_id):
            # Earlier calls and texts from that number were this person's as well.
            _absorb(parts, user, session, stranger_id, patient_id, call_id)
    return {"patient_id": patient_id}


def _absorb(parts: Parts, user: SignedIn, session: Session, stranger_id: int, patient_id: int, call_id: str) -> None:
    try:
        duplicates.merge(
            session, parts.bus, winner_id=patient_id, loser_id=stranger_id, by=user.username, now=parts.now()
        )
    except (NotFound, NotAllowed):
        return  # it is outside this agent's scope or rights, and stays to be completed
    for each in (patient_id, stranger_id):
        details = {"winner_id": patient_id, "loser_id": stranger_id}
        _audit(parts, user, session, Action.MERGE, patient_id=each, call_id=call_id, details=details)


def _create_patient(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    call_id = read_text(args, "call_id", LONGEST_ID)
    name, sex = read_text(args, "name", LONGEST_TEXT), read_optional_text(args, "sex") or "U"
    born = read_date(args, "birth_date")

    def effect(session: Session) -> Result:
        call = calls.own_call(session, call_id, user.username)
        # The number is the call's own: an agent cannot change what was signalled.
        phones = (patients.PhoneData(number=call.number),) if call.number else ()
        data = patients.PatientData(name=name, sex=sex, birth_date=born, is_provisional=True, phones=phones)
        now = parts.now()
        made = None
        if call.patient_id is not None:
            made = patients.name_stranger(
                session, parts.bus, call.patient_id, data, settings=parts.settings, by=user.username, now=now
            )
        if made is None:
            made = patients.create_patient(session, parts.bus, data, settings=parts.settings, by=user.username, now=now)
        _audit(parts, user, session, Action.CREATE, patient_id=made.id, call_id=call_id)
        calls.pick_patient(session, parts.bus, call_id=call_id, agent=user.username, patient_id=made.id, now=now)
        return {"patient_id": made.id}

    return _once(parts, user, id, DeskCommandKind.CREATE_PATIENT, effect)


def _reply(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    message_id, text = read_number(args, "message_id"), read_text(args, "text", LONGEST_TEXT)

    def effect(session: Session) -> Result:
        answer = messages.reply(
            session,
            parts.bus,
            settings=parts.settings,
            message_id=message_id,
            text=text,
            agent=user.username,
            now=parts.now(),
        )
        return {"message_id": answer.id}

    return _once(parts, user, id, DeskCommandKind.REPLY, effect)


def _handle_message(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    message_id = read_number(args, "message_id")
    with writing(parts, user) as session:
        messages.handle_message(session, parts.bus, message_id=message_id, agent=user.username, now=parts.now())
    return {}


def _verify_caller(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    call_id, patient_id = read_text(args, "call_id", LONGEST_ID), read_number(args, "patient_id")
    given = read_given(args)
    with writing(parts, user) as session:
        checked = calls.check_caller(
            session,
            parts.bus,
            call_id=call_id,
            agent=user.username,
            patient_id=patient_id,
            given=given,
            now=parts.now(),
        )
        details = {"is_verified": checked.is_verified, "kinds": sorted({each.kind for each in given})}
        _audit(parts, user, session, Action.VERIFY, patient_id=patient_id, call_id=call_id, details=details)
    return {"is_verified": checked.is_verified, "tries_left": checked.tries_left}


def _read_notice(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    notice_id = read_number(args, "notice_id")
    with parts.database.writing() as session:
        floor.read_notice(session, parts.bus, id=notice_id, agent=user.username, now=parts.now())
    return {}


def _next_task(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    """What waits for this agent, taken in hand; an empty result when nothing does."""
    left_aside = read_words(args, "left_aside", _MOST_LEFT_ASIDE)

    def effect(session: Session) -> Result:
        viewer = access.viewer_for(session, user.username, parts.now())
        found = worklist.take_next(session, parts.bus, viewer, left_aside=left_aside, now=parts.now())
        return next_task_view(session, found) if found else {}

    return _once(parts, user, id, DeskCommandKind.NEXT_TASK, effect)


def _save_keys(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    given = read_mapping(args.get("keys"), "keys")
    with parts.database.writing() as session:
        return {"keys": agents.save_keys(session, user.username, given)}


def _ask_help(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    call_id, key = read_text(args, "call_id", LONGEST_ID), parts.settings.secret_key
    with parts.database.writing() as session:
        floor.ask_help(
            session,
            parts.bus,
            id=id,
            call_id=call_id,
            agent=user.username,
            role=user.role.value,
            key=key,
            now=parts.now(),
        )
    return {}


def _withdraw_help(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    key = parts.settings.secret_key
    with parts.database.writing() as session:
        floor.withdraw_help(session, parts.bus, agent=user.username, role=user.role.value, key=key, now=parts.now())
    return {}


def _dial(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    patient_id, phone_id = read_number(args, "patient_id"), read_number(args, "phone_id")
    if args.get("task_id") is not None:
        return _dial_task(parts, user, id, read_number(args, "task_id"), phone_id)
    with parts.database.reading() as session:
        bind(parts, user, session)
        wanted = select(PatientPhone.number).where(PatientPhone.id == phone_id, PatientPhone.patient_id == patient_id)
        number = session.scalar(wanted)
        if number is None:
            raise NotFound(N_("No such patient."))
        require_dialable(session, patient_id=patient_id, phone_id=phone_id, now=parts.now())
        calls.require_allowed(session, number)

    def take_the_line(session: Session) -> None:
        """Nobody else calls this person in the same moment, the dialler of a list included."""
        lines = calls.lines_of(number=number, patient_id=patient_id, agent=user.username)
        is_busy = calls.is_on_the_phone(session, number=number, patient_id=patient_id)
        if is_busy or not calls.take_lines(session, lines, held_by=id, now=parts.now()):
            raise Conflict(N_("Somebody of ours is on the telephone with this person just now."))

    wish = {"patient_id": patient_id, "phone_id": phone_id}
    kind = CommandKind.DIAL
    return calls.order(
        parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username, also=take_the_line
    )


def _dial_task(parts: Parts, user: SignedIn, id: str, task_id: int, phone_id: int) -> Result:
    """Call the person of a follow-up that this agent has in hand; the attempt stands with the order."""
    with parts.database.reading() as session:
        bind(parts, user, session)
        wish = {"patient_id": followups.get_task(session, task_id).patient_id, "phone_id": phone_id, "task_id": task_id}

    def begin(session: Session) -> None:
        # Asked where the order is written, so that a desk that repeats an order gets the answer of the first.
        dial = followups.prepare_dial(
            session, parts.settings, task_id=task_id, phone_id=phone_id, by=user.username, now=parts.now()
        )
        followups.take_dial(
            session,
            parts.bus,
            dial,
            id=id,
            task_id=task_id,
            dialling=DiallingMode.PREVIEW,
            agent=user.username,
            now=parts.now(),
        )

    kind = CommandKind.DIAL
    return calls.order(parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username, also=begin)


def _audit(
    parts: Parts,
    user: SignedIn,
    session: Session,
    action: Action,
    *,
    patient_id: int,
    call_id: str,
    details: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    entry = AuditEntry(
        at=parts.now(),
        actor=user.username,
        role=user.role.value,
        action=action,
        patient_id=patient_id,
        subject=f"call:{call_id}",
        address=(request.remote_addr or "") if has_request_context() else "",
        details=details,
    )
    record(session, entry, key=parts.settings.secret_key)


def _once(parts: Parts, user: SignedIn, id: str, kind: DeskCommandKind, effect: Callable[[Session], Result]) -> Result:
    """Do what must not be done twice, and keep its result under the command's id in the same transaction."""
    try:
        with writing(parts, user) as session:
            earlier = agents.earlier_result(session, id=id, agent=user.username, kind=kind.value)
            if earlier is not None:
                return earlier
            result = effect(session)
            agents.remember_result(session, id=id, agent=user.username, kind=kind.value, result=result, now=parts.now())
            return result
    except IntegrityError:
        # PostgreSQL lets two of the same id in at once; the second fails on the key and takes the first's result.
        with parts.database.reading() as session:
            earlier = agents.earlier_result(session, id=id, agent=user.username, kind=kind.value)
        if earlier is None:
            raise
        return earlier


_DO: dict[DeskCommandKind, Callable[[Parts, SignedIn, str, Args], Result]] = {
    DeskCommandKind.SET_READY: _telephony(CommandKind.SET_READY, lambda args: {}),
    DeskCommandKind.SET_NOT_READY: _set_not_ready,
    DeskCommandKind.CANCEL_NEXT: _telephony(CommandKind.CANCEL_NEXT, lambda args: {}),
    DeskCommandKind.DIAL: _dial,
    DeskCommandKind.HANG_UP: _telephony(CommandKind.HANG_UP, _of_call),
    DeskCommandKind.TRANSFER: lead(CommandKind.TRANSFER),
    DeskCommandKind.CONSULT: lead(CommandKind.CONSULT),
    DeskCommandKind.COMPLETE: _telephony(CommandKind.COMPLETE, _of_call),
    DeskCommandKind.JOIN_ALL: _telephony(CommandKind.JOIN_ALL, _of_call),
    DeskCommandKind.BACK: _telephony(CommandKind.BACK, _of_call),
    DeskCommandKind.PARK: _telephony(CommandKind.PARK, _of_call),
    DeskCommandKind.PICK_UP: pick_up,
    DeskCommandKind.CALL_COLLEAGUE: _telephony(
        CommandKind.CALL_COLLEAGUE, lambda args: {"to": read_text(args, "to", LONGEST_ID)}
    ),
    DeskCommandKind.PAUSE_RECORDING: _telephony(CommandKind.PAUSE_RECORDING, _of_call),
    DeskCommandKind.RESUME_RECORDING: _telephony(CommandKind.RESUME_RECORDING, _of_call),
    DeskCommandKind.SAVE_WRAP_UP: _save_wrap_up,
    DeskCommandKind.FINISH_WRAP_UP: _finish_wrap_up,
    DeskCommandKind.PICK_PATIENT: _pick_patient,
    DeskCommandKind.CREATE_PATIENT: _create_patient,
    DeskCommandKind.REPLY: _reply,
    DeskCommandKind.HANDLE_MESSAGE: _handle_message,
    DeskCommandKind.VERIFY_CALLER: _verify_caller,
    DeskCommandKind.READ_NOTICE: _read_notice,
    DeskCommandKind.NEXT_TASK: _next_task,
    DeskCommandKind.SAVE_KEYS: _save_keys,
    DeskCommandKind.ASK_HELP: _ask_help,
    DeskCommandKind.WITHDRAW_HELP: _withdraw_help,
    DeskCommandKind.STOP_SUPERVISING: _telephony(CommandKind.STOP_SUPERVISING, lambda args: {}),
}


def _kind(command: Args) -> DeskCommandKind:
    try:
        return DeskCommandKind(str(command.get("kind")))
    except ValueError:
        raise InvalidInput(N_("There is no such command."), field="kind") from None
