"""The hospital's code lists. Import from here."""

from app.codes.service.editing import add_item, move_item, save_item
from app.codes.service.reading import (
    all_items,
    descendants,
    find_region,
    get_item,
    items,
    known_names,
    list_sizes,
    names,
    regions,
)
from app.codes.service.seeding import seed

__all__ = [
    "add_item",
    "all_items",
    "descendants",
    "find_region",
    "get_item",
    "items",
    "known_names",
    "list_sizes",
    "move_item",
    "names",
    "regions",
    "save_item",
    "seed",
]
