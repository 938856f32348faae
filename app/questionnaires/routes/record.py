"""What this room shows on the patient page."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.http import signed_in, viewer
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.questionnaires import service
from app.questionnaires.models import QuestionnaireVersion
from app.questionnaires.routes.blueprint import ANSWERERS
from app.questionnaires.routes.words import page_words
from app.questionnaires.rules import goes_by_sms
from app.texts import N_


def _questionnaires(session: Session, patient: Patient) -> dict[str, Any]:
    responses = service.responses_of(session, patient.id)
    versions = {
        version.id: version
        for version in session.scalars(
            select(QuestionnaireVersion).where(QuestionnaireVersion.id.in_({each.version_id for each in responses}))
        )
    }
    locale = str(get_locale())
    usable = service.usable_versions(session)
    return {
        "responses": responses,
        "count": len(responses),
        "names": {key: service.name_of(version.questionnaire, locale) for key, version in versions.items()},
        "usable": [(version.id, service.name_of(version.questionnaire, locale)) for version in usable],
        "textable": {version.id for version in usable if goes_by_sms(service.questions_of(version))},
        "links_offered": service.offers_links(session),
        "sheets": [(each.id, service.sheet_name(each, locale)) for each in service.list_sheets(session)],
        "may_ask": signed_in().role in ANSWERERS and viewer().grant(Module.FOLLOWUPS).can_write,
        **page_words(),
    }


register(
    Section(
        name="questionnaires",
        title=N_("Questionnaires"),
        icon="ui-checks",
        template="questionnaires/_record.html",
        load=_questionnaires,
        order=650,
        module=Module.FOLLOWUPS,
    )
)
