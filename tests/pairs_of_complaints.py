"""Pairs of complaints by two people, and whether an operator should be shown that they may be one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.essence import Essence, essence
from normalizer import Address, Complaint, Location, Place, Report, Setting, normalize

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
PPU = "64.09"
# A street in Penajam; and how many degrees of latitude a metre is.
LATITUDE, LONGITUDE, METRE = -1.2950, 116.6850, 1 / 111_195


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody reported."""

    text: str
    # Metres north of the street's beginning; None: no position was sent.
    metres: float | None = None
    # What was written into the form's field for the place.
    where: str | None = None
    code: str | None = PPU
    days: float = 0.0
    sender: str = "+6281100000001"

    def essence(self) -> Essence:
        """As the gateway boils it down."""
        return essence(understood(self))


def understood(told: Told) -> Complaint:
    """As the gateway understands it."""
    report = Report(Address("sms", told.sender), told.text, NOON + timedelta(days=told.days))
    complaint = normalize(report, Setting(zone="Asia/Makassar"))
    location = None if told.metres is None else Location(LATITUDE + told.metres * METRE, LONGITUDE)
    place = Place(told.where, told.code, "declared", location) if told.where or told.code or location else None
    return replace(complaint, place=place)


def by_another(told: Told) -> Told:
    """The second citizen of a pair."""
    return replace(told, sender="+6281100000002")


_PETITION = "Kami warga menolak kenaikan tarif retribusi pasar yang memberatkan pedagang kecil, mohon ditinjau ulang peraturan daerahnya"
_CHAIN = (
    "SEBARKAN! Bantuan presiden Rp 600.000 untuk semua pemegang kartu keluarga, klik tautan ini sebelum jam 12 malam, "
    "teruskan ke sepuluh grup keluarga anda, sudah terbukti cair"
)
_TEMPLATE = "Mohon perbaikan lampu penerangan jalan umum yang padam sehingga rawan kriminalitas di lingkungan kami, lokasi "

# label, one, other, whether it is to be suggested.
PAIRS: list[tuple[str, Told, Told, bool]] = [
    # The same event by two citizens, in different words.
    (
        "pothole, street name",
        Told("Jalan berlubang di Jl. Provinsi km 9 depan SPBU, tadi ada yg jatuh"),
        Told("jln provinsi km 9 rusak parah pak, lubang besar"),
        True,
    ),
    ("lamp, SMS spelling", Told("Lampu jalan mati di depan Pasar Waru sudah seminggu"), Told("lmpu jln dpn psr waru pdm tlg d perbaiki"), True),
    ("garbage", Told("Sampah menumpuk di pasar Petung, bau sekali"), Told("Tumpukan sampah di Pasar Petung sudah 5 hari tidak diangkut, busuk"), True),
    ("flood, joined name", Told("Banjir di desa Girimukti, air masuk rumah"), Told("Giri Mukti tergenang lagi, luapan sungai masuk rumah warga"), True),
    ("school roof", Told("Atap SDN 001 Sepaku ambruk, anak anak tidak bisa belajar"), Told("atap kelas SD Negeri 1 Sepaku roboh tadi malam"), True),
    ("bridge", Told("Jembatan Sungai Tunan ambles, truk tidak bisa lewat"), Told("jembatan s. tunan amblas mobil gak bs lewat"), True),
    ("fallen tree", Told("Pohon tumbang menutup jalan di simpang Silkar"), Told("Ada pohon roboh di simpang silkar, macet total"), True),
    ("water supply", Told("Air PDAM tidak mengalir di perumahan Korpri Km 4"), Told("PDAM perum korpri km 4 sudah 3 hari air mati tidak mengalir"), True),
    (
        "lamp, English and Indonesian",
        Told("The street light in front of Waru market has been dark for a week"),
        Told("lampu jalan depan pasar waru mati"),
        True,
    ),
    ("position, few words", Told("lubang besar bahaya", metres=0), Told("jalan rusak banyak yg jatuh", metres=20), True),
    ("position, 120 m", Told("Sampah dibuang di pinggir sungai", metres=0), Told("tumpukan sampah liar", metres=120), True),
    ("position and name", Told("Lampu PJU padam", metres=0), Told("lampu jalan gelap sekali malam hari", metres=60), True),
    (
        "form field",
        Told("Drainase tersumbat sehingga air meluap", where="Jl. Negara RT 12 Nipah-Nipah"),
        Told("got mampet di nipah nipah rt 12 jl negara, banjir"),
        True,
    ),
    ("typo in the name", Told("Jembatan gantung Sotek putus"), Told("jembatan gantung di sootek terputus talinya"), True),
    ("dog", Told("Anjing liar menggigit anak di gang Mawar Babulu Darat"), Told("ada anjing gila gigit anak kecil gg mawar babulu darat"), True),
    ("health centre", Told("Puskesmas Babulu tutup jam kerja, tidak ada dokter"), Told("pkm babulu dokternya tidak pernah ada, loket tutup"), True),
    ("smoke of a factory", Told("Pabrik sawit di Labangka mengeluarkan asap hitam"), Told("asap hitam pekat dari pabrik sawit labangka bikin sesak"), True),
    ("two weeks later", Told("Jalan poros Sepaku Semoi rusak berat"), Told("jalan poros sepaku-semoi hancur", days=12), True),
    ("illegal fee", Told("Ada pungutan liar di SMPN 2 Penajam untuk seragam"), Told("pungli seragam smp negeri 2 penajam 500 ribu"), True),
    ("landslide", Told("Tanah longsor di km 38 Sepaku menutup setengah jalan"), Told("longsor sepaku km 38 jalan tertutup separuh"), True),
    ("repeated letters", Told("LAMPUUU MATIII DI PELABUHAN BURUNGGG"), Told("lampu mati di pelabuhan burung"), True),
    # Long texts that are the same; the same matter, and one answer serves both.
    ("the same petition", Told(_PETITION), Told(_PETITION + ". Salam hormat"), True),
    ("a chain letter forwarded by two", Told(_CHAIN), Told("Mohon diteruskan pak. " + _CHAIN), True),
    # The same words in two places.
    ("template, two villages", Told(_TEMPLATE + "Desa Gunung Mulia RT 4"), Told(_TEMPLATE + "Desa Rintik RT 9"), False),
    ("template, two numbers", Told(_TEMPLATE + "Jl. Propinsi RT 4 Lawe-Lawe"), Told(_TEMPLATE + "Jl. Propinsi RT 17 Lawe-Lawe"), False),
    ("same words, 5 km apart", Told("Jalan rusak parah di depan sekolah", metres=0), Told("Jalan rusak parah di depan sekolah", metres=5000), False),
    ("same words, 2 km apart", Told("Tumpukan sampah liar di pinggir jalan", metres=0), Told("Tumpukan sampah liar di pinggir jalan", metres=2000), False),
    (
        "same words, two districts",
        Told("Puskesmas sering tutup sebelum jam pelayanan", code="64.09.01"),
        Told("Puskesmas sering tutup sebelum jam pelayanan", code="64.09.04"),
        False,
    ),
    ("same words, two regencies", Told("Air ledeng keruh berlumpur", code="64.09"), Told("Air ledeng keruh berlumpur", code="64.71"), False),
    ("flood in two villages", Told("Banjir di desa Giri Mukti"), Told("Banjir di desa Sesulu"), False),
    ("two kilometre posts", Told("Jalan berlubang Jl Provinsi km 9"), Told("Jalan berlubang Jl Provinsi km 21"), False),
    ("two schools", Told("Atap SDN 001 Sepaku bocor"), Told("Atap SDN 017 Sepaku bocor"), False),
    ("two markets", Told("Sampah menumpuk di pasar Petung"), Told("Sampah menumpuk di pasar Babulu"), False),
    # The same street, another thing.
    ("street: lamp and garbage", Told("Lampu mati di Jl. Provinsi km 9"), Told("Sampah menumpuk di Jl. Provinsi km 9"), False),
    ("market: lamp and fee", Told("Lampu pasar Waru mati"), Told("Pungli parkir di pasar Waru"), False),
    ("school: roof and teacher", Told("Atap SDN 001 Sepaku ambruk"), Told("Guru SDN 001 Sepaku jarang masuk"), False),
    ("one position, two things", Told("Lampu jalan padam", metres=0), Told("Anjing liar menggigit anak", metres=10), False),
    ("health centre: doctor and roof", Told("Puskesmas Babulu dokternya tidak ada"), Told("Atap puskesmas Babulu bocor"), False),
    ("village: card and flood", Told("Urus KTP di desa Sesulu lama sekali"), Told("Banjir di desa Sesulu"), False),
    # Short, or common: what little is said proves little.
    ("lamp off, no place", Told("lampu mati"), Told("Lampu mati"), False),
    ("power cut, no place", Told("listrik padam lagi"), Told("listrik padam"), False),
    ("road broken, no place", Told("jalan rusak tolong diperbaiki"), Told("tolong perbaiki jalan rusak"), False),
    ("one word", Told("banjir"), Told("banjir"), False),
    ("greeting", Told("Assalamualaikum, selamat pagi pak bupati"), Told("Assalamualaikum, selamat pagi pak bupati"), False),
    ("nothing", Told(""), Told(""), False),
    ("numbers only", Told("123456"), Told("123456"), False),
    ("identity card asked for", Told("Bagaimana cara mengurus KTP yang hilang?"), Told("Bagaimana cara mengurus kartu keluarga?"), False),
    ("a chain letter and somebody who asks for help", Told(_CHAIN), Told("Kartu keluarga saya hilang, bagaimana dapat bantuan presiden?"), False),
    ("different things altogether", Told("Sampah menumpuk di pasar Petung"), Told("Guru SDN 001 Sepaku jarang masuk"), False),
    # The place agrees as an official code only.
    (
        "one village by code",
        Told("Warga menolak tambang pasir di muara", code="64.09.02.2004"),
        Told("tambang pasir merusak muara", code="64.09.02.2004"),
        True,
    ),
    ("neighbouring villages by code", Told("Warga menolak tambang pasir", code="64.09.02.2004"), Told("tambang pasir ditolak", code="64.09.02.2007"), False),
    # Long apart.
    ("the same place long after", Told("Lampu jalan depan Pasar Waru mati"), Told("Lampu pasar waru padam", days=60), False),
]
