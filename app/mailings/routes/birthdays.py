"""Whose birthday it is, and what to do about it."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.errors import InvalidInput
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.mailings import service
from app.mailings.routes.pages import pages, today, words
from app.mailings.routes.selection import read_day
from app.patients.models import Patient
from app.segments import service as segments
from app.segments.rules import Group, Joint, SegmentRule

# More fit no screen; the export and the envelopes hold all of them.
_SHOWN = 300
_EVERYBODY = SegmentRule(root=Group(joint=Joint.ALL, parts=()))


@pages.get("/birthdays")
@allow(WITH_PATIENTS)
def show_birthdays() -> str:
    """The birthdays of a range of days, at first the coming week."""
    since = request.args.get("since") or today().isoformat()
    until = request.args.get("until") or (today() + timedelta(days=6)).isoformat()
    found: list[service.BirthdayPerson] = []
    people: dict[int, Patient] = {}
    error = None
    try:
        with reading() as session:
            found = service.birthdays(session, read_day(since, "since"), read_day(until, "until"))
            shown = [each.patient_id for each in found[:_SHOWN]]
            statement = select(Patient).where(Patient.id.in_(shown)).options(selectinload(Patient.phones))
            people = {patient.id: patient for patient in session.scalars(statement)}
    except InvalidInput as problem:
        error = _(problem.detail)
    return render_template(
        "mailings/birthdays.html",
        found=found,
        people=people,
        shown=_SHOWN,
        since=since[:10],
        until=until[:10],
        error=error,
        may_export=viewer().grant(Module.EXPORT).can_view,
        **words(),
    )


@pages.post("/birthdays/keep")
@allow(WITH_PATIENTS)
def keep_birthdays() -> Response:
    """Keep these people as a frozen segment, from which texts are sent."""
    since, until = (read_day(request.form.get(name, ""), name) for name in ("since", "until"))
    title = _("Birthdays from %(since)s to %(until)s", since=since.isoformat(), until=until.isoformat())
    data = segments.SegmentData(name=title, description="", rule=_EVERYBODY, is_shared=False)
    with writing() as session:
        people = [each.patient_id for each in service.birthdays(session, since, until)]
        kept = segments.freeze_people(session, data, people, by=signed_in().username, now=parts().now())
        segment_id = kept.id
    flash(_("The list is kept as a segment: %(count)s people.", count=len(people)), "success")
    return redirect(url_for("segments.show_segment", segment_id=segment_id), 303)
