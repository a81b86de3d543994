"""The words that people read from us, from gettext catalogues: `locale/<language>/LC_MESSAGES/gateway.po`.

Catalogues are compiled in memory: nothing generated lies in the tree, and an edited text is there after a restart.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"


class Words:
    """One language. Texts are asked for by a code ("acknowledgement.short"), never written in code."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, code: str, **values: object) -> str:
        """The text, with its values filled in."""
        return self._catalogue.gettext(code).format(**values)

    def many(self, code: str, count: int, **values: object) -> str:
        """The text for so many; `{count}` is filled in."""
        return self._catalogue.ngettext(code, f"{code}.plural", count).format(count=count, **values)


def load(languages: tuple[str, ...]) -> Mapping[str, Words]:
    """The catalogues of these languages. Raises FileNotFoundError for a language that we do not have."""
    return {language: Words(language, _compiled(LOCALE / language / "LC_MESSAGES" / "gateway.po")) for language in languages}


def available() -> tuple[str, ...]:
    """The languages that have a catalogue."""
    return tuple(sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/gateway.po")))


@cache
def _compiled(path: Path) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
