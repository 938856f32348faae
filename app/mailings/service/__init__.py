"""Use cases of mailings and birthdays. Import from here."""

from app.mailings.service.birthdays import BirthdayPerson, birthdays
from app.mailings.service.calendar import Birthday, birthday_in_range
from app.mailings.service.envelopes import (
    LEFT_OUT_TEXT,
    MOST_ENVELOPES,
    Envelopes,
    EnvelopeWish,
    LeftOut,
    make_envelopes,
    prints,
    record_print,
)
from app.mailings.service.fonts import Letters, letters_for
from app.mailings.service.gifts import (
    MailingData,
    MailingRow,
    add_mailing,
    given_already,
    list_mailings,
    mailings_of,
    move_mailing,
)
from app.mailings.service.printing import draw

__all__ = [
    "LEFT_OUT_TEXT",
    "MOST_ENVELOPES",
    "Birthday",
    "BirthdayPerson",
    "EnvelopeWish",
    "Envelopes",
    "LeftOut",
    "Letters",
    "MailingData",
    "MailingRow",
    "add_mailing",
    "birthday_in_range",
    "birthdays",
    "draw",
    "given_already",
    "letters_for",
    "list_mailings",
    "mailings_of",
    "make_envelopes",
    "move_mailing",
    "prints",
    "record_print",
]
