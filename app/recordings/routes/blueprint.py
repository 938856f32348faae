"""Where the pages of recordings hang."""

from flask import Blueprint

pages = Blueprint("recordings", __name__, template_folder="../templates", url_prefix="/quality")
