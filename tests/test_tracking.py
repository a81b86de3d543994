"""The tracking number (law 4): known at the door, forgiving when it is read back, never mistaken for another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tracking import ALPHABET, fingerprint, number, parse

KEY = b"k" * 32
numbers = st.builds(number, st.just(KEY), st.text(max_size=20), st.text(max_size=40))


@given(numbers, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_never_another_citizens_number(shown: str, place: int, symbol: str) -> None:
    symbols = shown.replace("-", "")
    wrong = symbols[:place] + symbol + symbols[place + 1 :]
    assert parse(wrong) == (shown if wrong == symbols else None)


@given(numbers, st.integers(0, 10))
def test_two_neighbours_swapped_are_caught(shown: str, place: int) -> None:
    symbols = shown.replace("-", "")
    swapped = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
    assert parse(swapped) == (shown if swapped == symbols else None)


@given(numbers, st.randoms(use_true_random=False))
def test_a_number_is_understood_as_people_write_it(shown: str, chance: object) -> None:
    written = shown.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert parse(f"  {written}\t") == shown
    assert parse(shown.replace("-", "").replace("1", "I")) == shown


@pytest.mark.parametrize("text", ["", "A", "jalan rusak", "0" * 13, "UUUU-UUUU-UUUU", "0000-0000-000", "\N{THAI DIGIT ONE}" * 12])
def test_words_are_no_number(text: str) -> None:
    assert parse(text) is None


def test_every_node_gives_one_delivery_the_same_number_and_other_deliveries_others() -> None:
    assert number(KEY, "sms", "SM1") == number(bytes(KEY), "sms", "SM1")
    others = {number(KEY, "sms", "SM2"), number(KEY, "web", "SM1"), number(b"x" * 32, "sms", "SM1"), number(KEY, "sms", "SM1", 1)}
    assert len(others - {number(KEY, "sms", "SM1")}) == 4


def test_ten_thousand_numbers_are_different() -> None:
    assert len({number(KEY, "sms", str(i)) for i in range(10_000)}) == 10_000


def test_a_keys_fingerprint_tells_keys_apart_and_tells_nothing_else() -> None:
    assert fingerprint(KEY) != fingerprint(b"x" * 32)
    assert KEY.hex() not in fingerprint(KEY)
