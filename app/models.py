"""Every table of the product, for migrations and tests: importing this module fills `Table.metadata`."""

from app.access import models as access
from app.accounts import models as accounts
from app.agents import models as agents
from app.alarms import models as alarms
from app.articles import models as articles
from app.audit import models as audit
from app.call_flows import models as call_flows
from app.calls import models as calls
from app.channels import models as channels
from app.codes import models as codes
from app.configuration import models as configuration
from app.contact_policy import models as contact_policy
from app.duplicates import models as duplicates
from app.exports import models as exports
from app.floor import models as floor
from app.followup_plans import models as followup_plans
from app.followup_templates import models as followup_templates
from app.followups import models as followups
from app.groups import models as groups
from app.health import models as health
from app.imports import models as imports
from app.journal import models as journal
from app.mailings import models as mailings
from app.mass_sends import models as mass_sends
from app.message_templates import models as message_templates
from app.messages import models as messages
from app.missed_callers import models as missed_callers
from app.organisation import models as organisation
from app.outbound_lists import models as outbound_lists
from app.patients import models as patients
from app.quality import models as quality
from app.questionnaires import models as questionnaires
from app.queues import models as queues
from app.recordings import models as recordings
from app.registers import models as registers
from app.segments import models as segments
from app.sending_rules import models as sending_rules
from app.smsc_accounts import models as smsc_accounts
from app.teams import models as teams
from app.visits import models as visits
from app.wrap_up import models as wrap_up

__all__ = [
    "access",
    "accounts",
    "agents",
    "alarms",
    "articles",
    "audit",
    "call_flows",
    "calls",
    "channels",
    "codes",
    "configuration",
    "contact_policy",
    "duplicates",
    "exports",
    "floor",
    "followup_plans",
    "followup_templates",
    "followups",
    "groups",
    "health",
    "imports",
    "journal",
    "mailings",
    "mass_sends",
    "message_templates",
    "messages",
    "missed_callers",
    "organisation",
    "outbound_lists",
    "patients",
    "quality",
    "questionnaires",
    "queues",
    "recordings",
    "registers",
    "segments",
    "sending_rules",
    "smsc_accounts",
    "teams",
    "visits",
    "wrap_up",
]
