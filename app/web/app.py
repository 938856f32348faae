"""The web application: every room's pages and API behind one front hall."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.access.routes import administration, emergency, reveal
from app.accounts import routes as accounts
from app.agents import routes as agents
from app.articles import routes as articles
from app.audit import routes as audit
from app.call_flows import routes as call_flows
from app.calls import routes as calls
from app.channels import routes as channels
from app.channels.routes import contact
from app.codes import routes as codes
from app.configuration import routes as configuration
from app.contact_policy import routes as contact_policy
from app.duplicates import routes as duplicates
from app.errors import SettingsError
from app.exports import routes as exports
from app.floor import routes as floor
from app.floor_reports import routes as floor_reports
from app.followup_figures import routes as followup_figures
from app.followup_plans import routes as followup_plans
from app.followup_templates import routes as followup_templates
from app.followups import routes as followups
from app.groups import routes as groups
from app.http import PUBLIC, allow
from app.imports import routes as imports
from app.kept_places import routes as kept_places
from app.mailings import routes as mailings
from app.mass_sends import routes as mass_sends
from app.message_templates import routes as message_templates
from app.messages import routes as messages
from app.missed_callers import routes as missed_callers
from app.organisation import routes as organisation
from app.outbound_lists import routes as outbound_lists
from app.parts import Parts
from app.patients import routes as patients
from app.quality import routes as quality
from app.questionnaires import routes as questionnaires
from app.questionnaires.routes import survey_page
from app.queues import routes as queues
from app.recordings import routes as recordings
from app.registers import routes as registers
from app.reports import routes as reports
from app.segments import routes as segments
from app.sending_rules import routes as sending_rules
from app.smsc_accounts import routes as smsc_accounts
from app.sounds import routes as sounds
from app.teams import routes as teams
from app.visits import routes as visits
from app.web import access, api_docs, assets, errors, headers, languages, layout, pages, status
from app.web.live.sockets import Live
from app.worklist import routes as worklist
from app.wrap_up import routes as wrap_up

_ROOMS: tuple[Any, ...] = (
    accounts,
    patients,
    calls,
    messages,
    message_templates,
    mass_sends,
    sending_rules,
    recordings,
    quality,
    queues,
    agents,
    emergency,
    reveal,
    audit,
    reports,
    visits,
    segments,
    registers,
    mailings,
    groups,
    exports,
    worklist,
    wrap_up,
    administration,
    codes,
    configuration,
    organisation,
    imports,
    duplicates,
    channels,
    contact,
    contact_policy,
    smsc_accounts,
    followups,
    outbound_lists,
    questionnaires,
    survey_page,
    followup_figures,
    followup_templates,
    followup_plans,
    missed_callers,
    floor_reports,
    articles,
    floor,
    teams,
    call_flows,
    kept_places,
    sounds,
)
# A page or an API call carries text; recordings and imports do not come this way.
_LARGEST_BODY = 1024 * 1024


def create_app(parts: Parts) -> APIFlask:
    """Build the application on this process's parts. Nothing runs yet: `live_of(app).start()` starts its threads.

    Raises SettingsError without WARDLINE_SECRET_KEY.
    """
    if not parts.settings.secret_key:
        raise SettingsError("WARDLINE_SECRET_KEY: is missing; any long random text will do")
    app = APIFlask("app.web", title="Wardline", version="1", spec_path="/api/openapi.json", docs_path=None)
    app.secret_key = parts.settings.secret_key
    app.config.update(
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=_LARGEST_BODY,
        SESSION_COOKIE_SECURE=parts.settings.secure_cookies,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["wardline"] = parts
    live = Live(app, parts)
    app.extensions["wardline.live"] = live
    # The order is that of each request: the clock starts first, then who asks, then the rest.
    status.register(app, parts, live.count)
    headers.register(app)
    access.guard(app)
    languages.register(app)
    errors.register(app)
    assets.register(app)
    layout.register(app)
    api_docs.register(app)
    app.register_blueprint(pages.pages)
    for room in _ROOMS:
        for blueprint in (getattr(room, "pages", None), getattr(room, "api", None)):
            if blueprint is not None:
                app.register_blueprint(blueprint)
    for endpoint in ("static", "openapi.spec"):
        allow(PUBLIC)(app.view_functions[endpoint])
    api_docs.build(app)
    if parts.settings.secure_cookies:
        # Secure cookies mean that a TLS proxy stands before us; only then are its headers believed.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app


def live_of(app: APIFlask) -> Live:
    """The live half of this application: its sockets and the threads that feed them."""
    live = app.extensions["wardline.live"]
    assert isinstance(live, Live)
    return live
