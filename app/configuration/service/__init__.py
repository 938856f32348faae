"""What a hospital sets without a restart. Import from here."""

from app.configuration.service.demo import seed_demo
from app.configuration.service.fields import all_fields, fields, move_field, save_field
from app.configuration.service.settings import SettingView, all_settings, set_back, set_value, value, values

__all__ = [
    "SettingView",
    "all_fields",
    "all_settings",
    "fields",
    "move_field",
    "save_field",
    "seed_demo",
    "set_back",
    "set_value",
    "value",
    "values",
]
