"""What a form says, read from what its door kept of it: a table of citizens, and what holds for whatever anybody types."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import MESSAGE, Arrival
from channels.webform import reading, tokens
from channels.webform.crowd import Crowd
from channels.webform.parts import File, Filled, plain_name
from channels.webform.sheet import Sheet, filled_in
from gateway.tracking import sign
from normalizer import Attachment, Declared, Location, Report, Setting, normalize

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
FILE = {"name": "a.jpg", "type": "image/jpeg", "digest": "ab" * 32, "size": 5}


def arrived(fields: list[tuple[str, str]], files: list[dict[str, Any]] | None = None, remarks: list[str] | None = None) -> Arrival:
    """As the door hands it on."""
    return Arrival("web", MESSAGE, "0" * 32, reading.pack(fields, files or [], remarks or []), NOON)


def read(*fields: tuple[str, str], files: list[dict[str, Any]] | None = None) -> Report:
    """A report."""
    report = reading.read(arrived(list(fields), files))
    assert isinstance(report, Report)
    return report


@pytest.mark.parametrize(
    ("fields", "declared"),
    [
        ([], Declared()),
        ([("jenis", "pengaduan")], Declared(kind="complaint")),
        ([("jenis", "aspirasi")], Declared(kind="aspiration")),
        ([("jenis", "informasi")], Declared(kind="information_request")),
        ([("jenis", "apa saja")], Declared()),
        ([("judul", "Jalan"), ("tempat", "Waru"), ("tanggal", "2026-11-20")], Declared(title="Jalan", where="Waru", when="2026-11-20")),
        ([("instansi", "PUPR"), ("kontak", "0812")], Declared(agency="PUPR", contact="0812")),
        ([("tutup", "anonim")], Declared(anonymous=True)),
        ([("tutup", "rahasia")], Declared(confidential=True)),
        ([("tutup", "anonim"), ("tutup", "rahasia")], Declared(anonymous=True, confidential=True)),
        ([("tutup", "lain")], Declared()),
        # The first counts: what a stranger appends to a form changes nothing.
        ([("tempat", "Waru"), ("tempat", "Babulu")], Declared(where="Waru")),
        ([("tempat", ""), ("judul", "")], Declared()),
    ],
)
def test_each_field_says_what_it_says(fields: list[tuple[str, str]], declared: Declared) -> None:
    assert read(*fields).declared == declared


@pytest.mark.parametrize(
    ("latitude", "longitude", "accuracy", "place"),
    [
        ("-1.29", "116.51", "12", Location(-1.29, 116.51, 12.0)),
        ("-1.29", "116.51", "", Location(-1.29, 116.51)),
        ("", "116.51", "", None),
        ("-1.29", "", "", None),
        ("nan", "116.51", "", None),
        ("inf", "116.51", "", None),
        ("utara", "timur", "dekat", None),
        ("1e400", "1", "", None),
    ],
)
def test_a_position_is_one_or_none(latitude: str, longitude: str, accuracy: str, place: Location | None) -> None:
    assert read(("lintang", latitude), ("bujur", longitude), ("akurasi", accuracy)).location == place


def test_a_report_is_keyed_has_no_sender_and_knows_its_files_and_its_link() -> None:
    report = read(("isi", "Lampu mati"), ("tautan", "A" * 22), ("balas", "Sudah?"), files=[FILE])
    assert (report.sender, report.keyed, report.link, report.text) == (None, True, "A" * 22, "Sudah?")
    assert report.attachments == (Attachment("a.jpg", "image/jpeg", digest="ab" * 32, size=5),)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([("isi", "a")], [("isi", "a")], True),
        ([("isi", "a")], [("isi", "b")], False),
        ([("isi", "a")], [("judul", "a")], False),
        # The key, tokens, the trap and empty fields say nothing.
        ([("isi", "a")], [("isi", "a"), ("kunci", "x"), ("simpan", "y"), ("situs", "z"), ("ditanya", "1"), ("judul", "")], True),
        ([("isi", "a"), ("tutup", "anonim")], [("isi", "a")], False),
    ],
)
def test_the_fingerprint_is_of_what_was_said(one: list[tuple[str, str]], other: list[tuple[str, str]], *, same: bool) -> None:
    assert (reading.fingerprint(arrived(one)) == reading.fingerprint(arrived(other))) == same


def test_other_files_are_other_words_and_other_names_are_not() -> None:
    one = reading.fingerprint(arrived([("isi", "a")], [FILE]))
    assert one == reading.fingerprint(arrived([("isi", "a")], [FILE | {"name": "b.jpg"}], ["flood"]))
    assert one != reading.fingerprint(arrived([("isi", "a")], [FILE | {"digest": "cd" * 32}]))
    assert one != reading.fingerprint(arrived([("isi", "a")], [FILE, FILE]))


ANYTHING = st.text(st.characters(codec=None), max_size=60)


@given(st.lists(st.tuples(st.sampled_from([*reading.SAID, "lain"]), ANYTHING), max_size=12))
def test_whatever_is_typed_is_read_and_normalised_and_said_once(fields: list[tuple[str, str]]) -> None:
    arrival = arrived(fields)
    complaint = normalize(read(*fields), Setting())
    json.dumps(complaint.text).encode()
    assert reading.fingerprint(arrival) == reading.fingerprint(arrived(fields))


@given(ANYTHING)
def test_the_name_of_a_file_is_one_line_and_no_path(name: str) -> None:
    plain = plain_name(name)
    assert not set("/\\\x00\n\r") & set(plain)
    assert len(plain) <= 120
    assert plain.isprintable()


# What a page carries


def ours(*words: str) -> str:
    """Of our deployment."""
    return sign(b"k" * 32, *words)


def theirs(*words: str) -> str:
    """Another's."""
    return sign(b"x" * 32, *words)


@given(st.integers(0, 60), st.sampled_from("0123456789abcdefABCDEF-_ \x00é"))
def test_a_key_is_ours_to_the_last_character(where: int, other: str) -> None:
    key = tokens.new_key(ours, NOON)
    read_back = tokens.read_key(ours, key)
    assert read_back
    assert read_back.made_at == NOON
    assert tokens.read_key(theirs, key) is None
    changed = key[:where] + other + key[where + 1 :]
    # The last character of base64 has bits that say nothing; written otherwise it is not the same text.
    assert changed == key or tokens.read_key(ours, changed) is None


def test_a_file_is_known_again_on_its_own_page_for_half_a_day() -> None:
    file = File("a.jpg", "image/jpeg", "ab" * 32, 5)
    text = tokens.token(ours, "key", file, NOON)
    assert tokens.read_token(ours, "key", text, NOON + timedelta(hours=11)) == file
    assert tokens.read_token(ours, "key", text, NOON + timedelta(hours=12)) is None
    assert tokens.read_token(ours, "another", text, NOON) is None
    assert tokens.read_token(theirs, "key", text, NOON) is None


@given(ANYTHING)
def test_a_token_that_somebody_made_up_is_none(text: str) -> None:
    assert tokens.read_token(ours, "key", text, NOON) is None
    assert tokens.read_key(ours, text) is None


def sheet(fields: list[tuple[str, str]], *, adding: bool = False) -> Sheet:
    """A filled form."""
    return filled_in(Filled(fields), ours, NOON, 3, adding=adding)[0]


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ([], "nothing"),
        ([("isi", " \n")], "nothing"),
        ([("isi", "Lampu mati")], "where"),
        ([("judul", "Lampu mati")], "where"),
        ([("isi", "Lampu mati"), ("tempat", "Waru")], None),
        ([("isi", "Lampu mati"), ("lintang", "-1.2")], None),
        ([("isi", "Lampu mati"), ("ditanya", "1")], None),
        ([("isi", "Lampu mati"), ("jenis", "aspirasi")], None),
        ([("isi", "Lampu mati"), ("jenis", "informasi")], None),
        ([("isi", "Lampu mati"), ("jenis", "pengaduan")], "where"),
    ],
)
def test_a_person_is_asked_for_what_is_needed_and_for_nothing_else(fields: list[tuple[str, str]], lacking: str | None) -> None:
    fault = sheet(fields).lacking()
    assert (fault.code if fault else None) == lacking


def test_a_crowd_is_counted_by_address_and_forgotten() -> None:
    crowd = Crowd(100)
    for i in range(50):
        crowd.seen("a", NOON + timedelta(seconds=i))
    crowd.seen("b", NOON)
    late = NOON + timedelta(seconds=49)
    assert (crowd.within("a", 10, late), crowd.within("a", 600, late), crowd.within("b", 600, late), crowd.within("c", 600, late)) == (10, 50, 1, 0)
    crowd.seen("a", NOON + timedelta(minutes=20))
    assert crowd.within("a", 600, NOON + timedelta(minutes=20)) == 1
    for i in range(20_000):
        crowd.seen(f"x{i}", NOON)
    assert len(crowd._times) <= 10_000  # noqa: SLF001  # the memory is the point
