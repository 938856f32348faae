"""A text is cut so that every segment can be read alone, and costs what the operators charge."""

from hypothesis import given
from hypothesis import strategies as st

from app.messages.rules import DataCoding, cut_text, decode, encode, is_gsm7, utf16_units

_GSM7 = "@£$¥èé\n ÅΔ_ΦΓ!\"#%&'()*+,-./0123456789:;<=>?ABCabcÄÖÑܧ¿äöñüà^{}\\[~]|€\f"
_gsm7_texts = st.text(alphabet=_GSM7, min_size=1, max_size=700)
_any_texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=400)
_emoji_texts = st.text(alphabet="长a😀👍🏽€", min_size=60, max_size=300)


@given(_any_texts | _emoji_texts | _gsm7_texts)
def test_the_pieces_of_a_text_joined_are_the_text(text: str) -> None:
    assert "".join(cut_text(text).pieces) == text


@given(_any_texts | _emoji_texts | _gsm7_texts)
def test_each_segment_can_be_read_without_the_others(text: str) -> None:
    cut = cut_text(text)
    assert [decode(encode(piece, cut.coding), cut.coding) for piece in cut.pieces] == list(cut.pieces)


@given(_any_texts | _emoji_texts | _gsm7_texts)
def test_no_segment_is_empty_or_larger_than_the_network_takes(text: str) -> None:
    cut = cut_text(text)
    lengths = [len(encode(piece, cut.coding)) for piece in cut.pieces]
    alone, part = {DataCoding.GSM7: (160, 153), DataCoding.UCS2: (140, 134)}[cut.coding]
    assert all(0 < length <= (alone if len(lengths) == 1 else part) for length in lengths)


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
