"""The channels page in parts that change on their own, drawn once a language for everybody who has it open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.pages import Look, Pages
from gateway.desk import spark, telling
from gateway.desk.picture import Card, Picture
from gateway.desk.watch import Watch


@dataclass
class _Drawn:
    """In one language."""

    picture: Picture
    # By the id of the element: since which version it looks like that, and its inside.
    parts: dict[str, tuple[int, str]] = field(default_factory=dict)


class Board:
    """Of one node."""

    def __init__(self, watch: Watch, pages: Pages, began: int) -> None:
        """`began`: versions count from here; later than any of an earlier process."""
        self._watch = watch
        self._pages = pages
        self._drawn: dict[str, _Drawn] = {}
        self.version = began

    def parts(self, look: Look) -> Mapping[str, tuple[int, str]]:
        """As of the latest picture."""
        picture, language = self._watch.picture, look.words.language
        drawn = self._drawn.get(language)
        if drawn is None or drawn.picture is not picture:
            drawn = self._drawn[language] = self._draw(look, picture, drawn.parts if drawn else {})
        return drawn.parts

    def since(self, look: Look, seen: int) -> dict[str, str]:
        """What looks otherwise than at that version; of a version that is not ours, everything."""
        parts = self.parts(look)
        return {name: html for name, (version, html) in parts.items() if version > seen or seen > self.version}

    def _draw(self, look: Look, picture: Picture, before: Mapping[str, tuple[int, str]]) -> _Drawn:
        fresh = {name: self._pages.render(template, look, shown) for name, template, shown in self._shown(look, picture)}
        if any(before.get(name, (0, ""))[1] != html for name, html in fresh.items()):
            self.version += 1
        same = {name: part for name, part in before.items() if fresh.get(name) == part[1]}
        return _Drawn(picture, {name: same.get(name, (self.version, html)) for name, html in fresh.items()})

    def _shown(self, look: Look, picture: Picture) -> list[tuple[str, str, dict[str, object]]]:
        more = {"picture": picture, "tell": telling, "signs": telling.SIGNS}
        cards = [
            (card_id(card), "card.html", {**more, "card": card, "told": telling.of_card(look.words, card), "bars": spark.bars(card.hours)})
            for card in picture.cards
        ]
        return [
            ("tabs", "tabs.html", {**more, "here": "channels"}),
            ("semua", "wall.html", more),
            *cards,
            ("rumah", "house.html", more),
            ("tertahan", "waiting.html", more),
            ("riwayat", "past.html", more),
        ]


def card_id(card: Card) -> str:
    """Of its element: names of channels are small letters, digits and hyphens."""
    return f"kanal-{card.name}"
