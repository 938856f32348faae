"""Pages of questionnaires. The page behind a link is in `survey_page`, a room of its own to the front hall."""

from app.questionnaires.routes import answering as _answering  # noqa: F401  each adds its views to the same pages
from app.questionnaires.routes import bank as _bank  # noqa: F401
from app.questionnaires.routes import pages as _pages  # noqa: F401
from app.questionnaires.routes import paper as _paper  # noqa: F401
from app.questionnaires.routes import record as _record  # noqa: F401
from app.questionnaires.routes import reports as _reports  # noqa: F401
from app.questionnaires.routes import sheets as _sheets  # noqa: F401
from app.questionnaires.routes.blueprint import pages

__all__ = ["pages"]
