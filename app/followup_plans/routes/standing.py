"""Standing lists: whom follow-up is mandatory for without a plan, and the customers of the service centre."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import format_percent
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.errors import WardlineError
from app.followup_plans import service
from app.followup_plans.routes.pages import READERS, pages, render, sentence
from app.followup_plans.service import GROUP_TEXT, LIST_HINT, LIST_TEXT, CustomerList, MandatoryGroup
from app.http import allow, audit, audit_people, parts, reading, signed_in, writing
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT

_MOST_DAYS = 365
_MOST_GIVEN = 200


@pages.get("/without")
@allow(READERS)
def show_unplanned() -> str:
    """Key patients, and people after an operation or discharge, without a plan; with the share that has one."""
    group = _group()
    days = min(max(request.args.get("days", 30, type=int), 1), _MOST_DAYS)
    now, zone = parts().now(), parts().settings.timezone
    with reading() as session:
        figures = service.coverage(session, now, days)
        page = service.list_unplanned(
            session, group, now, zone, days, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor")
        )
        departments = organisation.department_names(session)
    return render(
        "without.html",
        figures=figures,
        page=page,
        group=group,
        days=days,
        departments=departments,
        group_word={str(each): _(text) for each, text in GROUP_TEXT.items()},
        percent=lambda share: "–" if share is None else format_percent(share, format="#,##0.#%"),
    )


@pages.get("/customers")
@allow(READERS)
def show_customers() -> str:
    """One of the three lists of customers, with the owner of each and what comes next."""
    which = _list()
    owner = request.args.get("owner", "")[:64]
    now = parts().now()
    today = now.astimezone(parts().settings.timezone).date()
    with reading() as session:
        counts = {each.value: service.count_customers(session, each, now=now, today=today) for each in CustomerList}
        page = service.list_customers(
            session,
            which,
            owner=(signed_in().username if owner == "me" else owner) if owner not in ("", "nobody") else None,
            without_owner=owner == "nobody",
            now=now,
            today=today,
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
        )
        people = service.owners(session)
    return render(
        "customers.html",
        which=which,
        page=page,
        counts=counts,
        owner=owner,
        people=people,
        list_word={str(each): _(text) for each, text in LIST_TEXT.items()},
        hint=_(LIST_HINT[which]),
        may_give=signed_in().role in OVER_AGENTS,
    )


@pages.post("/customers/owner")
@allow(OVER_AGENTS)
def give_owner() -> Response:
    """Give the ticked customers to somebody."""
    ids = [int(each) for each in request.form.getlist("ids") if each.isascii() and each.isdecimal() and len(each) < 10]
    to = request.form.get("to", "")[:64] or None
    try:
        with writing() as session:
            count = service.give_owner(
                session, parts().bus, ids[:_MOST_GIVEN], to=to, by=signed_in().username, now=parts().now()
            )
            if ids:
                audit_people(session, Action.CHANGE, ids[:_MOST_GIVEN], subject="owner", details={"owner": to})
            else:
                audit(session, Action.CHANGE, subject="owner", details={"count": 0})
    except WardlineError as error:
        flash(sentence(error), "danger")
    else:
        flash(_("%(count)s customers have their owner.", count=count), "success")
    which = request.form.get("list", "")
    return redirect(url_for(".show_customers", list=which if which in set(CustomerList) else None), 303)


def _group() -> MandatoryGroup:
    wanted = request.args.get("group", "")
    return MandatoryGroup(wanted) if wanted in set(MandatoryGroup) else MandatoryGroup.DISCHARGE


def _list() -> CustomerList:
    wanted = request.args.get("list", "")
    return CustomerList(wanted) if wanted in set(CustomerList) else CustomerList.CHRONIC
