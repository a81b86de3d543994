"""What each message is taken for, and why: by what is known of its writer. A stranger's words never reach somebody's report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels import DeliveryUpdate, Ignored
from gateway import case as cases
from gateway.case import Case
from gateway.conversation import CLAIM, EDIT, REPLY, SECRET, THREAD, Context, Understood, decide
from normalizer import Address, Attachment, Location, Report, Setting, normalize

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SARI = Address("sms", "+6281234567890")
_HERE = UUID(int=7)
_REST: dict[str, Any] = {"channel": "sms", "correspondent": uuid5(_HERE, "sari"), "title": "Lampu jalan mati", "rules": "1", "category": "street_light"}


def case(name: str, status: str = cases.AWAITING_VERIFICATION, *, question: str = "", said: timedelta = timedelta(days=2), **more: object) -> Case:
    """A report of Sari's about a street lamp."""
    at = NOW - said
    empty = Case(uuid5(_HERE, name), name, "diskominfo", status, 3, anonymous=False, confidential=False, **_REST, opened_at=at, changed_at=at)
    return replace(empty, question=question, asked_at=at if question else None, said_at=at, **more)  # type: ignore[arg-type]


OPEN = case("open")
JUST_NOW = case("just now", said=timedelta(minutes=3))
OTHER = case("other", said=timedelta(days=9))
DONE = case("done", cases.CLOSED, closed_at=NOW - timedelta(days=1))
LONG_DONE = case("long done", cases.CLOSED, said=timedelta(days=200), closed_at=NOW - timedelta(days=190))
GONE = case("gone", cases.WITHDRAWN)
SHELVED = case("shelved", cases.ARCHIVED, closed_at=NOW - timedelta(days=1), category="street_light")
LONG_SHELVED = case("long shelved", cases.ARCHIVED, said=timedelta(days=200), closed_at=NOW - timedelta(days=190))
# By the machine: it needed no case.
NEEDLESS = case("needless", cases.ARCHIVED)
WHERE, WHEN, WHAT = (case(f"asked {item}", cases.AWAITING_INFORMATION, question=item, said=timedelta(hours=3)) for item in ("where", "when", "what"))
WHERE_NOW = case("asked now", cases.AWAITING_INFORMATION, question="where", said=timedelta(minutes=4))

# Who writes: what is known of them.
WRITERS = {
    "stranger": Context(NOW, vouched=True),
    "complainant": Context(NOW, own=(OPEN,), vouched=True),
    "writing": Context(NOW, own=(JUST_NOW,), vouched=True),
    "of two": Context(NOW, own=(OPEN, OTHER), vouched=True),
    "asked where": Context(NOW, own=(WHERE, OTHER), vouched=True),
    "asked where now": Context(NOW, own=(WHERE_NOW,), vouched=True),
    "asked when": Context(NOW, own=(WHEN,), vouched=True),
    "asked what": Context(NOW, own=(WHAT,), vouched=True),
    "served": Context(NOW, own=(DONE,), vouched=True, lately_closed=frozenset({DONE.id})),
    "served long ago": Context(NOW, own=(LONG_DONE,), vouched=True),
    "refused": Context(NOW, own=(SHELVED,), vouched=True, lately_closed=frozenset({SHELVED.id})),
    "refused of two": Context(NOW, own=(OPEN, SHELVED), vouched=True, lately_closed=frozenset({SHELVED.id})),
    "refused long ago": Context(NOW, own=(LONG_SHELVED,), vouched=True),
    "needless": Context(NOW, own=(NEEDLESS,), vouched=True),
    "replying refused": Context(NOW, REPLY, SHELVED, (OPEN, SHELVED), vouched=True, lately_closed=frozenset({SHELVED.id})),
    "in thread refused": Context(NOW, THREAD, SHELVED, (SHELVED,), vouched=True, lately_closed=frozenset({SHELVED.id})),
    "on the page refused": Context(NOW, SECRET, SHELVED, vouched=True, lately_closed=frozenset({SHELVED.id})),
    "claiming refused": Context(NOW, CLAIM, SHELVED, lately_closed=frozenset({SHELVED.id})),
    "unproved refused": Context(NOW, own=(SHELVED,), lately_closed=frozenset({SHELVED.id})),
    "withdrew": Context(NOW, own=(GONE,), vouched=True),
    "repeating": Context(NOW, own=(OPEN,), vouched=True, said_before=OPEN.id),
    # By mail, whose sender proves nothing.
    "unproved": Context(NOW, own=(OPEN,)),
    "unproved asked": Context(NOW, own=(WHERE,)),
    "replying": Context(NOW, REPLY, OPEN, (OPEN, OTHER), vouched=True),
    "replying asked": Context(NOW, REPLY, WHERE, (WHERE, OTHER), vouched=True),
    "replying to other": Context(NOW, REPLY, OTHER, (WHERE, OTHER), vouched=True),
    "replying served": Context(NOW, REPLY, DONE, (DONE, OPEN), vouched=True, lately_closed=frozenset({DONE.id})),
    "in thread": Context(NOW, THREAD, OPEN, (OPEN,), vouched=True),
    "in thread asked": Context(NOW, THREAD, WHEN, (WHEN,), vouched=True),
    "claiming": Context(NOW, CLAIM, OPEN),
    "editing": Context(NOW, EDIT, OPEN, (OPEN,), vouched=True),
}

NEW, FIRST = "new_case", ("new_case", "rule:every_report_is_a_case")
NOTHING_JOINS, BEGINS = (NEW, "rule:nothing_joins_it"), (NEW, "rule:begins_a_report")
ANSWER, SPEAKS = ("answer", "rule:answers_our_question"), ("addition", "rule:speaks_of_a_report")
APPEALS = ("appeal", "rule:appeals")
BREATH, CORRECTS, ASKED = ("addition", "rule:in_one_breath"), ("correction", "rule:corrects"), ("addition", "rule:while_we_ask")


def word(what: str) -> tuple[str, str]:
    return "word", f"rule:word:{what}"


TABLE: list[tuple[str, str, tuple[str, str]]] = [
    # A first report, however it is written.
    ("stranger", "Lampu jalan di depan pasar Waru mati", FIRST),
    ("stranger", "jln rusak parah di girimukti tlg diperbaiki", FIRST),
    ("stranger", "AIR PDAM MATI SUDAH 3 HARI!!!", FIRST),
    ("stranger", "dalan ngarep omahku rusak", FIRST),
    ("stranger", "jalan payun bumi ruksak", FIRST),
    ("stranger", "the street light is broken", FIRST),
    ("stranger", "Lapor pak, ada sampah menumpuk", FIRST),
    ("stranger", "Bantuan sosial belum cair", FIRST),
    ("stranger", "mohon bantuan", FIRST),
    ("stranger", "cek jalan rusak di RT 5", FIRST),
    ("stranger", "status tanah saya tidak jelas di BPN", FIRST),
    ("stranger", "stop pungli di sekolah", FIRST),
    ("stranger", "buka portal jalan itu tolong", FIRST),
    ("stranger", "laporan saya belum ditanggapi", FIRST),
    ("stranger", "banjir", FIRST),
    ("stranger", "tolong", FIRST),
    ("stranger", "??", FIRST),
    ("stranger", "0812 3456 7890", FIRST),
    ("stranger", "7 lampu mati", FIRST),
    ("stranger", "5", FIRST),
    ("stranger", "aspirasi", FIRST),
    ("stranger", "tidak", ("noise", "rule:noise:no")),
    ("stranger", "belum selesai", FIRST),
    # Words to us.
    ("stranger", "STATUS", word("status")),
    ("stranger", "cek laporan saya dong", word("status")),
    ("stranger", "sttus", word("status")),
    ("stranger", "status 1111-2222-3333", word("status")),
    ("stranger", "BANTUAN", word("help")),
    ("stranger", "help", word("help")),
    ("stranger", "/start", word("start")),
    ("stranger", "lapor", word("report")),
    ("stranger", "/lapor", word("report")),
    ("stranger", "saya mau lapor", word("report")),
    ("stranger", "EN", word("language")),
    ("stranger", "bahasa inggris", word("language")),
    ("stranger", "BERHENTI", word("stop")),
    ("stranger", "halo", word("greeting")),
    ("stranger", "Assalamualaikum", word("greeting")),
    ("stranger", "selamat pagi min", word("greeting")),
    ("stranger", "tes", word("greeting")),
    ("stranger", "terima kasih", ("noise", "rule:noise:thanks")),
    ("stranger", "ok", ("noise", "rule:noise:thanks")),
    ("stranger", "ANONIM", word("anonymous")),
    # Whose number it is, and whether it is one, the answer does not tell.
    ("stranger", "BUKA 1111-2222-3333", word("reopen")),
    ("stranger", "batal", word("withdraw")),
    # Somebody who reported before, and writes something else.
    ("complainant", "Sampah menumpuk di depan pasar Waru sejak kemarin", NOTHING_JOINS),
    ("complainant", "Lapor: jalan rusak di RT 3", BEGINS),
    ("complainant", "Pengaduan. Jalan rusak", BEGINS),
    ("complainant", "saya mau melaporkan jalan rusak", BEGINS),
    ("complainant", "Report: the bridge is broken", BEGINS),
    ("complainant", "Keluhan: air keruh", BEGINS),
    ("complainant", "Guru SDN 7 jarang masuk mengajar", NOTHING_JOINS),
    ("complainant", "pelayanan KTP lambat sekali pak", NOTHING_JOINS),
    ("complainant", "jembatan di sungai riko hampir roboh pak tolong", NOTHING_JOINS),
    # ... or speaks of it.
    ("complainant", "laporan saya kapan ditindaklanjuti?", SPEAKS),
    ("complainant", "Laporan sy kok blm ada kabar", SPEAKS),
    ("complainant", "mohon tindak lanjut", SPEAKS),
    ("complainant", "mohon segera ditindaklanjuti pak", SPEAKS),
    ("complainant", "tambahan: tiangnya juga miring", SPEAKS),
    ("complainant", "saya menambahkan, lokasinya dekat sekolah", SPEAKS),
    ("complainant", "belum ada perbaikan", SPEAKS),
    ("complainant", "blm ada tindakan", SPEAKS),
    ("complainant", "sampai sekarang belum diperbaiki", SPEAKS),
    ("complainant", "masih sama pak", SPEAKS),
    ("complainant", "kapan diperbaiki?", SPEAKS),
    ("complainant", "sudah diperbaiki, terima kasih", SPEAKS),
    ("complainant", "foto menyusul", SPEAKS),
    ("complainant", "ini fotonya pak", SPEAKS),
    ("complainant", "yang saya laporkan kemarin bagaimana", SPEAKS),
    ("complainant", "pengaduan saya kemarin gimana", SPEAKS),
    ("complainant", "any progress?", SPEAKS),
    ("complainant", "my report is still not answered", SPEAKS),
    ("complainant", "still no response", SPEAKS),
    ("complainant", "follow up", SPEAKS),
    ("complainant", "keluhan saya kemarin belum dijawab", SPEAKS),
    # ... or corrects it.
    ("complainant", "Ralat: bukan RT 5 tapi RT 7", CORRECTS),
    ("complainant", "koreksi, jalannya Jl. Negara", CORRECTS),
    ("complainant", "maaf salah, yang benar jalan Negara", CORRECTS),
    ("complainant", "maksud saya gang 3", CORRECTS),
    ("complainant", "correction: it is street 7", CORRECTS),
    # ... or has a word for us.
    ("complainant", "status?", word("status")),
    ("complainant", "BATAL", word("withdraw")),
    ("complainant", "cabut laporan saya", word("withdraw")),
    ("complainant", "anonimkan", word("anonymous")),
    ("complainant", "RAHASIA", word("confidential")),
    ("complainant", "ok", ("noise", "rule:noise:thanks")),
    ("complainant", "siap pak, terima kasih", ("noise", "rule:noise:thanks")),
    ("complainant", "ya", ("noise", "rule:noise:yes")),
    ("complainant", "halo", ("noise", "rule:noise:greeting")),
    ("complainant", "tidak tahu", ("noise", "rule:noise:unknown")),
    ("complainant", "5", NOTHING_JOINS),
    ("complainant", "mulai", word("start")),
    # In the same breath.
    ("writing", "tolong segera pak", BREATH),
    ("writing", "sudah banyak yang jatuh", BREATH),
    ("writing", "banyak anak kecil lewat situ", BREATH),
    ("writing", "please hurry", BREATH),
    ("writing", "aspirasi", word("classify")),
    ("writing", "permintaan informasi", word("classify")),
    ("writing", "Lapor: sampah menumpuk", BEGINS),
    (
        "writing",
        "Selain itu di kampung kami pelayanan posyandu sudah lama tidak berjalan karena kadernya tidak pernah dibayar",
        NOTHING_JOINS,
    ),
    ("of two", "BATAL", word("withdraw")),
    ("of two", "laporan saya kapan ditindaklanjuti", SPEAKS),
    # An answer to "where?".
    ("asked where", "depan masjid nurul iman", ANSWER),
    ("asked where", "Jl. Provinsi km 9", ANSWER),
    ("asked where", "di rt 5 desa girimukti kecamatan penajam", ANSWER),
    ("asked where", "dkt pasar waru", ANSWER),
    ("asked where", "girimukti", ANSWER),
    ("asked where", "in front of the mosque", ANSWER),
    ("asked where", "ngarep pasar", ANSWER),
    ("asked where", "tidak tahu", ("answer", "rule:answers_our_question:unknown")),
    ("asked where", "gak tau pak", ("answer", "rule:answers_our_question:unknown")),
    ("asked where", "not sure", ("answer", "rule:answers_our_question:unknown")),
    ("asked where", "lupa", ("answer", "rule:answers_our_question:unknown")),
    ("asked where", "Lapor sampah menumpuk", BEGINS),
    ("asked where", "Pengaduan: air PDAM keruh", BEGINS),
    ("asked where", "laporan saya kapan ditindaklanjuti", SPEAKS),
    ("asked where", "STATUS", word("status")),
    ("asked where", "BATAL", word("withdraw")),
    ("asked where", "ok", ("noise", "rule:noise:thanks")),
    ("asked where", "ya", ("noise", "rule:noise:yes")),
    ("asked where", "aspirasi", word("classify")),
    ("asked where", "/lapor", word("report")),
    ("asked where", "RAHASIA", word("confidential")),
    ("asked where", "EN", word("language")),
    ("asked where", "bantuan", word("help")),
    (
        "asked where",
        "Selain itu kami warga juga sudah lama mengeluhkan pelayanan puskesmas yang antreannya panjang sekali dan petugasnya kurang ramah",
        NOTHING_JOINS,
    ),
    (
        "asked where now",
        "kejadiannya persis seperti yang dulu pernah kami sampaikan waktu musyawarah desa dan waktu itu dijanjikan akan dipasang lampu baru",
        ASKED,
    ),
    # ... to "when?".
    ("asked when", "kemarin", ANSWER),
    ("asked when", "kmrn sore", ANSWER),
    ("asked when", "3 hari lalu", ANSWER),
    ("asked when", "sdh 3 bln", ANSWER),
    ("asked when", "sejak agustus", ANSWER),
    ("asked when", "tgl 12/3", ANSWER),
    ("asked when", "wingi", ANSWER),
    ("asked when", "last week", ANSWER),
    ("asked when", "5", ANSWER),
    ("asked when", "entah", ("answer", "rule:answers_our_question:unknown")),
    ("asked when", "tidak", ("noise", "rule:noise:no")),
    ("asked when", "Ralat: bukan RT 5 tapi RT 7", CORRECTS),
    # ... to "what?".
    ("asked what", "lampu jalan mati", ANSWER),
    ("asked what", "jalan rusak parah di depan sekolah dan sudah banyak korban", ANSWER),
    ("asked what", "banjir", ANSWER),
    ("asked what", "the street light is broken", ANSWER),
    ("asked what", "STATUS", word("status")),
    # A report of its own is none, however short; a place that sounds like a subject is one.
    ("asked where", "tolong ada kebakaran", NOTHING_JOINS),
    ("asked where", "banjir", NOTHING_JOINS),
    ("asked where", "puskesmas tutup", NOTHING_JOINS),
    ("asked where", "bpjs saya tidak aktif", NOTHING_JOINS),
    ("asked where", "guru minta uang", NOTHING_JOINS),
    ("asked where", "pungli di samsat penajam", NOTHING_JOINS),
    ("asked where", "jalan rusak di sotek", NOTHING_JOINS),
    ("asked where", "air mati sejak kemarin", NOTHING_JOINS),
    ("asked where", "di pasar ikan", ANSWER),
    ("asked where", "pasar waru", ANSWER),
    ("asked where", "depan puskesmas", ANSWER),
    ("asked where", "gak jadi pak", word("withdraw")),
    ("asked where", "batalkan saja", word("withdraw")),
    ("asked where", "/foo", word("help")),
    ("asked where", "/start abc123", word("start")),
    ("asked when", "air pdam mati", NOTHING_JOINS),
    ("asked when", "kemarin guru tidak masuk sekolah", NOTHING_JOINS),
    ("writing", "tolong ada orang tenggelam", NOTHING_JOINS),
    ("writing", "air pdam juga mati", NOTHING_JOINS),
    ("complainant", "tindak lanjuti pungli di samsat pak", NOTHING_JOINS),
    ("complainant", "mohon ditindaklanjuti jalan berlubang di km 9", NOTHING_JOINS),
    ("complainant", "tambahan pak, di pasar waru juga sampah menumpuk tidak diangkut", NOTHING_JOINS),
    ("complainant", "lampunya masih mati pak", SPEAKS),
    ("complainant", "udah seminggu ga ada kabar", SPEAKS),
    ("complainant", "jangan sebut nama saya ya pak", word("anonymous")),
    ("complainant", "tolong nama saya dirahasiakan", word("anonymous")),
    ("complainant", "laporan saya dibatalkan saja", word("withdraw")),
    ("complainant", "alhamdulillah", ("noise", "rule:noise:thanks")),
    ("complainant", "\U0001f44d", ("noise", "rule:noise:thanks")),
    ("served", "blm beres pak", word("reopen")),
    ("served", "lampunya masih mati", SPEAKS),
    ("stranger", "cara lapor gimana", word("help")),
    ("withdrew", "BATAL", word("withdraw")),
    # After it was closed.
    ("served", "5", word("rate")),
    ("served", "nilai 4", word("rate")),
    ("served", "bintang 3", word("rate")),
    ("served", "belum selesai", word("reopen")),
    ("served", "BUKA", word("reopen")),
    ("served", "TIDAK", word("reopen")),
    ("served", "no", word("reopen")),
    ("served", "terima kasih", ("noise", "rule:noise:thanks")),
    ("served", "ya", ("noise", "rule:noise:yes")),
    ("served", "Lampu jalan di RT 9 mati", NOTHING_JOINS),
    ("served", "6", NOTHING_JOINS),
    ("served long ago", "5", NOTHING_JOINS),
    ("served long ago", "belum selesai", NOTHING_JOINS),
    ("served long ago", "TIDAK", ("noise", "rule:noise:no")),
    # After an officer archived it.
    ("refused", "BUKA", word("reopen")),
    ("refused", "tidak setuju", word("reopen")),
    ("refused", "TIDAK SETUJU!!", word("reopen")),
    ("refused", "reopen", word("reopen")),
    ("refused", "Ini bukan urusan pribadi, pak", APPEALS),
    ("refused", "laporan saya kok diarsipkan?", APPEALS),
    ("refused", "kenapa ditolak, lampunya milik desa dan dibayar dari pajak kami semua", APPEALS),
    ("refused", "klaim BPJS saya ditolak rumah sakit", NOTHING_JOINS),
    ("refused", "lampu jalan itu masih mati", APPEALS),
    ("refused", "tidak", ("noise", "rule:noise:no")),
    ("refused", "terima kasih", ("noise", "rule:noise:thanks")),
    ("refused", "STATUS", word("status")),
    ("refused", "5", APPEALS),
    ("refused", "Lapor: jalan rusak di RT 3", BEGINS),
    ("refused", "Sampah menumpuk di depan pasar Waru sejak kemarin", NOTHING_JOINS),
    ("refused of two", "tidak setuju", word("reopen")),
    ("refused of two", "laporan saya kapan ditindaklanjuti?", SPEAKS),
    ("refused long ago", "BUKA", NOTHING_JOINS),
    ("refused long ago", "Ini bukan urusan pribadi, pak", NOTHING_JOINS),
    ("needless", "BUKA", NOTHING_JOINS),
    ("needless", "laporan saya kok diarsipkan?", NOTHING_JOINS),
    ("replying refused", "Ini jalan umum, bukan urusan pribadi", APPEALS),
    ("replying refused", "Sampah menumpuk di depan pasar Waru", APPEALS),
    ("replying refused", "tidak setuju", word("reopen")),
    ("in thread refused", "Saya keberatan, ini menyangkut jalan umum.", APPEALS),
    ("claiming refused", "Saya keberatan.", ("unverified", "rule:names_a_case")),
    ("unproved refused", "Saya keberatan.", FIRST),
    ("withdrew", "BUKA", word("reopen")),
    ("withdrew", "Lampu jalan mati lagi", NOTHING_JOINS),
    # Said once more.
    ("repeating", "Lampu jalan di depan pasar Waru mati", ("repeat", "rule:same_words")),
    ("repeating", "Lapor lampu jalan di depan pasar Waru mati", ("repeat", "rule:same_words")),
    ("repeating", "STATUS", word("status")),
    # By mail: nothing is inferred from a name that anybody can write.
    ("unproved", "laporan saya kapan ditindaklanjuti?", FIRST),
    ("unproved", "Ralat: bukan RT 5", FIRST),
    ("unproved", "STATUS", word("status")),
    ("unproved", "BATAL", word("withdraw")),
    ("unproved asked", "depan masjid", FIRST),
    # In answer to one of our messages.
    ("replying", "Tiangnya juga miring, dan kabelnya menjuntai", ("addition", "rule:answers_our_message")),
    ("replying", "Lapor: sampah menumpuk", ("addition", "rule:answers_our_message")),
    ("replying", "ANONIM", word("anonymous")),
    ("replying", "BATAL", word("withdraw")),
    ("replying", "ralat: RT 7", CORRECTS),
    ("replying", "ok", ("noise", "rule:noise:thanks")),
    ("replying asked", "depan masjid", ANSWER),
    ("replying asked", "tidak tahu", ("answer", "rule:answers_our_question:unknown")),
    ("replying to other", "depan masjid", ("addition", "rule:answers_our_message")),
    ("replying served", "4", word("rate")),
    ("replying served", "belum selesai", word("reopen")),
    ("replying served", "lampunya mati lagi semalam", ("addition", "rule:answers_our_message")),
    ("in thread", "Tiangnya juga miring.", ("addition", "rule:signed_thread")),
    ("in thread", "cabut", word("withdraw")),
    ("in thread asked", "Sejak hari Senin, setiap malam.", ANSWER),
    ("claiming", "Tiangnya juga miring.", ("unverified", "rule:names_a_case")),
    ("claiming", "STATUS", word("status")),
    ("claiming", "depan masjid", ("unverified", "rule:names_a_case")),
    ("editing", "Lampu jalan di depan pasar Waru mati", ("amendment", "rule:edited")),
    ("editing", "STATUS", ("amendment", "rule:edited")),
]


def understood(text: str, **more: object) -> Understood:
    """As the reader and the normaliser make it."""
    report = Report(SARI, text, NOW, **more)  # type: ignore[arg-type]
    return Understood(report, normalize(report, Setting(zone="Asia/Makassar", region="64.09")))


@pytest.mark.parametrize(("writer", "text", "wanted"), TABLE)
def test_a_message_is_taken_for_what_it_is_and_says_why(writer: str, text: str, wanted: tuple[str, str]) -> None:
    decision = decide(understood(text), WRITERS[writer])
    assert (decision.kind, decision.reason) == wanted


def test_the_table_is_long_enough_and_has_every_kind() -> None:
    assert len(TABLE) >= 150
    assert {wanted[0] for _, _, wanted in TABLE} == {
        *("new_case", "answer", "addition", "appeal", "amendment", "correction", "repeat", "unverified", "word", "noise")
    }


PHOTO = (Attachment("a.jpg", "image/jpeg", reference="x"),)
HERE = Location(-1.29, 116.72)


@pytest.mark.parametrize(
    ("writer", "more", "text", "wanted"),
    [
        ("stranger", {"attachments": PHOTO}, "", FIRST),
        ("on the page refused", {"link": "A" * 22}, "Saya keberatan.", APPEALS),
        ("refused", {"attachments": PHOTO}, "", APPEALS),
        ("complainant", {"attachments": PHOTO}, "", NOTHING_JOINS),
        ("writing", {"attachments": PHOTO}, "", BREATH),
        ("asked where now", {"attachments": PHOTO}, "", ASKED),
        ("asked where", {"location": HERE}, "", ANSWER),
        ("asked when", {"location": HERE}, "", None),
        ("complainant", {"attachments": PHOTO}, "ini fotonya", SPEAKS),
        ("complainant", {"attachments": PHOTO}, "STATUS", NOTHING_JOINS),
        ("replying", {"attachments": PHOTO}, "", ("addition", "rule:answers_our_message")),
        ("stranger", {"automatic": "auto_submitted"}, "Saya sedang cuti", ("ignored", "rule:auto_submitted")),
        ("stranger", {"automatic": "mailing_list"}, "Jalan rusak", (NEW, "rule:not_answered:mailing_list")),
        ("complainant", {"automatic": "mailing_list"}, "laporan saya kapan ditindaklanjuti", (NEW, "rule:not_answered:mailing_list")),
        ("in thread", {"automatic": "auto_submitted"}, "Saya sedang cuti", ("automatic", "rule:auto_submitted")),
    ],
)
def test_photos_places_and_machines(writer: str, more: dict[str, object], text: str, wanted: tuple[str, str] | None) -> None:
    decision = decide(understood(text, **more), WRITERS[writer])
    assert wanted is None or (decision.kind, decision.reason) == wanted


def test_what_a_provider_says_is_no_message() -> None:
    assert decide(DeliveryUpdate("SM1", "delivered")).kind == "delivery"
    assert decide(Ignored("written by a bot")).reason == "written by a bot"


CASES = (OPEN, JUST_NOW, OTHER, DONE, LONG_DONE, GONE, SHELVED, NEEDLESS, WHERE, WHEN, WHAT, WHERE_NOW)


@given(
    st.sampled_from([row[1] for row in TABLE]) | st.text(max_size=60),
    st.lists(st.sampled_from(CASES), max_size=5, unique=True),
    st.sampled_from(["", SECRET, THREAD, REPLY, EDIT, CLAIM]),
    st.sampled_from(CASES),
    st.booleans(),
    st.sampled_from(["", "auto_submitted", "mailing_list", "forged"]),
)
@example(text="tidak tahu", own=[WHERE], by="", other=OPEN, vouched=False, automatic="")
def test_whatever_is_written_it_goes_to_a_case_of_the_writer_s_or_to_none(
    text: str,
    own: list[Case],
    by: str,
    other: Case,
    vouched: bool,  # noqa: FBT001  # hypothesis fills it in
    automatic: str,
) -> None:
    context = Context(NOW, by, other if by else None, tuple(own), vouched, lately_closed=frozenset({DONE.id, SHELVED.id}))
    decision = decide(understood(text, automatic=automatic), context)
    theirs = {case.id for case in own} | ({other.id} if by else set())
    assert decision.case is None or decision.case in theirs
    if not vouched and not by:
        # Nothing that a stranger could have written changes a report.
        assert decision.kind in {"new_case", "word", "noise", "ignored"}
    if by == CLAIM and decision.case == other.id and decision.case not in {case.id for case in own}:
        assert decision.kind == "unverified"
    # The same again is the same.
    assert decide(understood(text, automatic=automatic), context) == decision
