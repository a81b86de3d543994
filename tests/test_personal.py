"""Who a text gives away: numbers, addresses and names that no stranger shall read. All of them are made up."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from normalizer import Complaint, Report, Setting, Span, normalize
from normalizer.personal import MASK, masked, personal

LAW = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Label, text, what is found: kind and words.
FOUND = [
    ("an identity number", "NIK 6409011203850001 tidak terbaca", [("nik", "6409011203850001")]),
    ("a woman's identity number", "atas nomor 6409015203850001 mohon dicek", [("nik", "6409015203850001")]),
    ("an identity number in groups", "6409 0112 0385 0001", [("nik", "6409 0112 0385 0001")]),
    ("an identity number with a slip in it, behind its name", "NIK: 6409019903850001", [("nik", "6409019903850001")]),
    ("an identity number behind a count", "ada 3 6409011203850001", [("nik", "6409011203850001")]),
    ("a family card", "No. KK 6409011203100002 salah", [("kk", "6409011203100002")]),
    ("a family card in words", "Kartu Keluarga nomor 6409011203100002", [("kk", "6409011203100002")]),
    ("a health insurance number", "BPJS saya no 1234567890123 nonaktif", [("bpjs", "1234567890123")]),
    ("a health insurance number alone", "0001234567890 nonaktif", [("bpjs", "0001234567890")]),
    ("a civil servant", "guru NIP 198503122010011005 jarang masuk", [("nip", "198503122010011005")]),
    ("a civil servant, with blanks", "19850312 201001 1 005", [("nip", "19850312 201001 1 005")]),
    ("a mobile", "hub 081234567890 ya", [("phone", "081234567890")]),
    ("a mobile in groups", "CP. 082 337 631 590", [("phone", "082 337 631 590")]),
    ("a mobile with dashes", "WA 0812-3456-7890", [("phone", "0812-3456-7890")]),
    ("a mobile with a telephone's own dashes", "WA 0812\u20133456\u20117890", [("phone", "0812\u20133456\u20117890")]),
    ("a mobile with blanks that do not break", "hp 0812\u00a03456\u202f7890", [("phone", "0812\u00a03456\u202f7890")]),
    (
        "a mobile in Arabic figures",
        "hp \u0660\u0668\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660",
        [("phone", "\u0660\u0668\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660")],
    ),
    (
        "an identity number in wide figures",
        "NIK \uff16\uff14\uff10\uff19\uff10\uff11\uff11\uff12\uff10\uff13\uff18\uff15\uff10\uff10\uff10\uff11",
        [("nik", "\uff16\uff14\uff10\uff19\uff10\uff11\uff11\uff12\uff10\uff13\uff18\uff15\uff10\uff10\uff10\uff11")],
    ),
    ("a mail address with a wide sign", "siti\uff20contoh.example", [("mail", "siti\uff20contoh.example")]),
    ("a mobile with the country in brackets", "+62 (812) 3456-7890", [("phone", "+62 (812) 3456-7890")]),
    ("a mobile with the country", "+62 812 3456 7890 (Budi)", [("phone", "+62 812 3456 7890")]),
    ("a mobile with the country, no plus", "6281234567890", [("phone", "6281234567890")]),
    ("a mobile glued to its word", "hp081234567890", [("phone", "081234567890")]),
    ("two mobiles", "081234567890 081298765432", [("phone", "081234567890"), ("phone", "081298765432")]),
    ("a landline", "telp (0542) 123456", [("phone", "(0542) 123456")]),
    ("a landline in the capital", "021-555 1234", [("phone", "021-555 1234")]),
    ("a number abroad", "+65 6555 1234", [("phone", "+65 6555 1234")]),
    ("a number that only its word tells", "telp no 7654321", [("phone", "7654321")]),
    ("a mail address", "balas ke siti.warga@contoh.example.", [("mail", "siti.warga@contoh.example")]),
    ("a plate", "Mobil KT 1234 AB ugal-ugalan", [("plate", "KT 1234 AB")]),
    ("a plate without blanks", "motor KT1234AB", [("plate", "KT1234AB")]),
    ("a plate in small letters", "plat kt 1234 ab", [("plate", "kt 1234 ab")]),
    ("a short plate behind its word", "nopol B 1 RI", [("plate", "B 1 RI")]),
    ("in the name of", "KTP atas nama Siti Aminah belum jadi", [("name", "Siti Aminah")]),
    ("in the name of, short", "a.n. Slamet Riyadi.", [("name", "Slamet Riyadi")]),
    ("in the name of, shorter", "meninggal 21 November an. Lela", [("name", "Lela")]),
    ("in the name of, with a stroke", "rekening a/n Budi", [("name", "Budi")]),
    ("my name", "Nama saya Budi Santoso dari Waru", [("name", "Budi Santoso")]),
    ("my name in small letters", "nama saya budi santoso mau lapor", [("name", "budi santoso")]),
    ("my name in capitals", "NAMA SAYA BUDI SANTOSO MAU LAPOR", [("name", "BUDI SANTOSO")]),
    ("my name, that is a word too", "Nama saya Bagus Setiawan", [("name", "Bagus Setiawan")]),
    ("called", "petugas bernama Pak Joko minta uang", [("name", "Joko")]),
    ("a field", "Nama: Siti Aminah\nAlamat: Waru", [("name", "Siti Aminah")]),
    ("initials", "a.n. H. M. Yusuf Kalla, Waru", [("name", "M. Yusuf Kalla")]),
    ("a name with an apostrophe", "bernama Nur'aini", [("name", "Nur'aini")]),
    ("somebody's son", "Nama: Yusuf bin Ismail", [("name", "Yusuf bin Ismail")]),
    ("somebody's daughter", "a.n. Siti Aminah binti Rahmat, Waru", [("name", "Siti Aminah binti Rahmat")]),
    ("somebody's daughter, with many names", "bernama Siti Nur Aini Putri binti Haji Rahmat", [("name", "Siti Nur Aini Putri binti Haji Rahmat")]),
    ("English", "My name is John Smith and I live here", [("name", "John Smith")]),
    ("a bank's account", "no rek 1234567890 belum cair", [("account", "1234567890")]),
    ("a bank's account in groups", "Rekening BRI 0123-01-012345-50-1 diblokir", [("account", "0123-01-012345-50-1")]),
    ("a bank's account behind the bank alone", "transfer ke BCA 1234567890 saja", [("account", "1234567890")]),
    ("a bank's account of somebody", "norek: 7123456789 an. Budi", [("account", "7123456789"), ("name", "Budi")]),
    ("a household's account", "rekening listrik id pel 512345678901 salah", [("account", "512345678901")]),
    ("my address", "alamat saya jl melati no 12 rt 03 rw 05 desa girimukti", [("address", "jl melati no 12 rt 03 rw 05")]),
    ("my address with marks", "Alamat saya di Jalan Sudirman No. 12A RT.03/05, Penajam", [("address", "Jalan Sudirman No. 12A RT.03/05")]),
    ("the address of a home", "Alamat rumah: Jl. Mawar Indah Blok C No.7, lampu mati", [("address", "Jl. Mawar Indah Blok C No.7")]),
    ("where I live", "sy tinggal di perum griya asri blok a3 no 12", [("address", "perum griya asri blok a3 no 12")]),
    ("where we live in a village", "kami warga yang tinggal di dsn mulyo rt 3 no 12", [("address", "rt 3 no 12")]),
    ("a street with initials", "Alamat saya Jl. A. Yani No. 45 RT 03", [("address", "Jl. A. Yani No. 45 RT 03")]),
    ("a street with a title", "Saya tinggal di Jl. Jend. Sudirman No. 12", [("address", "Jl. Jend. Sudirman No. 12")]),
    ("a number alone is no address", "alamat saya no 1, lampu mati di jl melati no 10", []),
    ("a long account", "rek 1234 5678 9012 3456 7890 1234", [("account", "1234 5678 9012 3456 7890 1234")]),
    ("a form", "Nama: Siti\nAlamat: Jl Melati No 12 RT 3", [("name", "Siti"), ("address", "Jl Melati No 12 RT 3")]),
    ("where I live, in English", "I live at Jalan Melati No. 12", [("address", "Jalan Melati No. 12")]),
    ("who says who they are", "saya Budi Santoso warga desa Babulu", [("name", "Budi Santoso")]),
    ("who says it in small letters", "Selamat pagi. saya budi warga waru", [("name", "budi")]),
    ("who says it in capitals", "SAYA BUDI SANTOSO WARGA WARU", [("name", "BUDI SANTOSO")]),
    ("who says it at once", "Saya Andi, mau lapor", [("name", "Andi")]),
    ("a name alone", "nama ana budi jalan rusak", [("name", "ana budi")]),
    ("who signs", "Jalan rusak.\nttd,\nBudi", [("name", "Budi")]),
    ("who signs politely", "Mohon ditindak. Hormat saya, Siti Aminah", [("name", "Siti Aminah")]),
    ("who reports", "Jalan rusak. Pelapor: Budi Santoso", [("name", "Budi Santoso")]),
    ("all at once", "nama saya Budi, hp 081234567890, KT 1234 AB", [("name", "Budi"), ("phone", "081234567890"), ("plate", "KT 1234 AB")]),
]

# Label, text: nobody is in it.
NOBODY = [
    ("a price", "Iuran Rp 12.500.000 per bulan"),
    ("a date", "tanggal 03-04-2025 dan 12/03/2025"),
    ("office hours", "buka 07.30-14.00 setiap hari"),
    ("houses", "Jl. Melati No. 12 RT 05 RW 03"),
    ("a block", "Blok B 3 RT 5, blok D 12 A"),
    ("a law", "UU 25 tahun 2009"),
    ("a position", "-1.2345678, 116.5123456"),
    ("sixteen figures of nothing", "kode 9999999999999999"),
    ("thirteen figures of nothing", "resi 1234567890123"),
    ("a handle", "lapor ke @kabppu"),
    ("residents", "Atas nama warga RT 5"),
    ("a company", "atas nama PT Maju Jaya"),
    ("a road's name", "nama jalan itu Melati"),
    ("a decade", "sejak tahun 60 an. Jembatan"),
    ("a decade in full", "sejak tahun 1990 an. Jembatan"),
    ("a short code", "sms ke 1708"),
    ("a distance", "di 3 km dari DE 5 km"),
    ("a road with a number", "jalan Sudirman no 5 rusak berlubang"),
    ("what is complained of", "bangunan liar alamat Jl. Mawar No 4"),
    ("another place than where I live", "saya tinggal di desa babulu, lampu mati di jl melati no 12"),
    ("another street than where I live", "saya tinggal di jl mawar lampu mati di jl melati no 12"),
    ("another's home", "orang gila tinggal di jl mawar no 3"),
    ("a street without a house", "saya tinggal di jl melati rt 3"),
    ("my house as the place", "rumah saya di jl mawar no 3 kebanjiran"),
    ("a sum", "saldo rekening saya Rp 12.500.000 hilang"),
    ("a sum without its sign", "rekening dipotong 12.500.000"),
    ("a day", "buka rekening tgl 12-03-2025"),
    ("a bank's branch", "BRI unit 2 Penajam km 9"),
    ("where somebody is", "Saya Sepaku, mau lapor jalan rusak"),
    ("what somebody is", "saya petani dari waru"),
    ("what somebody is, with a capital", "Saya Mahasiswa, mau lapor"),
    ("whose customer somebody is", "Saya Pelanggan PDAM, air mati"),
    ("how somebody feels", "Saya sangat kecewa, mohon ditindak"),
    ("short words", "Saya tdk trima, mau lapor"),
    ("what is not signed yet", "surat belum ttd pak lurah"),
    ("who signs as many", "Hormat saya, warga RT 05"),
    ("a village's name", "nama desa kami Girimukti"),
    ("nothing", ""),
]


@pytest.mark.parametrize(("label", "text", "found"), FOUND, ids=[row[0] for row in FOUND])
def test_a_person_is_seen_in_a_text(label: str, text: str, found: list[tuple[str, str]]) -> None:
    assert [(span.kind, text[span.start : span.end]) for span in personal(text)] == found, label


@pytest.mark.parametrize(("label", "text"), NOBODY, ids=[row[0] for row in NOBODY])
def test_a_number_of_something_else_is_nobody(label: str, text: str) -> None:
    assert personal(text) == (), label


def test_a_masked_text_says_what_happened_and_not_who_wrote() -> None:
    text = "Nama saya Budi Santoso, hp 081234567890. Kata Pak Budi jalan rusak. Nomor 081234567890!"
    assert masked(text, personal(text)) == f"Nama saya {MASK}, hp {MASK}. Kata Pak {MASK} jalan rusak. Nomor {MASK}!"


def test_a_complaint_says_where_its_text_gives_somebody_away() -> None:
    received_at = datetime(2026, 3, 17, 4, tzinfo=UTC)
    setting = Setting(keywords=(("PPU", "64.09"),))
    complaint = normalize(Report(None, "PPU nama saya Budi. Jalan rusak", received_at), setting)
    assert complaint.personal == (Span("name", 10, 14, "cue", 0.8),)
    assert complaint.text[10:14] == "Budi"


def test_a_complaint_that_was_kept_before_is_still_read() -> None:
    kept = TypeAdapter(Complaint).dump_python(normalize(Report(None, "Jalan rusak", datetime(2026, 3, 17, 4, tzinfo=UTC)), Setting()), mode="json")
    kept["incident"] = {"text": "2026-03", "date": "2026-03", "how": "declared"}
    del kept["personal"]
    read = TypeAdapter(Complaint).validate_python(kept)
    assert read.personal == ()
    assert read.incident
    assert (read.incident.precision, read.incident.span) == (None, None)
    assert TypeAdapter(Complaint).validate_python(asdict(read)) == read


# Pieces that the rules know, in any order, with all of Unicode between them.
PIECES = st.sampled_from(
    [
        *("nama saya ", "Budi", " Santoso", "budi", "a.n. ", "an. ", "H. ", "bernama ", "Siti Aminah", "***", " ", ". ", ", ", "-", "\n", "Nama: "),
        *(
            "0812",
            "+62",
            "34567890",
            "6409011203850001",
            "KT 1234 AB",
            "NIK ",
            "kk ",
            "bpjs ",
            "hp ",
            "(0542)",
            "@contoh.example",
            "warga",
            "1",
            "0",
            "alamat saya ",
            "jl melati ",
            "no 12",
            " rt 03",
            "no rek ",
            "ttd ",
            "saya ",
            " warga",
            "BUDI",
            "aminah",
        ),
    ],
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.one_of(PIECES, st.characters()), max_size=16).map("".join), st.lists(PIECES, max_size=16).map("".join))


@LAW
@given(TEXTS)
def test_spans_lie_in_the_text_and_apart(text: str) -> None:
    end_of_last = 0
    for span in personal(text):
        assert end_of_last <= span.start < span.end <= len(text)
        end_of_last = span.end


@LAW
@given(TEXTS)
def test_a_masked_text_never_contains_what_was_masked(text: str) -> None:
    spans = personal(text)
    shown = masked(text, spans)
    for span in spans:
        assert text[span.start : span.end] not in shown
    if not spans:
        assert shown == text
