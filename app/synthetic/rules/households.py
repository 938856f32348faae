"""One household of the synthetic hospital: who lives there, who is registered twice, and who merely looks alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from app.synthetic.rules import identity
from app.synthetic.rules.records import (
    Likeness,
    SyntheticContact,
    SyntheticIdentifier,
    SyntheticName,
    SyntheticPatient,
    SyntheticPhone,
)
from app.synthetic.rules.repeats import repeat
from app.synthetic.rules.social import make_member_type, make_social, make_source
from app.synthetic.rules.words import CLINIC_NUMBER, Syllable

DUPLICATE_SHARE = 0.06
_CLINIC_SHARE = 0.01
_DAYS_OF_HISTORY = 5 * 365
_COUNTER_MINUTES = 9 * 60
_OPENS = timedelta(minutes=15)  # in UTC: a quarter past eight in China


class Household:
    """Makes the records of one household, in the order in which they were registered."""

    def __init__(self, seed: int, number: int, first_record: int, until: datetime) -> None:
        self.records: list[SyntheticPatient] = []
        self._chance = Random((seed << 32) ^ (number * 2 + 1))
        self._number, self._next_record, self._until = number, first_record, until
        midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
        self._first_day = midnight - timedelta(days=_DAYS_OF_HISTORY) + _OPENS
        self._place = identity.place_of(number)
        self._address = identity.address_of(self._chance, self._place)
        self._slot = 0

    def make(self) -> list[SyntheticPatient]:
        """The records; calling it once is all that it is for."""
        draw = self._chance.random()
        if draw < 0.42:
            self._make_single()
        elif draw < 0.60:
            self._make_couple()
        elif draw < 0.80:
            self._make_family()
        elif draw < 0.91:
            self._make_elder()
        elif draw < 0.94:
            self._make_twins()
        elif draw < 0.965:
            self._make_father_and_son()
        elif draw < 0.985:
            self._make_namesakes()
        else:
            self._make_foreigner()
        return self.records

    def _make_single(self) -> None:
        sex = self._sex()
        self._add(sex, self._born(18, 90), self._name(sex))

    def _make_couple(self) -> None:
        for sex in "MF":
            self._add(sex, self._born(24, 80), self._name(sex))

    def _make_family(self) -> None:
        surname, mother = identity.make_surname(self._chance), self._name("F")
        phone = self._mobile()
        self._add("F", self._born(26, 42), mother, phones=(phone,))
        contact = SyntheticContact(mother.simplified, "parent", True, (phone,))
        for sex in ("F", "M", "MF", "FM")[int(self._chance.random() * 4)]:
            child = identity.full_name(surname, identity.make_given(self._chance, sex))
            self._add(sex, self._born(0, 15), child, phones=(), contacts=(contact,))

    def _make_elder(self) -> None:
        sex, surname = self._sex(), identity.make_surname(self._chance)
        name = identity.full_name(surname, identity.make_given(self._chance, sex))
        child = identity.full_name(surname, identity.make_given(self._chance, self._sex())).simplified
        told = self._chance.random() < 0.7
        contact = SyntheticContact(child, "child", told, (identity.mobile(self._number, 19, self._chance),))
        home = identity.landline(self._number, self._place, self._chance)
        self._add(sex, self._born(65, 95), name, phones=(home,), contacts=(contact,))

    def _make_twins(self) -> None:
        surname, born, phone = identity.make_surname(self._chance), self._born(1, 40), self._mobile()
        sex, shared = self._sex(), identity.make_given(self._chance, "F")[0]
        elder, younger = self._two_given(sex)
        like = self._add(sex, born, identity.full_name(surname, (shared, elder)), phones=(phone,), may_repeat=False)
        name = identity.full_name(surname, (shared, younger))
        self._add(sex, born, name, phones=(phone,), likeness=Likeness.TWIN, like=like, may_repeat=False)

    def _make_father_and_son(self) -> None:
        surname, phone = identity.make_surname(self._chance), self._mobile()
        given = identity.make_given(self._chance, "M")
        like = self._add(
            "M", self._born(48, 75), identity.full_name(surname, given[:1]), phones=(phone,), may_repeat=False
        )
        name = identity.full_name(surname, (given[0], identity.make_given(self._chance, "M")[0]))
        son = Likeness.FATHER_AND_SON
        self._add("M", self._born(18, 30), name, phones=(phone,), likeness=son, like=like, may_repeat=False)

    def _make_namesakes(self) -> None:
        sex = self._sex()
        born, name = self._born(20, 70), self._name(sex)
        like = self._add(sex, born, name, may_repeat=False)
        self._place = identity.place_of(self._number + 1)
        self._address = identity.address_of(self._chance, self._place)
        self._add(sex, born, name, likeness=Likeness.NAMESAKE, like=like, may_repeat=False)

    def _make_foreigner(self) -> None:
        sex = self._sex()
        self._add(sex, self._born(18, 70), identity.foreign_name(self._chance, sex), language="en", may_repeat=False)

    def _add(
        self,
        sex: str,
        born: date,
        name: SyntheticName,
        *,
        phones: tuple[SyntheticPhone, ...] | None = None,
        contacts: tuple[SyntheticContact, ...] = (),
        language: str | None = None,
        likeness: Likeness = Likeness.ORIGINAL,
        like: int | None = None,
        may_repeat: bool = True,
    ) -> int:
        chance = self._chance
        record = SyntheticPatient(
            number=self._next_record,
            person=self._number * identity.PERSONS_PER_HOUSEHOLD + self._slot,
            household=self._number,
            likeness=likeness,
            like=like,
            full_name=name,
            name=name.traditional if chance.random() < 0.05 else name.simplified,
            sex=sex,
            birth_date=born,
            region=self._place.code,
            address=self._address if chance.random() < 0.85 else None,
            postcode=self._place.postcode,
            language=language,
            email=self._email(name, born),
            phones=self._phones(phones),
            identifiers=self._identifiers(sex, born, is_foreign=language is not None),
            contacts=contacts,
            kinds=("patient",) if chance.random() < 0.97 else ("patient", "family"),
            source=make_source(chance),
            social=make_social(chance, is_adult=born.year < 2004),
            member_type=make_member_type(chance),
            is_key_patient=chance.random() < 0.08,
            created_at=self._first_day
            + timedelta(days=int(chance.random() * _DAYS_OF_HISTORY), minutes=int(chance.random() * _COUNTER_MINUTES)),
        )
        self.records.append(record)
        self._next_record += 1
        if may_repeat and chance.random() < DUPLICATE_SHARE:
            self.records.append(repeat(record, number=self._next_record, until=self._until, chance=chance))
            self._next_record += 1
        self._slot += 1
        return record.number

    def _identifiers(self, sex: str, born: date, *, is_foreign: bool) -> tuple[SyntheticIdentifier, ...]:
        number, draw = self._next_record, self._chance.random()
        found = [SyntheticIdentifier("HIS", "outpatient", f"{10_000_000 + number}")]
        if draw < 0.75 and not is_foreign:
            found.append(SyntheticIdentifier("", "id_card", identity.id_card(self._number, self._slot, born, sex)))
        if draw < 0.4:
            found.append(SyntheticIdentifier("HIS", "card", f"3301{number:010d}"))
        if draw > 0.85:
            found.append(SyntheticIdentifier("HIS", "inpatient", f"ZY{number:08d}"))
            found.append(SyntheticIdentifier("EMR", "medical_record", f"{number:08d}"))
        if draw < 0.08:
            found.append(SyntheticIdentifier("PEIS", "other", f"TJ{number:08d}"))
        if 0.5 < draw < 0.6:
            found.append(SyntheticIdentifier("LIS", "other", f"L{number:09d}"))
        return tuple(found)

    def _phones(self, given: tuple[SyntheticPhone, ...] | None) -> tuple[SyntheticPhone, ...]:
        if given is not None and not given:
            return ()
        phones = given if given is not None else (self._mobile(),)
        draw = self._chance.random()
        if draw < _CLINIC_SHARE:
            return (*phones, SyntheticPhone(CLINIC_NUMBER, "landline", "0571-87000000"))
        if draw < 0.12 and phones[0].kind == "mobile":
            return (*phones, identity.landline(self._number, self._place, self._chance))
        return phones

    def _mobile(self) -> SyntheticPhone:
        return identity.mobile(self._number, self._slot, self._chance)

    def _email(self, name: SyntheticName, born: date) -> str | None:
        if self._chance.random() > 0.08 or not name.latin.isascii():
            return None
        local = "".join(char for char in name.latin.casefold() if char.isalnum())
        return f"{local}{born.year % 100:02d}.{self._number}@example.com"

    def _two_given(self, sex: str) -> tuple[Syllable, Syllable]:
        first = second = identity.make_given(self._chance, sex)[0]
        while second == first:
            second = identity.make_given(self._chance, sex)[0]
        return first, second

    def _name(self, sex: str) -> SyntheticName:
        return identity.full_name(identity.make_surname(self._chance), identity.make_given(self._chance, sex))

    def _sex(self) -> str:
        return "F" if self._chance.random() < 0.5 else "M"

    def _born(self, youngest: int, oldest: int) -> date:
        return identity.birth_date(self._number, self._chance, oldest=oldest, youngest=youngest)
