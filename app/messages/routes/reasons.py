"""Why a message came, in the reader's language: a patient may be told."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from app.contact_policy.models import Consent
from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, OutState


def origin_sentence(message: Message) -> str:
    """Who or what wrote it."""
    number, who = message.origin_id or "–", message.created_by or "–"
    sentences = {
        Origin.PERSON: _("Written for this person by %(who)s.", who=who),
        Origin.REPLY: _("Answer to a text, written by %(who)s.", who=who),
        Origin.PROGRAM: _("Sent by a program under the account %(who)s.", who=who),
        Origin.MASS_SEND: _("From mass send %(number)s.", number=number),
        Origin.RULE: _("From sending rule %(number)s.", number=number),
        Origin.FOLLOWUP: _("Step %(number)s of a follow-up.", number=number),
        Origin.SURVEY: _("Belongs to a questionnaire: answers no. %(number)s.", number=number),
        Origin.ALARM: _("Alarm of the floor, to the number of the settings."),
        Origin.OPT_OUT: _("Confirms that the person unsubscribed."),
    }
    return str(sentences[Origin(message.origin)])


def why_sentences(message: Message, consents: Mapping[str, Consent], kinds: Mapping[str, str]) -> list[str]:
    """Why an outgoing message came: who wrote it, on what consent, and what the policy said. `consents` by kind."""
    told = [origin_sentence(message)]
    if message.template_version_id is not None:
        told.append(_("Version %(number)s of a template.", number=message.template_version_id))
    consent = consents.get(message.kind)
    kind = kinds.get(message.kind, message.kind)
    if consent is not None and consent.is_granted:
        day = consent.changed_at.date().isoformat()
        told.append(_("%(kind)s: the person agreed on %(day)s.", kind=kind, day=day))
    elif message.kind == MessageKind.MARKETING:
        told.append(_("%(kind)s: no agreement is on record now.", kind=kind))
    else:
        told.append(_("%(kind)s: needs no agreement as long as the person does not refuse.", kind=kind))
    if message.error_code in set(Refusal):
        told.append(_("The contact policy stopped it: %(why)s", why=_(REFUSAL_TEXT[Refusal(message.error_code)])))
    elif message.state == OutState.QUEUED:
        told.append(_("The contact policy allowed it, and is asked again when it leaves."))
    elif message.state in (OutState.SENT, OutState.DELIVERED, OutState.UNDELIVERED):
        told.append(_("The contact policy allowed it, when it was written and when it left."))
    return told
