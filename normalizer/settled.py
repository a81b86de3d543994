"""Where one passage of a text certainly is, so that two of them can be told apart by it."""

from __future__ import annotations

from collections.abc import Sequence

from normalizer.mentions import Mention
from normalizer.places import resolve
from normalizer.words import Word, words_of

# From this score on a place is certain; from the other on, another one that is named beside it makes it two.
_CERTAIN, _BESIDE = 0.8, 0.5
# A place is where it is, and not where somebody is from or goes to.
_AT = frozenset({"di", "in", "at", "neng", "ning", "nang", "wonten", "daerah", "wilayah"})
_NOT_AT = frozenset(
    {
        *("dari", "dr", "ke", "menuju", "arah", "sampai", "hingga", "antara", "dekat", "seperti", "warga", "masyarakat", "penduduk", "orang", "asal", "from"),
        *("to", "dan", "pak", "bapak", "bu", "ibu"),
    }
)


def settled_in(text: str, region: str | None, aliases: tuple[tuple[str, str], ...]) -> str | None:
    """Official code of the one place that a passage says it is in; None: it says none, or it is not certain. `region`: of the channel.

    >>> settled_in("jalan rusak di desa girimukti", "64.09", ()), settled_in("warga dari babulu lewat jalan rusak", "64.09", ())
    ('64.09.01.2020', None)
    """
    words = words_of(text)
    found = resolve(words, region, aliases)
    if not found.code or found.code == region or found.ambiguous or any(one.score >= _BESIDE for one in found.candidates[1:]):
        return None
    # Inside the channel's own region a name that others have elsewhere is meant as the one there.
    if not (region and found.code.startswith(region)) and found.candidates[0].score < _CERTAIN:
        return None
    code = found.code.replace(".", "")
    meant = [mention for mention in found.mentions if any(code.startswith(one) for one in mention.weights)]
    return found.code if meant and all(_is_at(mention, words) for mention in meant) else None


def _is_at(mention: Mention, words: Sequence[Word]) -> bool:
    before = next((word.key for word in reversed(words) if word.end <= mention.begin), "di")
    return before in _AT or (mention.level > 0 and before not in _NOT_AT)
