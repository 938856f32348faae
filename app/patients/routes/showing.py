"""How numbers, identifiers and addresses stand in a form, and what an untouched masked one means when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.access import service as access
from app.access.rules import Viewer
from app.errors import InvalidInput
from app.patients.models import Identifier, Patient, PatientPhone
from app.patients.service import spelled
from app.texts import N_

_IN_FULL = N_("This number is hidden in part. Leave it as it stood, or type the whole new number.")


class IdentifierText(Protocol):
    """An identifier as somebody sent it."""

    @property
    def type(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def system(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """One viewer's way to see the numbers of a record.

    The `stored_…` methods turn what came back into the stored value when it is what the viewer was shown. They go by
    the row's id or by its place; where two rows look the same and one is missing they raise InvalidInput, never guess.
    """

    viewer: Viewer

    def phone(self, row: PatientPhone) -> str:
        """The number with its extension, as it stands in a form."""
        number = access.number_for(self.viewer, row.number)
        return f"{number} ext. {row.extension}" if row.extension else number

    def identifier(self, row: Identifier) -> str:
        return access.identifier_for(self.viewer, row.type, row.value)

    def address(self, address: str | None) -> str:
        return access.address_for(self.viewer, address) or ""

    def stored_phone(self, before: Patient | None, place: int, id: str, text: str) -> str:
        """A number of the patient's own: the stored one when the row with that id was left as it was shown."""
        for row in before.phones if before is not None else ():
            if str(row.id) == id and text.strip() == self.phone(row):
                return spelled(row)
        return self._whole(text, f"phones.{place}")

    def stored_contact_phones(
        self, before: Patient | None, place: int, contact_id: int | None, texts: Sequence[str]
    ) -> list[str]:
        """The numbers of one contact person, in the order in which they were sent."""
        rows = [row for row in (before.phones if before else ()) if contact_id and row.contact_person_id == contact_id]
        found = []
        for text in (each.strip() for each in texts):
            alike = [row for row in rows if self.phone(row) == text]
            sent = [each.strip() for each in texts].count(text)
            if not alike or sent > len(alike):
                found.append(self._whole(text, f"contacts.{place}.phones"))
            elif sent < len(alike):
                raise InvalidInput(_IN_FULL, field=f"contacts.{place}.phones")
            else:
                found.append(spelled(alike[len([each for each in found if each in map(spelled, alike)])]))
        return found

    def stored_identifier(self, before: Patient | None, place: int, given: IdentifierText) -> str:
        """An identifier: the stored one when exactly one of this system and type looks like this to the viewer."""
        alike = [
            row
            for row in (before.identifiers if before is not None else ())
            if (row.system, row.type) == (given.system, given.type) and self.identifier(row) == given.value.strip()
        ]
        if len({row.value for row in alike}) == 1:
            return alike[0].value
        return self._whole(given.value, f"identifiers.{place}.value")

    def _whole(self, text: str, field: str) -> str:
        if self.viewer.is_masked and "*" in text:
            raise InvalidInput(_IN_FULL, field=field, errors={field: _IN_FULL})
        return text
