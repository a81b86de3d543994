"""What the words of a message give away about an earlier one: they begin a report, speak of one, correct one. Pure, linear, in the languages that we hear."""

from __future__ import annotations

import re

# Says that a report begins: nobody answers a question so, and "laporan saya" (my report) is not that.
_BEGINS = re.compile(
    r"(?i)\W*(?:saya |sy |aku |kami |i )?(?:mau |ingin |hendak |want to |would like to )?"
    r"(?:(?:me)?lapor(?:kan)?|lapor[ae]n baru|(?:peng)?aduan|keluhan|report)\b(?! (?:saya|sy|ku|kemarin|kmrn|tadi|sebelumnya|yang|yg|itu|tsb)\b)"
)
# Speaks of a report that was made before.
_NAMES_IT = re.compile(
    r"(?i)\b(?:(?:lapor[ae]n|aduan|pengaduan|keluhan)\s?(?:saya|sy|ku|kami|tadi|kemarin|kmrn|sebelumnya|tsb|tersebut|itu|yang lalu|yg lalu|yang kemarin)"
    r"|(?:yang|yg) (?:saya|sy|kami) (?:lapor|adu)\w*"
    r"|(?:di|me)?tindak ?lanjut\w*|follow ?up|tambahan(?:nya)?|menambahkan|(?:me)?nyusul|susulan"
    r"|(?:ini|berikut|lampiran) (?:saya kirim |sy kirim )?(?:foto|poto|gambar|bukti|video)\w*|foto(?:nya)? (?:menyusul|terlampir)"
    r"|my (?:report|complaint)|any (?:news|progress|update)|here (?:is|are) (?:the |a )?(?:photo|picture)s?)\b"
)
# Says what a new report might say, too.
_MAY_SPEAK_OF_IT = re.compile(
    r"(?i)\b(?:(?:belum|blm|blum) (?:ada |juga |jg )*"
    r"(?:tindakan|respon\w*|tanggapan|jawaban|balasan|kabar|perbaikan|penanganan|di\w+i|di\w+kan|berubah|perubahan)"
    r"|kapan (?:akan |mau |bisa )*(?:di\w+|selesai\w*)|sampai (?:sekarang|skrg|hari ini|saat ini) (?:belum|blm|masih)"
    r"|masih (?:sama|seperti (?:kemarin|semula|dulu)|begitu|mati|rusak|padam|bocor|bau|tergenang)|(?:mati|rusak|padam|bocor) lagi"
    r"|(?:belum|blm|blum) ada (?:yg|yang) (?:datang|dtg)|petugas(?:nya)? kapan|mana tindakan|(?:ga|gak|nggak|tidak) ada kabar|sd?h nyala"
    r"|sudah (?:diperbaiki|ditangani|dikerjakan|diangkut|selesai|nyala|menyala)"
    r"|still (?:no|not|nothing)|no (?:response|answer|reply) yet)\b"
)
# As people begin who say where something is.
_A_PLACE = re.compile(
    r"(?i)\W*(?:(?:itu |ya |pak |lokasinya |tempatnya |alamatnya )*)(?:di|dpn|depan|dkt|dekat|jl|jln|gang|gg|rt|rw|desa|ds|dusun|kel|kec|simpang"
    r"|jalan(?! (?:rusak|berlubang|bolong|ambles|amblas|putus|macet|banjir|licin|gelap))"
    r"|sebelah|samping|belakang|sekitar|seberang|ngarep|cedhak|payuneun|in front|near|next|at|on|behind)\b"
)
_CORRECTS = re.compile(r"(?i)\W*(?:ralat|koreksi|maaf,? (?:salah|keliru|ralat)|maksud (?:saya|sy)|pembetulan|correction|i meant)\b[\s:,.-]*")
_OBJECTS = re.compile(
    r"(?i)\b(?:keberatan|(?:tidak|tdk|gak|ga|nggak|kurang) (?:setuju|terima|sependapat)|(?:di)?arsip(?:kan)?"
    r"|(?:kenapa|mengapa|knp|kok|ko) (?:laporan(?:nya)? )?(?:saya )?(?:di)?(?:tolak|tutup|hapus)|disagree|do not agree|archived|appeal)\b"
)


def begins_a_report(text: str) -> bool:
    """By its first words.

    >>> begins_a_report("Lapor pak, jalan rusak"), begins_a_report("Laporan saya belum ditanggapi")
    (True, False)
    """
    return _BEGINS.match(text) is not None


def corrects(text: str) -> bool:
    """It sets right what was said before.

    >>> corrects("Ralat: jalannya Jl. Negara"), corrects("koreksi saja dinasnya") , corrects("jalan rusak")
    (True, True, False)
    """
    return _CORRECTS.match(text) is not None


def begins_with_a_place(text: str) -> bool:
    """As an answer to "where?" does.

    >>> begins_with_a_place("di pasar ikan"), begins_with_a_place("pungli di samsat")
    (True, False)
    """
    return _A_PLACE.match(text) is not None


def names_a_report(text: str) -> bool:
    """It speaks of a report that was made.

    >>> names_a_report("laporan saya kapan ditindaklanjuti?"), names_a_report("lampu jalan mati")
    (True, False)
    """
    return _NAMES_IT.search(text) is not None


def may_speak_of_one(text: str) -> bool:
    """It may; a new report can say the same.

    >>> may_speak_of_one("sampai sekarang belum diperbaiki"), may_speak_of_one("lampu jalan mati")
    (True, False)
    """
    return _MAY_SPEAK_OF_IT.search(text) is not None


def objects(text: str) -> bool:
    """It does not accept what became of a report.

    >>> objects("Kenapa ditolak pak?"), objects("klaim BPJS saya ditolak")
    (True, False)
    """
    return _OBJECTS.search(text) is not None


def size(text: str) -> int:
    """In words."""
    return len(text.split())
