"""Grading through the pages: the form that keeps what is typed, the agent's answer, calibration, and who may what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from apiflask import APIFlask
from openpyxl import load_workbook
from sqlalchemy import select

from app.access.models import RoleGrant, UserGrant
from app.accounts.models import User
from app.audit.models import AuditEvent
from app.parts import Parts
from app.quality import service, tasks
from app.quality.models import Evaluation, EvaluationVersion, GradingTask, SamplingPlan, Scorecard
from app.quality.rules import Conditions, PeriodKind, Who
from app.teams import service as teams
from recordings.pickup import process_recording
from tests.two_sided import add_ended_call, write_raw
from tests.web.conftest import Browser

BrowserOf = Callable[[str], Browser]
QUINN, ALICE = Who(username="quinn", grades=True), Who(username="alice", grades=True)
VERIFIES = "Checks the identity before anything of the record is said"
ANSWERS = {
    "v-greeting": "1", "v-concern": "4", "v-urgent": "na", "v-verifies": "1", "v-correct": "5", "v-resolved": "1",
    "v-transfer": "na", "v-courtesy": "5", "v-hold": "na", "v-note": "8",
}  # fmt: skip


def add_recording(parts: Parts, stem: str = "41.1", *, agent: str = "bob", days: int = 2, seconds: float = 2) -> str:
    """A stored recording of an ended call."""
    at = parts.now() - timedelta(days=days)
    write_raw(parts.settings.spool_dir, stem, written_at=at, seconds=seconds)
    _, recording_id = add_ended_call(parts, stem, answered_at=at, seconds=seconds, agent=agent)
    process_recording(parts, recording_id)
    return recording_id


@pytest.fixture
def recording(parts: Parts, people: None) -> str:
    """A call that bob took, stored, and scorecards in use."""
    with parts.database.writing() as session:
        service.install_shipped(session, parts.now())
        service.approve_for_demo(session, parts.bus, parts.now())
    return add_recording(parts)


def post(browser: Browser, path: str, form: dict[str, Any] | None = None, *, page: str = "/quality/mine") -> Any:
    return browser.client.post(path, data={"csrf_token": browser.token(page), **(form or {})})


def begin(browser: Browser, recording: str) -> str:
    """The address of the evaluation that this grader begins."""
    answer = post(browser, "/quality/evaluations", {"recording": recording})
    found = re.fullmatch(r"(/quality/evaluations/\d+)/form", answer.headers["Location"])
    assert found is not None
    return found[1]


def submit(browser: Browser, address: str, **changes: str) -> Any:
    seen = re.search(r'name="seen" value="(\d+)"', browser.client.get(f"{address}/form").text)
    assert seen is not None
    return post(browser, f"{address}/submit", {"seen": seen[1], **ANSWERS, **changes})


def test_a_call_is_graded_and_its_agent_sees_it(browser_of: BrowserOf, recording: str) -> None:
    quinn, bob, carol = browser_of("quinn"), browser_of("bob"), browser_of("carol")
    address = begin(quinn, recording)
    assert bob.client.get(address).status_code == 404
    assert submit(quinn, address, summary="Well done <b>Bob</b>").status_code == 303
    page = bob.client.get(address).text
    assert "Well done &lt;b&gt;Bob&lt;/b&gt;" in page
    assert f'data-recording="{recording}"' in page
    assert "I have read it" in page
    assert carol.client.get(address).status_code == 404
    assert "Evaluations of your calls" in bob.client.get("/work").text
    assert post(bob, f"{address}/acknowledge").status_code == 303
    assert "Acknowledged" in bob.client.get(address).text


def test_what_is_typed_is_kept_and_a_second_window_is_noticed(browser_of: BrowserOf, recording: str) -> None:
    quinn = browser_of("quinn")
    address = begin(quinn, recording)
    token = quinn.token("/quality/mine")
    moments = json.dumps(
        [{"at": 1.24, "item": "greeting", "text": ""}, {"at": "x"}, {"at": 0.5, "item": "", "text": "?"}]
    )
    form = {"csrf_token": token, "seen": "0", "v-greeting": "1", "t-concern": "half", "moments": moments}
    answer = quinn.client.post(f"{address}/draft", data=form)
    assert answer.json["seen"] == 1
    assert "greeting" not in answer.json["missing"]
    assert answer.json["total"] == "100"
    page = quinn.client.get(f"{address}/form").text
    assert 'value="half"' in page
    assert "&#34;at&#34;: 1.2" in page
    assert quinn.client.post(f"{address}/draft", data=form).status_code == 409
    assert begin(quinn, recording) == address


def test_an_unanswered_item_is_named_and_nothing_is_submitted(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    quinn = browser_of("quinn")
    address = begin(quinn, recording)
    answer = submit(quinn, address, **{"v-correct": "", "v-greeting": "7"})
    assert answer.status_code == 422
    assert "Without an answer: 2." in answer.text
    assert 'href="#item-greeting"' in answer.text
    with parts.database.reading() as session:
        assert session.scalars(select(EvaluationVersion)).all() == []


def test_a_fatal_item_caps_the_score(browser_of: BrowserOf, recording: str) -> None:
    quinn = browser_of("quinn")
    address = begin(quinn, recording)
    submit(quinn, address, **{"v-verifies": "0"})
    page = quinn.client.get("/quality/evaluations?figure=fatal").text
    assert '<strong class="quality-total">40</strong>' in page


def test_an_appeal_is_decided_by_somebody_else_and_makes_a_version(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    quinn, bob, alice = browser_of("quinn"), browser_of("bob"), browser_of("alice")
    address = begin(quinn, recording)
    submit(quinn, address, **{"v-greeting": "0"})
    assert post(bob, f"{address}/appeal", {"reason": " "}).status_code == 303
    assert "Say why." in bob.client.get(address).text
    post(bob, f"{address}/appeal", {"reason": "I did greet, at 0:01"})
    assert "I did greet" in alice.client.get("/quality/appeals").text
    assert "No appeal waits." in quinn.client.get("/quality/appeals").text
    post(quinn, f"{address}/uphold", {"reason": "No"})
    assert "A colleague decides on the appeal." in quinn.client.get(address).text
    assert post(alice, f"{address}/edit").headers["Location"] == f"{address}/form"
    assert "I did greet" in alice.client.get(f"{address}/form").text
    assert submit(alice, address, reason="").status_code == 422
    submit(alice, address, reason="He did")
    page = bob.client.get(address).text
    assert "Changed on appeal" in page
    assert "He did" in page
    before = bob.client.get(f"{address}?version=1").text
    assert "It no longer counts." in before
    with parts.database.reading() as session:
        versions = session.scalars(select(EvaluationVersion).order_by(EvaluationVersion.number)).all()
        assert [(each.number, each.by) for each in versions] == [(1, "quinn"), (2, "alice")]
        assert (versions[0].total or 0) < (versions[1].total or 0)


def test_every_step_is_audited(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    quinn, bob = browser_of("quinn"), browser_of("bob")
    address = begin(quinn, recording)
    submit(quinn, address)
    post(bob, f"{address}/remarks", {"text": "Thanks", "second": "1.5"})
    post(bob, f"{address}/acknowledge")
    with parts.database.reading() as session:
        subject = f"evaluation:{address.rsplit('/', 1)[1]}"
        events = session.scalars(select(AuditEvent).where(AuditEvent.subject == subject).order_by(AuditEvent.id)).all()
        told = [(each.actor, json.loads(each.details)["move"]) for each in events]
        assert told == [("quinn", "submitted"), ("bob", "remarked"), ("bob", "acknowledged")]


def test_coaching_goes_from_the_grader_to_the_agent_and_back(browser_of: BrowserOf, recording: str) -> None:
    quinn, bob = browser_of("quinn"), browser_of("bob")
    address = begin(quinn, recording)
    submit(quinn, address)
    form = {"note": "Say the name", "due_on": "2099-01-01", "item": "greeting", "moments": "1.5, x, 0.2"}
    post(quinn, f"{address}/coaching", form)
    page = bob.client.get("/quality/coaching").text
    assert "Say the name" in page
    assert "0:00 0:01" in page
    post(bob, "/quality/coaching/1/do", {"note": "Practised"})
    post(bob, "/quality/coaching/1/check")
    assert "This is for somebody else to do." in bob.client.get("/quality/coaching").text
    assert "Coaching to check" in quinn.client.get("/work").text
    assert "Practised" in quinn.client.get("/quality/coaching").text
    post(quinn, "/quality/coaching/1/check")
    assert "Checked" in bob.client.get("/quality/coaching").text
    assert post(bob, "/quality/coaching/1/dance").status_code == 404


def test_nobody_grades_their_own_call(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    alice = browser_of("alice")
    own = add_recording(parts, "42.1", agent="alice")
    post(alice, "/quality/evaluations", {"recording": own})
    assert "Nobody grades their own calls." in alice.client.get(f"/quality/{own}").text
    assert 'action="/quality/evaluations"' not in alice.client.get(f"/quality/recordings/{own}").text
    assert 'action="/quality/evaluations"' in alice.client.get(f"/quality/recordings/{recording}").text


def test_whoever_may_not_hear_a_recording_does_not_grade_it(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    quinn, alice, bob = browser_of("quinn"), browser_of("alice"), browser_of("bob")
    address = begin(quinn, recording)
    submit(quinn, address)
    with parts.database.writing() as session:
        session.add(RoleGrant(role="supervisor", module="calls", reach="own"))
        bob_id = session.scalars(select(User.id).where(User.username == "bob")).one()
        session.add(UserGrant(user_id=bob_id, module="recordings", can_view=False))
    assert alice.client.get(address).status_code == 404
    assert "Nothing was graded yet." in alice.client.get("/quality/evaluations").text
    assert post(alice, "/quality/evaluations", {"recording": recording}).status_code == 404
    page = bob.client.get(address)
    assert page.status_code == 200
    assert "You may not hear this recording" in page.text
    assert "data-recording" not in page.text


def test_an_agent_sees_only_the_own_pages(browser_of: BrowserOf, recording: str) -> None:
    bob, dora = browser_of("bob"), browser_of("dora")
    tabs = bob.client.get("/quality/mine").text
    assert "/quality/coaching" in tabs
    assert "/quality/report" not in tabs
    for path in ("/quality/tasks", "/quality/report", "/quality/calibrations", "/quality/evaluations"):
        assert bob.client.get(path).status_code == 403
        assert dora.client.get(path).status_code == 403
    assert dora.client.get("/quality/mine").status_code == 403


def test_a_hospital_can_hide_evaluations_from_a_role(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    quinn = browser_of("quinn")
    with parts.database.writing() as session:
        session.add(RoleGrant(role="qa", module="quality", can_write=False))
    assert post(quinn, "/quality/evaluations", {"recording": recording}).headers["Location"] == f"/quality/{recording}"
    with parts.database.writing() as session:
        session.query(RoleGrant).delete()
        session.add(RoleGrant(role="qa", module="quality", can_view=False))
    assert quinn.client.get("/quality/report").status_code == 404
    assert "/quality/report" not in quinn.client.get("/quality").text


def test_a_plan_fills_the_work_list_and_shows_its_draw(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    quinn, alice = browser_of("quinn"), browser_of("alice")
    for number in range(3):
        add_recording(parts, f"43.{number}", days=7 + number % 2)
    form = {"name": "Weekly", "period": "month", "per_agent": "2", "grade_days": "5", "shortest": "1"}
    assert "1 to 50 calls" in post(quinn, "/quality/plans/new", {**form, "per_agent": "51"}).text
    assert post(quinn, "/quality/plans/new", form).status_code == 303
    assert "at least 1 s long" in quinn.client.get("/quality/plans/1").text
    with parts.database.writing() as session:
        session.get_one(SamplingPlan, 1).period = PeriodKind.WEEK.value
    post(quinn, "/quality/plans/1/draw")
    assert tasks.due_plans(parts) == [1]
    tasks.draw_plan(parts, 1)
    tasks.draw_plan(parts, 1)
    assert tasks.due_plans(parts) == []
    assert "exactly these calls came out" in quinn.client.get("/quality/draws/1").text
    post(quinn, "/quality/plans/1/draw")
    assert "No period is drawn twice." in quinn.client.get("/quality/plans/1").text
    assert "Calls to grade" in quinn.client.get("/work").text
    with parts.database.reading() as session:
        first = session.scalars(select(GradingTask.id).order_by(GradingTask.id)).first()
    claimed = post(quinn, f"/quality/tasks/{first}/claim")
    assert claimed.headers["Location"].endswith("/form")
    post(alice, f"/quality/tasks/{first}/claim")
    assert "A colleague was faster" in alice.client.get("/quality/tasks").text
    post(quinn, f"/quality/tasks/{first}/release")
    post(alice, f"/quality/tasks/{first}/drop", {"reason": "Only noise"})
    assert "Only noise" in quinn.client.get("/quality/tasks?state=dropped").text


def test_a_calibration_is_blind_until_it_is_closed(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    quinn, alice, bob = browser_of("quinn"), browser_of("alice"), browser_of("bob")
    other = add_recording(parts, "44.1")
    form = {
        "name": "November",
        "card": "2",
        "due_on": "2099-01-01",
        "graders": ["quinn"],
        "recordings": [recording, other],
    }
    assert "Choose two graders at least" in post(quinn, "/quality/calibrations/new", form).text
    address = post(quinn, "/quality/calibrations/new", {**form, "graders": ["quinn", "alice"]}).headers["Location"]
    mine: dict[str, str] = {}
    for browser, name, greeting in ((quinn, "quinn", "1"), (alice, "alice", "0")):
        for each in (recording, other):
            begun = post(browser, f"{address}/judge", {"recording": each}).headers["Location"].removesuffix("/form")
            mine[f"{name} {each}"] = begun
            changes = {
                "v-greeting": greeting if each == recording else "1",
                "v-courtesy": "5" if each == other else "3",
            }
            assert submit(browser, begun, **changes).headers["Location"] == address
    assert alice.client.get(mine[f"quinn {recording}"]).status_code == 404
    assert "α" not in alice.client.get(address).text
    assert "2 of 2 submitted" in alice.client.get(address).text
    assert bob.client.get(mine[f"quinn {recording}"]).status_code == 404
    assert "Nothing was graded yet." in quinn.client.get("/quality/evaluations").text
    post(alice, f"{address}/close")
    page = quinn.client.get(address).text
    assert "All items together" in page
    assert "Cannot be computed: all values are the same" in page
    assert "α = 1.000" in page
    assert alice.client.get(mine[f"quinn {recording}"]).status_code == 200
    assert bob.client.get(mine[f"quinn {recording}"]).status_code == 404
    assert "Drift by calibration" in quinn.client.get("/quality/calibrations").text
    post(quinn, f"{address}/judge", {"recording": recording})
    assert "This calibration is closed." in quinn.client.get(address).text


def test_before_the_close_no_page_holds_what_a_colleague_judged(
    app: APIFlask, parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    """Whoever began it and whoever supervises are as blind as the other graders, at every address."""
    quinn, alice, adam = browser_of("quinn"), browser_of("alice"), browser_of("adam")
    address = begin_calibration(quinn, recording)
    theirs = post(quinn, f"{address}/judge", {"recording": recording}).headers["Location"].removesuffix("/form")
    submit(quinn, theirs, summary="Zyxwvut", **{"t-greeting": "Zyxwvut"})
    ids = {"recording_id": recording, "calibration_id": 1, "evaluation_id": 1, "call_id": "41.1"}
    paths = {
        str(rule.build({name: ids.get(name, 1) for name in rule.arguments}, append_unknown=False)[1])  # type: ignore[index]
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and rule.rule.startswith(("/quality", "/work", "/api/v1/recordings", "/api/v1/q"))
    }
    for browser in (alice, adam, browser_of("bob")):
        told = {path: browser.client.get(path, buffered=True).data for path in sorted(paths)}
        assert [path for path, text in told.items() if b"Zyxwvut" in text or b"quality-total" in text] == []
    assert "Zyxwvut" in quinn.client.get(theirs).text


def test_a_grader_who_did_not_begin_it_cannot_close_a_calibration(browser_of: BrowserOf, recording: str) -> None:
    alice, quinn = browser_of("alice"), browser_of("quinn")
    address = begin_calibration(alice, recording)
    assert f'action="{address}/close"' not in quinn.client.get(address).text
    post(quinn, f"{address}/close")
    page = quinn.client.get(address).text
    assert "Whoever began a calibration closes it, or a supervisor." in page
    assert "Blind: you see your own answers only." in page
    post(alice, f"{address}/close")
    assert "Total scores" in quinn.client.get(address).text


def test_a_calibration_shows_only_what_is_in_the_graders_scope(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    quinn, alice = browser_of("quinn"), browser_of("alice")
    address = begin_calibration(quinn, recording)
    with parts.database.writing() as session:
        session.add(RoleGrant(role="supervisor", module="recordings", days=1))
    assert "0 of 0 submitted" in alice.client.get(address).text
    assert "Recordings to calibrate" not in alice.client.get("/work").text


def begin_calibration(browser: Browser, recording: str) -> str:
    """The address of an open calibration of quinn and alice about one recording."""
    form = {"name": "N", "card": "2", "due_on": "2099-01-01", "graders": ["quinn", "alice"], "recordings": [recording]}
    return str(post(browser, "/quality/calibrations/new", form).headers["Location"])


def test_a_scorecard_is_written_submitted_and_approved_by_somebody_else(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    alice, adam = browser_of("alice"), browser_of("adam")
    form = {
        "name": "Short", "direction": "inbound", "fatal_cap": "20", "sections": "1", "s0-items": "1", "s0-weight": "10",
        "s0-title-en": "All", "s0-i0-key": "good", "s0-i0-kind": "scale", "s0-i0-weight": "3", "s0-i0-low": "1",
        "s0-i0-high": "x", "s0-i0-text-en": "Was it good?",
    }  # fmt: skip
    assert "Write a number." in post(alice, "/quality/scorecards/new", form).text
    form["s0-i0-high"] = "4"
    more = post(alice, "/quality/scorecards/form", {**form, "act": "item:0"}).text
    assert 'name="s0-i1-key"' in more
    assert 'value="Was it good?"' in more
    address = post(alice, "/quality/scorecards/new", form).headers["Location"]
    post(alice, f"{address}/submit")
    post(alice, f"{address}/approve")
    assert "You wrote this version. Somebody else must approve it." in alice.client.get(address).text
    post(adam, f"{address}/approve")
    assert "In use" in adam.client.get(address).text
    edited = post(alice, f"{address}/edit", {**form, "row_version": "0"})
    assert "Somebody changed this meanwhile." in edited.text
    with parts.database.reading() as session:
        assert session.scalars(select(Scorecard.name).where(Scorecard.is_shipped.is_(False))).all() == ["Short"]


@pytest.mark.parametrize("by", ["agent", "team", "department", "queue", "scorecard", "grader"])
def test_every_figure_of_the_report_leads_to_the_evaluations_it_counted(
    parts: Parts, browser_of: BrowserOf, recording: str, by: str
) -> None:
    quinn, alice = browser_of("quinn"), browser_of("alice")
    submit(quinn, begin(quinn, recording), **{"v-verifies": "0"})
    submit(quinn, begin(quinn, add_recording(parts, "45.1", agent="carol", days=9)), **{"v-courtesy": "3"})
    with parts.database.writing() as session:
        data = teams.TeamData(name="Hotline", leader="alice", members=["carol"])
        teams.add_team(session, parts.bus, data, parts.now())
    page = alice.client.get(f"/quality/report?scorecard=2&by={by}").text
    counted = re.findall(r'<a href="(/quality/evaluations\?[^"]+)">(\d+)</a>', page)
    parts_of_links = {part for link, _number in counted for part in re.split(r"[?&]|amp;", link)}
    assert {"figure=fatal", "figure=graded", "item=verifies", "reached=nothing"} <= parts_of_links
    assert any(part.startswith(f"{by}=") for part in parts_of_links)
    for link, number in counted:
        shown = alice.client.get(link.replace("&amp;", "&")).text.count('<strong class="quality-total">')
        assert (link, shown) == (link, int(number))
    means = re.findall(r'<a href="(/quality/evaluations\?[^"]+)" title="The evaluations it is the mean of">', page)
    assert len(means) >= 3
    assert all("No evaluation fits" not in alice.client.get(link.replace("&amp;", "&")).text for link in means)


def test_the_report_says_that_teams_are_those_of_today_and_takes_any_address(browser_of: BrowserOf) -> None:
    alice = browser_of("alice")
    assert "where they belong today" in alice.client.get("/quality/report?by=team").text
    assert alice.client.get("/quality/report?by=nonsense&from=2020-01-01&to=x&team=x").status_code == 200
    assert "Scores over time" in alice.client.get("/exports/new?of=scores&since=2026-01-01").text


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_every_page_opens_in_every_language(parts: Parts, browser_of: BrowserOf, recording: str, lang: str) -> None:
    alice = browser_of("alice")
    address = begin(alice, recording)
    with parts.database.writing() as session:
        data = service.PlanData(
            name="P", scorecard_id=None, period=PeriodKind.WEEK, per_agent=1, grade_days=3,
            conditions=Conditions(
                agents=("bob",), department_id=None, direction="inbound", queues=("hotline",),
                dispositions=("complaint",), shortest=1, longest=900, silence=4, low_satisfaction=True,
            ),
        )  # fmt: skip
        plan = service.create_plan(session, data, by="alice", now=parts.now(), zone=parts.settings.timezone)
        service.ask_for_draw(session, plan.id, now=parts.now(), zone=parts.settings.timezone)
    tasks.draw_plan(parts, 1)
    paths = [
        "tasks", "evaluations", "appeals", "mine", "coaching", "calibrations", "calibrations/new", "report", "plans",
        "plans/new", "plans/1", "plans/1/edit", "draws/1", "scorecards", "scorecards/new", "scorecards/1",
        "scorecards/1/edit", address.removeprefix("/quality/"), f"{address.removeprefix('/quality/')}/form",
    ]  # fmt: skip
    answers = {path: alice.client.get(f"/quality/{path}?lang={lang}").status_code for path in paths}
    assert {path: status for path, status in answers.items() if status != 200} == {}


@pytest.mark.parametrize("path", ["form", ""])
def test_an_evaluation_that_is_not_there_is_not_found(browser_of: BrowserOf, recording: str, path: str) -> None:
    alice = browser_of("alice")
    for number in (0, 99, 2**40):
        assert alice.client.get(f"/quality/evaluations/{number}/{path}".rstrip("/")).status_code == 404


def test_a_draft_is_given_up_and_the_call_can_be_graded_again(
    parts: Parts, browser_of: BrowserOf, recording: str
) -> None:
    quinn = browser_of("quinn")
    address = begin(quinn, recording)
    post(quinn, f"{address}/discard")
    assert begin(quinn, recording) != address
    with parts.database.reading() as session:
        assert session.scalars(select(Evaluation.state).order_by(Evaluation.id)).all() == ["discarded", "draft"]


def test_the_scores_are_taken_out_as_a_workbook(parts: Parts, browser_of: BrowserOf, recording: str) -> None:
    quinn, alice = browser_of("quinn"), browser_of("alice")
    submit(quinn, begin(quinn, recording), **{"v-verifies": "0"})
    day = (parts.now() - timedelta(days=5)).date().isoformat()
    for name, columns, expected in (
        ("scores", ["name", "from", "mean"], ("Bob", 40)),
        ("evaluations", ["agent", "scorecard", "total"], ("Bob", 40)),
        ("item_scores", ["item", "answered", "share"], (VERIFIES, 0)),
    ):
        form = {
            "of-of": name,
            "of-since": day,
            "of-agent": "bob",
            "of-scorecard": "2",
            "reason": "Talk of the month",
            "columns": columns,
        }
        assert post(alice, "/exports/new", form, page=f"/exports/new?of={name}").status_code == 303
        file = re.search(r'href="(/exports/[0-9a-f-]+/file)"', alice.client.get("/exports").text)
        assert file is not None
        with alice.client.get(file[1]) as answer:
            sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
        assert (rows[1][0], rows[1][2]) == expected
