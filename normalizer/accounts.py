"""Numbers of accounts, where a word before them says so: a bank's ("no rek 1234567890", "BRI 0123-01-…") and a household's ("rekening air 512345678")."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Eight figures at least: a shorter number is a sum, a house or a year. A bank's name alone says less, and its own numbers have ten.
_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){7,27}(?![0-9])")
_OF_A_BANK = 10
# Characters before a number in which its word may stand.
_REACH = 50
_SHORTEST = len("va ")
_CUE = re.compile(
    r"(?<![^\W_])(?:(?:rek|rekening)(?:nya|ku)?|norek|account|virtual account|va|id ?pel(?:anggan)?)(?![^\W_])(?P<between>[^0-9\n;!?]{0,40})\Z", re.IGNORECASE
)
_BANK = re.compile(r"(?<![^\W_])(?:bri|bni|bca|btn|bsi|mandiri|bank [a-z]{2,20})(?P<between>[ :.,-]{1,3}(?:(?:no|nomor)[ .:]{0,2})?)\Z", re.IGNORECASE)
# Money, and a day: neither is anybody's number.
_SUM = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{4}")
_MONEY = re.compile(r"\b(?:rp|rupiah|sebesar|sejumlah|senilai|saldo|tanggal|tgl)\b", re.IGNORECASE)


def accounts(text: str) -> Iterator[tuple[int, int]]:
    """Where each number begins and ends. Linear.

    >>> text = "rekening BRI saya 0123-01-012345-50-1 dipotong Rp 12.500.000"
    >>> [text[start:end] for start, end in accounts(text)]
    ['0123-01-012345-50-1']
    """
    end_of_last = 0
    for found in _NUMBER.finditer(text):
        before = text[max(end_of_last, found.start() - _REACH) : found.start()]
        end_of_last = found.end()
        if len(before) < _SHORTEST:
            continue
        cue = _CUE.search(before) or (_BANK.search(before) if sum(map(str.isdecimal, found[0])) >= _OF_A_BANK else None)
        if cue and not (_SUM.fullmatch(found[0]) or _MONEY.search(cue["between"])):
            yield found.span()
