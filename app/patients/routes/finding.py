"""The list of patients with its search and filters, and the quick search in the header of every page."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.rules import WITH_PATIENTS
from app.codes.rules import CodeList
from app.http import allow, parts, reading
from app.paging import DEFAULT_LIMIT
from app.patients import service
from app.patients.routes.choices import Options, code_choices, department_choices
from app.patients.routes.labels import labels, page_words
from app.patients.routes.pages import pages
from app.patients.rules import age_on
from app.patients.service import ListOrder, MatchedBy

# What fits below the box without scrolling; whoever needs more opens the list.
_QUICK_RESULTS = 8
_CHOICES = ("q", "kind", "region", "department", "member", "source", "tag", "key", "provisional", "order")


@pages.get("")
@allow(WITH_PATIENTS)
def show_patients() -> str:
    """The list; htmx asks for the rows only, as one types and at the end of the list."""
    chosen = {name: text for name in _CHOICES if (text := request.args.get(name, "")[:200].strip())}
    cursor = request.args.get("cursor")
    order = ListOrder(chosen["order"]) if chosen.get("order") in set(ListOrder) else ListOrder.CREATED
    is_part = "HX-Request" in request.headers
    with reading() as session:
        page = service.search_patients(
            session,
            settings=parts().settings,
            query=chosen.get("q", ""),
            filters=service.read_filters(session, chosen),
            order=order,
            limit=DEFAULT_LIMIT,
            cursor=cursor,
        )
        options = {} if is_part else _options(session)
    template = "patients/list.html"
    if is_part:
        template = "patients/_rows.html" if cursor else "patients/_table.html"
    return _render(template, page=page, chosen=chosen, order=order, options=options)


@pages.get("/find")
@allow(WITH_PATIENTS)
def find_patients() -> str:
    """The best matches for what is being typed, as options of the box in the header."""
    query = request.args.get("q", "")
    with reading() as session:
        hits = service.find_people(session, query, settings=parts().settings, limit=_QUICK_RESULTS)
    # A call is lost with the desk's page, so from there a record opens beside it.
    opens_beside = "/desk" in request.headers.get("HX-Current-URL", "")
    return _render(
        "patients/_found.html", hits=hits, query=query.strip(), reasons=_reasons(), opens_beside=opens_beside
    )


def _options(session: Session) -> dict[str, Options]:
    """What the filters offer; a filter without anything to choose is not shown."""
    offered = {
        "kind": [(str(code), word) for code, word in labels()["kind"].items()],
        "region": code_choices(session, CodeList.REGION),
        "department": department_choices(session),
        "member": code_choices(session, CodeList.MEMBER_TYPE),
        "source": code_choices(session, CodeList.SOURCE),
    }
    return {name: each for name, each in offered.items() if each}


def _reasons() -> dict[str, str]:
    return {
        MatchedBy.NAME: _("Name"),
        MatchedBy.PINYIN: _("Pinyin"),
        MatchedBy.INITIALS: _("Initials"),
        MatchedBy.NUMBER: _("Telephone number"),
        MatchedBy.NUMBER_END: _("Last digits of the number"),
        MatchedBy.IDENTIFIER: _("Identifier"),
        MatchedBy.IDENTIFIER_END: _("Last digits of an identifier"),
        MatchedBy.BIRTH_DATE: _("Birth date"),
    }


def _render(template: str, **values: Any) -> str:
    today = parts().now().astimezone(parts().settings.timezone).date()
    page: str = render_template(
        template, age_of=lambda patient: age_on(patient.birth_date, today), **page_words(), **values
    )
    return page
