"""How the pages of this room are rendered: with the words of the record, and what the viewer may do."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, WITH_RECORDINGS
from app.errors import WardlineError
from app.http import signed_in, viewer
from app.patients.phones import display_number
from app.patients.routes.labels import page_words


def render(template: str, **values: Any) -> str:
    """A template of the patient record."""
    role = signed_in().role
    grant = viewer().grant
    page: str = render_template(
        template,
        display_number=display_number,
        pairs=lambda options: [(option, option) for option in options],
        may_call=role in AT_THE_DESK,
        may_listen=role in WITH_RECORDINGS and grant(Module.RECORDINGS).can_view,
        may_write=grant(Module.CONTACT).can_write,
        may_write_clinical=grant(Module.CLINICAL).can_view and grant(Module.CLINICAL).can_write,
        **page_words(),
        **values,
    )
    return page


def sentence(error: WardlineError) -> str:
    """The error's detail in the reader's language, its fields filled in."""
    text: str = _(error.detail)
    return text % error.fields if "%(" in text else text


def money(cents: int | None) -> str:
    """An amount in cents as `1,234.50` or `−20.00`; a dash for nothing."""
    if cents is None:
        return "–"
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{whole:,}.{rest:02}"
