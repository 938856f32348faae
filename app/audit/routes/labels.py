"""The words of the audit log in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.access.rules import RevealReason
from app.accounts.rules import Role
from app.audit.rules import Action


def action_words() -> dict[str, str]:
    """What was done, by its code."""
    return {
        Action.VIEW.value: _("Record opened"),
        Action.POP.value: _("Shown on a call"),
        Action.REVEAL.value: _("Shown in full"),
        Action.CREATE.value: _("Record made"),
        Action.CHANGE.value: _("Record changed"),
        Action.MERGE.value: _("Records merged"),
        Action.UNDO_MERGE.value: _("Merge undone"),
        Action.EXPORT.value: _("Exported"),
        Action.PRINT.value: _("Printed"),
        Action.IMPORT.value: _("Imported"),
        Action.PLAY.value: _("Recording played"),
        Action.READ.value: _("Transcript read"),
        Action.DOWNLOAD.value: _("Recording downloaded"),
        Action.VERIFY.value: _("Caller checked"),
        Action.OPEN_IN_EMERGENCY.value: _("Opened in an emergency"),
        Action.REVIEW.value: _("Emergency opening reviewed"),
        Action.GRANT.value: _("Rights changed"),
        Action.ACCOUNT.value: _("Account changed"),
        Action.SETTING.value: _("Setting changed"),
        Action.SIGN_IN.value: _("Sign-in"),
        Action.HELP.value: _("Help asked for in a call"),
        Action.SUPERVISE.value: _("In a colleague's call"),
    }


def role_words() -> dict[str, str]:
    """The roles as they were when it happened."""
    return {
        Role.AGENT.value: _("Agent"),
        Role.SUPERVISOR.value: _("Supervisor"),
        Role.QA.value: _("Quality assessment"),
        Role.DOCTOR.value: _("Doctor"),
        Role.ADMIN.value: _("Administrator"),
    }


def reason_sentence(reason: str) -> str:
    """The reason as people read it: a chosen one in words, what was typed as it was typed."""
    code, _colon, note = reason.partition(": ")
    words: dict[str, str] = {
        RevealReason.TELL_THE_PATIENT.value: _("To tell the patient what is on record"),
        RevealReason.COMPARE.value: _("To compare it with a document"),
        RevealReason.CORRECT.value: _("To correct the record"),
        RevealReason.CALL_BY_OTHER_MEANS.value: _("To reach the patient by other means"),
        RevealReason.OTHER.value: "",
    }
    if code not in words:
        return reason
    return " · ".join(part for part in (words[code], note) if part)
