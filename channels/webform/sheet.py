"""One citizen's form as it is on the table: what was typed, the files that are here already, the key, and what is still wrong. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from channels.webform import tokens
from channels.webform.parts import Fault, File, Filled
from channels.webform.tokens import Key, Sign

_LINK = re.compile(r"[A-Za-z0-9_-]{22}")
# Of these kinds nobody asks where.
_ANYWHERE = frozenset({"aspirasi", "informasi"})


@dataclass(slots=True)
class Sheet:
    """What is shown again when something is wrong: nothing that was typed is lost."""

    # As the page carries it; a fresh one if what came was none of ours.
    key: str
    said: Filled = field(default_factory=Filled)
    files: list[File] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # Words for a report that is there already, by its private link.
    adding: bool = False

    @property
    def link(self) -> str:
        """The private link that it adds to; empty: none."""
        link = self.said.first("tautan")
        return link if _LINK.fullmatch(link) else ""

    @property
    def asked(self) -> bool:
        """Whether the place was asked for already: once is enough."""
        return bool(self.said.first("ditanya")) or any(fault.code == "where" for fault in self.faults)

    def disown(self, sign: Sign, now: datetime) -> None:
        """As a fresh page with these words: neither the key nor the link that came with them."""
        self.key = tokens.new_key(sign, now)
        self.said.fields = [(name, value) for name, value in self.said.fields if name not in {"tautan", "hapus", "betulkan"}]

    def remove(self, which: str) -> None:
        """One file less; counted from 1."""
        if which.isascii() and which.isdigit() and 0 < int(which) <= len(self.files):
            del self.files[int(which) - 1]

    def lacking(self) -> Fault | None:
        """What a person must be asked for; a report is never thrown away because something is missing, so the place is asked for once only."""
        words = ("balas",) if self.adding else ("judul", "isi")
        if not any(self.said.first(name).strip() for name in words) and not self.files:
            return Fault("nothing", "" if self.adding else "isi")
        if self.adding or self.asked or self.said.first("jenis") in _ANYWHERE:
            return None
        return None if self.said.first("tempat").strip() or self.said.first("lintang") else Fault("where", "tempat")


def blank(sign: Sign, now: datetime) -> Sheet:
    """A fresh page."""
    return Sheet(tokens.new_key(sign, now), Filled([("jenis", "pengaduan")]))


def filled_in(filled: Filled, sign: Sign, now: datetime, most_files: int, *, adding: bool) -> tuple[Sheet, Key | None]:
    """What came, with the files of earlier tries; and its key, if that is one of ours."""
    written = filled.first("kunci")
    key = tokens.read_key(sign, written)
    faults = list(filled.faults)
    earlier = [tokens.read_token(sign, written, text, now) for text in filled.all("simpan")[:most_files]]
    if None in earlier:
        faults.append(Fault("file_gone", "berkas"))
    files = [*(file for file in earlier if file), *filled.files]
    if len(files) > most_files:
        faults.append(Fault("too_many", "berkas", {"limit": most_files, "name": files[most_files].name}, "max_files"))
    return Sheet(written if key else tokens.new_key(sign, now), filled, files[:most_files], faults, adding), key
