"""Follow-up on the patient page: what is still to be done, the plans, and the forms that begin one or the other."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.followup_plans import service
from app.followup_plans.routes.pages import WRITERS
from app.followup_plans.routes.words import page_words
from app.followup_plans.rules import OPEN
from app.followup_templates import service as templates
from app.followups.routes.words import mode_words
from app.followups.rules import TaskMode
from app.http import parts, signed_in, viewer
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.texts import N_


def _plans(session: Session, patient: Patient) -> dict[str, Any]:
    rows = service.plans_of(session, patient.id)
    locale, zone = str(get_locale()), parts().settings.timezone
    in_use = [use for use in templates.versions_in_use(session, zone) if use.programme.anchor != "register"]
    may_start = signed_in().role in WRITERS and viewer().grant(Module.FOLLOWUPS).can_write
    return {
        "words": page_words(),
        "rows": rows,
        "tasks": service.open_tasks_of(session, patient.id),
        "count": sum(row.plan.state in OPEN for row in rows),
        "choices": [(use.template_id, use.title(locale)) for use in in_use],
        "modes": [(mode.value, mode_words()[mode]) for mode in (TaskMode.PHONE, TaskMode.SMS, TaskMode.VISIT)],
        "may_start": may_start and patient.deceased_at is None,
        "today": parts().now().astimezone(zone).date(),
    }


register(
    Section(
        name="followups",
        title=N_("Follow-ups"),
        icon="calendar-check",
        template="followup_plans/_record.html",
        load=_plans,
        order=15,
        module=Module.FOLLOWUPS,
    )
)
