"""A district that does not exist, and what its coordinator decides: reports made from our own templates, and decisions that follow the district's habits.

The lexicon and the directory are right about most of it. Some things are another office's here than elsewhere, some are called by words that only people here
use, and now and then the coordinator decides as nobody could foresee.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway import routing
from gateway.learning import Example, Night, guess, night
from gateway.routing import Desk
from gateway.weights import Weights, features
from normalizer import Report, Setting, normalize
from tests.test_routing import PPU

BEGAN = datetime(2026, 1, 5, 1, tzinfo=UTC)
A_DAY = 20
# As nobody could foresee: one in so many.
_UNFORESEEN = 12
_PLACES = ("Waru", "Sotek", "Babulu Darat", "Giri Mukti", "Petung", "Nenang", "Lawe-Lawe", "Sepaku", "Gunung Seteleng", "Sesulu")
_BEFORE = ("tolong", "mohon ditindak", "pak bupati", "assalamualaikum,", "lapor,", "sudah lama", "minta perhatian", "kami warga mengeluh,", "halo", "")
_BEHIND = (
    "sudah tiga minggu",
    "mohon segera",
    "kasihan warga",
    "sampai sekarang belum ada jawaban",
    "terima kasih",
    "bahaya untuk anak-anak",
    "",
    "tiap hujan",
)


@dataclass(frozen=True)
class Topic:
    """What people report, and who does it in this district."""

    agency: str
    often: int
    said: tuple[str, ...]


TOPICS = (
    # As the directory says.
    Topic("dpupr", 22, ("jalan berlubang di {place}", "aspal rusak parah dekat {place}", "jembatan {place} patah", "jalan amblas di {place}, motor jatuh")),
    Topic("danum-taka", 13, ("air pdam mati di {place}", "air pdam keruh di {place}", "tagihan pdam naik", "pipa pdam bocor di {place}")),
    Topic("dlh", 9, ("sampah menumpuk di {place}", "bau sampah di {place}", "tps {place} penuh sampah", "limbah pabrik ke sungai {place}")),
    Topic("disdukcapil", 8, ("ktp saya belum jadi", "kartu keluarga lama sekali diurus", "akta kelahiran belum terbit", "antri ktp di {place}")),
    Topic("dinkes", 7, ("puskesmas {place} tutup", "dokter puskesmas tidak ada", "obat di puskesmas {place} kosong")),
    Topic("pln-ppu", 7, ("listrik padam di {place}", "mati lampu tiap malam di {place}", "listrik {place} padam terus")),
    Topic("dinsos", 6, ("bansos tidak cair", "pkh saya dihentikan", "bantuan sosial salah sasaran di {place}")),
    Topic("disdikpora", 5, ("guru sd di {place} jarang masuk", "smp {place} kekurangan kelas", "atap sd {place} bocor")),
    # Another office's than elsewhere.
    Topic("disperkimtan", 5, ("lampu jalan mati di {place}", "penerangan jalan {place} padam", "pju {place} tidak menyala")),
    Topic("disperkimtan", 4, ("selokan mampet di {place}", "drainase {place} tersumbat", "got penuh lumpur di {place}")),
    Topic("dlh", 3, ("pohon tumbang di {place}", "taman {place} tidak terawat", "dahan pohon hampir patah di {place}")),
    Topic("satpol-pp", 3, ("parkir liar di {place}", "truk parkir sembarangan di {place}")),
    # Called by words that only people here use.
    Topic("distan", 3, ("jonder kelompok belum datang ke {place}", "hama wereng gulma galengan {place}", "saprodi kelompok {place} terlambat")),
    Topic("diskan", 3, ("rakit sawi hanyut di {place}", "belat dan julu kami dirusak di {place}", "kelotok kami tidak dapat jatah solar nelayan")),
    Topic("dishub", 3, ("klotok penyeberangan {place} penuh sesak", "speed {place} tidak pakai pelampung", "feri {place} terlambat terus")),
    Topic("bpbd", 2, ("tebing {place} retak mau runtuh", "air rob masuk kampung {place}")),
    Topic("dpmd", 2, ("blt desa {place} dipotong", "pak kades {place} tidak ada di kantor")),
)


def decisions(seed: int, many: int, *, habits: bool = True) -> Iterator[Example]:
    """One behind the other, a minute apart. Without `habits` there is nothing to learn: decisions follow directory and lexicon, and the unforeseen."""
    drawing = random.Random(seed)  # noqa: S311  # no secret: the same each time
    agencies = sorted({topic.agency for topic in TOPICS})
    for number in range(many):
        topic = drawing.choices(TOPICS, [one.often for one in TOPICS])[0]
        words = (drawing.choice(_BEFORE), drawing.choice(topic.said).format(place=drawing.choice(_PLACES)), drawing.choice(_BEHIND))
        at = BEGAN + timedelta(days=number // A_DAY, minutes=number % A_DAY)
        complaint = normalize(Report(None, " ".join(filter(None, words)), at), Setting(region="64.09"))
        candidates = routing.suggest(complaint, Desk("diskominfo", PPU)).candidates
        right = topic.agency if habits or not candidates else candidates[0].agency
        if drawing.randrange(_UNFORESEEN) == 0:
            right = drawing.choice(agencies)
        yield Example(f"{number:06}", at, features(complaint), tuple((one.agency, one.score) for one in candidates), right)


@dataclass(frozen=True)
class Point:
    """How it stands after a night."""

    decided: int
    found: Night
    # Of decisions that nothing was ever fitted on: the share that the champion in force gets right.
    right: float


def learned(seed: int, many: int, *, habits: bool = True, fresh: int = 600) -> list[Point]:
    """Night after night over so many decisions; the first point is before the first night."""
    stream = list(decisions(seed, many, habits=habits))
    unseen = list(decisions(seed + 1_000_000, fresh, habits=habits))
    champion: Weights | None = None
    shadow: Weights | None = None
    points: list[Point] = []
    for decided in range(0, many + 1, A_DAY):
        found = night(stream[:decided], champion, shadow, decided // A_DAY + 1)
        champion, shadow = found.champion, found.shadow
        points.append(Point(decided, found, sum(guess(champion, one)[0] == one.right for one in unseen) / len(unseen)))
    return points
