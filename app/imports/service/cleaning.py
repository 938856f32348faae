"""From the cells of a line to a row that can be judged. A line that cannot be taken gives its Problem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from app.imports.rules import (
    PLAIN,
    CellError,
    ContactRow,
    Identifier,
    PatientRow,
    Problem,
    read_birth_date,
    read_identifier,
    read_moment,
    read_relation,
    read_sex,
    read_text,
    undo_spreadsheet,
)
from app.patients.names import fold_name
from app.patients.phones import parse_numbers
from app.patients.rules import LONGEST_NAME, IdentifierType, PhoneKind, PhoneNumber, Sex, read_id_card
from app.settings import Settings
from app.texts import N_

_TYPES = ("id_card", "outpatient", "inpatient", "card", "visit_card", "medical_record")
_LONGEST = {"address": 300, "postcode": 10, "email": 200, "work_unit": 120, "remark": 2000}
# More than this in one cell is no list of one person's numbers.
_MOST_PHONES = 20
_PLAIN_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_NO_NAME = N_("Enter the name.")
_NO_KEY = N_("Give at least one telephone number or identifier.")
_NO_NUMBER = N_("This is not a telephone number. A landline needs its area code.")
_BAD_ID_CARD = N_("This id card number is wrong: its check digit or its date does not fit.")

Cells = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """The numbers of a cell, and the pieces and remarks that were none."""

    numbers: tuple[PhoneNumber, ...] = ()
    notes: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


class Cleaner:
    """Reads the lines of one list. `columns` names the field of each column, `system` where identifiers come from."""

    def __init__(self, columns: Sequence[str | None], *, system: str, settings: Settings, today: date) -> None:
        self._places: dict[str, list[int]] = {}
        for place, field in enumerate(columns):
            if field:
                self._places.setdefault(field, []).append(place)
        self._types = tuple(kind for kind in _TYPES if kind in self._places)
        self._texts = tuple(name for name in PLAIN if name in self._places and name != "remark")
        self._system = system
        self._settings = settings
        self._zone: ZoneInfo = settings.timezone
        self._today = today

    def cell(self, cells: Cells, field: str) -> str:
        """The first column of that field that says something."""
        for place in self._places.get(field, ()):
            if place < len(cells) and cells[place]:
                return cells[place]
        return ""

    def patient(self, line: int, cells: Cells) -> PatientRow | Problem:
        """The line as a patient, or why it cannot be one."""
        field = ""
        try:
            field = "name"
            name = read_text(self.cell(cells, "name"), LONGEST_NAME)
            folded = fold_name(name)
            if not folded:
                return Problem(line=line, field=field, reason=_NO_NAME)
            field = "birth_date"
            birth_date = read_birth_date(self.cell(cells, "birth_date"), self._today)
            sex = read_sex(self.cell(cells, "sex"))
            field = "phone"
            phones = self.phones(cells, "phone")
            field = "identifiers"
            identifiers = self.identifiers(cells)
            field = "source_time"
            source_time = read_moment(self.cell(cells, "source_time"), self._zone)
            field = "address"
            values = {kind: text for kind in self._texts if (text := read_text(self.cell(cells, kind), _LONGEST[kind]))}
        except CellError as error:
            return Problem(line=line, field=field, reason=str(error))
        if not phones.numbers and not identifiers:
            return Problem(line=line, field="phone", reason=_NO_NUMBER if phones.rejected else _NO_KEY)
        remark = self._remark(cells, phones)
        if remark:
            values["remark"] = remark
        for _system, kind, value in identifiers:
            card = read_id_card(value) if kind == IdentifierType.ID_CARD else None
            if card is not None:
                birth_date = birth_date or card[0]
                sex = card[1] if sex is Sex.UNKNOWN else sex
        return PatientRow(
            line=line,
            name=name,
            folded=folded,
            sex=sex.value,
            birth_date=birth_date,
            values=values,
            phones=phones.numbers,
            identifiers=identifiers,
            contact=self._contact(cells),
            source_time=source_time,
        )

    def identifiers(self, cells: Cells) -> tuple[Identifier, ...]:
        """All identifiers of the line. An id card is nobody's system's own. Raises CellError for a wrong one."""
        found: list[Identifier] = []
        for kind in self._types:
            value = read_identifier(self.cell(cells, kind))
            if not value:
                continue
            if kind != IdentifierType.ID_CARD:
                found.append((self._system, kind, value))
            elif read_id_card(value) is None:
                raise CellError(_BAD_ID_CARD)
            else:
                found.append(("", kind, value))
        return tuple(found)

    def phones(self, cells: Cells, field: str) -> Phones:
        """The numbers of all columns of that field. Raises CellError for one that lost digits."""
        places = self._places.get(field, ())
        if len(places) == 1:
            return self._phones_in(cells[places[0]] if places[0] < len(cells) else "")
        parsed = [self._phones_in(cells[place]) for place in places if place < len(cells)]
        return Phones(
            numbers=tuple(dict.fromkeys(number for each in parsed for number in each.numbers)),
            notes=tuple(note for each in parsed for note in each.notes),
            rejected=tuple(piece for each in parsed for piece in each.rejected),
        )

    def _phones_in(self, cell: str) -> Phones:
        if _PLAIN_MOBILE.fullmatch(cell) and cell.isascii():
            # Nine of ten cells are just this, and the whole parser takes fifty times as long.
            shown = f"{cell[:3]} {cell[3:7]} {cell[7:]}"
            return Phones(numbers=(PhoneNumber(e164=f"+86{cell}", kind=PhoneKind.MOBILE, display=shown),))
        text = unicodedata.normalize("NFKC", cell).strip().lstrip("'`")
        if not text or not read_text(text, 10_000):
            return Phones()
        text = undo_spreadsheet(text)
        parsed = parse_numbers(text, area_code=self._settings.area_code, outside_prefix=self._settings.outside_prefix)
        return Phones(numbers=parsed.numbers[:_MOST_PHONES], notes=parsed.notes, rejected=parsed.rejected)

    def _remark(self, cells: Cells, phones: Phones) -> str:
        written = [cells[place] for place in self._places.get("remark", ()) if place < len(cells)]
        # What stood among the numbers and is none is kept where a person reads it: nothing of a list is lost.
        lines = (read_text(text, 10_000) for text in (*written, *phones.notes, *phones.rejected) if text)
        return "\n".join(filter(None, lines))[: _LONGEST["remark"]]

    def _contact(self, cells: Cells) -> ContactRow | None:
        name = read_text(self.cell(cells, "contact_name"), 10_000)[:LONGEST_NAME]
        phones = self.phones(cells, "contact_phone").numbers if "contact_phone" in self._places else ()
        if not name and not phones:
            return None
        relation = read_relation(self.cell(cells, "contact_relation"))
        return ContactRow(name=name or phones[0].display, relation=relation.value, phones=phones)
