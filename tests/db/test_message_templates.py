"""Templates on both databases: what the product brings, who approves, what stays, and filling for a patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.message_templates import service
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import Approval, TemplateKind
from app.message_templates.service import TemplateData, TemplateFilters
from app.messages.rules import MessageKind
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient
from app.versions.rules import VersionState
from app.visits.models import Visit

NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
NOTICE = TemplateData(
    name="停车场",
    kind=TemplateKind.NOTICE,
    message_kind=MessageKind.CARE,
    texts={"zh_Hans": "{name}{honorific}，{date}起停车场改到{place}。", "en": "Dear {name}, parking moves on {date}."},
)
PROMOTION = replace(
    NOTICE,
    name="体检月",
    kind=TemplateKind.PROMOTION,
    message_kind=MessageKind.MARKETING,
    texts={"zh_Hans": "{name}，本月体检有优惠。"},
    review_number="浙医广【2026】第1号",
    valid_until=date(2027, 5, 1),
)


def _make(parts: Parts, data: TemplateData, by: str = "alice") -> int:
    with parts.database.writing() as session:
        return service.create_template(session, data, by=by, now=NOW).id


def _submit(parts: Parts, template_id: int) -> None:
    with parts.database.writing() as session:
        service.submit(session, template_id, settings=parts.settings, by="alice", now=NOW)


def _approve(parts: Parts, template_id: int, approval: Approval, by: str, *, is_clinician: bool = False) -> str:
    with parts.database.writing() as session:
        version = service.approve(
            session, template_id, approval, by=by, is_clinician=is_clinician, now=NOW + timedelta(hours=1)
        )
        return version.state


def _states(parts: Parts, template_id: int) -> list[tuple[int, str]]:
    with parts.database.reading() as session:
        return [(each.number, each.state) for each in service.get_template(session, template_id).versions]


def _change(parts: Parts, template_id: int, data: TemplateData) -> None:
    with parts.database.writing() as session:
        version = service.get_template(session, template_id).versions[0].row_version
        service.change_template(session, template_id, data, row_version=version, by="alice", now=NOW)


def test_a_new_hospital_has_ready_texts_of_every_kind_and_installing_twice_changes_nothing(parts: Parts) -> None:
    with parts.database.writing() as session:
        assert service.install_shipped(session, NOW) == len(service.shipped_rows())
    with parts.database.writing() as session:
        assert service.install_shipped(session, NOW) == 0
    with parts.database.reading() as session:
        states = {
            (TemplateKind(version.template.kind), VersionState(version.state))
            for version in session.scalars(select(TemplateVersion))
        }
    assert states == {
        (TemplateKind.HOLIDAY, VersionState.APPROVED),
        (TemplateKind.RECHECK, VersionState.APPROVED),
        (TemplateKind.NOTICE, VersionState.APPROVED),
        (TemplateKind.CAUTION, VersionState.DRAFT),
        (TemplateKind.TIP, VersionState.DRAFT),
        (TemplateKind.SEASONAL, VersionState.DRAFT),
        (TemplateKind.PROMOTION, VersionState.DRAFT),
    }


def test_an_upgrade_leaves_edited_and_removed_texts_alone_and_renews_untouched_ones(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = service.shipped_rows()
    with parts.database.writing() as session:
        service.install_shipped(session, NOW)
        ids = {each.code: each.id for each in session.scalars(select(MessageTemplate))}
    edited, removed, draft, approved = "tip.salt", "tip.water", "tip.sleep", "holiday.birthday"
    _change(parts, ids[edited], replace(NOTICE, kind=TemplateKind.TIP))
    with parts.database.writing() as session:
        service.remove(session, ids[removed], by="alice", now=NOW)
    newer = [{**row, "zh_hans": "新：" + row["zh_hans"]} for row in rows]
    monkeypatch.setattr("app.message_templates.service.shipping.shipped_rows", lambda: newer)
    with parts.database.writing() as session:
        assert service.install_shipped(session, NOW) == 0
        texts = {code: service.get_template(session, ids[code]).versions for code in (edited, draft, approved)}
        with pytest.raises(NotFound):
            service.get_template(session, ids[removed])
        assert texts[edited][0].texts == NOTICE.texts
        assert [each.texts["zh_Hans"][:2] for each in texts[draft]] == ["新："]
        assert [(each.state, each.texts["zh_Hans"][:2] == "新：") for each in texts[approved]] == [
            ("draft", True),
            ("approved", False),
        ]


def test_a_version_is_used_once_it_is_approved_and_the_next_one_replaces_it(parts: Parts) -> None:
    template_id = _make(parts, NOTICE)
    _submit(parts, template_id)
    assert _approve(parts, template_id, Approval.GENERAL, "alice") == VersionState.APPROVED
    _change(parts, template_id, replace(NOTICE, texts={"zh_Hans": "{name}，停车场改了。"}))
    assert _states(parts, template_id) == [(2, "draft"), (1, "approved")]
    with parts.database.reading() as session:
        [usable] = service.list_usable_templates(
            session, message_kind=MessageKind.CARE, language="en", today=NOW.date()
        )
        assert usable.text == NOTICE.texts["en"]
    _submit(parts, template_id)
    _approve(parts, template_id, Approval.GENERAL, "adam")
    assert _states(parts, template_id) == [(2, "approved"), (1, "retired")]
    with parts.database.reading() as session:
        first = service.get_template(session, template_id).versions[1]
        assert first.texts == NOTICE.texts
        assert not service.list_usable_templates(
            session, message_kind=MessageKind.CARE, language="en", today=NOW.date()
        )
    with parts.database.writing() as session:
        service.retire(session, template_id, by="alice", now=NOW)
        assert not service.list_usable_templates(session, message_kind=None, language="zh_Hans", today=NOW.date())


def test_a_promotion_waits_for_its_review_number_and_for_somebody_else(parts: Parts) -> None:
    template_id = _make(parts, replace(PROMOTION, review_number=""))
    with pytest.raises(InvalidInput, match="number of its review"):
        _submit(parts, template_id)
    _change(parts, template_id, PROMOTION)
    _submit(parts, template_id)
    with pytest.raises(NotAllowed, match="Somebody else"):
        _approve(parts, template_id, Approval.GENERAL, "alice")
    assert _approve(parts, template_id, Approval.GENERAL, "adam") == VersionState.APPROVED
    with parts.database.reading() as session:
        usable = [
            len(
                service.list_usable_templates(
                    session, message_kind=MessageKind.MARKETING, language="zh_Hans", today=today
                )
            )
            for today in (date(2027, 5, 1), date(2027, 5, 2))
        ]
    assert usable == [1, 0]


def test_a_promotion_that_promises_a_cure_is_refused_with_the_word(parts: Parts) -> None:
    template_id = _make(parts, replace(PROMOTION, texts={"zh_Hans": "{name}，包治百病。"}))
    with pytest.raises(InvalidInput) as refused:
        _submit(parts, template_id)
    assert refused.value.fields == {"field": "text-zh_Hans", "word": "包治"}
    assert _states(parts, template_id) == [(1, "draft")]


def test_a_disease_in_a_text_needs_a_clinician_and_one_more(parts: Parts) -> None:
    template_id = _make(parts, replace(NOTICE, texts={"zh_Hans": "{name}，糖尿病门诊搬家了。"}))
    _submit(parts, template_id)
    with pytest.raises(NotAllowed):
        _approve(parts, template_id, Approval.CLINICAL, "adam")
    assert _approve(parts, template_id, Approval.CLINICAL, "dora", is_clinician=True) == VersionState.SUBMITTED
    with pytest.raises(NotAllowed):
        _approve(parts, template_id, Approval.GENERAL, "dora", is_clinician=True)
    assert _approve(parts, template_id, Approval.GENERAL, "adam") == VersionState.APPROVED


def test_taking_back_voids_the_approvals_and_a_stale_page_changes_nothing(parts: Parts) -> None:
    template_id = _make(parts, replace(NOTICE, kind=TemplateKind.TIP))
    _submit(parts, template_id)
    _approve(parts, template_id, Approval.CLINICAL, "dora", is_clinician=True)
    with pytest.raises(Conflict):
        _change(parts, template_id, NOTICE)
    with parts.database.writing() as session:
        assert service.take_back(session, template_id).clinical_by is None
    with pytest.raises(Conflict), parts.database.writing() as session:
        service.change_template(session, template_id, NOTICE, row_version=1, by="bob", now=NOW)
    with pytest.raises(Conflict), parts.database.writing() as session:
        service.approve(session, template_id, Approval.GENERAL, by="adam", is_clinician=True, now=NOW)


def test_the_list_is_searched_by_words_kind_state_and_language(parts: Parts) -> None:
    with parts.database.writing() as session:
        service.install_shipped(session, NOW)
    _make(parts, PROMOTION)

    def found(**filters: object) -> set[str]:
        with parts.database.reading() as session:
            wanted = TemplateFilters(**filters)  # type: ignore[arg-type]
            return {each.name for each in service.list_templates(session, wanted, limit=200).items}

    assert found(text="MID-autumn") == {"中秋节"}
    assert found(text="體檢 健檢") == set()
    assert "体检月" in found(kind=TemplateKind.PROMOTION)
    assert "体检月" not in found(kind=TemplateKind.PROMOTION, language="en")
    assert "中秋节" not in found(state=VersionState.DRAFT)
    with parts.database.reading() as session:
        page = service.list_templates(session, TemplateFilters(), limit=50)
        rest = service.list_templates(session, TemplateFilters(), limit=50, cursor=page.next_cursor)
    assert len(page.items) + len(rest.items) == len(service.shipped_rows()) + 1


def test_a_text_is_filled_for_a_patient_in_the_patients_language(parts: Parts) -> None:
    template_id = _make(parts, NOTICE)
    with parts.database.writing() as session:
        department = Department(code="card", name="心内科", created_at=NOW)
        people = [
            Patient(name="王秀兰", sex="F", created_at=NOW, updated_at=NOW),
            Patient(name="John Smith", sex="M", language="en", created_at=NOW, updated_at=NOW),
            Patient(name="+8613800138000", is_provisional=True, created_at=NOW, updated_at=NOW),
        ]
        session.add_all([department, *people])
        session.flush()
        session.add(
            Visit(
                patient_id=people[0].id, kind="outpatient", doctor="陈立", department_id=department.id,
                started_at=NOW, source_system="HIS", source_key="1",
            )
        )  # fmt: skip
        session.flush()
        version = service.get_template(session, template_id).versions[0]
        filled = [
            service.fill_for_patient(
                session, version, each.id, {"date": "12月3日", "place": "东门"}, settings=parts.settings, now=NOW
            )
            for each in people
        ]
        known = service.addressees(session, [people[0].id], today=NOW.date())[people[0].id]
    assert [each.text for each in filled[:2]] == [
        "王秀兰女士，12月3日起停车场改到东门。",
        "Dear John Smith, parking moves on 12月3日.",
    ]
    assert filled[2].missing == ("name",)
    assert (known.doctor, known.department) == ("陈立", "心内科")
