"""A message that is only a word to us is one, however it is typed; a report never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import tracking
from gateway.asked import Asked, asked_of

NUMBER = tracking.number(b"k" * 32, "sms", "1")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("STATUS", Asked("status")),
        ("status", Asked("status")),
        (" Status? ", Asked("status")),
        ("sttus", Asked("status")),
        ("Statuss", Asked("status")),
        ("sattus", Asked("status")),
        ("cek", Asked("status")),
        ("Cek laporan saya dong pak", Asked("status")),
        ("tolong cek laporan saya", Asked("status")),
        ("LACAK", Asked("status")),
        ("status laporan saya gimana ya?", Asked("status")),
        ("check my report please", Asked("status", language="en")),
        ("track", Asked("status", language="en")),
        (f"STATUS {NUMBER}", Asked("status", NUMBER)),
        (f"status {NUMBER.lower().replace('-', ' ')}", Asked("status", NUMBER)),
        (f"cek no. {NUMBER.replace('-', '')}", Asked("status", NUMBER)),
        (f"STATUS\n{NUMBER}", Asked("status", NUMBER)),
        (f"/status@LaporBot {NUMBER}", Asked("status", NUMBER)),
        (NUMBER, Asked("status", NUMBER)),
        (NUMBER.lower(), Asked("status", NUMBER)),
        ("status 1111-2222-3333", Asked("status", "?")),
        (f"status {NUMBER[:-1]}", Asked("status", "?")),
        ("BANTUAN", Asked("help")),
        ("Bantuan!", Asked("help")),
        ("bantuan dong", Asked("help")),
        ("help", Asked("help", language="en")),
        ("/help", Asked("help")),
        ("INFO", Asked("help")),
        ("info dong pak", Asked("help")),
        ("/start", Asked("start")),
        ("/bantuan", Asked("help")),
        ("ANONIM", Asked("anonymous")),
        ("tolong anonimkan laporan saya", Asked("anonymous")),
        (f"rahasia {NUMBER}", Asked("confidential", NUMBER)),
        ("Rahasiakan ya", Asked("confidential")),
        ("rahsia", Asked("confidential")),
        ("confidential please", Asked("confidential", language="en")),
        ("BATAL", Asked("withdraw")),
        ("cabut laporan saya", Asked("withdraw")),
        (f"batal {NUMBER}", Asked("withdraw", NUMBER)),
        ("BUKA", Asked("reopen")),
        ("belum selesai pak", Asked("reopen")),
        ("5", Asked("rate", value="5")),
        ("nilai 4", Asked("rate", value="4")),
        ("BERHENTI", Asked("stop")),
        ("stop", Asked("stop")),
        ("MULAI", Asked("start")),
        ("EN", Asked("language", language="en", value="en")),
        ("/bahasa", Asked("language")),
        ("/bahasa id", Asked("language", language="id", value="id")),
        ("aspirasi", Asked("classify", value="aspiration")),
        ("permintaan informasi", Asked("classify", value="information_request")),
        ("/lapor", Asked("report")),
        ("saya mau lapor", Asked("report")),
        ("tidak tahu", Asked("unknown")),
        ("gak tau", Asked("unknown")),
        ("terima kasih banyak pak", Asked("thanks")),
        ("ok, trima kasih", Asked("thanks")),
        ("Assalamualaikum", Asked("greeting")),
        ("selamat pagi min", Asked("greeting")),
    ],
)
def test_a_word_is_understood_however_it_is_typed(text: str, asked: Asked) -> None:
    assert asked_of(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "cek jalan rusak",
        "cek bansos",
        "Status jalan rusak",
        "status bansos saya",
        "Bantuan sosial belum cair",
        "bantuan pangan",
        "bantuan hukum",
        # Somebody calls for help: an officer must see it.
        "tolong",
        "mohon bantuan",
        "tolong bantuan pak",
        "Help! banjir",
        "help me",
        "kartu status",
        "lacak pencuri motor",
        "STATUS 1111-2222-3333 jalan rusak",
        # Telephone numbers look like ours.
        "081234567890",
        "0812-3456-7890",
        f"Laporan {NUMBER} belum ada kabar, jalan masih rusak",
        f"{NUMBER} {NUMBER}",
        "cuk",
        "ANONIM jalan rusak",
        "Rahasia umum: jalan rusak",
        "rahasia negara",
        "cekik",
        "berhenti pungli",
        "buka jalan",
        "tidak ada air",
        "5 lampu mati",
        "informasi bansos",
        "info bansos",
        "info banjir di Waru",
        "batal puasa karena asap",
        "status " * 20,
    ],
)
def test_a_report_is_not_a_word(text: str) -> None:
    assert asked_of(text) is None


@given(st.text(max_size=200))
def test_whatever_is_written_nothing_breaks(text: str) -> None:
    asked = asked_of(text)
    assert asked is None or asked.number in {"", "?"} or tracking.parse(asked.number) == asked.number


@given(
    st.binary(min_size=8, max_size=8),
    st.sampled_from(["STATUS {}", "cek {}", "{}", "status no {}", "Lacak laporan saya {}"]),
    st.booleans(),
    st.sampled_from(["", " ", "-"]),
)
def test_every_number_that_we_give_out_can_be_asked_for(seed: bytes, form: str, upper: bool, between: str) -> None:  # noqa: FBT001  # a table
    number = tracking.number(b"k" * 32, "sms", seed.hex())
    written = number.replace("-", between)
    asked = asked_of(form.format(written if upper else written.lower()))
    # One in some ten million has neither letters nor a word beside it, and may be a telephone's.
    assert asked == Asked("status", number) or (form == "{}" and number.replace("-", "").isdigit())
