"""What a text takes in SMS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import gsm7
from gateway.demo.gsm import measure


@pytest.mark.parametrize(
    ("text", "septets", "segments"),
    [
        pytest.param("", 0, 1, id="nothing"),
        pytest.param("Laporan Anda diterima.", 22, 1, id="plain words"),
        pytest.param("a" * 160, 160, 1, id="exactly one"),
        pytest.param("a" * 161, 161, 2, id="one too many"),
        pytest.param("a" * 306, 306, 2, id="exactly two"),
        pytest.param("a" * 307, 307, 3, id="two and one"),
        pytest.param("é{Ω}€\n", 9, 1, id="letters that take an escape count twice"),
        pytest.param("€" * 80, 160, 1, id="one full of escapes"),
        pytest.param("a" * 152 + "€" * 77, 306, 3, id="an escape is not cut from its letter"),
        pytest.param("“kutip”", None, 1, id="typographic quotes are not GSM"),
        pytest.param("a\u00a0b", None, 1, id="a space that does not break is not GSM"),
        pytest.param("ж" * 70, None, 1, id="exactly one in UCS-2"),
        pytest.param("ж" * 71, None, 2, id="one too many in UCS-2"),
        pytest.param("ж" * 66 + "🕳" * 34, None, 3, id="a surrogate pair is not cut"),
        pytest.param("🕳" * 35, None, 1, id="an emoji takes two of seventy"),
    ],
)
def test_a_text_takes_this_much_room(text: str, septets: int | None, segments: int) -> None:
    assert gsm7.septets(text) == septets
    assert gsm7.segments(text) == segments


@pytest.mark.parametrize(("text", "fits"), [("a" * 160, True), ("a" * 161, False), ("€" * 81, False), ("“", False)])
def test_a_notice_fits_one_sms_or_it_does_not(text: str, fits: bool) -> None:  # noqa: FBT001  # a table
    assert gsm7.fits_one_segment(text) is fits


@settings(deadline=None)
@given(st.text(st.sampled_from("aé€[~ж🕳“ \n"), max_size=400))
def test_we_count_as_the_provider_counts(text: str) -> None:
    assert gsm7.segments(text) == max(1, measure(text).segments)
