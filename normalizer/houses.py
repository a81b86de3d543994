"""Which categories are seen to by one kind of house, who else is asked in another town, and how surely a person would choose the same."""

from __future__ import annotations

from functools import cache

from normalizer.view import rows


@cache
def families() -> dict[str, str]:
    """Category to the family of its agencies, from data/families.txt (read once)."""
    parts = (row.partition(":") for row in rows("families.txt"))
    return {category: family for family, _, named in parts for category in named.split()}


@cache
def also() -> dict[str, tuple[tuple[str, float], ...]]:
    """Category to those that its words are lent to, each with the share of the weight, from data/also.txt (read once)."""
    parts = (row.partition(":") for row in rows("also.txt"))
    named = ((category, shares.split()) for category, _, shares in parts)
    return {category: tuple(zip(shares[::2], map(float, shares[1::2]), strict=True)) for category, shares in named}


@cache
def agreed() -> dict[str, float]:
    """Category to the chance that it is chosen where the words are plain, from data/agreed.txt (read once)."""
    parts = (row.partition(":") for row in rows("agreed.txt"))
    return {category: float(share) for share, _, named in parts for category in named.split()}
