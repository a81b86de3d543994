"""The words of a text that say where: names of the register and landmarks that stand together, as one span."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from normalizer.landmarks import FOUND, HALF, Piece, landmarks_of
from normalizer.mentions import Mention
from normalizer.places import Resolved, resolve
from normalizer.register import VILLAGE
from normalizer.words import is_namelike, words_of

# What may stand between two parts of one description.
_JOINT = re.compile(
    r"(?:[\s,.;:/()'\"-]|\b(?:di|in|dan|ke|dari|sampai|sampe|sampek|menuju|arah|tepatnya|tepat|yang|yg|daerah|wilayah|lokasi|alamat|kantor)\b)*", re.IGNORECASE
)
_MOST_BETWEEN = 24


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a text says of the place."""

    # The words by which somebody who goes there finds it; None: it tells no more than a region.
    text: str | None
    # Where those words, or else the region's name, stand; None: nothing does.
    span: tuple[int, int] | None
    resolved: Resolved


def whereabouts(text: str, region: str | None, aliases: tuple[tuple[str, str], ...], *, asked: bool = False) -> Whereabouts:
    """Read a text (cleaned). `region` is where it most likely comes from; `asked`: it answers "where is it?"."""
    words = words_of(text)
    resolved = resolve(words, region, aliases)
    named = [piece for mention in resolved.mentions if (piece := _piece(mention, resolved))]
    regions = {piece.begin for piece in named if not piece.findable}
    landmarks = (piece for piece in landmarks_of(text, words, asked=asked) if piece.name not in regions)
    groups = _groups(text, [*named, *landmarks])
    findable = [group for group in groups if _worth(group) >= FOUND]
    groups = findable or _groups(text, named)
    if not groups:
        return Whereabouts(None, None, resolved)
    best = max(groups, key=lambda group: (_worth(group), -group[0].begin))
    begin, end = best[0].begin, max(piece.end for piece in best)
    return Whereabouts(text[begin:end] if findable else None, (begin, end), resolved)


def _piece(mention: Mention, resolved: Resolved) -> Piece | None:
    """A village can be looked for, a regency only be written to. None: it is about another place than the one that was understood."""
    if not mention.weights:
        # A hamlet, or a village that the register does not have.
        return Piece(mention.begin, mention.end, FOUND) if mention.level == VILLAGE and is_namelike(mention.spellings[-1][0]) else None
    best = resolved.candidates[0].code.replace(".", "") if resolved.candidates else ""
    area = (resolved.code or "").replace(".", "") or best
    if not (area or mention.level) or not any(code.startswith(area) or area.startswith(code) for code in mention.weights):
        return None
    village = (mention.level == VILLAGE and bool(mention.alone or mention.spellings)) or (len(best) == VILLAGE and best in mention.weights)
    return Piece(mention.begin, mention.end, FOUND if village else 0)


def _worth(group: Sequence[Piece]) -> int:
    """At least FOUND if somebody who goes there finds it."""
    worth = sum(piece.findable for piece in group if piece.findable >= FOUND)
    halves = sum(piece.findable for piece in group if piece.findable == HALF)
    return worth + halves + (HALF if halves and len(group) > 1 else 0)


def _groups(text: str, pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces that stand together, in the order of the text."""
    groups: list[list[Piece]] = []
    end = 0
    for piece in sorted(pieces, key=lambda piece: piece.begin):
        if groups and (piece.begin <= end or (piece.begin - end <= _MOST_BETWEEN and _JOINT.fullmatch(text, end, piece.begin))):
            groups[-1].append(piece)
        else:
            groups.append([piece])
        end = max(end, piece.end) if len(groups[-1]) > 1 else piece.end
    return groups
