"""Lists of phrases, a language or a subject a line, as one pattern."""

from __future__ import annotations


def either(lists: str) -> str:
    r"""All alternatives of all lines that are no comments, to be put into a pattern.

    >>> either('''
    ... # English
    ... wrote|said
    ... # Indonesian
    ... menulis
    ... ''')
    '(?:wrote|said|menulis)'
    """
    return "(?:" + "|".join(line for line in lists.strip().splitlines() if not line.startswith("#")) + ")"
