"""Departments, the people in them, and what they hand over and ask of each other. Import from here."""

from app.organisation.service.departments import (
    Branch,
    change_department,
    colleagues,
    create_department,
    department_by_code,
    department_names,
    department_tree,
    departments,
    get_department,
    move_department,
    staff_of,
)
from app.organisation.service.handover import OpenWork, Receiver, hand_over, open_work, register_open_work
from app.organisation.service.requests import (
    RequestFilter,
    RequestView,
    answer_request,
    get_request,
    list_requests,
    raise_request,
    take_request,
)
from app.organisation.service.staff import PAGE_SIZE, SORTS, StaffFilter, StaffPage, get_person, list_staff

__all__ = [
    "PAGE_SIZE",
    "SORTS",
    "Branch",
    "OpenWork",
    "Receiver",
    "RequestFilter",
    "RequestView",
    "StaffFilter",
    "StaffPage",
    "answer_request",
    "change_department",
    "colleagues",
    "create_department",
    "department_by_code",
    "department_names",
    "department_tree",
    "departments",
    "get_department",
    "get_person",
    "get_request",
    "hand_over",
    "list_requests",
    "list_staff",
    "move_department",
    "open_work",
    "raise_request",
    "register_open_work",
    "staff_of",
    "take_request",
]
