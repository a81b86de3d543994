"""What it costs to understand a text: usual ones as citizens write them, and the longest that is kept, made of whatever could be slow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.bench.accepting import Tell
from normalizer import Report, Setting, normalize
from normalizer.text import MAX_TEXT

# Pieces of which a text of 20,000 characters is made, by what they are.
LONG = {
    "one report again and again": "jalan rusak di desa Girimukti, sampah menumpuk sejak kemarin. ",
    "one letter": "a",
    "chain letters": "sebarkan ke 10 orang ",
    "abuse": "anjing goblok ",
    "full stops": ". ",
    "joints": ", dan ",
    "times": "3 hari lalu ",
    "emoji": "😡",
    "no spaces": "jalanrusakparah",
    "capitals": "JALAN RUSAK ",
    "figures": "0812345678 ",
    "lines": "1. banjir\n",
}
# Of an SMS, a form and a mail.
USUAL = (
    "jln rusak parah di ds girimukti kec penajam sdh 3 bln",
    "lampu jalan mati dpn pasar waru",
    "air pdam mati dari kemarin tlg dicek",
    "SAMPAH TIDAK DIANGKUT SUDAH SEMINGGU DI BABULU DARAT",
    "kapan bansos cair? saya sudah terdaftar tp blm dapat",
    "Dalan ngarep omah kula rusak banget, nyuwun tulung didandosi",
    "No water since Monday in Sepaku, please send a truck",
    "Selokan di depan SDN 012 Penajam tersumbat, setiap hujan deras air masuk ke kelas. Sudah dilaporkan ke kelurahan bulan lalu tetapi belum ada tindakan.",
    "Mohon informasi syarat mengurus akta kelahiran anak, apakah bisa di kecamatan saja atau harus ke kantor dinas? Terima kasih.",
    "Pohon besar miring ke kabel listrik di Jl. Provinsi km 9, berbahaya kalau angin kencang. Tolong segera dipangkas sebelum ada korban.",
    "Nama saya Siti Aminah, hp 0812 3456 7890. Kartu BPJS saya tidak aktif padahal iuran dipotong tiap bulan. Waktu berobat tgl 12/3 saya harus bayar sendiri.",
    "Ada pungutan waktu mengurus KTP di kantor kelurahan, diminta 150 ribu supaya cepat jadi. Kami warga kecil keberatan. Mohon ditindak.",
    "Assalamualaikum pak, jembatan kayu menuju dusun kami sudah lapuk dan dua papan hilang. Anak sekolah lewat setiap pagi.\nKemarin sore ada yang jatuh",
    "Puskesmas Waru tutup sebelum jam 11, padahal jadwalnya sampai jam 2. Ibu saya yang sakit tidak dilayani, petugas bilang besok saja.",
    "Pupuk subsidi di Babulu langka sejak bulan lalu, di kios harganya dua kali lipat. Petani mulai tanam minggu ini.",
    "Guru honorer di sekolah kami belum digaji 4 bulan, mohon penjelasan dinas pendidikan",
    "Gas elpiji 3 kg habis di semua pangkalan, kalau ada harganya 45 ribu",
    "internet di kampung kami hilang2 trs, anak2 tdk bisa belajar",
    "Terima kasih lampu di jalan kami sudah diperbaiki, sekarang terang lagi",
    # A mail, of several paragraphs.
    """Selamat siang. Saya ingin melaporkan dua hal. Pertama, truk pengangkut tanah lewat siang malam di jalan desa sehingga aspal hancur dan rumah berdebu.

Kedua, lampu jalan dari simpang empat sampai masjid padam sejak awal Februari, gelap sekali dan sudah ada yang dijambret. Kami warga RT 05 sudah mengirim surat
kepada kepala desa tanggal 3 Maret namun belum dijawab. Mohon kiranya dinas terkait turun ke lapangan, atas perhatiannya kami ucapkan terima kasih.""",
)
_TIMES = 9
_SETTING = Setting(zone="Asia/Makassar", region="64.09")


def long_text(piece: str, characters: int = MAX_TEXT) -> str:
    """So many characters of it, the last one no blank."""
    return (piece * characters)[: characters - 1] + "x"


def cpu_seconds(texts: Sequence[str], times: int = _TIMES) -> list[float]:
    """CPU time that each takes, the least of so many turns that take each other's places: another's work on the machine hardly counts."""
    spent = [[_seconds(text) for text in texts] for _ in range(times)]
    return [min(each) for each in zip(*spent, strict=True)]


def understanding(tell: Tell) -> dict[str, object]:
    """Microseconds for a usual text, milliseconds for the slowest of the longest; in this process, on one core."""
    usual = cpu_seconds(USUAL)
    longest = dict(zip(LONG, cpu_seconds([long_text(piece) for piece in LONG.values()]), strict=True))
    slowest = max(longest, key=longest.__getitem__)
    tell(f"of {MAX_TEXT} characters the slowest: {slowest}")
    return {
        "understand_mean_us": statistics.mean(usual) * 1e6,
        "understand_p95_us": statistics.quantiles(usual, n=20)[-1] * 1e6,
        "understand_longest_ms": longest[slowest] * 1e3,
    }


def _seconds(text: str) -> float:
    report = Report(None, text, datetime(2026, 3, 17, 4, tzinfo=UTC))
    began = time.process_time()
    normalize(report, _SETTING)
    return time.process_time() - began
