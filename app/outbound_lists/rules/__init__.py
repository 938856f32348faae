"""What an outbound list is, how it is spread, how fast it dials and how it speaks. Import from here."""

from app.outbound_lists.rules.speaking import (
    NOTICE,
    PERSON,
    THANKS,
    Choice,
    KeyQuestion,
    in_language,
    key_question,
    spoken,
)
from app.outbound_lists.rules.spreading import Share, load_of, may_begin, share_of
from app.outbound_lists.rules.states import (
    DIALLING_TEXT,
    LEFT_OUT_TEXT,
    LIVE,
    MOVES,
    PURPOSE_TEXT,
    STATE_TEXT,
    SURVEYS,
    LeftOut,
    ListPurpose,
    ListState,
)

__all__ = [
    "DIALLING_TEXT",
    "LEFT_OUT_TEXT",
    "LIVE",
    "MOVES",
    "NOTICE",
    "PERSON",
    "PURPOSE_TEXT",
    "STATE_TEXT",
    "SURVEYS",
    "THANKS",
    "Choice",
    "KeyQuestion",
    "LeftOut",
    "ListPurpose",
    "ListState",
    "Share",
    "in_language",
    "key_question",
    "load_of",
    "may_begin",
    "share_of",
    "spoken",
]
