"""The same person registered a second time, in the ways in which that happens at a hospital's counter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from random import Random

from app.synthetic.rules import identity
from app.synthetic.rules.records import Likeness, SyntheticIdentifier, SyntheticPatient

_UNKNOWN_BIRTH = date(1900, 1, 1)
_OLD_CARDS_UNTIL = 1999
Change = Callable[[SyntheticPatient, Random], SyntheticPatient | None]


def repeat(first: SyntheticPatient, *, number: int, until: datetime, chance: Random) -> SyntheticPatient:
    """`first` registered again, later, as record `number`: its `likeness` says what is otherwise.

    It never carries an identifier of the first record. Where a name or a date cannot be changed in the way that was
    drawn, the repeat is one with a new card.
    """
    likeness = _KINDS[int(len(_KINDS) * chance.random())]
    changed = _CHANGES[likeness](first, chance)
    if changed is None:
        likeness = Likeness.NEW_CARD
        changed = _with_new_number(first, chance)
    later = until - (until - first.created_at) * chance.random()
    at_counter = later.replace(hour=1 + later.hour % 8, second=0, microsecond=0)
    return replace(
        changed,
        number=number,
        likeness=likeness,
        like=first.number,
        identifiers=_identifiers(first, likeness, number),
        created_at=min(max(at_counter, first.created_at), until),
    )


def _mishear(first: SyntheticPatient, _chance: Random) -> SyntheticPatient | None:
    wrong = identity.misheard(first.full_name.simplified)
    return replace(first, name=wrong) if wrong else None


def _change_script(first: SyntheticPatient, chance: Random) -> SyntheticPatient | None:
    names = first.full_name
    if names.traditional == names.simplified:
        return None
    other = names.simplified if first.name == names.traditional else names.traditional
    kept = first if chance.random() < 0.5 else _with_new_number(first, chance)
    return replace(kept, name=other)


def _romanise(first: SyntheticPatient, _chance: Random) -> SyntheticPatient | None:
    return replace(first, name=first.full_name.latin)


def _swap_birth(first: SyntheticPatient, _chance: Random) -> SyntheticPatient | None:
    swapped = identity.swapped_birth(first.birth_date) if first.birth_date else None
    return replace(first, birth_date=swapped) if swapped else None


def _forget_birth(first: SyntheticPatient, _chance: Random) -> SyntheticPatient | None:
    return replace(first, birth_date=_UNKNOWN_BIRTH)


def _with_new_number(first: SyntheticPatient, chance: Random) -> SyntheticPatient:
    slot = first.person % identity.PERSONS_PER_HOUSEHOLD + identity.PERSONS_PER_HOUSEHOLD
    return replace(first, phones=(identity.mobile(first.household, slot, chance),))


def _find_old_card(first: SyntheticPatient, chance: Random) -> SyntheticPatient | None:
    born = first.birth_date
    if born is None or born.year > _OLD_CARDS_UNTIL or _id_card(first) is None:
        return None
    return _with_new_number(first, chance)


def _rename(first: SyntheticPatient, chance: Random) -> SyntheticPatient | None:
    surname = identity.make_surname(chance).simplified
    if len(first.full_name.simplified) != 3 or first.full_name.simplified.startswith(surname):
        return None
    return replace(first, name=surname + first.full_name.simplified[1:])


def _identifiers(first: SyntheticPatient, likeness: Likeness, number: int) -> tuple[SyntheticIdentifier, ...]:
    found = [SyntheticIdentifier("HIS", "outpatient", f"{10_000_000 + number}")]
    if likeness is Likeness.NEW_CARD:
        found.append(SyntheticIdentifier("HIS", "card", f"3301{number:010d}"))
    card = _id_card(first)
    if likeness is Likeness.OLD_ID_CARD and card is not None:
        found.append(SyntheticIdentifier("", "id_card", identity.old_id_card(card)))
    return tuple(found)


def _id_card(record: SyntheticPatient) -> str | None:
    return next((each.value for each in record.identifiers if each.type == "id_card"), None)


_CHANGES: Mapping[Likeness, Change] = {
    Likeness.TYPO: _mishear,
    Likeness.SCRIPT: _change_script,
    Likeness.SWAPPED_BIRTH: _swap_birth,
    Likeness.NEW_CARD: _with_new_number,
    Likeness.OLD_ID_CARD: _find_old_card,
    Likeness.LATIN: _romanise,
    Likeness.NO_BIRTH: _forget_birth,
    Likeness.NEW_SURNAME: _rename,
}
_KINDS = tuple(_CHANGES)
