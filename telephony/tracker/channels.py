"""Names of channels and numbers, as Asterisk writes them."""

import re

TRUNK = "trunk"
# Somebody outside who is asked, or has got a call: over the same line, and never taken for a patient.
OUTSIDE = "outside"
QUEUE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PJSIP = re.compile(r"PJSIP/([A-Za-z0-9_\-]{1,64})-[0-9a-f]{8}")
_OWN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_VISUAL_SEPARATORS = str.maketrans("", "", "-.() ")  # RFC 3966, section 5.1.1


def endpoint_of(channel: str) -> str:
    """`agent1` for `PJSIP/agent1-0000002a`; empty for any other form."""
    found = _PJSIP.fullmatch(channel)
    return found.group(1) if found else ""


def is_own_id(linkedid: str) -> bool:
    """Whether we chose this id for a call that we placed: Asterisk's own are times with a count."""
    return _OWN_ID.fullmatch(linkedid) is not None


def clean_number(signalled: str) -> str:
    """The signalled number if it can be one, else nothing: what comes from the network is hostile text."""
    number = signalled.translate(_VISUAL_SEPARATORS)
    return number if _NUMBER.fullmatch(number) else ""


def digits_to_dial(number: str) -> str:
    """How an E.164 number is written towards the trunk: national within China, 00 and the country code beyond."""
    if number.startswith("+86"):
        national = number[3:]
        return national if len(national) == 11 and national.startswith("1") else f"0{national}"
    if number.startswith("+"):
        return f"00{number[1:]}"
    return number
