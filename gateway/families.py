"""Families of agencies: what stays the same where every region calls and cuts its offices differently."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def families() -> dict[str, str]:
    """Category to family, from families.txt (read once)."""
    rows = resources.files("gateway").joinpath("families.txt").read_text(encoding="utf-8").splitlines()
    parts = [row.partition(":") for row in rows if row and not row.startswith("#")]
    return {category: family for family, _, named in parts for category in named.split()}


# Offices of a kecamatan or a village do what their regency does elsewhere: such a label is right only where a text names the level.
_BY_LEVEL = {"district": "subdistrict", "village": "village"}
# What persons chose that is no agency's family of its own.
_NOBODYS = frozenset({"subdistrict", "other"})


def family_of(category: str, level: str = "") -> str:
    """Of a category, at a level of government if one was said.

    >>> family_of("flood_drainage"), family_of("road", "village")
    ('public_works', 'village')
    """
    return _BY_LEVEL.get(level, families()[category])


def known() -> frozenset[str]:
    """All that a label may say."""
    return frozenset(families().values()) | _NOBODYS
