"""What a desk may order, and what comes back."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import bus as bus_topics
from app.audit.models import AuditEvent
from app.calls import service as calls
from app.calls.models import Call
from app.codes import service as codes
from app.codes.rules import CodeList
from app.codes.service.editing import ItemNames
from app.configuration.models import Setting
from app.followups import service as followups
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.messages.models import Message
from app.missed_callers import service as missed_callers
from app.missed_callers.models import CallbackRequest
from app.parts import Parts
from app.patients import service as patients
from app.patients.models import Patient, PatientPhone
from tests.web.browser import Browser
from tests.web.live_page import PageOf, add_patient, receive, ring

BrowserOf = Callable[[str], Browser]


class Telephony:
    """A telephony that does every order at once and can be asked what it was told."""

    def __init__(self, parts: Parts) -> None:
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.refusal: str | None = None
        self._parts = parts
        self._lock = threading.Lock()
        parts.bus.subscribe(bus_topics.COMMANDS, self._take)

    def _take(self, hint: dict[str, Any]) -> None:
        with self._lock, self._parts.database.writing() as session:
            command = calls.claim_command(session, hint["id"], self._parts.now())
            assert command is not None
            self.done.append((command.agent, command.kind, command.args))
            calls.finish_command(session, command.id, error=self.refusal, now=self._parts.now())


@pytest.fixture
def telephony(parts: Parts) -> Iterator[Telephony]:
    yield Telephony(parts)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("set_ready", {}),
        ("set_not_ready", {"reason": "meal"}),
        ("cancel_next", {}),
        ("hang_up", {"call_id": "c1"}),
        ("transfer", {"call_id": "c1", "to": "carol"}),
    ],
)
def test_order_to_telephony_is_carried_to_it(
    page_of: PageOf, telephony: Telephony, kind: str, args: dict[str, Any]
) -> None:
    assert page_of("bob").order(kind, **args)["ok"] is True
    assert telephony.done == [("bob", kind, args)]


def test_a_number_on_record_is_dialled_by_its_id(page_of: PageOf, telephony: Telephony, parts: Parts) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    args = {"patient_id": patient_id, "phone_id": patient_id}
    assert page_of("bob").order("dial", **args)["ok"] is True
    assert telephony.done == [("bob", "dial", args)]


def test_a_number_that_is_not_on_the_list_of_what_may_be_dialled_is_refused(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    patient_id = add_patient(parts, "王小明", "+85261234567")
    answer = page_of("bob").order("dial", patient_id=patient_id, phone_id=patient_id)
    assert (answer["ok"], answer["code"]) == (False, "refused")
    assert telephony.done == []


def test_two_agents_never_call_one_person_at_once(page_of: PageOf, telephony: Telephony, parts: Parts) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    args = {"patient_id": patient_id, "phone_id": patient_id}
    assert page_of("bob").order("dial", **args)["ok"] is True
    assert page_of("carol").order("dial", **args)["code"] == "conflict"
    assert len(telephony.done) == 1


def test_a_follow_up_in_hand_is_dialled_once_and_its_attempt_stands_with_the_order(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    task_id = _follow_up(parts, patient_id)
    bob, id = page_of("bob"), str(uuid.uuid4())
    args = {"patient_id": patient_id, "phone_id": patient_id, "task_id": task_id}
    assert bob.order("dial", id, **args)["code"] == "conflict"  # nobody has it in hand
    with parts.database.writing() as session:
        assert followups.claim(session, parts.bus, task_id, by="bob", now=parts.now())
    assert page_of("carol").order("dial", **args)["code"] == "conflict"
    for _ in range(2):
        assert bob.order("dial", id, **args)["ok"] is True
    assert telephony.done == [("bob", "dial", args)]
    with parts.database.reading() as session:
        (attempt,) = session.scalars(select(FollowupAttempt))
    assert (attempt.id, attempt.task_id, attempt.agent, attempt.dialling) == (id, task_id, "bob", "preview")


def _follow_up(parts: Parts, patient_id: int) -> int:
    now = parts.now()
    task = followups.NewTask(
        patient_id=patient_id, kind=TaskKind.RECOVERY, mode=TaskMode.PHONE, role=TaskRole.SERVICE_CENTRE, title="-",
        due_on=now.date(),
    )  # fmt: skip
    with parts.database.writing() as session:
        session.add_all([Setting(key="calls.calls_from", value=0), Setting(key="calls.calls_until", value=24)])
        followups.add_tasks(session, parts.bus, [task], zone=parts.settings.timezone, by=None, now=now)
        return session.scalars(select(FollowupTask.id)).one()


def test_a_number_of_nobody_is_not_dialled(page_of: PageOf, telephony: Telephony) -> None:
    assert page_of("bob").order("dial", patient_id=3, phone_id=4)["code"] == "not_found"
    assert telephony.done == []


def test_refusal_of_telephony_reaches_the_agent(page_of: PageOf, telephony: Telephony) -> None:
    telephony.refusal = "No such call."
    answer = page_of("bob").order("hang_up", call_id="c1")
    assert answer == {"ok": False, "code": "conflict", "detail": "No such call."}


def test_same_order_twice_is_done_once(page_of: PageOf, telephony: Telephony) -> None:
    bob, id = page_of("bob"), str(uuid.uuid4())
    assert bob.order("hang_up", id, call_id="c1") == bob.order("hang_up", id, call_id="c1")
    assert len(telephony.done) == 1


def test_id_of_another_order_is_refused(page_of: PageOf, telephony: Telephony) -> None:
    bob, id = page_of("bob"), str(uuid.uuid4())
    bob.order("set_ready", id)
    assert bob.order("set_not_ready", id, reason="break")["code"] == "invalid_input"


def test_supervisor_sends_an_agent_out_of_the_queue(
    bearer_of: Callable[[str], dict[str, str]], app: Any, telephony: Telephony
) -> None:
    answer = app.test_client().put("/api/v1/agents/bob/state", json={"state": "not_ready"}, headers=bearer_of("alice"))
    assert answer.status_code == 200
    assert telephony.done == [("bob", "set_not_ready", {"reason": "by_supervisor"})]


def test_agent_changes_the_own_state_over_the_api(
    bearer_of: Callable[[str], dict[str, str]], app: Any, telephony: Telephony
) -> None:
    headers = bearer_of("bob")
    wish = {"state": "not_ready", "reason": "meal"}
    assert app.test_client().put("/api/v1/agents/bob/state", json=wish, headers=headers).status_code == 200
    assert (
        app.test_client().put("/api/v1/agents/bob/state", json={"state": "ready"}, headers=headers).status_code == 200
    )
    assert [kind for _, kind, _ in telephony.done] == ["set_not_ready", "set_ready"]


def test_state_of_nobody_cannot_be_changed(
    bearer_of: Callable[[str], dict[str, str]], app: Any, telephony: Telephony
) -> None:
    answer = app.test_client().put("/api/v1/agents/nobody/state", json={"state": "ready"}, headers=bearer_of("alice"))
    assert answer.status_code == 404
    assert telephony.done == []


def test_unknown_number_becomes_a_provisional_patient_tied_to_the_call(page_of: PageOf, parts: Parts) -> None:
    bob = page_of("bob")
    call_id = ring(parts, "bob")
    answer = bob.order("create_patient", call_id=call_id, name="李雷", sex="M", birth_date="1980-02-29")
    assert answer["ok"] is True
    with parts.database.reading() as session:
        made = session.get_one(Patient, answer["result"]["patient_id"])
        assert (made.name, made.is_provisional, [phone.number for phone in made.phones]) == (
            "李雷",
            True,
            ["+8613800138000"],
        )
        call = session.get_one(Call, call_id)
        assert (call.patient_id, call.match_state) == (made.id, "confirmed")
    shown = bob.last("desk", lambda desk: desk["call"] is not None and desk["call"]["patient"] is not None)
    assert shown["call"]["patient"]["name"] == "李雷"


def test_new_patient_is_made_once_however_often_it_is_sent(page_of: PageOf, parts: Parts) -> None:
    bob, id = page_of("bob"), str(uuid.uuid4())
    call_id = ring(parts, "bob")
    answers = [bob.order("create_patient", id, call_id=call_id, name="李雷", sex="M") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    with parts.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 1


def stranger(parts: Parts, number: str) -> int:
    with parts.database.writing() as session:
        now = parts.now()
        nobody = patients.find_caller(session, number, now=now)
        made = patients.keep_stranger(session, parts.bus, number, nobody, settings=parts.settings, at=now, now=now)
        assert made is not None
        return made


def test_who_called_before_without_a_name_is_asked_for_it_and_keeps_the_record(page_of: PageOf, parts: Parts) -> None:
    known = stranger(parts, "+8613987654321")
    bob = page_of("bob")
    call_id = ring(parts, "bob", "+8613987654321", patient_id=known)
    call = bob.last("desk", lambda desk: desk["call"] is not None)["call"]
    assert (call["match_state"], call["patient"], call["candidates"]) == ("none", None, [])
    assert (call["is_outside_scope"], call["number"]) == (False, "+8613987654321")
    answer = bob.order("create_patient", call_id=call_id, name="李雷", sex="M")
    assert answer["result"] == {"patient_id": known}
    with parts.database.reading() as session:
        [only] = session.scalars(select(Patient))
        assert (only.id, only.name, only.sex) == (known, "李雷", "M")


def test_a_stranger_who_turns_out_to_be_on_record_becomes_that_person(page_of: PageOf, parts: Parts) -> None:
    unnamed, known = stranger(parts, "+8613987654321"), add_patient(parts, "王小明", "13900139000")
    bob = page_of("bob")
    call_id = ring(parts, "bob", "+8613987654321", patient_id=unnamed)
    assert bob.order("pick_patient", call_id=call_id, patient_id=known)["ok"] is True
    with parts.database.reading() as session:
        assert session.get_one(Patient, unnamed).merged_into_id == known
        numbers = session.scalars(select(PatientPhone.number).where(PatientPhone.patient_id == known))
        assert set(numbers) == {"+8613900139000", "+8613987654321"}
        merges = session.scalars(select(AuditEvent.patient_id).where(AuditEvent.action == "merge"))
        assert set(merges) == {unnamed, known}


def test_agent_picks_among_the_candidates(page_of: PageOf, parts: Parts) -> None:
    ids = [add_patient(parts, name, "13900139000") for name in ("王小明", "王小红")]
    bob = page_of("bob")
    call_id = ring(parts, "bob", "+8613900139000", match_state="several")
    assert bob.order("pick_patient", call_id=call_id, patient_id=ids[1])["ok"] is True
    call = bob.last("desk", lambda desk: desk["call"] and desk["call"]["match_state"] == "confirmed")["call"]
    assert (call["patient"]["id"], call["candidates"]) == (ids[1], [])


def test_call_of_another_agent_cannot_be_touched(page_of: PageOf, parts: Parts) -> None:
    call_id, patient_id = ring(parts, "bob"), add_patient(parts, "王小明", "13900139000")
    carol = page_of("carol")
    assert carol.order("pick_patient", call_id=call_id, patient_id=patient_id)["code"] == "conflict"
    assert carol.order("save_wrap_up", call_id=call_id, disposition="other", note="")["code"] == "conflict"
    assert carol.order("create_patient", call_id=call_id, name="李雷", sex="M")["ok"] is False
    with parts.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 1


def test_note_and_disposition_are_kept_and_end_the_wrap_up(page_of: PageOf, parts: Parts, telephony: Telephony) -> None:
    bob, call_id = page_of("bob"), ring(parts, "bob")
    assert bob.order("save_wrap_up", call_id=call_id, disposition=None, note="第一句")["ok"] is True
    assert bob.order("finish_wrap_up", call_id=call_id, disposition="recheck", note="复查")["ok"] is True
    with parts.database.reading() as session:
        call = session.get_one(Call, call_id)
        assert (call.disposition, call.note) == ("recheck", "复查")
    assert telephony.done == [("bob", "finish_wrap_up", {"call_id": call_id})]


def test_reply_goes_out_once_and_takes_the_text_off_the_list(page_of: PageOf, parts: Parts) -> None:
    bob, id = page_of("bob"), str(uuid.uuid4())
    message_id = receive(parts, "13800138000", "复查需要空腹吗")
    bob.last("inbox", lambda inbox: inbox["new"] == 1)
    answers = [bob.order("reply", id, message_id=message_id, text="需要空腹") for _ in range(2)]
    assert answers[0]["ok"] is True
    assert answers[0] == answers[1]
    bob.last("inbox", lambda inbox: inbox["new"] == 0)
    with parts.database.reading() as session:
        outgoing = select(func.count()).select_from(Message).where(Message.direction == "out")
        assert session.scalar(outgoing) == 1


def test_text_can_be_taken_off_the_list_without_an_answer(page_of: PageOf, parts: Parts) -> None:
    bob = page_of("bob")
    message_id = receive(parts, "13800138000", "谢谢")
    assert bob.order("handle_message", message_id=message_id)["ok"] is True
    bob.last("inbox", lambda inbox: inbox["n"] > 1 and inbox["new"] == 0)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "set_ready",
        [],
        {},
        {"id": "1", "kind": "set_ready"},
        {"id": 5, "kind": "set_ready"},
        {"id": str(uuid.uuid4()), "kind": "drop_tables"},
        {"id": str(uuid.uuid4()), "kind": None},
        {"id": str(uuid.uuid4()), "kind": "hang_up"},
        {"id": str(uuid.uuid4()), "kind": "hang_up", "args": []},
        {"id": str(uuid.uuid4()), "kind": "hang_up", "args": {"call_id": 7}},
        {"id": str(uuid.uuid4()), "kind": "hang_up", "args": {"call_id": "x" * 100}},
        {"id": str(uuid.uuid4()), "kind": "set_not_ready", "args": {"reason": "desk_lost"}},
        {"id": str(uuid.uuid4()), "kind": "dial", "args": {"patient_id": True, "phone_id": 1}},
        {"id": str(uuid.uuid4()), "kind": "dial", "args": {"patient_id": -1, "phone_id": 1}},
        {"id": str(uuid.uuid4()), "kind": "dial", "args": {"patient_id": 10**30, "phone_id": 1}},
        {"id": str(uuid.uuid4()), "kind": "reply", "args": {"message_id": 1, "text": " "}},
        {"id": str(uuid.uuid4()), "kind": "reply", "args": {"message_id": 1, "text": "x" * 20_000}},
        {"id": str(uuid.uuid4()), "kind": "create_patient", "args": {"call_id": "x", "name": "a", "birth_date": "1"}},
    ],
)
def test_order_that_makes_no_sense_is_refused_with_words(page_of: PageOf, telephony: Telephony, payload: Any) -> None:
    answer = page_of("bob").client.emit("command", payload, callback=True)
    assert (answer["ok"], answer["code"]) == (False, "invalid_input")
    assert answer["detail"]
    assert telephony.done == []


def test_a_reason_of_the_hospitals_own_list_may_be_chosen_and_one_of_ours_may_not(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    with parts.database.writing() as session:
        for code in ("ward_round", "missed_call", "ready"):
            codes.add_item(session, CodeList.NOT_READY_REASON, code, ItemNames(name=code))
    bob = page_of("bob")
    assert bob.order("set_not_ready", reason="ward_round")["ok"] is True
    for reason in ("missed_call", "ready", "nonsense", None, ["meal"]):
        assert bob.order("set_not_ready", reason=reason)["ok"] is False
    assert telephony.done == [("bob", "set_not_ready", {"reason": "ward_round"})]


def test_keys_of_the_desk_go_with_the_agent_into_any_browser(page_of: PageOf, browser_of: BrowserOf) -> None:
    bob = page_of("bob")
    answer = bob.order("save_keys", keys={"mute": "Ctrl+Shift+KeyU", "hold": "Ctrl+Shift+KeyH"})
    assert answer == {"ok": True, "result": {"keys": {"mute": "Ctrl+Shift+KeyU"}}}
    assert '"keys": {"mute": "Ctrl+Shift+KeyU"}' in browser_of("bob").client.get("/desk").text
    assert '"keys": {}' in browser_of("carol").client.get("/desk").text
    assert bob.order("save_keys", keys={})["result"] == {"keys": {}}


@pytest.mark.parametrize(
    "keys",
    [
        {"mute": "Ctrl+Shift+KeyH"},  # hold has it
        {"mute": "Ctrl+Shift+KeyU", "hold": "Ctrl+Shift+KeyU"},
        {"mute": "KeyM"},
        {"fly": "Ctrl+Shift+KeyU"},
        {"mute": 7},
        "all of them",
    ],
)
def test_keys_that_would_do_two_things_or_are_none_are_refused(page_of: PageOf, keys: object) -> None:
    assert page_of("bob").order("save_keys", keys=keys)["code"] == "invalid_input"


def test_the_next_task_is_the_caller_who_waits_longest_and_no_two_agents_get_the_same(
    page_of: PageOf, telephony: Telephony, parts: Parts
) -> None:
    for number in ("13800138000", "13800138001"):
        patient_id = add_patient(parts, "王小明", number)
        miss(parts, f"+86{number}", patient_id)
    first, second = page_of("bob").order("next_task")["result"], page_of("carol").order("next_task")["result"]
    assert (first["kind"], first["caller"]["patient_id"]) == ("caller", 1)
    assert (second["kind"], second["caller"]["patient_id"]) == ("caller", 2)
    # What bob has in hand comes again, until he leaves it aside.
    bob = page_of("bob")
    assert bob.order("next_task")["result"]["key"] == first["key"]
    assert bob.order("next_task", left_aside=[first["key"]])["result"] == {}
    assert (
        bob.order("dial", patient_id=first["caller"]["patient_id"], phone_id=first["caller"]["phone_id"])["ok"] is True
    )


def test_the_next_task_goes_from_what_is_in_hand_to_callers_texts_and_follow_ups(page_of: PageOf, parts: Parts) -> None:
    patient_id = add_patient(parts, "王小明", "13800138000")
    receive(parts, "+8613800138000", "hello")
    own = _follow_up(parts, patient_id)
    with parts.database.writing() as session:
        session.execute(update(FollowupTask).values(work_at=parts.now()))
        assert followups.claim(session, parts.bus, own, by="bob", now=parts.now())
    bob, aside, kinds = page_of("bob"), [], []
    for _ in range(3):
        found = bob.order("next_task", left_aside=aside)["result"]
        kinds.append(found.get("kind"))
        aside.append(found.get("key", "-"))
    assert kinds == ["followup", "message", None]


def test_a_command_done_twice_takes_one_task_in_hand(page_of: PageOf, parts: Parts) -> None:
    for number in ("13800138000", "13800138001"):
        miss(parts, f"+86{number}", add_patient(parts, "王小明", number))
    bob, id = page_of("bob"), str(uuid.uuid4())
    assert bob.order("next_task", id) == bob.order("next_task", id)
    with parts.database.reading() as session:
        taken = session.scalar(select(func.count()).where(CallbackRequest.owner == "bob"))
    assert taken == 1


def miss(parts: Parts, number: str, patient_id: int) -> None:
    """A caller whom nobody answered."""
    call_id = ring(parts, "carol", number, patient_id=patient_id, ended_at=parts.now(), outcome="abandoned")
    with parts.database.writing() as session:
        missed_callers.caller_missed(session, call_id=call_id, number=number, at=parts.now())
