"""What the forms of the administration share."""

from __future__ import annotations

from flask_babel import gettext as _

from app.errors import WardlineError


def errors_of(error: WardlineError) -> dict[str, str]:
    """The error as a form shows it: the name of the field with the sentence in the reader's language."""
    sentence: str = _(error.detail)
    return {str(error.fields.get("field", "form")): sentence % error.fields if "%(" in sentence else sentence}
