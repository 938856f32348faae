"""The accounts: a list, a new one, one changed."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.messages.rules import LongForm
from app.smsc_accounts import service
from app.smsc_accounts.models import AccountRow
from app.smsc_accounts.routes.blueprint import ADMINS, pages
from app.smsc_accounts.routes.labels import class_words, form_choices, kind_choices, mode_choices, state_words
from app.smsc_accounts.rules import DEFAULT, BindMode, SMSCAccount

_EMPTY = {
    "port": "2775",
    "binds": "1",
    "window": "10",
    "segments_per_second": "50",
    "bind_mode": BindMode.TRANSCEIVER.value,
    "long_form": LongForm.UDH8.value,
    "is_active": "1",
}


@pages.get("/admin/sms")
@allow(ADMINS)
def show_accounts() -> str:
    return accounts_page({}, {})


@pages.get("/admin/sms/accounts/new")
@allow(ADMINS)
def show_new_account() -> str:
    return _form(None, _EMPTY, {})


@pages.post("/admin/sms/accounts/new")
@allow(ADMINS)
def add_account() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/admin/sms/accounts/<int:account_id>")
@allow(ADMINS)
def show_account(account_id: int) -> str:
    with reading() as session:
        row = service.get_account(session, account_id)
    return _form(row, _fields_of(row), {})


@pages.post("/admin/sms/accounts/<int:account_id>")
@allow(ADMINS)
def save_account(account_id: int) -> Response | tuple[str, int]:
    """The gateway takes the change over within seconds; the other accounts go on."""
    with reading() as session:
        row = service.get_account(session, account_id)
    return _save(row)


def accounts_page(errors: dict[str, str], typed: Mapping[str, str]) -> str:
    """The list of accounts with the routes and the tables of error codes below it."""
    with reading() as session:
        view = service.gateway_view(session, parts().now())
        rows = service.list_accounts(session)
        routes = service.list_routes(session)
        tables = service.error_tables(session)
    has_default = parts().settings.smpp is not None
    names = ([DEFAULT] if has_default else []) + [row.name for row in rows]
    return render_template(
        "smsc_accounts/accounts.html",
        rows=rows,
        has_default=has_default,
        default=parts().settings.smpp,
        links={link.account: link for link in view.links},
        states=state_words(),
        routes=routes,
        tables=tables,
        names=[(name, name) for name in names],
        kinds=kind_choices(),
        kind_word=dict(kind_choices()),
        errors=errors,
        typed=typed,
    )


def _save(row: AccountRow | None) -> Response | tuple[str, int]:
    try:
        with writing() as session:
            form = _read_form(row.name if row is not None else request.form.get("name", ""))
            how = {"settings": parts().settings, "by": signed_in().username, "now": parts().now()}
            if row is None:
                saved = service.add_account(session, parts().bus, form, **how)  # type: ignore[arg-type]
            else:
                saved = service.save_account(session, parts().bus, row.id, form, **how)  # type: ignore[arg-type]
            details = {"change": "created" if row is None else "saved", "is_active": saved.is_active}
            audit(session, Action.SETTING, subject=f"smsc_account:{saved.id}", details=details)
    except (InvalidInput, Conflict) as error:
        return _form(row, request.form, errors_of(error)), 422
    flash(_("Saved. The gateway takes it over within seconds."), "success")
    return redirect(url_for("smsc_accounts.show_accounts"), 303)


def _read_form(name: str) -> service.AccountForm:
    form = request.form
    password = form.get("password", "")
    mode, long_form = form.get("bind_mode", ""), form.get("long_form", "")
    account = SMSCAccount(
        name=name,
        host=form.get("host", "").strip(),
        port=form.get("port", 0, type=int),
        system_id=form.get("system_id", "").strip(),
        password=password,
        bind_mode=BindMode(mode) if mode in set(BindMode) else BindMode.TRANSCEIVER,
        binds=form.get("binds", 0, type=int),
        window=form.get("window", 0, type=int),
        segments_per_second=form.get("segments_per_second", 0.0, type=float),
        source_addr=form.get("source_addr", "").strip(),
        is_tls=form.get("is_tls") == "1",
        server_name=form.get("server_name", "").strip(),
        long_form=LongForm(long_form) if long_form in set(LongForm) else LongForm.UDH8,
        takes_latin1=form.get("takes_latin1") == "1",
    )
    return service.AccountForm(
        account=account,
        password=password or None,
        error_table_id=form.get("error_table_id", type=int),
        error_classes=form.get("error_classes", ""),
        is_active=form.get("is_active") == "1",
    )


def _form(row: AccountRow | None, typed: Mapping[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        tables = service.error_tables(session)
    return render_template(
        "smsc_accounts/account.html",
        row=row,
        typed=typed,
        errors=errors,
        modes=mode_choices(),
        forms=form_choices(),
        classes=class_words(),
        tables=[("", _("The standard's alone")), *((str(table.id), table.name) for table in tables)],
    )


def _fields_of(row: AccountRow) -> dict[str, str]:
    named = ("host", "port", "system_id", "bind_mode", "binds", "window", "source_addr", "server_name", "long_form")
    flags = ("is_tls", "takes_latin1", "is_active")
    return {
        **{name: str(getattr(row, name)) for name in named},
        **{name: "1" if getattr(row, name) else "" for name in flags},
        "segments_per_second": f"{row.segments_per_second:g}",
        "error_table_id": str(row.error_table_id or ""),
        "error_classes": service.written(row.error_classes),
    }
