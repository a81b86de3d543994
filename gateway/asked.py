"""A message that is only a word to us: STATUS, BANTUAN, BATAL, 5. Pure.

It is one only if nothing else is in it. "Bantuan sosial belum cair" and "cek jalan rusak" are reports, and a report is never taken for a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway import tracking

# About a report.
STATUS, ANONYMOUS, CONFIDENTIAL, WITHDRAW, REOPEN, RATE, CLASSIFY = "status", "anonymous", "confidential", "withdraw", "reopen", "rate", "classify"
# About us.
HELP, STOP, START, LANGUAGE, REPORT = "help", "stop", "start", "language", "report"
# They mean something only where something was asked or said before.
YES, NO, UNKNOWN, THANKS, GREETING = "yes", "no", "unknown", "thanks", "greeting"

# What citizens write (DOMAIN.md, "Messages"), in capitals or not.
_NAMES = {
    **dict.fromkeys(("status", "cek", "lacak", "check", "track"), STATUS),
    **dict.fromkeys(("bantuan", "help", "menu"), HELP),
    **dict.fromkeys(("anonim", "anonimkan", "anonymous"), ANONYMOUS),
    **dict.fromkeys(("rahasia", "rahasiakan", "confidential"), CONFIDENTIAL),
    **dict.fromkeys(("batal", "batalkan", "batalin", "dibatalkan", "cabut", "cancel", "withdraw"), WITHDRAW),
    **dict.fromkeys(("buka", "reopen"), REOPEN),
    **dict.fromkeys(("berhenti", "stop", "unsubscribe"), STOP),
    **dict.fromkeys(("mulai", "start"), START),
    **dict.fromkeys(("bahasa", "language"), LANGUAGE),
    **dict.fromkeys(("aspirasi", "aspiration", "pengaduan", "complaint"), CLASSIFY),
    **dict.fromkeys(("ya", "iya", "yes", "betul", "benar"), YES),
    **dict.fromkeys(("tidak", "tdk", "no", "bukan", "belum", "blm"), NO),
    **dict.fromkeys(("lupa", "entah"), UNKNOWN),
    **dict.fromkeys(
        (
            "makasih",
            "makasi",
            "tks",
            "thx",
            "thanks",
            "trims",
            "ok",
            "oke",
            "okey",
            "okay",
            "baik",
            "siap",
            "sip",
            "mantap",
            "noted",
            "alhamdulillah",
            "mksh",
            "bagus",
            "puas",
        ),
        THANKS,
    ),
    **dict.fromkeys(
        ("halo", "hallo", "hai", "hello", "hi", "permisi", "assalamualaikum", "tes", "test", "coba", "p", "pagi", "siang", "sore", "malam", "mlm"), GREETING
    ),
}
# Several words that mean one, without what says nothing between them.
_PHRASES = {
    **dict.fromkeys(("gak jadi", "ga jadi", "nggak jadi", "tidak jadi", "tdk jadi", "gak usah jadi", "ga usah jadi"), WITHDRAW),
    **dict.fromkeys(("nama dirahasiakan", "jangan sebut nama", "rahasiakan identitas", "rahasiakan nama", "sembunyikan nama"), ANONYMOUS),
    **dict.fromkeys(("identitas dirahasiakan", "hide name", "hide my name"), ANONYMOUS),
    # Alone; "info banjir" asks for something of its own.
    "info": HELP,
    **dict.fromkeys(("cara lapor", "cara mengadu", "cara melapor", "cara"), HELP),
    **dict.fromkeys(("sama sama", "mtur suwun", "hatur nuhun", "oke siap ditunggu", "siap ditunggu", "ditunggu"), THANKS),
    **dict.fromkeys(("assalamualaikum wr wb", "assalamu alaikum wr wb"), GREETING),
    **dict.fromkeys(("thank you", "sudah selesai", "sudah beres", "matur nuwun"), THANKS),
    **dict.fromkeys(("tidak tahu", "tidak tau", "gak tahu", "gak tau", "ga tau", "nggak tau", "kurang tahu", "kurang tau", "belum tahu"), UNKNOWN),
    **dict.fromkeys(("tidak ingat", "gak ingat", "kurang ingat", "dont know", "don t know", "i don t know", "not sure"), UNKNOWN),
    **dict.fromkeys(
        ("belum selesai", "blm selesai", "belum beres", "blm beres", "belum tuntas", "blm tuntas", "tidak selesai", "buka lagi", "buka kembali", "not done"),
        REOPEN,
    ),
    **dict.fromkeys(("tidak setuju", "lanjutkan"), REOPEN),
    **dict.fromkeys(("selamat pagi", "selamat siang", "selamat sore", "selamat malam", "good morning", "met pagi", "assalamu alaikum"), GREETING),
    **dict.fromkeys(("permintaan informasi", "minta informasi", "information request", "informasi"), CLASSIFY),
}
_KINDS = {
    **dict.fromkeys(("aspirasi", "aspiration"), "aspiration"),
    **dict.fromkeys(("pengaduan", "complaint"), "complaint"),
    **dict.fromkeys(("permintaan", "minta", "information", "informasi"), "information_request"),
}
_LANGUAGES = {**dict.fromkeys(("en", "english", "inggris"), "en"), **dict.fromkeys(("id", "indonesia", "indonesian"), "id")}
_ENGLISH = frozenset({"check", "track", "help", "anonymous", "confidential", "cancel", "withdraw", "reopen", "thanks", "hello", "language", "complaint"})
# What says nothing beside such a word.
_FILLERS = frozenset(
    {"laporan", "lapor", "pengaduan", "aduan", "tiket", "nomor", "nomer", "no", "saya", "sy", "aku", "ku", "dong", "donk", "ya", "pak", "bu", "min"}
    | {"apa", "bagaimana", "gimana", "the", "my", "of", "report", "number", "case", "please", "pls", "admin", "kak", "mas", "mbak", "nilai", "bintang"}
    | {"rating", "baru", "mau", "banyak", "ini", "itu", "to", "i", "want", "aja", "saja", "byk"}
)
# Beside the other words they are polite; "mohon bantuan" is a cry for help, and that is a report.
_PLEAS = frozenset({"mohon", "tolong"})
_POLITE = _FILLERS | _PLEAS
# Alone, or with what says nothing, somebody is about to report.
_OPENERS = frozenset({"lapor", "laporan", "aduan", "report"})
_IN_PHRASES = frozenset(word for phrase in _PHRASES for word in phrase.split())
# Longer than any such message.
_LONGEST, _MOST_WORDS = 80, 10
# Shorter words have too many neighbours to forgive a letter ("cek": "cuk").
_FORGIVEN_FROM = 5
# What anybody may write by a slip is not read into other words.
_UNFORGIVING = frozenset({YES, NO, UNKNOWN, THANKS, GREETING, CLASSIFY})
_BY_SIZE = {size: [name for name, what in _NAMES.items() if len(name) == size and what not in _UNFORGIVING] for size in range(_FORGIVEN_FROM, 20)}
_TOKEN = re.compile(r"[^\W_]+")
_ONE_THING = re.compile(r"(?i)\bt(?:e)?rima\s*kasih\b")
_COMMAND = re.compile(r"\s*/(\w{1,32})(?:@\w+)?(?:\s+(\S{1,64}))?\s*\Z")
_RATING = re.compile(r"[1-5]")
# Twelve symbols, of which a person may lose or double one; without A, E and U, so that it is no word, or with a figure in it.
_LIKE_A_NUMBER = re.compile(r"(?i)(?=.*\d)[0-9a-z]{10,14}|[0-9b-df-hj-np-tv-z]{11,13}")
# A part of one: it has a figure, or none of the letters that numbers do without (A, E, U), but for what people mistype.
_MAY_BE_OF_A_NUMBER = re.compile(r"(?=.*\d)[0-9a-z]{1,14}|[b-df-hj-np-tv-zio]{1,13}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked."""

    # One of the words above.
    what: str
    # As we write it, if it is one; "?": something like a number that is none; empty: of whatever the sender last reported.
    number: str = ""
    # BCP 47, where the word itself tells; empty: it does not.
    language: str = ""
    # What goes with it: "5" (RATE), "en" (LANGUAGE; empty: which is not said), "aspiration" (CLASSIFY).
    value: str = ""


@lru_cache(maxsize=512)
def asked_of(text: str) -> Asked | None:
    """The word that a cleaned message consists of; None: it says something of its own.

    >>> asked_of("Cek no. laporan saya")
    Asked(what='status', number='', language='', value='')
    >>> asked_of("/status@LaporBot 1111-2222-3333")
    Asked(what='status', number='?', language='', value='')
    >>> asked_of("Bantuan sosial belum cair") is None
    True
    """
    if command := _COMMAND.match(text):
        # Every bot has these two, under these names in all languages; "/start" brings a word of its own from a link.
        if everywhere := {"start": START, "help": HELP}.get(command[1].lower()):
            return Asked(everywhere)
        # What a bot's menu has not.
        return asked_of(f"{command[1]} {command[2] or ''}") or Asked(HELP)
    tokens = _tokens(text)
    said = _without_fillers(tokens)
    whole = " ".join(said)
    if what := _PHRASES.get(whole):
        return Asked(what, value=_KINDS.get(said[0], "") if what == CLASSIFY else "")
    if len(said) == 1 and (_RATING.fullmatch(whole) or whole in _LANGUAGES):
        return Asked(RATE, value=whole) if whole not in _LANGUAGES else Asked(LANGUAGE, language=_LANGUAGES[whole], value=_LANGUAGES[whole])
    names = [_named(token) for token in tokens]
    what = min(filter(None, names), key=lambda name: name in _UNFORGIVING, default=None)
    if what is None and tokens and not said:
        return Asked(REPORT, language="en" if "report" in tokens else "") if _OPENERS.intersection(tokens) else None
    return _with_number(what, tokens, names)


def _with_number(what: str | None, tokens: list[str], names: list[str | None]) -> Asked | None:
    polite = _FILLERS if what == HELP else _POLITE
    rest = "".join(token for token, name in zip(tokens, names, strict=True) if not name and token not in polite)
    number = tracking.parse(rest)
    if what is None:
        # A number alone is the shortest way to ask; one of figures only may be a telephone's.
        return Asked(STATUS, number) if number and len(rest) == len("".join(tokens)) and not rest.isdigit() else None
    language = "en" if _ENGLISH.intersection(tokens) else ""
    if what == LANGUAGE:
        named = [_LANGUAGES[token] for token in tokens if token in _LANGUAGES]
        return Asked(LANGUAGE, language=named[0] if named else language, value=named[0] if named else "") if len(tokens) - len(named) == 1 else None
    if not rest:
        return Asked(what, language=language, value=next((_KINDS[token] for token in tokens if token in _KINDS), "") if what == CLASSIFY else "")
    if (number or _LIKE_A_NUMBER.fullmatch(rest)) and what in _NUMBERED:
        return Asked(what, number or "?", language)
    return None


# Words that may name a report by its number.
_NUMBERED = frozenset({STATUS, ANONYMOUS, CONFIDENTIAL, WITHDRAW, REOPEN})


def _without_fillers(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in _POLITE or (token in _NAMES and len(tokens) == 1)]


def _tokens(text: str) -> list[str]:
    """Its words; none if one of them is a report's. Most end here, at their first: they are looked at thousands of times a second."""
    if len(text) > _LONGEST:
        return []
    tokens: list[str] = []
    # A bot that is called by its name in a group.
    for found in _TOKEN.finditer(_ONE_THING.sub("makasih", re.sub(r"\A\s*/(\w+)@\w+", r"\1", text))):
        token = found[0].lower()
        if len(tokens) == _MOST_WORDS or not _may_be_of_a_word(token):
            return []
        tokens.append(token)
    return tokens


def _may_be_of_a_word(token: str) -> bool:
    return token in _POLITE or token in _LANGUAGES or token in _IN_PHRASES or bool(_MAY_BE_OF_A_NUMBER.fullmatch(token)) or _named(token) is not None


def _named(token: str) -> str | None:
    exact = _NAMES.get(token)
    if exact or len(token) < _FORGIVEN_FROM:
        return exact
    near = (name for size in range(len(token) - 1, len(token) + 2) for name in _BY_SIZE.get(size, ()))
    return next((_NAMES[name] for name in near if _one_slip(token, name)), None)


def _one_slip(written: str, meant: str) -> bool:
    """One letter doubled, lost, strange, or two that changed places."""
    if written == meant:
        return True
    if len(written) == len(meant):
        differ = [i for i, (a, b) in enumerate(zip(written, meant, strict=True)) if a != b]
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and written[differ[0]] == meant[differ[1]] and written[differ[1]] == meant[differ[0]]  # noqa: PLR2004  # two letters
        return len(differ) == 1 or swapped
    short, long = sorted((written, meant), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
