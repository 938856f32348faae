"""A text is cut so that every segment can be read alone, and costs what the operators charge."""

from hypothesis import given
from hypothesis import strategies as st

from app.messages.rules import DataCoding, LongForm, cut_text, decode, encode, is_gsm7, utf16_units

_GSM7 = "@£$¥èé\n ÅΔ_ΦΓ!\"#%&'()*+,-./0123456789:;<=>?ABCabcÄÖÑܧ¿äöñüà^{}\\[~]|€\f"
_gsm7_texts = st.text(alphabet=_GSM7, min_size=1, max_size=700)
_any_texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=400)
_emoji_texts = st.text(alphabet="长a😀👍🏽€", min_size=60, max_size=300)
_latin1_texts = st.text(alphabet="aãêíõçÝþ€", min_size=1, max_size=400)
_texts = _any_texts | _emoji_texts | _gsm7_texts | _latin1_texts
_forms = st.sampled_from(LongForm)
_HEADERS = {LongForm.UDH8: 6, LongForm.UDH16: 7, LongForm.SAR: 6}


@given(_texts, _forms, st.booleans())
def test_the_pieces_of_a_text_joined_are_the_text(text: str, form: LongForm, takes_latin1: bool) -> None:
    assert "".join(cut_text(text, form=form, takes_latin1=takes_latin1).pieces) == text


@given(_texts, _forms, st.booleans())
def test_each_segment_can_be_read_without_the_others(text: str, form: LongForm, takes_latin1: bool) -> None:
    cut = cut_text(text, form=form, takes_latin1=takes_latin1)
    assert [decode(encode(piece, cut.coding), cut.coding) for piece in cut.pieces] == list(cut.pieces)


@given(_texts, st.sampled_from(list(_HEADERS)), st.booleans())
def test_no_segment_is_empty_or_larger_than_the_network_takes(text: str, form: LongForm, takes_latin1: bool) -> None:
    cut = cut_text(text, form=form, takes_latin1=takes_latin1)
    bits = {DataCoding.GSM7: 7, DataCoding.LATIN1: 8, DataCoding.UCS2: 8}[cut.coding]
    room = (140 - (_HEADERS[form] if len(cut.pieces) > 1 else 0)) * 8 // bits
    lengths = [len(encode(piece, cut.coding)) for piece in cut.pieces]
    assert all(0 < length <= room for length in lengths)


@given(_latin1_texts)
def test_latin1_is_used_for_what_gsm7_does_not_have_where_an_account_takes_it(text: str) -> None:
    expected = DataCoding.GSM7 if is_gsm7(text) else DataCoding.UCS2 if "€" in text else DataCoding.LATIN1
    assert cut_text(text, takes_latin1=True).coding is expected
    assert cut_text(text).coding is not DataCoding.LATIN1


@given(_any_texts | _gsm7_texts)
def test_a_text_is_sent_in_ucs2_only_when_gsm7_cannot_carry_it(text: str) -> None:
    assert (cut_text(text).coding is DataCoding.GSM7) == is_gsm7(text)


def test_lengths_at_the_boundaries_cost_what_operators_charge() -> None:
    def parts(text: str) -> int:
        return len(cut_text(text).pieces)

    assert [parts("长" * n) for n in (1, 70, 71, 134, 135, 201, 202)] == [1, 1, 2, 2, 3, 3, 4]
    assert [parts("a" * n) for n in (1, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
    assert [parts("€" * n) for n in (80, 81, 152, 153)] == [1, 2, 2, 3]  # two septets each, 76 in a part
    assert [parts("😀" * n) for n in (35, 36, 66, 67)] == [1, 2, 2, 3]  # two units each, 33 in a part

    def wide(text: str) -> int:
        return len(cut_text(text, form=LongForm.UDH16).pieces)

    assert [wide("长" * n) for n in (70, 71, 132, 133)] == [1, 2, 2, 3]
    assert [wide("a" * n) for n in (160, 161, 304, 305)] == [1, 2, 2, 3]
    assert [len(cut_text("ã" * n, takes_latin1=True).pieces) for n in (140, 141, 268, 269)] == [1, 2, 2, 3]
    assert len(cut_text("长" * 500, form=LongForm.PAYLOAD).pieces) == 1


def test_an_emoji_at_the_edge_moves_into_the_next_segment_whole() -> None:
    pieces = cut_text("长" * 66 + "😀" + "长" * 10).pieces
    assert [utf16_units(piece) for piece in pieces] == [66, 12]


def test_foreign_octets_are_read_in_any_coding_without_failing() -> None:
    assert decode(b"\x1b\x65 \x00", 0) == "€ @"
    assert decode(b"caf\xe9", 3) == "café"
    assert decode("复查".encode("utf-16-be"), 8) == "复查"
    assert decode("复查".encode("utf-16-be"), 0x18) == "复查"
    assert decode(b"\x41", 0xF1) == "A"
    assert decode(b"\xd8\x3d", 8) == "\ufffd"


@given(st.binary(max_size=200), st.integers(0, 255))
def test_reading_foreign_octets_never_fails(body: bytes, data_coding: int) -> None:
    decode(body, data_coding).encode("utf-8")
