"""Segments on both databases: whom each condition holds, alone and combined, and what is kept of a segment."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.access import service as access
from app.access.rules import Grant, Mask, Module, Reach, Viewer
from app.accounts.rules import Role
from app.errors import Conflict, NotAllowed, NotFound
from app.parts import Parts
from app.segments import service
from app.segments.rules import (
    Condition,
    ConditionKind,
    Group,
    Joint,
    Node,
    Period,
    SegmentPurpose,
    SegmentRule,
)
from tests.db.conditions_told import matching
from tests.db.small_hospital import NOW, ZONE, SmallHospital

HOSPITAL = SmallHospital()
CLOCK = service.clock_of(NOW, ZONE)
_LAST_YEAR = Period(days=365)
_K = ConditionKind
EACH_KIND = [
    Condition(kind=_K.SEX, codes=("F", "U")),
    Condition(kind=_K.AGE, low=30, high=64),
    Condition(kind=_K.BIRTH_MONTH, codes=("2", "11")),
    Condition(kind=_K.REGION, codes=("3301",)),
    Condition(kind=_K.LANGUAGE, codes=("yue",)),
    Condition(kind=_K.CHANNEL, codes=("call",)),
    Condition(kind=_K.PATIENT_KIND, codes=("family", "prospect")),
    Condition(kind=_K.TAG, codes=("quiet",)),
    Condition(kind=_K.FLAG, codes=("deaf",)),
    Condition(kind=_K.KEY_PATIENT),
    Condition(kind=_K.MEMBER_TYPE, codes=("vip",)),
    Condition(kind=_K.MEMBER_LEVEL, codes=("gold",)),
    Condition(kind=_K.CREDIT_RATING, codes=("A",)),
    Condition(kind=_K.SOURCE, codes=("media",)),
    Condition(kind=_K.CREATED, period=Period(since=CLOCK.today.replace(year=2025))),
    Condition(kind=_K.PROVISIONAL),
    Condition(kind=_K.DECEASED),
    Condition(kind=_K.HAS_MOBILE),
    Condition(kind=_K.HAS_ADDRESS),
    Condition(kind=_K.CONSENT, codes=("marketing",)),
    Condition(kind=_K.CUSTOM, key="insurer", text="平安"),
    Condition(kind=_K.VISIT, codes=("1",), period=_LAST_YEAR),
    Condition(kind=_K.VISIT, text="dora", key="inpatient"),
    Condition(kind=_K.VISIT_COUNT, low=0, high=1, period=_LAST_YEAR),
    Condition(kind=_K.VISIT_COUNT, low=2),
    Condition(kind=_K.LAST_VISIT, low=30, high=200),
    Condition(kind=_K.DISEASE, codes=("I10-I15",), period=_LAST_YEAR),
    Condition(kind=_K.OPERATION, text="hip"),
    Condition(kind=_K.DRUG, text="100%"),
    Condition(kind=_K.SPENDING, low=10_000, high=90_000, period=_LAST_YEAR),
    Condition(kind=_K.SPENDING, high=0),
    Condition(kind=_K.DRUG_SPENDING, low=5_000),
    Condition(kind=_K.EXAM, text="CT", period=_LAST_YEAR),
    Condition(kind=_K.EXAM_RESULT, text="glucose", low=-5, high=7.5),
    Condition(kind=_K.EXAM_RESULT, text="glucose", codes=("high",)),
    Condition(kind=_K.CONTACT, codes=("message",), period=_LAST_YEAR),
    Condition(kind=_K.CONTACT),
    Condition(kind=_K.LAST_CONTACT, high=120),
    Condition(kind=_K.REGISTER, codes=("901",)),
    Condition(kind=_K.GROUP, codes=("902",)),
    Condition(kind=_K.SEGMENT, codes=("901",)),
]


def _viewer(username: str = "alice", **grants: Grant) -> Viewer:
    named = {Module(name): grant for name, grant in grants.items()}
    return Viewer(user_id=1, username=username, role=Role.SUPERVISOR, grants=dict.fromkeys(Module, Grant()) | named)


def _told(rule: SegmentRule) -> list[int]:
    return matching(HOSPITAL, rule)


def _rule(*parts: Node, joint: Joint = Joint.ALL) -> SegmentRule:
    return SegmentRule(root=Group(joint=joint, parts=parts))


def _data(rule: SegmentRule, name: str = "Diabetes", *, is_shared: bool = False) -> service.SegmentData:
    return service.SegmentData(name=name, description="", rule=rule, is_shared=is_shared)


@pytest.fixture
def hospital(parts: Parts) -> Parts:
    with parts.database.writing() as session:
        SmallHospital().insert(session)
    return parts


def test_each_condition_alone_and_negated_holds_whom_it_says(hospital: Parts) -> None:
    with hospital.database.reading() as session:
        for condition in EACH_KIND:
            for negated in (False, True):
                rule = _rule(Group(joint=Joint.ALL, parts=(condition,), is_negated=negated))
                found = sorted(session.scalars(service.matching(rule, CLOCK)))
                assert found == _told(rule), condition
                assert service.count(session, rule, CLOCK) == len(found)


def test_every_kind_of_condition_is_among_those_tried() -> None:
    assert {condition.kind for condition in EACH_KIND} == set(ConditionKind)


def test_no_condition_tried_holds_nobody_or_everybody() -> None:
    sizes = {condition.kind: len(_told(_rule(condition))) for condition in EACH_KIND}
    everybody = len(_told(SegmentRule(root=_rule().root, with_deceased=True)))
    assert [kind for kind, size in sizes.items() if not 0 < size < everybody] == []


_conditions = st.builds(
    lambda condition, negated: Condition(
        **{name: getattr(condition, name) for name in ("kind", "codes", "period", "low", "high", "text", "key")},
        is_negated=negated,
    ),
    st.sampled_from(EACH_KIND),
    st.booleans(),
)
_nodes = st.recursive(
    _conditions,
    lambda inner: st.builds(
        lambda joint, parts, negated: Group(joint=joint, parts=tuple(parts), is_negated=negated),
        st.sampled_from(list(Joint)),
        st.lists(inner, min_size=1, max_size=3),
        st.booleans(),
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nodes=st.lists(_nodes, min_size=1, max_size=3), joint=st.sampled_from(list(Joint)), dead=st.booleans())
def test_conditions_combine_with_and_or_and_not(hospital: Parts, nodes: list[Node], joint: Joint, dead: bool) -> None:
    rule = SegmentRule(root=Group(joint=joint, parts=tuple(nodes)), with_deceased=dead)
    with hospital.database.reading() as session:
        assert sorted(session.scalars(service.matching(rule, CLOCK))) == _told(rule)


def test_spending_equals_hand_written_sql(hospital: Parts) -> None:
    rule = _rule(Condition(kind=_K.SPENDING, low=20_000))
    by_hand = text(
        "SELECT count(*) FROM patient p WHERE merged_into_id IS NULL AND deceased_at IS NULL"
        " AND (SELECT sum(amount_cents) FROM charge c WHERE c.patient_id = p.id) >= 20000"
    )
    with hospital.database.reading() as session:
        assert service.count(session, rule, CLOCK) == session.execute(by_hand).scalar_one()


def test_disease_group_in_a_region_equals_hand_written_sql(hospital: Parts) -> None:
    rule = _rule(Condition(kind=_K.DISEASE, codes=("I10-I15",)), Condition(kind=_K.REGION, codes=("33",)))
    by_hand = text(
        "SELECT count(DISTINCT p.id) FROM patient p JOIN diagnosis d ON d.patient_id = p.id"
        " WHERE p.merged_into_id IS NULL AND p.deceased_at IS NULL AND d.disease IN ('I10-I15', 'I10')"
        " AND p.region IN ('33', '3301', '330106')"
    )
    with hospital.database.reading() as session:
        assert service.count(session, rule, CLOCK) == session.execute(by_hand).scalar_one()


def test_viewer_counts_only_whom_the_scope_shows(hospital: Parts) -> None:
    rule = _rule(Condition(kind=_K.SEX, codes=("F", "M", "U")))
    with hospital.database.reading() as session:
        access.bind(session, _viewer(contact=Grant(reach=Reach.OWN)), now=NOW, zone=ZONE)
        assert service.count(session, rule, CLOCK) == 0


def test_viewer_without_clinical_data_learns_nothing_of_diagnoses(hospital: Parts) -> None:
    hidden = Grant(can_view=False, can_write=False, mask=Mask.MASKED)
    with hospital.database.reading() as session:
        access.bind(session, _viewer(clinical=hidden), now=NOW, zone=ZONE)
        for condition in (Condition(kind=_K.DISEASE, codes=("I10",)), Condition(kind=_K.VISIT)):
            assert service.count(session, _rule(condition), CLOCK) == 0


def test_frozen_segment_keeps_its_people_when_the_rule_would_hold_others(hospital: Parts) -> None:
    rule = _rule(Condition(kind=_K.KEY_PATIENT))
    with hospital.database.writing() as session:
        made = service.create_segment(session, _data(rule), by="alice", now=NOW)
        assert service.freeze(session, made.id, now=NOW, zone=ZONE) == len(_told(rule))
        made.rule = {"root": {"op": "and", "parts": [], "not": False}}
        session.flush()
        found = session.scalars(service.members(session, made.id, now=NOW, zone=ZONE))
        assert sorted(found) == _told(rule)


def test_thawed_segment_follows_its_rule_again(hospital: Parts) -> None:
    rule = _rule(Condition(kind=_K.KEY_PATIENT))
    with hospital.database.writing() as session:
        made = service.freeze_people(session, _data(rule), [2, 3], by="alice", now=NOW)
        assert service.count_members(session, made.id, now=NOW, zone=ZONE) <= 2
        service.thaw(session, made.id)
        assert service.count_members(session, made.id, now=NOW, zone=ZONE) == len(_told(rule))


def test_private_segment_is_not_there_for_anybody_else(hospital: Parts) -> None:
    with hospital.database.writing() as session:
        made = service.create_segment(session, _data(_rule()), by="alice", now=NOW)
        access.bind(session, _viewer("carol"), now=NOW, zone=ZONE)
        with pytest.raises(NotFound):
            service.get_segment(session, made.id)


def test_shared_segment_can_be_used_and_not_changed_by_others(hospital: Parts) -> None:
    with hospital.database.writing() as session:
        made = service.create_segment(session, _data(_rule(), is_shared=True), by="alice", now=NOW)
        access.bind(session, _viewer("carol"), now=NOW, zone=ZONE)
        assert service.get_segment(session, made.id).name == "Diabetes"
        with pytest.raises(Conflict):
            service.thaw(session, made.id)


def test_who_may_only_read_keeps_no_segment(hospital: Parts) -> None:
    with hospital.database.writing() as session:
        access.bind(session, _viewer(contact=Grant(can_write=False)), now=NOW, zone=ZONE)
        with pytest.raises(NotAllowed):
            service.create_segment(session, _data(_rule()), by="alice", now=NOW)


def test_used_segment_stays_with_the_history_of_its_uses(hospital: Parts) -> None:
    with hospital.database.writing() as session:
        made = service.create_segment(session, _data(_rule()), by="alice", now=NOW)
        service.record_use(session, made.id, SegmentPurpose.EXPORT, members=3, by="alice", now=NOW)
        session.flush()
        assert [use.members for use in service.uses_of(session, made.id)] == [3]
        with pytest.raises(Conflict):
            service.delete_segment(session, made.id)


def test_change_on_top_of_a_change_that_was_not_seen_is_refused(hospital: Parts) -> None:
    with hospital.database.writing() as session:
        made = service.create_segment(session, _data(_rule()), by="alice", now=NOW)
        with pytest.raises(Conflict):
            service.change_segment(session, made.id, _data(_rule()), row_version=0, now=NOW)
