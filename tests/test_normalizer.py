"""What becomes of a citizen's words: cleaned, never lost, and no more said about them than is known."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from normalizer import Address, Attachment, Complaint, Declared, Incident, Location, Place, Report, Setting, normalize, unread
from normalizer.language import language
from normalizer.text import MAX_LINE, MAX_TEXT, MAX_TITLE, clean, first_sentence

NOON = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)
PPU = Setting(country="ID", zone="Asia/Makassar", region="64", keywords=(("PPU", "64.09"), ("SEPAKU", "64.09.04")))
CITIZEN = Address("sms", "+6281234567890")


def told(text: str, setting: Setting = PPU, **said: str | bool) -> Complaint:
    return normalize(Report(CITIZEN, text, NOON, declared=Declared(**said)), setting)  # type: ignore[arg-type]


def from_sender(kind: str, value: str, country: str = "ID") -> Complaint:
    return normalize(Report(Address(kind, value), "Lampu jalan mati", NOON), Setting(country=country))


def test_an_sms_becomes_a_complaint_of_the_one_schema() -> None:
    complaint = told("PPU Jembatan kayu di desa kami putus sejak hujan semalam. Anak sekolah tidak bisa lewat.")
    assert complaint.title == "Jembatan kayu di desa kami putus sejak hujan semalam"
    assert complaint.text.startswith("Jembatan kayu")
    assert (complaint.kind, complaint.language, complaint.sender, complaint.category) == ("complaint", "id", CITIZEN, complaint.categories[0])
    assert complaint.place == Place(None, "64.09", "keyword", keyword=True)
    assert complaint.incident == Incident("semalam", "2026-03-16", "text", "day", (45, 52), 0.9)
    assert complaint.missing == ("where",)
    assert (complaint.anonymous, complaint.confidential, complaint.remarks, complaint.received_at) == (False, False, (), NOON)


# The sender


@pytest.mark.parametrize(
    ("kind", "written", "country", "canonical"),
    [
        ("sms", "+6281234567890", "ID", "+6281234567890"),
        ("sms", "6281234567890", "ID", "+6281234567890"),
        ("sms", "081234567890", "ID", "+6281234567890"),
        ("sms", "81234567890", "ID", "+6281234567890"),
        ("sms", "0062 812-3456-7890", "ID", "+6281234567890"),
        ("sms", "+62 (0)81234567890", "ID", "+6281234567890"),
        ("sms", "\u202a+62 812\u20113456\u20117890\u202c", "ID", None),
        ("sms", "\u202a+62 812-3456-7890\u202c", "ID", "+6281234567890"),
        ("whatsapp", "whatsapp:+6281234567890", "ID", "+6281234567890"),
        ("sms", "62812345678", "ID", "+62812345678"),
        ("sms", "0542123456", "ID", "+62542123456"),
        ("sms", "62542123456", "ID", "+62542123456"),
        ("sms", "447911123456", "GB", "+447911123456"),
        ("sms", "07911123456", "GB", "+447911123456"),
        ("sms", "14155552671", "US", "+14155552671"),
        ("sms", "+60123456789", "ID", "+60123456789"),
        ("sms", "65551234", "SG", "+6565551234"),
        ("sms", "1708", "ID", None),
        ("sms", "+1708", "ID", None),
        ("sms", "98108", "ID", None),
        ("sms", "TELKOMSEL", "ID", None),
        ("sms", "1800FLOWERS", "US", None),
        ("sms", "", "ID", None),
        ("sms", "0" * 9_000, "ID", None),
        ("sms", "+6281234567890\x00", "ID", "+6281234567890"),
        ("email", " Ibu.Sari@Contoh.Example ", "ID", "Ibu.Sari@contoh.example"),
        ("email", "tanpa-alamat", "ID", None),
        ("email", "warga@contoh.example\r\nBcc: lain@contoh.example", "ID", None),
        ("telegram", "123456789", "ID", "123456789"),
        ("telegram", "12\x00", "ID", None),
        ("web", "\ud800", "ID", None),
        ("email", "a" * 300 + "@contoh.example", "ID", None),
    ],
)
def test_the_same_person_is_recognised_however_the_gateway_writes_the_address(kind: str, written: str, country: str, canonical: str | None) -> None:
    assert from_sender(kind, written, country).sender == (Address(kind, canonical) if canonical else None)


def test_a_sender_that_cannot_be_answered_is_remarked_and_the_words_are_kept() -> None:
    short_code, broken = from_sender("sms", "TELKOMSEL"), from_sender("email", "nobody")
    assert (short_code.text, short_code.remarks) == ("Lampu jalan mati", ("sender_not_a_number",))
    assert broken.remarks == ("sender_unusable",)
    assert normalize(Report(None, "Lampu jalan mati", NOON), PPU).remarks == ()


def test_a_number_of_a_range_that_the_library_does_not_know_yet_is_still_a_citizen() -> None:
    assert from_sender("sms", "+6280412345678").sender == Address("sms", "+6280412345678")


# The text


def test_what_cannot_be_seen_or_stored_is_taken_out_and_the_words_stay() -> None:
    assert clean("\ufeffJalan\x00 ru\u200bsak\u202e  \r\n\r\nparah\u2028sekali\ud800 \t") == "Jalan rusak\n\nparah\nsekali"
    assert clean("\ud83d\ude4f tolong") == "\U0001f64f tolong"
    assert clean("cafe\u0301\u00a0itu") == "caf\u00e9 itu"
    assert clean("a\tb") == "a\tb"


def test_no_control_character_and_no_half_character_comes_through() -> None:
    unwanted = "\n".join(letter for letter in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t")
    assert clean(unwanted) == ""
    assert clean("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u3164") == ""


def test_marks_stacked_without_end_are_cut_for_good() -> None:
    """One character that is two marks once it is composed: a second cleaning would find new ones to cut."""
    cleaned = clean("a" + "\u0344" * 40)
    assert clean(cleaned) == cleaned


def test_a_very_long_report_is_shortened_and_an_operator_is_told() -> None:
    complaint = told("Lampu mati. " * 5_000)
    assert len(complaint.text) <= MAX_TEXT
    assert complaint.remarks == ("text_shortened",)
    form = told("Lampu mati", where="x" * 5_000)
    assert (len(form.place.text or "") if form.place else 0) == MAX_LINE
    assert form.remarks == ("text_shortened",)
    assert told("x" * MAX_TEXT).remarks == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Sampah menumpuk di pasar. Tolong diangkut.", "Sampah menumpuk di pasar"),
        ("Jl. Provinsi km. 9 berlubang", "Jl. Provinsi km. 9 berlubang"),
        ("Air PDAM mati tiga hari!!! Mohon bantuan", "Air PDAM mati tiga hari"),
        ("Yth. Bapak Bupati, lampu mati", "Yth. Bapak Bupati, lampu mati"),
        ("Sampah menumpuk\nsudah seminggu", "Sampah menumpuk"),
        ("x" * 100, "x" * MAX_TITLE),
        ("Lihat " + "x" * 100, "Lihat " + "x" * (MAX_TITLE - 6)),
        ("kata " * 40, ("kata " * 16).strip()),
        ("", ""),
    ],
)
def test_a_report_without_a_title_gets_its_first_sentence(text: str, title: str) -> None:
    assert first_sentence(text.strip()) == title


def test_a_title_that_was_given_comes_first_then_the_subject_of_a_mail() -> None:
    mail = Report(None, "Sudah dua minggu.", NOON, subject="Lampu mati\r\n di Waru")
    assert normalize(mail, PPU).title == "Lampu mati di Waru"
    assert normalize(replace(mail, declared=Declared(title="Lampu jalan")), PPU).title == "Lampu jalan"
    assert normalize(replace(mail, subject=" \x00"), PPU).title == "Sudah dua minggu"


def test_a_mail_that_says_it_all_in_its_subject_is_not_asked_what_happened() -> None:
    assert "what" not in normalize(Report(None, "", NOON, subject="Lampu jalan mati"), PPU).missing


# The language


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("lampu jln dpn sd 03 mati udh 2 mgg blm dibenerin", "id"),
        ("knp air pdam gak ngalir dr kmrn ya pak", "id"),
        ("JALAN RUSAK PARAH", "id"),
        ("Mohon informasi jadwal perekaman KTP", "id"),
        ("sy lapor, teh yg dijual di pasar sdh basi", "id"),
        ("Pak, dalan ngarep omahku bolong kabeh, wis telung sasi ora didandani", "jv"),
        ("nyuwun sewu pak, toya PDAM mboten mili sampun tigang dinten", "jv"),
        ("lampu dalan peteng kabeh nggih, tulung didandosi", "jv"),
        ("Punten pak, jalan ka lembur abdi ruksak pisan teu acan dibenerkeun", "su"),
        ("cai PDAM pareum ti kamari, kumaha ieu téh", "su"),
        ("runtah di hareup imah numpuk, can diangkut wae", "su"),
        ("There is a big hole in the road near the school", "en"),
        ("please fix street lamp in our village", "en"),
        ("garbage not collected for 2 weeks", "en"),
        ("", None),
        ("12345 ???", None),
        ("Budi Santoso Kutai", None),
        ("xkcd qwerty zxcv", None),
        ("Budi Santoso dari Sepaku", None),
    ],
)
def test_short_informal_messages_are_tagged_with_their_language(text: str, tag: str | None) -> None:
    assert language(text) == tag


@pytest.mark.parametrize(
    ("text", "program", "tag"),
    [
        pytest.param("PPU 12/3", "en", "en", id="too little text"),
        pytest.param("PPU 12/3", "en-US", "en", id="of a country"),
        pytest.param("PPU 12/3", "ID_id", "id", id="however it is written"),
        pytest.param("", "en", "en", id="a picture without words"),
        pytest.param("jalan road", "en", "en", id="between two languages"),
        pytest.param("lampu jalan di depan pasar sudah mati", "en", "id", id="the words count"),
        pytest.param("/start", "id", "id", id="a command is in no language"),
        pytest.param("/lapor the street light is broken", "id", "en", id="what comes behind it is"),
        pytest.param("PPU 12/3", "fr", None, id="not one of ours"),
        pytest.param("PPU 12/3", "", None, id="nothing"),
        pytest.param("PPU 12/3", "e" * 100_000, None, id="anything"),
        pytest.param("PPU 12/3", None, None, id="not said"),
    ],
)
def test_where_the_words_tell_no_language_the_senders_program_does(text: str, program: str | None, tag: str | None) -> None:
    assert normalize(Report(CITIZEN, text, NOON, language=program), PPU).language == tag


def test_a_message_between_two_languages_is_not_guessed() -> None:
    assert language("jalan road") is None


# The keyword and the region


@pytest.mark.parametrize(
    ("text", "rest", "code"),
    [
        ("PPU jalan rusak", "jalan rusak", "64.09"),
        ("ppu: jalan rusak", "jalan rusak", "64.09"),
        ("Ppu, jalan rusak", "jalan rusak", "64.09"),
        ("#PPU jalan rusak", "jalan rusak", "64.09"),
        ("PPU:jalan rusak", "jalan rusak", "64.09"),
        (" sepaku\njalan rusak", "jalan rusak", "64.09.04"),
    ],
)
def test_a_local_keyword_names_the_region_and_is_taken_off(text: str, rest: str, code: str) -> None:
    complaint = told(text)
    assert (complaint.text, complaint.place) == (rest, Place(None, code, "keyword", keyword=True))


@pytest.mark.parametrize("text", ["jalan PPU rusak", "PPUjalan rusak", "PPU-nya rusak", "PPU", "#PPU:"])
def test_a_word_that_is_no_keyword_stays_and_the_channel_says_the_region(text: str) -> None:
    complaint = told(text)
    assert (complaint.text, complaint.place) == (text, Place(None, "64", "channel"))


def test_a_keyword_alone_says_nothing_yet() -> None:
    assert told("PPU").missing == ("what", "where", "when")


def test_a_channel_without_a_region_of_its_own_knows_no_place() -> None:
    assert told("jalan rusak", Setting()).place is None


# What a person filled in


def test_a_form_says_where_when_and_of_what_kind() -> None:
    complaint = told(
        "Lampu mati", kind="complaint", where=" depan  SD 03 ", when="2026-03-16", agency="Dishub", contact="0812", anonymous=True, confidential=True
    )
    assert complaint.place == Place("depan SD 03", "64", "declared")
    assert complaint.incident == Incident("2026-03-16", "2026-03-16", "declared", "day", score=1.0)
    assert (complaint.kind, complaint.agency, complaint.contact, complaint.missing) == ("complaint", "Dishub", "0812", ())
    assert complaint.anonymous
    assert complaint.confidential


@pytest.mark.parametrize(
    ("when", "date", "precision"),
    [
        ("2026-03", "2026-03", "month"),
        ("2026-03-17", "2026-03-17", "day"),
        ("2026-02-30", None, None),
        ("20260317", None, None),
        ("0000-00", None, None),
        ("kemarin sore", "2026-03-16", "day"),
        ("12/3", "2026-03-12", "day"),
        ("Senin", "2026-03-16", "day"),
        ("2019", "2019", "year"),
        ("tiap malam", None, "recurring"),
        ("lupa", None, None),
    ],
)
def test_a_field_says_when_as_people_write_it(when: str, date: str | None, precision: str | None) -> None:
    incident = told("Lampu mati sejak 3 hari lalu", when=when).incident
    assert incident
    assert replace(incident, score=None) == Incident(when, date, "declared", precision)
    assert (incident.score is None) == (precision is None)


def test_who_said_when_is_not_asked_for_it() -> None:
    complaint = told("PPU Air mati. Sudah 2 minggu pak")
    assert complaint.incident == Incident("Sudah 2 minggu", "2026-03-03", "text", "week", (10, 24), 0.9)
    assert "when" not in complaint.missing


def test_a_subject_says_when_if_the_text_does_not() -> None:
    mail = Report(CITIZEN, "Mohon bantuan", NOON, subject="Lampu mati sejak Senin")
    assert normalize(mail, PPU).incident == Incident("sejak Senin", "2026-03-16", "text", "day", score=0.9)
    assert normalize(replace(mail, text="Padam bulan lalu"), PPU).incident == Incident("bulan lalu", "2026-02", "text", "month", (6, 16), 0.9)


@pytest.mark.parametrize(
    ("kind", "text", "missing"),
    [
        ("complaint", "Lampu jalan mati", ("where", "when")),
        ("aspiration", "Usul taman kota", ()),
        ("information_request", "Syarat KTP?", ()),
        ("information_request", "??", ("what",)),
        ("rubbish", "Lampu jalan mati", ("where", "when")),
        ("", "", ("what", "where", "when")),
    ],
)
def test_a_person_is_asked_only_for_what_this_kind_of_report_needs(kind: str, text: str, missing: tuple[str, ...]) -> None:
    assert told(text, kind=kind).missing == missing


def test_a_position_on_the_map_says_where() -> None:
    here = Location(-1.29, 116.51, 12.0)
    complaint = normalize(Report(CITIZEN, "Lampu jalan mati", NOON, location=here), PPU)
    assert (complaint.place, complaint.missing) == (Place(None, "64", "position", here), ("when",))


@pytest.mark.parametrize("latitude", [float("nan"), float("inf"), 91.0])
def test_a_position_that_is_nowhere_on_earth_is_left_out(latitude: float) -> None:
    complaint = normalize(Report(CITIZEN, "Lampu jalan mati", NOON, location=Location(latitude, 116.51)), PPU)
    assert complaint.place == Place(None, "64", "channel")


def test_a_position_without_a_usable_accuracy_is_still_a_position() -> None:
    complaint = normalize(Report(CITIZEN, "Lampu jalan mati", NOON, location=Location(-1.29, 116.51, float("nan"))), PPU)
    assert complaint.place == Place(None, "64", "position", Location(-1.29, 116.51))


def test_a_file_keeps_its_reference_and_gets_a_name_that_can_be_shown() -> None:
    url = "https://media.example/" + "a" * 500
    photo = Attachment("foto\x00\u202egpj.exe", "image/jpeg\r\n", reference=url)
    complaint = normalize(Report(CITIZEN, "", NOON, attachments=(photo,)), PPU)
    assert complaint.attachments == (Attachment("fotogpj.exe", "image/jpeg", reference=url),)


def test_what_could_not_be_read_is_hidden_and_everything_is_still_to_be_asked() -> None:
    complaint = unread(Address("sms", "6281234567890"), NOON, PPU)
    assert (complaint.title, complaint.text, complaint.language, complaint.sender) == ("", "", None, CITIZEN)
    assert (complaint.anonymous, complaint.confidential) == (True, True)
    assert (complaint.missing, complaint.remarks) == (("what", "where", "when"), ("unread",))
    assert unread(Address("sms", "1708"), NOON, PPU).remarks == ("unread", "sender_not_a_number")


# Speed: a report that was made to be slow is read as fast as any other

EVIL = {
    "spaces": " " * MAX_TEXT + "x",
    "stacked marks": "a" + "\u0316\u0300" * (MAX_TEXT // 2),
    "one word": "a" * MAX_TEXT,
    "hyphens": "a-" * (MAX_TEXT // 2),
    "apostrophes": "a'" * (MAX_TEXT // 2),
    "full stops": "satu" + "." * MAX_TEXT,
    "blank lines": "\r\n \t" * (MAX_TEXT // 4),
    "hashes": "#" * MAX_TEXT,
    "half characters": "\ud800" * MAX_TEXT,
    "emoji": "\U0001f64f" * MAX_TEXT,
    "endings": "nyakanipun" * (MAX_TEXT // 10),
    "keyword and spaces": "PPU" + " " * MAX_TEXT + "x",
}


@pytest.mark.parametrize("name", EVIL)
def test_no_text_takes_longer_than_its_length(name: str) -> None:
    """CPU time of the best of three against a bound many times what it needs: quadratic would be far beyond."""
    report = Report(CITIZEN, EVIL[name] * 10, NOON)
    normalize(Report(CITIZEN, "Lampu mati", NOON), PPU)
    spent = []
    for _ in range(3):
        started = time.process_time()
        normalize(report, PPU)
        spent.append(time.process_time() - started)
    assert min(spent) < 1


def test_a_complaint_can_be_written_as_json_as_it_is() -> None:
    complaint = told("Lampu\x00 mati \ud800", where="di sana\x00")
    assert "\\u0000" not in json.dumps(asdict(complaint), default=str, allow_nan=False)


def test_of_a_field_nothing_is_read_that_is_not_kept() -> None:
    """Each megabyte of it would hold the reader for three seconds, and the report would be parked."""
    behind = told("Tolong segera ditindaklanjuti", agency="Kepada " + "x " * MAX_LINE + "lampu jalan padam, sampah menumpuk")
    assert (behind.categories, behind.remarks) == ((), ("text_shortened",))
    assert told("Tolong segera ditindaklanjuti", agency="lampu jalan padam").categories
