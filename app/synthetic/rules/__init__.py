"""A synthetic hospital of any size from a seed, with what is true about it. Plain values: no database, no clock."""

from app.synthetic.rules.events import SyntheticHistory, SyntheticVisit
from app.synthetic.rules.history import history_of
from app.synthetic.rules.hospital import LARGEST, UNTIL, generate, true_pairs
from app.synthetic.rules.records import LOOK_ALIKE, SAME_PERSON, Likeness, SyntheticPatient, TruePair

__all__ = [
    "LARGEST",
    "LOOK_ALIKE",
    "SAME_PERSON",
    "UNTIL",
    "Likeness",
    "SyntheticHistory",
    "SyntheticPatient",
    "SyntheticVisit",
    "TruePair",
    "generate",
    "history_of",
    "true_pairs",
]
