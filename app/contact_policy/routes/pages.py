"""What a person says about being contacted, written down by whoever is told: with a reason, and in the audit log."""

from __future__ import annotations

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.contact_policy import service
from app.contact_policy.rules import EVERYTHING
from app.errors import InvalidInput
from app.http import allow, audit, parts, signed_in, writing
from app.messages.rules import MessageKind
from app.patients.routes.acts import back_to, says_faults
from app.patients.rules import clean_text
from app.patients.service import require_patient
from app.texts import N_

pages = Blueprint("contact_policy", __name__, template_folder="../templates")

_SECTION = "contact-policy"
_CHANNELS = ("sms", "call", "email", "wechat", "fax", "web")
_LONGEST_REASON = 300


@pages.post("/patients/<int:patient_id>/consent")
@allow(WITH_PATIENTS)
@says_faults(_SECTION)
def save_consent(patient_id: int) -> Response:
    """The person agrees to one kind of message on one channel, or refuses it."""
    kind, channel = request.form.get("kind", ""), request.form.get("channel", "")
    is_granted = {"yes": True, "no": False}.get(request.form.get("answer", ""))
    if kind not in set(MessageKind) or channel not in _CHANNELS or is_granted is None:
        raise InvalidInput(N_("Choose a kind of message, a channel and an answer."))
    reason = _reason()
    with writing() as session:
        known = require_patient(session, patient_id)
        service.record_consent(
            session,
            patient_id=known,
            kind=MessageKind(kind),
            channel=channel,
            is_granted=is_granted,
            changed_by=signed_in().username,
            now=parts().now(),
        )
        details = {"kind": kind, "channel": channel, "is_granted": is_granted}
        audit(session, Action.CHANGE, patient_id=known, subject="consent", reason=reason, details=details)
    flash(_("Noted what the person said."), "success")
    return back_to(patient_id, _SECTION)


@pages.post("/patients/<int:patient_id>/opt-out")
@allow(WITH_PATIENTS)
@says_faults(_SECTION)
def save_opt_out(patient_id: int) -> Response:
    """The person told us to stop: one kind of text, all texts, or every contact."""
    kind, channel = request.form.get("kind", ""), request.form.get("channel", "sms")
    if kind not in {*MessageKind, EVERYTHING} or channel not in ("sms", EVERYTHING):
        raise InvalidInput(N_("Choose what is to stop."))
    reason = _reason()
    with writing() as session:
        known = require_patient(session, patient_id)
        service.record_opt_out(
            session,
            kind=kind,
            channel=channel,
            way="person",
            patient_id=known,
            reason=reason,
            created_by=signed_in().username,
            now=parts().now(),
        )
        details = {"kind": kind, "channel": channel}
        audit(session, Action.CHANGE, patient_id=known, subject="opt_out", reason=reason, details=details)
    flash(_("Noted. What waits to be sent is stopped as well."), "success")
    return back_to(patient_id, _SECTION)


@pages.post("/patients/<int:patient_id>/opt-out/<int:opt_out_id>/withdraw")
@allow(WITH_PATIENTS)
@says_faults(_SECTION)
def withdraw_opt_out(patient_id: int, opt_out_id: int) -> Response:
    """The person wants messages again."""
    reason = _reason()
    with writing() as session:
        known = require_patient(session, patient_id)
        service.withdraw_opt_out(session, opt_out_id, patient_id=known, by=signed_in().username, now=parts().now())
        subject = f"opt_out:{opt_out_id}"
        audit(session, Action.CHANGE, patient_id=known, subject=subject, reason=reason, details={"withdrawn": True})
    flash(_("The opt-out is withdrawn. It stays on record."), "success")
    return back_to(patient_id, _SECTION)


def _reason() -> str:
    reason = clean_text(request.form.get("reason", ""))[:_LONGEST_REASON]
    if not reason:
        raise InvalidInput(N_("Say how the person told us."), field="reason")
    return reason
