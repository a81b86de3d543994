"""What stands behind the semicolons of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231), as mail programs really write it."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from channels.mail.charsets import decoded
from channels.mail.headers import MAX_GUESSED, decode_words, words

# A value in quotes, without (spaces and all, up to the next semicolon), or in quotes that are never closed.
_PARAMETER = re.compile(r";[\s;]*+([^\s=;]{1,80})\s*+=\s*+(\"(?:[^\"\\]|\\.)*+\"?[^;]*+|[^;]*+)", re.DOTALL)
# Bytes that a media type is looked for in.
_KIND_BYTES = 400
_FIRST_WORD = re.compile(r"[\s\"']*([\w.+-]{1,80})(?:\s*/\s*([\w.+-]{1,80}))?")
_CONTINUED = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*)?)?\Z")
# RFC 2231, section 4: charset'language'percent-encoded.
_EXTENDED = re.compile(r"([\w.:+-]{0,60})'([\w-]{0,40})'(.*)", re.DOTALL)
_ESCAPED_QUOTE = re.compile(r"\\([\"\\])")


def kind_of(value: bytes) -> str:
    """The media type in small letters; "text" alone is text/plain; empty: none that is one.

    >>> kind_of(b"TEXT/Plain ; charset=us-ascii"), kind_of(b"text"), kind_of(b"=?")
    ('text/plain', 'text/plain', '')
    """
    found = _FIRST_WORD.match(words(value[:_KIND_BYTES]))
    if not found:
        return ""
    major, minor = found[1].lower(), (found[2] or "").lower()
    return f"{major}/{minor}" if minor else "text/plain" if major == "text" else ""


def first_word(value: bytes) -> str:
    """What stands before the first semicolon, in small letters: "attachment", "base64"."""
    found = _FIRST_WORD.match(words(value[:_KIND_BYTES]))
    return found[1].lower() if found else ""


def parameters(value: bytes, charset: str = "") -> dict[str, str]:
    """By name in small letters, decoded; the first of two wins.

    >>> parameters(b"text/plain; charset=utf-8;; name*0*=utf-8''Jal%61n; name*1=.txt")
    {'charset': 'utf-8', 'name': 'Jalan.txt'}
    """
    text = _line(value, charset)
    if ";" not in text:
        # text/html charset=utf-8
        text = text.strip().replace(" ", ";", 1)
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(text):
        name, said = found[1].lower(), _unquoted(found[2])
        if continued := _CONTINUED.match(name):
            index, encoded = int(continued[2] or 0), continued[2] is None or bool(continued[3])
            pieces.setdefault(continued[1], {}).setdefault(index, (said, encoded))
        else:
            plain.setdefault(name, decode_words(said) if "=?" in said else said)
    return {**plain, **{name: _together(parts) for name, parts in pieces.items()}}


def _line(value: bytes, charset: str) -> str:
    """Not decoded yet: an encoded word may hide a semicolon. Folds become nothing, as they were before folding."""
    return decoded(value.replace(b"\r\n", b"").replace(b"\n", b""), charset, guess=len(value) < MAX_GUESSED)


def _unquoted(said: str) -> str:
    said = said.strip()
    if not said.startswith('"'):
        return said.strip("'\"") if said[:1] == said[-1:] == "'" else said
    # Up to the last quote: a name in which somebody forgot to escape one is still a name.
    inside = said[1 : said.rfind('"')] if said.rfind('"') > 0 else said[1:]
    return _ESCAPED_QUOTE.sub(r"\1", inside)


def _together(parts: Mapping[int, tuple[str, bool]]) -> str:
    said = [parts[index] for index in sorted(parts)]
    charset = ""
    if said[0][1] and (extended := _EXTENDED.match(said[0][0])):
        charset = extended[1]
        said[0] = (extended[3], True)
    raw = b"".join(urllib.parse.unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogatepass") for text, encoded in said)
    text = decoded(raw, charset)
    return decode_words(text) if "=?" in text else text
