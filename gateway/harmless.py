"""What strangers wrote, so that a terminal or a page only shows it. Pure."""

from __future__ import annotations


def harmless(text: str) -> str:
    """What strangers wrote, with everything shown that a terminal would obey."""
    return "".join(symbol if symbol.isprintable() or symbol in "\n\t" else symbol.encode("unicode_escape", "surrogatepass").decode() for symbol in text)
