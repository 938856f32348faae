"""Settings with history, fields of the hospital's own, code lists, and taking all of it along."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.access.rules import Grant, GrantChange, Module, Reach
from app.access.service import administration
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.bus import LocalBus, Message
from app.codes import service as codes
from app.codes.rules import CodeList
from app.codes.service.editing import ItemNames
from app.configuration import service
from app.configuration.rules import HOSPITAL_NAME, IDLE_MINUTES, SETTINGS, Field, FieldKind
from app.configuration.service import exchange
from app.errors import Conflict, InvalidInput, NotFound
from app.parts import Parts


class HeardBus(LocalBus):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def publish(self, topic: str, message: Message) -> None:
        self.heard.append(message)


BLOOD = Field(key="blood_group", label="Blood group", kind=FieldKind.CHOICE, options=("A", "B", "0", "AB"))


@pytest.fixture
def session(parts: Parts) -> Iterator[Session]:
    with parts.database.writing() as opened:
        yield opened


def test_setting_holds_at_once_in_every_process_and_knows_its_past(parts: Parts, open_parts) -> None:  # type: ignore[no-untyped-def]
    with parts.database.writing() as session:
        for minutes in (30, 45):
            service.set_value(session, IDLE_MINUTES, minutes, by="adam", now=parts.now())
    with open_parts().database.reading() as session:
        assert service.value(session, IDLE_MINUTES) == 45
        shown = next(each for each in service.all_settings(session) if each.key is IDLE_MINUTES)
    assert [(change.before, change.after, change.by) for change in shown.changes] == [
        (30, 45, "adam"),
        (None, 30, "adam"),
    ]


def test_change_is_set_back(session: Session, parts: Parts) -> None:
    service.set_value(session, IDLE_MINUTES, 30, by="adam", now=parts.now())
    [shown] = [each for each in service.all_settings(session) if each.changes]
    service.set_back(session, shown.changes[0].id, by="adam", now=parts.now())
    assert service.value(session, IDLE_MINUTES) == IDLE_MINUTES.default


def test_setting_outside_its_limits_is_refused(session: Session, parts: Parts) -> None:
    for value in (4, 721, True, "60"):
        with pytest.raises(InvalidInput):
            service.set_value(session, IDLE_MINUTES, value, by="adam", now=parts.now())  # type: ignore[arg-type]
    assert not service.set_value(session, IDLE_MINUTES, 120, by="adam", now=parts.now())


def test_every_setting_has_its_default(session: Session) -> None:
    assert service.values(session, *SETTINGS) == [key.default for key in SETTINGS]


def test_field_keeps_its_key_and_kind_and_may_be_no_longer_offered(session: Session, parts: Parts) -> None:
    service.save_field(session, "patient", BLOOD, now=parts.now())
    with pytest.raises(Conflict):
        service.save_field(
            session, "patient", Field(key="blood_group", label="x", kind=FieldKind.TEXT), now=parts.now()
        )
    gone = Field(key="blood_group", label="Blood", kind=FieldKind.CHOICE, options=("A",), is_offered=False)
    service.save_field(session, "patient", gone, now=parts.now())
    assert service.fields(session, "patient") == ()
    assert service.all_fields(session, "patient") == (gone,)


def test_fields_come_in_the_order_that_somebody_gave_them(session: Session, parts: Parts) -> None:
    for key in ("one", "two", "three"):
        service.save_field(session, "patient", Field(key=key, label=key, kind=FieldKind.TEXT), now=parts.now())
    service.move_field(session, "patient", "three", up=True)
    assert [field.key for field in service.fields(session, "patient")] == ["one", "three", "two"]


def test_lists_are_made_once_and_what_a_hospital_changed_stays(session: Session) -> None:
    assert codes.seed(session) > 500
    codes.save_item(session, CodeList.REGION, "33", ItemNames(name="Our province"), is_offered=False)
    assert codes.seed(session) == 0
    assert codes.names(session, "region", ["33", "nowhere", None]) == {"33": "Our province", "nowhere": "nowhere"}
    assert "33" not in {code.code for code in codes.items(session, "region")}


def test_names_come_in_the_readers_language(session: Session) -> None:
    codes.seed(session)
    named = {}
    for locale in ("zh_Hans", "zh_Hant", "en"):
        session.info["locale"] = locale
        named |= codes.names(session, "flag", ["tumour"]) | {locale: codes.names(session, "flag", ["tumour"])["tumour"]}
    assert [named[locale] for locale in ("zh_Hans", "zh_Hant", "en")] == ["肿瘤", "腫瘤", "Tumour"]


def test_tree_rolls_up(session: Session) -> None:
    codes.seed(session)
    zhejiang = codes.descendants(session, "region", "33")
    assert {"33", "3301", "330106"} <= zhejiang
    assert "3201" not in zhejiang
    assert codes.descendants(session, "region", "no%such") == set()


def test_region_is_found_from_an_address(session: Session) -> None:
    codes.seed(session)
    expected = {
        "浙江省杭州市西湖区文一路 18 号": "330106",
        "臺灣省臺北市": "71",
        "北京市朝阳区建国路": "110105",
        "Hangzhou, Zhejiang": "3301",
        "恩施": "4228",
        "somewhere": None,
        "  ": None,
    }
    assert {text: codes.find_region(session, text) for text in expected} == expected


def test_entry_is_added_below_another_and_moved_among_its_siblings(session: Session) -> None:
    codes.add_item(session, CodeList.SOURCE, "fair", ItemNames(name="Fair"))
    for code in ("spring", "autumn"):
        codes.add_item(session, CodeList.SOURCE, code, ItemNames(name=code.title()), parent="fair")
    codes.move_item(session, CodeList.SOURCE, "autumn", up=True)
    assert [(each.code, each.depth) for each in codes.items(session, "source")] == [
        ("fair", 0),
        ("autumn", 1),
        ("spring", 1),
    ]
    with pytest.raises(Conflict):
        codes.add_item(session, CodeList.SOURCE, "fair", ItemNames(name="Again"))
    with pytest.raises(NotFound):
        codes.add_item(session, CodeList.SOURCE, "x", ItemNames(name="X"), parent="nowhere")


def test_grant_of_a_role_stores_only_what_differs_and_combines(session: Session, parts: Parts) -> None:
    before = administration.role_grants(session, Role.AGENT)[Module.CONTACT]
    assert not administration.set_role_grant(session, parts.bus, Role.AGENT, Module.CONTACT, before, now=parts.now())
    wanted = Grant(reach=Reach.DEPARTMENT, days=30, can_write=False, mask=before.mask)
    assert administration.set_role_grant(session, parts.bus, Role.AGENT, Module.CONTACT, wanted, now=parts.now())
    assert administration.role_grants(session, Role.AGENT)[Module.CONTACT] == wanted
    assert administration.all_role_changes(session) == {
        (Role.AGENT, Module.CONTACT): GrantChange(reach=Reach.DEPARTMENT, days=30, can_write=False)
    }
    assert administration.set_role_grant(session, parts.bus, Role.AGENT, Module.CONTACT, before, now=parts.now())
    assert administration.all_role_changes(session) == {}


def test_changed_grants_are_told_to_live_pages(parts: Parts) -> None:
    bus, now = HeardBus(), parts.now()
    for days in (7, 7, 8):
        with parts.database.writing() as session:
            administration.set_role_grant(session, bus, Role.QA, Module.CALLS, Grant(days=days), now=now)
    with parts.database.writing() as session:
        bob = create_user(session, username="bob", display_name="Bob", role=Role.AGENT, password="a long one", now=now)
        administration.set_user_exception(session, bus, bob, Module.CALLS, GrantChange(days=7), now=now)
    assert [(each["kind"], each["agent"], each["payload"]) for each in bus.heard] == [
        ("access.changed", None, {"role": "qa", "module": "calls"}),
        ("access.changed", None, {"role": "qa", "module": "calls"}),
        ("access.changed", "bob", {"module": "calls"}),
    ]


def test_trial_that_is_taken_back_is_told_to_nobody(parts: Parts) -> None:
    bus = HeardBus()
    with parts.database.writing() as session:
        administration.set_role_grant(session, bus, Role.QA, Module.CALLS, Grant(days=7), now=parts.now())
        session.rollback()
    assert bus.heard == []


def fill(session: Session, parts: Parts) -> None:
    codes.add_item(session, CodeList.SOURCE, "fair", ItemNames(name="Fair", en="Fair"))
    codes.add_item(session, CodeList.SOURCE, "spring", ItemNames(name="Spring"), parent="fair")
    service.set_value(session, HOSPITAL_NAME, "示范医院", by="adam", now=parts.now())
    service.save_field(session, "patient", BLOOD, now=parts.now())
    administration.set_role_grant(session, parts.bus, Role.QA, Module.CALLS, Grant(days=7), now=parts.now())


def test_exported_file_makes_another_installation_the_same(parts: Parts) -> None:
    with parts.database.writing() as session:
        fill(session, parts)
        text = json.dumps(exchange.export_all(session))
        session.rollback()
    wanted = exchange.read_export(text)
    with parts.database.writing() as session:
        planned = exchange.differences(session, wanted)
        assert exchange.take_over(session, parts.bus, wanted, by="adam", now=parts.now()) == planned
        assert {each.part for each in planned} == {"settings", "codes", "fields", "grants"}
        assert exchange.export_all(session) == wanted
        assert exchange.differences(session, wanted) == []


@pytest.mark.parametrize(
    "row",
    [
        {"codes": [{"list": "region", "code": "x"}]},
        {"codes": [{"list": "nowhere", "code": "x", "name": "x"}]},
        {"fields": [{"entity": "patient", "key": "x", "kind": "colour", "options": []}]},
        {"grants": [{"role": "king", "module": "contact"}]},
        {"grants": [{"role": "agent", "module": "contact", "days": "many"}]},
        {"settings": {"no.such": 1}},
        {"settings": {"sign_in.idle_minutes": 1}},
    ],
)
def test_damaged_file_changes_nothing_and_names_its_entry(session: Session, parts: Parts, row: object) -> None:
    wanted = {"wardline": 1, "settings": {}, "codes": [], "fields": [], "grants": []} | row  # type: ignore[operator]
    with pytest.raises(InvalidInput) as raised:
        exchange.take_over(session, parts.bus, exchange.read_export(json.dumps(wanted)), by="adam", now=parts.now())
    assert ": " in str(raised.value.fields["field"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"wardline": 2}', "[" * 100_000, '{"wardline":1,"settings":[]}'])
def test_file_from_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        exchange.read_export(text)
