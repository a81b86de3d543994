"""Families of agencies: what stays the same where every region calls and cuts its offices differently."""

from __future__ import annotations

from normalizer import families

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
