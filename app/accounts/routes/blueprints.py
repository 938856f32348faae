"""The blueprints that the modules here hang their views on."""

from apiflask import APIBlueprint
from flask import Blueprint

pages = Blueprint("accounts", __name__, template_folder="../templates")
api = APIBlueprint("tokens", __name__, url_prefix="/api/v1/tokens", tag="Tokens")
