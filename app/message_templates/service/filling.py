"""Fill the fields of a text for somebody (S-19). Many people at once cost a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.configuration import service as configuration
from app.configuration.rules import HOSPITAL_NAME, HOSPITAL_PHONE, HOSPITAL_PLACE, OPT_OUT_WORDS
from app.errors import NotFound
from app.message_templates.models import TemplateVersion
from app.message_templates.rules import LANGUAGES, Filled, fill_text, honorific, language_for, with_opt_out
from app.messages.rules import MessageKind
from app.organisation.models import Department
from app.patients.models import Patient
from app.patients.rules import age_on, is_unnamed
from app.settings import Settings
from app.texts import N_
from app.visits.models import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """What is known of somebody who is written to. `doctor` and `department` are those of the latest visit."""

    name: str = ""
    sex: str = "U"
    age: int | None = None
    language: str | None = None
    doctor: str = ""
    department: str = ""

    def values(self, language: str) -> dict[str, str]:
        """What fills the fields in a text of this language."""
        return {
            "name": self.name,
            "honorific": honorific(self.sex, self.age, language),
            "doctor": self.doctor,
            "department": self.department,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseValues:
    """What is the same in every message: the hospital's fields, and the words for opting out where it has its own."""

    fields: Mapping[str, str] = field(default_factory=dict)
    opt_out_words: str = ""
    default_language: str = "zh_Hans"


def house_values(session: Session, settings: Settings) -> HouseValues:
    """The values of the hospital, from its settings."""
    name, phone, place, words = configuration.values(
        session, HOSPITAL_NAME, HOSPITAL_PHONE, HOSPITAL_PLACE, OPT_OUT_WORDS
    )
    fields = {"hospital": name or settings.signature, "phone": phone, "place": place}
    return HouseValues(fields=fields, opt_out_words=words, default_language=settings.locale)


def addressees(session: Session, patient_ids: Collection[int], *, today: date) -> dict[int, Addressee]:
    """These people as somebody who is written to, by id; at most some thousand at once."""
    last = (
        select(func.max(Visit.id))
        .where(Visit.patient_id.in_(patient_ids), Visit.status != "withdrawn")
        .group_by(Visit.patient_id)
    )
    visits = {
        row.patient_id: row
        for row in session.execute(
            select(Visit.patient_id, Visit.doctor, Department.name)
            .outerjoin(Department, Department.id == Visit.department_id)
            .where(Visit.id.in_(last))
        )
    }
    columns = (Patient.id, Patient.name, Patient.sex, Patient.birth_date, Patient.language, Patient.is_provisional)
    found: dict[int, Addressee] = {}
    for row in session.execute(select(*columns).where(Patient.id.in_(patient_ids))):
        visit = visits.get(row.id)
        found[row.id] = Addressee(
            # Who has no name yet has none to be addressed by, and the message is reported instead of sent.
            name="" if is_unnamed(row.name, is_provisional=row.is_provisional) else row.name,
            sex=row.sex,
            age=age_on(row.birth_date, today),
            language=row.language,
            doctor=(visit.doctor or "") if visit else "",
            department=(visit.name or "") if visit else "",
        )
    return found


def fill_variant(
    texts: Mapping[str, str],
    kind: MessageKind,
    who: Addressee,
    *,
    number: str,
    house: HouseValues,
    extra: Mapping[str, str],
    language: str | None = None,
) -> tuple[Filled, str]:
    """The text for somebody in their language, or in the best one that there is; and which language that was.

    `extra` wins over what is known of the person, which wins over the hospital's own values. A promotion carries the
    words for opting out.
    """
    wanted = language or language_for(who.language, number, house.default_language)
    chosen = next((each for each in (wanted, house.default_language, *LANGUAGES) if texts.get(each)), wanted)
    known = {**house.fields, **{key: value for key, value in who.values(chosen).items() if value}}
    filled = fill_text(texts.get(chosen, ""), {**known, **{key: value for key, value in extra.items() if value}})
    sent = with_opt_out(filled.text, kind, chosen, house.opt_out_words)
    return Filled(text=sent, missing=filled.missing), chosen


def fill_for_patient(
    session: Session,
    version: TemplateVersion,
    patient_id: int,
    extra: Mapping[str, str],
    *,
    settings: Settings,
    now: datetime,
    number: str = "",
    language: str | None = None,
) -> Filled:
    """A version's text for one patient, with the fields that nothing filled.

    `extra` are values by field, such as the date of an appointment. In the patient's language unless one is named.
    Raises NotFound for somebody whom the session's viewer may not see.
    """
    today = now.astimezone(settings.timezone).date()
    who = addressees(session, [patient_id], today=today).get(patient_id)
    if who is None:
        raise NotFound(N_("There is no such patient."))
    filled, _language = fill_variant(
        version.texts,
        MessageKind(version.template.message_kind),
        who,
        number=number,
        house=house_values(session, settings),
        extra=extra,
        language=language,
    )
    return filled
