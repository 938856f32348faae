"""Pages and API of the patient record."""

from app.patients.routes import acts, finding, record, record_api
from app.patients.routes.api import api
from app.patients.routes.own_sections import register_own
from app.patients.routes.pages import pages
from app.patients.routes.rendering import money

register_own()
pages.add_app_template_filter(money, "money")

__all__ = ["acts", "api", "finding", "pages", "record", "record_api"]
