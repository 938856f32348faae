"""Teams, sites, and who serves which queues. Import from here."""

from app.teams.service.places import Place, Places, read_places
from app.teams.service.serving import change_serving, changes_of_today, read_serving, undo_serving
from app.teams.service.teams import TeamData, add_team, get_team, list_teams, members_of, remove_team, save_team

__all__ = [
    "Place",
    "Places",
    "TeamData",
    "add_team",
    "change_serving",
    "changes_of_today",
    "get_team",
    "list_teams",
    "members_of",
    "read_places",
    "read_serving",
    "remove_team",
    "save_team",
    "undo_serving",
]
