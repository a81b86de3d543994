"""When it happened, in people's own words: what is a date, which one, and what only looks like one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normalizer import Report, Setting, normalize
from normalizer.dates import When, answer_date, dates, incident_date

# A Tuesday, 12:00 in Penajam.
NOON = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)
ZONE = "Asia/Makassar"
LAW = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Label, text, the date, its precision.
SAID = [
    ("yesterday", "Pohon tumbang kemarin", "2026-03-16", "day"),
    ("yesterday, short", "kmrn air mati", "2026-03-16", "day"),
    ("yesterday, shorter", "kmrin ada banjir di rt kami", "2026-03-16", "day"),
    ("yesterday, as spoken", "kemaren listrik padam", "2026-03-16", "day"),
    ("yesterday, stretched", "kemariiin lampunya mati", "2026-03-16", "day"),
    ("yesterday, shouted", "KEMARIN SORE JEMBATAN AMBRUK", "2026-03-16", "day"),
    ("yesterday afternoon", "kejadian kmrn sore jam 4", "2026-03-16", "day"),
    ("yesterday at ten", "Kemarin jam 10 pagi petugas minta uang", "2026-03-16", "day"),
    ("the day before yesterday", "kemarin lusa sampah dibakar", "2026-03-15", "day"),
    ("the day before yesterday, spoken", "kemarin dulu sudah saya lapor", "2026-03-15", "day"),
    ("this morning", "tadi pagi ada tabrakan", "2026-03-17", "day"),
    ("this morning, turned", "pagi tadi ada tabrakan", "2026-03-17", "day"),
    ("last night", "tadi malam maling masuk", "2026-03-16", "day"),
    ("last night, short", "td mlm listrik mati", "2026-03-16", "day"),
    ("last night, one word", "Hujan deras semalam, got meluap", "2026-03-16", "day"),
    ("before dawn", "tadi subuh pipa pecah", "2026-03-17", "day"),
    ("this afternoon that has not been yet is yesterday's", "tadi sore ada balapan", "2026-03-16", "day"),
    ("a moment ago", "barusan ada kebakaran", "2026-03-17", "day"),
    ("a moment ago, two words", "baru saja gardu meledak", "2026-03-17", "day"),
    ("earlier, by the clock", "tadi jam 9 antri di puskesmas", "2026-03-17", "day"),
    ("earlier, by the clock in the afternoon, which was yesterday's", "jam 3 sore tadi pohon tumbang", "2026-03-16", "day"),
    ("earlier, by the clock at midday, which was yesterday's", "tadi jam 2 siang pohon tumbang", "2026-03-16", "day"),
    ("earlier, by the clock in the morning", "jam 3 pagi tadi pohon tumbang", "2026-03-17", "day"),
    ("today", "hari ini air tidak mengalir", "2026-03-17", "day"),
    ("today, short", "hr ini sy ditolak di loket", "2026-03-17", "day"),
    ("three days ago", "3 hari lalu sudah roboh", "2026-03-14", "day"),
    ("three days ago, short", "3 hr yg lalu sdh roboh", "2026-03-14", "day"),
    ("three days ago, glued", "3hr yg lalu sdh roboh", "2026-03-14", "day"),
    ("three days ago, in words", "tiga hari yang lalu sudah roboh", "2026-03-14", "day"),
    ("twelve days ago, in words", "dua belas hari lalu", "2026-03-05", "day"),
    ("twenty days ago, in words", "dua puluh hari yang lalu", "2026-02-25", "day"),
    ("some days ago", "beberapa hari yang lalu got meluap", "2026-03-14", "week"),
    ("two or three days ago", "2-3 hari lalu", "2026-03-14", "week"),
    ("some hours ago", "5 jam yang lalu", "2026-03-17", "day"),
    ("so many hours ago that it was yesterday", "14 jam yang lalu", "2026-03-16", "day"),
    ("two weeks ago", "dua minggu lalu", "2026-03-03", "week"),
    ("a week ago", "seminggu yang lalu", "2026-03-10", "week"),
    ("a week", "sampah seminggu tidak diangkut", "2026-03-10", "week"),
    ("for a month", "sudah sebulan lampu jalan padam", "2026-02", "month"),
    ("more than a year", "setahun lebih tidak kunjung selesai", "2025", "year"),
    ("last week", "minggu lalu sudah diperbaiki", "2026-03-10", "week"),
    ("last week, as spoken", "minggu kemarin petugas datang", "2026-03-10", "week"),
    ("last month", "bulan lalu jembatan putus", "2026-02", "month"),
    ("last month, short", "bln kmrn tagihan naik", "2026-02", "month"),
    ("last year", "sejak tahun lalu rusak", "2025", "year"),
    ("this month", "bulan ini beras tidak keluar", "2026-03", "month"),
    ("last Monday", "senin kemarin jalan amblas", "2026-03-16", "day"),
    ("last Monday, otherwise", "hari senin lalu jalan amblas", "2026-03-16", "day"),
    ("last Tuesday, said on a Tuesday", "selasa lalu jalan amblas", "2026-03-10", "day"),
    ("last Sunday", "hari minggu kemarin jalan amblas", "2026-03-15", "day"),
    ("Monday of last week", "senin minggu lalu jalan amblas", "2026-03-09", "day"),
    ("on Friday", "kejadiannya hari jum'at", "2026-03-13", "day"),
    ("Saturday night", "sabtu malam ada balap liar", "2026-03-14", "day"),
    ("the eve of Sunday", "malam minggu kemarin ada balap liar", "2026-03-14", "day"),
    ("the eve of today", "malam selasa kemarin ada balap liar", "2026-03-16", "day"),
    ("day and month", "tgl 12/3 mobil terperosok", "2026-03-12", "day"),
    ("day and month that lie ahead are last year's", "tgl 20/3 mobil terperosok", "2025-03-20", "day"),
    ("day, month and year", "tanggal 12-03-2025 saya mendaftar", "2025-03-12", "day"),
    ("day, month and year without a cue", "Sejak 12/03/2025 belum ada kabar", "2025-03-12", "day"),
    ("day, month and year with full stops", "Terakhir bayar 12.03.2025", "2025-03-12", "day"),
    ("a year of two figures", "tgl 5/11/25 saya bayar", "2025-11-05", "day"),
    ("as machines write", "kejadian 2025-11-05 di pasar", "2025-11-05", "day"),
    ("a month by its name", "12 maret 2025 jembatan putus", "2025-03-12", "day"),
    ("a month by its name, glued", "tanggal 16Juni 2025 berkas masuk", "2025-06-16", "day"),
    ("a month by its short name", "laporan kami 13 Nov 2025", "2025-11-13", "day"),
    ("a month by its name, no year", "tgl 20 november pengumuman", "2025-11-20", "day"),
    ("a day of this month", "tgl 5 kemarin saya ke kantor camat", "2026-03-05", "day"),
    ("a day of last month", "tgl 20 bulan lalu saya ke kantor camat", "2026-02-20", "day"),
    ("the exact date after a vague word", "Kemarin tanggal 6 Maret 2026 terjadi kecelakaan", "2026-03-06", "day"),
    ("weekday and date", "hari Senin, 2 Maret 2026 atap roboh", "2026-03-02", "day"),
    ("from one day to another", "12-14 maret listrik padam", "2026-03-12", "day"),
    ("29 February of the last leap year", "tanggal 29 februari banjir", "2024-02-29", "day"),
    ("a month", "bulan oktober tagihan dobel", "2025-10", "month"),
    ("a month, last year", "bulan februari tahun lalu", "2025-02", "month"),
    ("a month and a year", "sejak agustus 2016 jalan rusak", "2016-08", "month"),
    ("since a month", "sejak oktober air keruh", "2025-10", "month"),
    ("a month, short, and a year", "sejak okt 2025 air keruh", "2025-10", "month"),
    ("since a year", "sejak 2019 belum diaspal", "2019", "year"),
    ("since a year, with its word", "dari tahun 2019 belum diaspal", "2019", "year"),
    ("for three months", "jln rusak parah di ds girimukti kec penajam sdh 3 bln", "2025-12", "month"),
    ("for two weeks", "sudah 2 minggu air mati", "2026-03-03", "week"),
    ("for nearly two months", "ini sudah hampir 2 bulan", "2026-01", "month"),
    ("for more than a year", "sudah lebih dari 1 tahun", "2025", "year"),
    ("for a year and a half", "sudah 1,5 tahun", "2024-09", "month"),
    ("for half a year", "sudah setengah tahun", "2025-09", "month"),
    ("three days without", "air 3 hari tidak mengalir", "2026-03-14", "day"),
    ("dead for three days", "Air PDAM mati tiga hari!!!", "2026-03-14", "day"),
    ("these three days", "3 hari ini air keruh", "2026-03-14", "day"),
    ("since yesterday", "mati dari kemarin", "2026-03-16", "day"),
    ("since when it lasts before when it was noticed", "Hari ini saya lapor lagi, air mati sejak 9 maret", "2026-03-09", "day"),
    ("what happened before today", "Hari ini saya lapor, kejadiannya kemarin", "2026-03-16", "day"),
    ("every night", "setiap malam ada balap liar", None, "recurring"),
    ("every Monday", "tiap hari senin pasar macet", None, "recurring"),
    ("for years", "sudah bertahun-tahun rusak", None, "vague"),
    ("Javanese: yesterday", "wingi sore dalane ambrol", "2026-03-16", "day"),
    ("Javanese: last night", "mau bengi banjir nganti omah", "2026-03-16", "day"),
    ("Javanese: two days ago", "rong dina kepungkur durung diresiki", "2026-03-15", "day"),
    ("Javanese: for three months", "wis telung sasi dalane rusak", "2025-12", "month"),
    ("Sundanese: since yesterday", "lampu pareum ti kamari", "2026-03-16", "day"),
    ("English: yesterday", "Yesterday the bridge collapsed", "2026-03-16", "day"),
    ("English: last week", "it happened last week", "2026-03-10", "week"),
    ("English: days ago", "3 days ago", "2026-03-14", "day"),
    ("English: a week ago", "a week ago", "2026-03-10", "week"),
    ("English: since Monday", "no water since Monday", "2026-03-16", "day"),
    ("English: for two weeks", "garbage not collected for 2 weeks", "2026-03-03", "week"),
    ("English: last night", "a fire last night", "2026-03-16", "day"),
    ("English: the calendar's way", "on March 12, 2025 I paid", "2025-03-12", "day"),
    ("English: a month", "in October my bill doubled", "2025-10", "month"),
    ("English: the day before yesterday", "the day before yesterday", "2026-03-15", "day"),
]

# Label, text: nothing in it says when.
UNSAID = [
    ("ahead", "jalan rusak, 3 bulan lagi lebaran"),
    ("ahead, behind what is broken", "jembatan rusak 2 minggu lagi ambruk"),
    ("a feast, not the day before", "lebaran kemarin jalan macet"),
    ("a telephone number", "Hubungi 0812-03-2025 atau 081234567890"),
    ("a telephone number in groups", "CP. 082 337 631 590"),
    ("houses", "Jl. Melati No. 12/3 RT 05/03"),
    ("RT and RW", "Lampu mati di RT 12/3 RW 2"),
    ("a block", "Blok B 12 no 3-4"),
    ("a plate", "Bus KT 2016 AB ugal-ugalan"),
    ("a price", "Iuran Rp 12.500 dan Rp 2.016.000"),
    ("a bus line's time", "Bus jam 10 pagi tidak pernah datang"),
    ("opening hours", "Buka senin sampai jumat jam 08.00-16.00"),
    ("working days", "Loket buka hari senin-jumat"),
    ("a law", "Sesuai Permen PU No. 5 Tahun 2016"),
    ("a budget", "Dana desa tahun anggaran 2025 ke mana"),
    ("an age", "Nenek saya berumur 3 tahun lebih tua, anak umur 5 bulan"),
    ("an old age", "Ibu saya sudah 70 tahun"),
    ("a birthday", "Lahir di Waru tanggal 12 maret 1990"),
    ("a street", "Jalan 17 Agustus berlubang"),
    ("a market", "Macet di Pasar Minggu lalu lintas padat"),
    ("traffic", "Arus lalu lintas hari kerja"),
    ("tomorrow", "Besok ada pemadaman"),
    ("next week", "Minggu depan saya urus KTP"),
    ("a date that lies ahead", "Berlaku sampai 30 April 2027"),
    ("until today", "Sampai hari ini belum ada jawaban"),
    ("at once", "Mohon hari ini juga diperbaiki"),
    ("how often", "Sampah diangkut seminggu sekali"),
    ("how often, otherwise", "Dua kali seminggu petugas lewat"),
    ("how fast", "Mengurus izin hanya 7 hari"),
    ("a day that is not in the calendar", "tanggal 30 februari 2025"),
    ("a village", "Dari des Sukamaju"),
    ("then", "Petugas datang lalu pergi"),
    ("a unit alone", "Kartu bulan dan tahun"),
    ("a list", "Usul:\n1. lampu\n3\nhari libur"),
    ("an account", "No rek 1203-12-03-2025-44"),
    ("English: may", "Since may I ask you"),
    ("a quoted mail", "> Kemarin lampu mati\nBaik"),
    ("a quotation's head", "Pada tanggal 12 Maret 2026, Dinas menulis:\nBaik"),
    ("wanting, and no Javanese night", "Malam mau tidur bising sekali, sore mau hujan"),
    ("nothing", ""),
]

# Label, an answer to "when did it happen?", the date.
ANSWERS = [
    ("yesterday", "kemarin", "2026-03-16"),
    ("three days", "3 hari lalu", "2026-03-14"),
    ("last month", "bulan lalu", "2026-02"),
    ("a weekday alone", "Senin", "2026-03-16"),
    ("today's own weekday", "selasa", "2026-03-17"),
    ("day and month alone", "12/3", "2026-03-12"),
    ("day, month and two figures", "5-11-25", "2025-11-05"),
    ("a month alone", "oktober", "2025-10"),
    ("a year alone", "2019", "2019"),
    ("a duration alone", "2 minggu pak", "2026-03-03"),
    ("a time alone", "jam 10 pagi", "2026-03-17"),
    ("a time that was yesterday's", "jam 10 malam", "2026-03-16"),
    ("part of the day alone", "pagi", "2026-03-17"),
    ("every night", "tiap malam", None),
]


@pytest.mark.parametrize(("label", "text", "date", "precision"), SAID, ids=[row[0] for row in SAID])
def test_a_citizen_says_when_it_happened(label: str, text: str, date: str | None, precision: str) -> None:
    found = incident_date(text, NOON, ZONE)
    assert found is not None, label
    assert (found.date, found.precision) == (date, precision), label
    assert text[slice(*found.span)] == found.text


@pytest.mark.parametrize(("label", "text"), UNSAID, ids=[row[0] for row in UNSAID])
def test_what_only_looks_like_a_date_is_none(label: str, text: str) -> None:
    assert dates(text, NOON, ZONE) == (), label


@pytest.mark.parametrize(("label", "text", "date"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_a_short_answer_says_when(label: str, text: str, date: str | None) -> None:
    found = answer_date(text, NOON, ZONE)
    assert found is not None, label
    assert found.date == date, label


def test_what_is_no_answer_to_when_says_nothing() -> None:
    assert answer_date("tidak tahu pak", NOON, ZONE) is None
    assert answer_date("", NOON, ZONE) is None


def test_yesterday_is_meant_where_the_citizen_lives() -> None:
    late = datetime(2026, 3, 16, 17, 30, tzinfo=UTC)
    here, there = incident_date("kemarin", late, "Asia/Makassar"), incident_date("kemarin", late, "Europe/London")
    assert (here and here.date, there and there.date) == ("2026-03-16", "2026-03-15")


def test_every_date_of_a_text_is_found_in_its_place() -> None:
    text = "Kmrn sore pohon tumbang, jalan rusak sdh 3 bln, dulu 12 maret 2025 diaspal"
    assert dates(text, NOON, ZONE) == (
        When("Kmrn sore", "2026-03-16", "day", (0, 9), "relative", 0.9),
        When("sdh 3 bln", "2025-12", "month", (37, 46), "since", 0.9),
        When("12 maret 2025", "2025-03-12", "day", (53, 66), "date", 0.95),
    )


# Words and figures that the grammar knows, in any order, with all of Unicode between them.
KNOWN = """kemarin tadi pagi malam hari ini minggu bulan tahun lalu yang 3 12 31 2025 0 99 29 februari maret sejak sudah hampir setiap senin jam 10 tgl sampai
satu dua belas puluh setengah beberapa lebih last ago week since day before yesterday th seminggu semalam mau bengi 9999 1900 wrote: / - . , : >"""
WORDS = st.sampled_from([*KNOWN.split(), "\n"])
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join), st.lists(WORDS, max_size=14).map("".join))


@LAW
@given(TEXTS, st.datetimes(timezones=st.just(UTC)), st.sampled_from(["Asia/Makassar", "America/New_York"]))
def test_no_text_breaks_it_and_no_date_lies_ahead(text: str, received_at: datetime, zone: str) -> None:
    end_of_last = 0
    for when in dates(text, received_at, zone):
        start, end = when.span
        assert end_of_last <= start < end <= len(text)
        assert text[start:end] == when.text
        # The zone may be a day ahead of UTC.
        assert when.date is None or when.date[:4] <= f"{received_at.year + 1:04}"
        end_of_last = end
    answer_date(text, received_at, zone)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_any_figures_may_stand_anywhere(width: int) -> None:
    for value in range(10**width):
        if value < 4_000 or value % 997 == 0:
            dates(f"sejak {value:0{width}}", NOON, ZONE)


@LAW
@given(TEXTS)
def test_the_best_is_one_of_those_that_were_found(text: str) -> None:
    best = incident_date(text, NOON, ZONE)
    assert (best is None) == (not dates(text, NOON, ZONE))
    assert best is None or best in dates(text, NOON, ZONE)


@pytest.mark.parametrize(
    ("text", "words", "precision"),
    [
        ("jalan berlubang sudah lama", "sudah lama", "vague"),
        ("dalan rusak wis suwe", "wis suwe", "vague"),
        ("jalan ruksak tos lami", "tos lami", "vague"),
        ("belakangan ini air sering mati", "belakangan ini", "vague"),
        ("setiap hujan banjir di depan pasar", "setiap hujan", "recurring"),
    ],
)
def test_who_says_for_long_or_again_and_again_is_not_asked_when(text: str, words: str, precision: str) -> None:
    complaint = normalize(Report(None, text, datetime(2026, 3, 17, 4, tzinfo=UTC)), Setting(zone="Asia/Makassar"))
    assert complaint.incident is not None
    assert (complaint.incident.text, complaint.incident.date, complaint.incident.precision) == (words, None, precision)
    assert "when" not in complaint.missing
