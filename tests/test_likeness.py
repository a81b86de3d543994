"""Two complaints of different people that may be one: on which side of the threshold each pair falls, and what is true of any two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config_blocks import LikenessBlock
from gateway.essence import Essence, cells, essence, keys
from gateway.likeness import Rarity, likeness
from normalizer import Category, Incident, Location
from tests.pairs_of_complaints import METRE, PAIRS, Told, by_another, understood

THRESHOLD = LikenessBlock().threshold
# Words as citizens write them, and whatever else may come.
_TYPICAL = "jalan rusak lampu mati di depan Pasar Waru km 9 RT 03 desa Giri Mukti girimukti penajm PENAJAM jl. sampahhh banjir SDN 001 , . lubang-lubang 2 tdk"
_WORDS = _TYPICAL.split()
_TEXTS = st.one_of(st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join), st.text(max_size=60))
_TOLD = st.builds(
    Told,
    _TEXTS,
    metres=st.none() | st.floats(-5e6, 5e6),
    where=st.none() | _TEXTS.filter(bool),
    code=st.sampled_from([None, "64", "64.09", "64.09.01", "64.09.02", "64.09.01.2020", "64.71"]),
    days=st.floats(0, 40),
)
_RARITIES = st.builds(Rarity, st.dictionaries(st.sampled_from([*_WORDS, "waru", "tumpuk"]), st.floats(0, 1)), st.floats(0, 1))


@pytest.mark.parametrize(("label", "one", "other", "alike"), PAIRS, ids=[label for label, *_ in PAIRS])
def test_a_pair_falls_on_its_side_of_the_threshold(label: str, one: Told, other: Told, alike: bool) -> None:  # noqa: FBT001  # a row of the table
    found = likeness(one.essence(), by_another(other).essence())
    assert (found.score >= THRESHOLD) == alike, f"{label}: {found}"
    assert not alike or found.words


def test_the_table_is_large_and_no_label_stands_twice() -> None:
    assert len({label for label, *_ in PAIRS}) == len(PAIRS) >= 40
    assert min(sum(alike for *_, alike in PAIRS), sum(not alike for *_, alike in PAIRS)) >= 20


@given(_TOLD, _TOLD, _RARITIES)
def test_it_is_the_same_whichever_comes_first_and_lies_between_0_and_1(one: Told, other: Told, rarity: Rarity) -> None:
    a, b = one.essence(), by_another(other).essence()
    found = likeness(a, b, rarity)
    assert found == likeness(b, a, rarity)
    assert all(0 <= part <= 1 for part in (found.score, found.what, found.place, found.time))


@given(_TOLD, _TOLD, _RARITIES)
def test_nobodys_own_complaint_is_like_another_of_theirs_or_itself(one: Told, other: Told, rarity: Rarity) -> None:
    assert likeness(one.essence(), one.essence(), rarity).score == 0
    assert likeness(one.essence(), other.essence(), rarity).score == 0
    # One person with two addresses, as the store knows; and one contact that was typed into two forms.
    a, b = understood(one), understood(by_another(other))
    assert likeness(essence(a, ["person"]), essence(b, ["person"]), rarity).score == 0
    typed = [essence(replace(complaint, sender=None, contact=contact)) for complaint, contact in ((a, "0811-222 333"), (b, "0811 222333"))]
    assert likeness(typed[0], typed[1], rarity).score == 0


@given(_TOLD)
def test_every_key_is_one_that_both_stores_take_and_the_same_each_time(told: Told) -> None:
    found = keys(told.essence())
    assert all(0 <= key < 2**63 for key in found)
    assert found == keys(told.essence())
    assert len(found) <= 100


def test_what_is_alike_shares_more_than_one_key() -> None:
    for label, one, other, alike in PAIRS:
        if alike:
            theirs = other.essence()
            assert len(keys(one.essence()).keys() & {*keys(theirs), *cells(theirs.location)}) > 1, label


@pytest.mark.parametrize(("north", "east"), [(0, 0), (300, 0), (-300, 300), (0, -700)])
def test_what_is_near_lies_in_a_cell_or_beside_it(north: float, east: float) -> None:
    for start in range(0, 1200, 100):
        here = Location(-1.2950 + start * METRE, 116.6850)
        there = Location(here.latitude + north * METRE, here.longitude + east * METRE)
        assert cells(here)[0] in cells(there)


def telling(text: str) -> Essence:
    """Of somebody new."""
    return Told(text, sender=f"+62812{abs(hash(text)) % 10**8:08d}").essence()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LAMPU MATI", "lampu mati"),
        ("lampuuu matiiii", "lampu mati"),
        ("lmpu mt", "lampu mati"),
        ("jln brlubang", "jalan berlubang"),
        ("tumpukan sampah", "sampah menumpuk"),
        ("Soekarno Hatta", "sukarno hata"),
        ("Giri Mukti", "girimukti"),
        ("penajm paser", "penajam paser"),
        ("lubang-lubang", "berlubang2"),
        ("di perbaiki jembatannya", "perbaiki jembatan"),
        ("lampu penerangan jalan umum", "LAMPU PENERANGAN JALAN UMUM!!!"),
        ("café rusak", "cafe rusak"),
    ],
)
def test_one_spelling_is_as_good_as_another(one: str, other: str) -> None:
    here = Location(-1.295, 116.685)
    a, b = (replace(telling(text), location=here) for text in (one + " pak", other))
    assert likeness(a, b).score > 0.8


def test_longer_apart_and_farther_apart_is_less_alike() -> None:
    text = "Lampu jalan depan pasar Waru mati"
    by_days = [likeness(Told(text).essence(), by_another(Told(text, days=days)).essence()).score for days in (0, 3, 9, 14, 15)]
    by_metres = [likeness(Told(text, metres=0).essence(), by_another(Told(text, metres=metres)).essence()).score for metres in (0, 100, 400, 1500, 4000)]
    for scores in (by_days, by_metres):
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) == len(scores)
    assert by_days[-1] == 0


def test_the_deeper_the_official_codes_agree_the_nearer_it_is() -> None:
    text = "Warga menolak tambang pasir"
    codes = ("64.09.01.2020", "64.09.01", "64.09", "64.09.01.2021", "64.09.02")
    scores = [likeness(Told(text, code="64.09.01.2020").essence(), by_another(Told(text, code=code)).essence()).place for code in codes]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_the_incidents_own_dates_and_the_categories_count_where_both_are_known() -> None:
    told = (Told("Kecelakaan di simpang Silkar"), by_another(Told("Tabrakan motor simpang silkar")))
    one, other = (replace(understood(one), category=None) for one in told)

    def scored(first: str, second: str) -> float:
        dated = [replace(complaint, incident=Incident("", date, "text")) for complaint, date in ((one, first), (other, second))]
        return likeness(essence(dated[0]), essence(dated[1])).score

    assert scored("2026-11-20", "2026-11-20") > scored("2026-11-20", "2026-11-16") > scored("2026-11-20", "2026-11-01")
    # Only a whole date is one.
    assert scored("2026-11", "2026-11-20") == likeness(essence(one), essence(other)).score
    roads, lamps = Category("roads", 1.0, ""), Category("lamps", 1.0, "")
    same = likeness(essence(replace(one, category=roads)), essence(replace(other, category=roads))).score
    apart = likeness(essence(replace(one, category=roads)), essence(replace(other, category=lamps))).score
    assert same > likeness(essence(one), essence(other)).score > apart


def test_who_only_asks_reports_nothing_that_happened() -> None:
    text = "Bagaimana syarat pendaftaran beasiswa mahasiswa Penajam Paser Utara tahun depan"
    one, other = (replace(understood(told), kind="complaint") for told in (Told(text), by_another(Told(text))))
    assert likeness(essence(one), essence(other)).score >= THRESHOLD
    assert likeness(essence(replace(one, kind="information_request")), essence(other)).score == 0


def test_a_word_of_everybody_counts_less_than_one_of_two() -> None:
    one, other = Told("Tambang pasir Sungai Tunan").essence(), by_another(Told("tambang batu sungai tunan")).essence()
    common = likeness(one, other, Rarity({"tambang": 0.3}))
    assert common.score < likeness(one, other).score
    assert likeness(one, other).what > common.what


def test_no_number_of_a_person_is_among_the_words() -> None:
    told = "Nomor saya 081234567890, NIK 6409012345678901, lampu jalan mati di depan pasar Waru"
    found = likeness(Told(told).essence(), by_another(Told(told)).essence())
    assert found.score >= THRESHOLD
    assert not [word for word in found.words if any(map(str.isdigit, word))]
    assert not [mark for _, mark in Told(told).essence().marks if len(mark) > 4]


def test_a_long_text_is_boiled_down_to_a_bounded_gist() -> None:
    endless = Told(" ".join(f"kata{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676 % 26)}" for i in range(5000)))
    assert len(endless.essence().words) <= 48
    assert len(keys(endless.essence())) <= 100
