"""Every kind of condition: what it is called, which slots it has, and the sentence that says it.

A new kind is a line here, a branch in app/segments/service/conditions.py, and a line in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.access.rules import Module
from app.texts import N_


class ConditionKind(StrEnum):
    SEX = "sex"
    AGE = "age"
    BIRTH_MONTH = "birth_month"
    REGION = "region"
    LANGUAGE = "language"
    CHANNEL = "channel"
    PATIENT_KIND = "patient_kind"
    TAG = "tag"
    FLAG = "flag"
    KEY_PATIENT = "key_patient"
    MEMBER_TYPE = "member_type"
    MEMBER_LEVEL = "member_level"
    CREDIT_RATING = "credit_rating"
    SOURCE = "source"
    CREATED = "created"
    PROVISIONAL = "provisional"
    DECEASED = "deceased"
    HAS_MOBILE = "has_mobile"
    HAS_ADDRESS = "has_address"
    CONSENT = "consent"
    CUSTOM = "custom"
    VISIT = "visit"
    VISIT_COUNT = "visit_count"
    LAST_VISIT = "last_visit"
    DISEASE = "disease"
    OPERATION = "operation"
    DRUG = "drug"
    SPENDING = "spending"
    DRUG_SPENDING = "drug_spending"
    EXAM = "exam"
    EXAM_RESULT = "exam_result"
    CONTACT = "contact"
    LAST_CONTACT = "last_contact"
    REGISTER = "register"
    GROUP = "group"
    SEGMENT = "segment"


class Slot(StrEnum):
    """What a condition can hold."""

    CODES = "codes"
    PERIOD = "period"
    RANGE = "range"
    TEXT = "text"
    KEY = "key"


class Unit(StrEnum):
    """What the limits of a range count."""

    NONE = ""
    YEARS = "years"
    DAYS = "days"
    TIMES = "times"
    CENTS = "cents"

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self is not Unit.NONE

    @property
    def largest(self) -> int | None:
        """The largest number that makes sense; none where any does, below zero too."""
        return {Unit.YEARS: 150, Unit.DAYS: 36_600, Unit.TIMES: 1_000_000}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSpec:
    """One kind. `list` names where the choices come from, `choices` are the codes when there are no others.

    `sentence` says the condition without a period, `dated` with one. Both are whole sentences about one person.
    """

    label: str
    sentence: str
    dated: str = ""
    slots: tuple[Slot, ...] = ()
    needed: tuple[Slot, ...] = ()
    needs_any: bool = False
    list: str = ""
    choices: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    unit: Unit = Unit.NONE
    refers_to_rows: bool = False  # the codes are ids
    module: Module = Module.CONTACT


def _codes(label: str, sentence: str, list_name: str, *choices: str, refers_to_rows: bool = False) -> KindSpec:
    return KindSpec(
        label=label,
        sentence=sentence,
        slots=(Slot.CODES,),
        needed=(Slot.CODES,),
        list=list_name,
        choices=choices,
        refers_to_rows=refers_to_rows,
    )


KINDS: dict[ConditionKind, KindSpec] = {
    ConditionKind.SEX: _codes(N_("Sex"), N_("Sex: %(codes)s."), "sex", "F", "M", "U"),
    ConditionKind.AGE: KindSpec(
        label=N_("Age"),
        sentence=N_("Age in years: %(range)s."),
        slots=(Slot.RANGE,),
        needed=(Slot.RANGE,),
        unit=Unit.YEARS,
    ),
    ConditionKind.BIRTH_MONTH: _codes(
        N_("Month of birthday"), N_("Has a birthday in: %(codes)s."), "month", *(str(month) for month in range(1, 13))
    ),
    ConditionKind.REGION: _codes(N_("Region"), N_("Lives in %(codes)s, or in a part of it."), "region"),
    ConditionKind.LANGUAGE: _codes(N_("Language"), N_("Speaks: %(codes)s."), "language"),
    ConditionKind.CHANNEL: _codes(
        N_("Preferred channel"), N_("Prefers to be reached by: %(codes)s."), "channel", "call", "sms", "email", "web"
    ),
    ConditionKind.PATIENT_KIND: _codes(N_("Kind of customer"), N_("Is to the hospital: %(codes)s."), "patient_kind"),
    ConditionKind.TAG: _codes(N_("Tag"), N_("Has one of the tags: %(codes)s."), "tag"),
    ConditionKind.FLAG: _codes(N_("Flag"), N_("Has one of the flags: %(codes)s."), "flag"),
    ConditionKind.KEY_PATIENT: KindSpec(label=N_("Key patient"), sentence=N_("Is a key patient.")),
    ConditionKind.MEMBER_TYPE: _codes(N_("Member type"), N_("Member type: %(codes)s."), "member_type"),
    ConditionKind.MEMBER_LEVEL: _codes(N_("Member level"), N_("Member level: %(codes)s."), "member_level"),
    ConditionKind.CREDIT_RATING: _codes(N_("Credit rating"), N_("Credit rating: %(codes)s."), "credit_rating"),
    ConditionKind.SOURCE: _codes(N_("Source"), N_("Came to the hospital through: %(codes)s."), "source"),
    ConditionKind.CREATED: KindSpec(
        label=N_("Record made"),
        sentence=N_("The record was made."),
        dated=N_("The record was made between %(since)s and %(until)s."),
        slots=(Slot.PERIOD,),
        needed=(Slot.PERIOD,),
    ),
    ConditionKind.PROVISIONAL: KindSpec(label=N_("Record to complete"), sentence=N_("The record is to be completed.")),
    ConditionKind.DECEASED: KindSpec(label=N_("Deceased"), sentence=N_("Has died.")),
    ConditionKind.HAS_MOBILE: KindSpec(
        label=N_("Has a mobile number"), sentence=N_("Has a mobile number that is valid and may be texted.")
    ),
    ConditionKind.HAS_ADDRESS: KindSpec(label=N_("Has an address"), sentence=N_("Has a postal address.")),
    ConditionKind.CONSENT: _codes(
        N_("Consent"), N_("Agreed to messages of the kind: %(codes)s."), "consent", "care", "marketing"
    ),
    ConditionKind.CUSTOM: KindSpec(
        label=N_("Field of this hospital"),
        sentence=N_("The field “%(key)s” says “%(text)s”."),
        slots=(Slot.KEY, Slot.TEXT),
        needed=(Slot.KEY, Slot.TEXT),
        list="custom",
    ),
    ConditionKind.VISIT: KindSpec(
        label=N_("Visit"),
        sentence=N_("Has a visit: %(key)s, %(codes)s, %(text)s."),
        dated=N_("Has a visit between %(since)s and %(until)s: %(key)s, %(codes)s, %(text)s."),
        slots=(Slot.CODES, Slot.PERIOD, Slot.TEXT, Slot.KEY),
        list="department",
        keys=("outpatient", "inpatient", "emergency", "exam"),
        refers_to_rows=True,
        module=Module.CLINICAL,
    ),
    ConditionKind.VISIT_COUNT: KindSpec(
        label=N_("Number of visits"),
        sentence=N_("Number of visits: %(range)s."),
        dated=N_("Number of visits between %(since)s and %(until)s: %(range)s."),
        slots=(Slot.RANGE, Slot.PERIOD),
        needed=(Slot.RANGE,),
        unit=Unit.TIMES,
        module=Module.CLINICAL,
    ),
    ConditionKind.LAST_VISIT: KindSpec(
        label=N_("Days since the last visit"),
        sentence=N_("Days since the last visit: %(range)s."),
        slots=(Slot.RANGE,),
        needed=(Slot.RANGE,),
        unit=Unit.DAYS,
        module=Module.CLINICAL,
    ),
    ConditionKind.DISEASE: KindSpec(
        label=N_("Disease or disease group"),
        sentence=N_("Was diagnosed with %(codes)s, or a disease of that group."),
        dated=N_("Was diagnosed with %(codes)s, or a disease of that group, between %(since)s and %(until)s."),
        slots=(Slot.CODES, Slot.PERIOD),
        needed=(Slot.CODES,),
        list="disease",
        module=Module.CLINICAL,
    ),
    ConditionKind.OPERATION: KindSpec(
        label=N_("Operation"),
        sentence=N_("Had an operation whose name holds “%(text)s”."),
        dated=N_("Had an operation whose name holds “%(text)s” between %(since)s and %(until)s."),
        slots=(Slot.TEXT, Slot.PERIOD),
        needs_any=True,
        module=Module.CLINICAL,
    ),
    ConditionKind.DRUG: KindSpec(
        label=N_("Drug"),
        sentence=N_("Was given a drug whose name holds “%(text)s”."),
        dated=N_("Was given a drug whose name holds “%(text)s” between %(since)s and %(until)s."),
        slots=(Slot.TEXT, Slot.PERIOD),
        needs_any=True,
        module=Module.CLINICAL,
    ),
    ConditionKind.SPENDING: KindSpec(
        label=N_("Amount spent"),
        sentence=N_("Charges less refunds: %(range)s."),
        dated=N_("Charges less refunds between %(since)s and %(until)s: %(range)s."),
        slots=(Slot.RANGE, Slot.PERIOD),
        needed=(Slot.RANGE,),
        unit=Unit.CENTS,
        module=Module.CLINICAL,
    ),
    ConditionKind.DRUG_SPENDING: KindSpec(
        label=N_("Amount spent on drugs"),
        sentence=N_("Charges for drugs less refunds: %(range)s."),
        dated=N_("Charges for drugs less refunds between %(since)s and %(until)s: %(range)s."),
        slots=(Slot.RANGE, Slot.PERIOD),
        needed=(Slot.RANGE,),
        unit=Unit.CENTS,
        module=Module.CLINICAL,
    ),
    ConditionKind.EXAM: KindSpec(
        label=N_("Exam"),
        sentence=N_("Had an exam whose name holds “%(text)s”."),
        dated=N_("Had an exam whose name holds “%(text)s” between %(since)s and %(until)s."),
        slots=(Slot.TEXT, Slot.PERIOD),
        needs_any=True,
        module=Module.CLINICAL,
    ),
    ConditionKind.EXAM_RESULT: KindSpec(
        label=N_("Exam result"),
        sentence=N_("Has an exam result for “%(text)s”: %(codes)s, value %(range)s."),
        slots=(Slot.TEXT, Slot.CODES, Slot.RANGE),
        needed=(Slot.TEXT,),
        list="result_flag",
        choices=("high", "low", "abnormal"),
        module=Module.CLINICAL,
    ),
    ConditionKind.CONTACT: KindSpec(
        label=N_("Contact"),
        sentence=N_("Was in contact by %(codes)s."),
        dated=N_("Was in contact by %(codes)s between %(since)s and %(until)s."),
        slots=(Slot.CODES, Slot.PERIOD),
        list="contact",
        choices=("call", "message"),
    ),
    ConditionKind.LAST_CONTACT: KindSpec(
        label=N_("Days since the last contact"),
        sentence=N_("Days since the last contact: %(range)s."),
        slots=(Slot.RANGE,),
        needed=(Slot.RANGE,),
        unit=Unit.DAYS,
    ),
    ConditionKind.REGISTER: _codes(
        N_("Register"), N_("Is on the register: %(codes)s."), "register", refers_to_rows=True
    ),
    ConditionKind.GROUP: _codes(N_("Group customer"), N_("Belongs to: %(codes)s."), "group", refers_to_rows=True),
    ConditionKind.SEGMENT: _codes(
        N_("Frozen segment"), N_("Is in the frozen list of: %(codes)s."), "segment", refers_to_rows=True
    ),
}
