"""The person the hospital cares for, and every number and identifier by which the person is found.

What the person went through is in app/visits; how a person may be reached belongs to app/messages.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table, text_by_bytes


class Patient(Table):
    """One person. `is_provisional`: made from a first contact with the data at hand, to be completed later (P-05).

    `merged_into_id` is set on a record that turned out to be the same person as another one (U-12): it stays for its
    old id and is in no list. `active_at` is the latest of creation, visit and contact: what a scope of the last N days
    counts from (U-03).
    """

    __tablename__ = "patient"
    __scoped__ = Scoped(module=Module.CONTACT, patient="id", at="active_at", owners=("owner", "created_by"))
    # Only of what was merged: SQLite would take "is nothing" for the rarest condition and read a million rows by it.
    __table_args__ = (
        Index(
            "ix_patient_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    sex: Mapped[str] = mapped_column(String(1), default="U")  # M, F or U for unknown
    birth_date: Mapped[date | None] = mapped_column(index=True)
    has_lunar_birthday: Mapped[bool] = mapped_column(default=False, server_default="0")
    language: Mapped[str | None] = mapped_column(String(10))
    email: Mapped[str | None] = mapped_column(String(200), index=True)  # in small letters, as it is compared
    address: Mapped[str | None] = mapped_column(String(300))
    postcode: Mapped[str | None] = mapped_column(String(10))
    remark: Mapped[str | None] = mapped_column(String(2000))
    is_key_patient: Mapped[bool] = mapped_column(default=False)
    is_provisional: Mapped[bool] = mapped_column(default=False)
    deceased_at: Mapped[datetime | None]
    # The next ones hold codes of the lists in app/codes, None for unknown (P-09, P-10, P-13).
    region: Mapped[str | None] = mapped_column(String(40), index=True)
    first_source: Mapped[str | None] = mapped_column(String(40), index=True)
    occupation: Mapped[str | None] = mapped_column(String(40))
    industry: Mapped[str | None] = mapped_column(String(40))
    education: Mapped[str | None] = mapped_column(String(40))
    income_band: Mapped[str | None] = mapped_column(String(40))
    economic_condition: Mapped[str | None] = mapped_column(String(40))
    member_type: Mapped[str | None] = mapped_column(String(40), index=True)
    member_level: Mapped[str | None] = mapped_column(String(40))
    work_unit: Mapped[str | None] = mapped_column(String(120))
    preferred_channel: Mapped[str | None] = mapped_column(String(20))  # call, sms, email or web
    preferred_time: Mapped[str | None] = mapped_column(String(40))
    preferred_doctor: Mapped[str | None] = mapped_column(String(64))
    credit_rating: Mapped[str | None] = mapped_column(String(10))
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # by the key of a custom field
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    owner: Mapped[str | None] = mapped_column(String(64), index=True)
    active_at: Mapped[datetime] = mapped_column(
        index=True, default=lambda row: row.get_current_parameters()["created_at"]
    )
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64), index=True)
    updated_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(default=1)

    phones: Mapped[list["PatientPhone"]] = relationship(
        back_populates="patient",
        order_by=lambda: (PatientPhone.contact_person_id.is_not(None), PatientPhone.id),  # own numbers first
        cascade="all, delete-orphan",
    )
    identifiers: Mapped[list["Identifier"]] = relationship(
        back_populates="patient", order_by="Identifier.id", cascade="all, delete-orphan"
    )
    contacts: Mapped[list["ContactPerson"]] = relationship(
        back_populates="patient", order_by="ContactPerson.id", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": row_version}


class ContactPerson(Table):
    """Somebody who speaks for the patient (P-15). `may_be_told`: may receive information about the patient."""

    __tablename__ = "contact_person"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    relation: Mapped[str] = mapped_column(String(20))  # spouse, child, parent, sibling, guardian, friend, other
    may_be_told: Mapped[bool] = mapped_column(default=False)
    patient: Mapped[Patient] = relationship(back_populates="contacts")


class PatientPhone(Table):
    """One number of a patient, or of a contact person of the patient. `number` is E.164: the only form matched on.

    `number_reversed` holds the same digits from the end, so that the last four are a prefix.
    """

    __tablename__ = "patient_phone"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (
        UniqueConstraint("patient_id", "number", "extension", name="uq_patient_phone"),
        Index("ix_patient_phone_number", "number"),
        Index("ix_patient_phone_number_reversed", "number_reversed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    contact_person_id: Mapped[int | None] = mapped_column(ForeignKey("contact_person.id"))
    number: Mapped[str] = mapped_column(String(20))
    number_reversed: Mapped[str] = mapped_column(
        String(20), default=lambda row: row.get_current_parameters()["number"].lstrip("+")[::-1], server_default=""
    )
    extension: Mapped[str] = mapped_column(String(10), default="")
    kind: Mapped[str] = mapped_column(String(10))  # mobile, landline or other
    as_entered: Mapped[str] = mapped_column(String(60))
    is_valid: Mapped[bool] = mapped_column(default=True)  # False once somebody said "wrong number"
    do_not_call: Mapped[bool] = mapped_column(default=False, server_default="0")
    do_not_text: Mapped[bool] = mapped_column(default=False, server_default="0")
    patient: Mapped[Patient] = relationship(back_populates="phones")
    contact_person: Mapped[ContactPerson | None] = relationship()


class Identifier(Table):
    """A number under which another system knows the patient. Unique by system, type and value (P-04)."""

    __tablename__ = "identifier"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (
        UniqueConstraint("system", "type", "value", name="uq_identifier"),
        Index("ix_identifier_value", "value"),
        Index("ix_identifier_value_reversed", "value_reversed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    system: Mapped[str] = mapped_column(String(20), default="")
    type: Mapped[str] = mapped_column(String(20))  # id_card, outpatient, inpatient, card, medical_record, other
    value: Mapped[str] = mapped_column(text_by_bytes(60))
    value_reversed: Mapped[str] = mapped_column(
        text_by_bytes(60), default=lambda row: row.get_current_parameters()["value"][::-1], server_default=""
    )
    is_valid: Mapped[bool] = mapped_column(default=True, server_default="1")
    patient: Mapped[Patient] = relationship(back_populates="identifiers")


class SearchTerm(Table):
    """One spelling by which a person's name is found: the beginning of `term` is what an agent types.

    `term` starts with what it is: "n" a name folded to Simplified Chinese and small letters, "p" pinyin, "i" initials,
    in capitals where it begins at a later character or word.
    """

    __tablename__ = "search_term"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = {"sqlite_with_rowid": False}

    term: Mapped[str] = mapped_column(text_by_bytes(160), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True, index=True)


class PatientDepartment(Table):
    """A department that the person belongs to, by home or by visit: what the scope of a department looks at (U-02)."""

    __tablename__ = "patient_department"
    __table_args__ = (Index("ix_patient_department_department", "department_id", "patient_id"),)

    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)


class PatientKind(Table):
    """What the person is to the hospital (G-08): patient, family, friend, prospect, group, payer, community, partner or
    staff; one person may be several."""

    __tablename__ = "patient_kind"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True, index=True)


class PatientTag(Table):
    """A free word for a habit or preference (P-20)."""

    __tablename__ = "patient_tag"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))


class PatientSource(Table):
    """How the person came to the hospital (P-10). The first one stays in `Patient.first_source`; later ones add up."""

    __tablename__ = "patient_source"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    source: Mapped[str] = mapped_column(String(40))  # a code of the list "source"
    at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))


class PatientLink(Table):
    """A tie between two people (P-35): `from_id` is the `relation` of `to_id`. "introduced_by" has no cycles."""

    __tablename__ = "patient_link"
    __scoped__ = Scoped(module=Module.CONTACT, patient="from_id", other_patient="to_id")
    __table_args__ = (UniqueConstraint("from_id", "to_id", "relation", name="uq_patient_link"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    relation: Mapped[str] = mapped_column(String(20))
    may_be_told: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))


class PatientTie(Table):
    """A tie between a person and a part of the hospital (P-34): a department, a doctor, a unit or a scheme."""

    __tablename__ = "patient_tie"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (Index("ix_patient_tie_to", "kind", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # department, doctor, unit or scheme
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(60), default="")
    since: Mapped[date | None]
    until: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))


class PatientNote(Table):
    """A dated entry by an author: a wish and its answer (G-11), an opinion (P-21). Never changed, only answered."""

    __tablename__ = "patient_note"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id", at="at", owners=("created_by",))
    __table_args__ = (Index("ix_patient_note_patient", "patient_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[str] = mapped_column(String(20))  # wish, opinion, suggestion or problem
    category: Mapped[str | None] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    call_id: Mapped[str | None] = mapped_column(String(64))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    response: Mapped[str | None] = mapped_column(String(2000))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(64))


class PatientFlag(Table):
    """Something that everybody who deals with the person must know, set by a rule or by hand (P-33)."""

    __tablename__ = "patient_flag"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id")
    __table_args__ = (UniqueConstraint("patient_id", "flag", name="uq_patient_flag"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    flag: Mapped[str] = mapped_column(String(40), index=True)  # a code of the list "flag"
    reason: Mapped[str] = mapped_column(String(300), default="")
    since: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))  # nothing: a rule


class PatientDraft(Table):
    """What somebody has typed into a patient's form and not saved yet. `place` is "new" or the patient's id."""

    __tablename__ = "patient_draft"
    __scoped__ = Scoped(module=Module.CONTACT, patient="patient_id", owners=("username",))

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[str] = mapped_column(String(12), primary_key=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    fields: Mapped[list[Any]]  # [name, value] for each field, in the order of the form
    saved_at: Mapped[datetime]
