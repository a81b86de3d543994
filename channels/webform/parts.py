"""A form while it comes: fields and files of a multipart body (RFC 7578), one after the other, never whole in memory.

A file is counted, digested and on disk before the next part is looked at. What is wrong with one part spoils no other: a limit is told, the words are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http import HttpProcessingError

from channels.contract import Inlet, Kept, Refused
from channels.filetypes import HEAD_BYTES, type_of
from channels.webform.settings import WebFormSettings

_CHUNK_BYTES = 64 * 1024
# aiohttp tells a chunk only when the next one is here: with small ones, words are ours before the photo behind them has come.
_WORDS_BYTES = 1024
# Bytes a second: less than the slowest network that anybody uploads by (GPRS).
_SLOWEST_BYTES = 1024
# A field that is no story: a place, a tick, a token of a file.
_FIELD_BYTES = 4096
_STORIES = frozenset({"isi", "balas"})
# A name is shown on one line; where a browser sends a path, the last part is the name.
_MAX_NAME = 120


class Unreadable(Exception):
    """Nothing that a browser sends: no boundary, a part without a name, an encoding that is broken."""


class Gone(Exception):
    """The browser says nothing more, in the middle of a form."""


@dataclass(frozen=True, slots=True)
class File:
    """One that is on disk."""

    name: str
    # By content.
    type: str
    digest: str
    # Bytes.
    size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the citizen can put right: a code of the texts, the field, what stands in the sentence."""

    code: str
    where: str
    values: dict[str, object] = field(default_factory=dict)
    # The machine's limit that was struck, by its name in the settings; empty: it is about words.
    limit: str = ""


@dataclass(slots=True)
class Filled:
    """What came, in order."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # The body was longer than we read: what is missing was never seen.
    cut: bool = False

    def first(self, name: str) -> str:
        """What was filled in; empty: nothing."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """Of a field that may be there several times."""
        return [value for key, value in self.fields if key == name]


async def fill(request: web.Request, inlet: Inlet | None, limits: WebFormSettings, filled: Filled) -> None:
    """The whole form, into `filled`: what is in it stays there when the rest cannot be had.

    `inlet`: where files go; None: they are read over. Raises Unreadable, Gone, and what the inlet raises; Refused only when all was read.
    """
    body = _Body(request, inlet, limits, filled)
    if request.content_type == "application/x-www-form-urlencoded":
        await body.plain()
    else:
        await body.multipart()
    if body.refused:
        raise body.refused


class _Body:
    def __init__(self, request: web.Request, inlet: Inlet | None, limits: WebFormSettings, filled: Filled) -> None:
        self._request = request
        self._inlet = inlet
        self._limits = limits
        self._bytes_left = limits.max_body_bytes
        self._began = asyncio.get_running_loop().time()
        self._text_left = limits.max_text_bytes
        self.filled = filled
        # A file that could not be kept, by our own fault; what comes behind it is words.
        self.refused: Refused | None = None

    async def plain(self) -> None:
        """A form without files (a very old browser, a script)."""
        announced = self._request.content_length
        if announced is not None and announced > 3 * self._limits.max_text_bytes:
            self._too_much()
            return
        try:
            # All of it is no more than a few chunks.
            with _the_browsers():
                async with asyncio.timeout(self._limits.idle_seconds):
                    form = await self._request.post()
        except web.HTTPRequestEntityTooLarge:
            # It was not announced.
            self._too_much()
            return
        for name, value in list(form.items())[: self._limits.max_fields]:
            self._text(name, str(value).encode("utf-8", "replace"))

    async def multipart(self) -> None:
        """As browsers send it."""
        with _the_browsers():
            reader = await self._request.multipart()
        for _ in range(self._limits.max_fields):
            part = await self._next(reader)
            if part is None:
                return
            await self._part(part)
            # Not one byte more: to look for the next part is to read this one to its end.
            if self.filled.cut:
                return
        if await self._next(reader) is not None:
            self._too_much("max_fields")

    async def _next(self, reader: MultipartReader) -> BodyPartReader | None:
        with _the_browsers():
            async with asyncio.timeout(self._limits.idle_seconds):
                part = await reader.next()
        if part is None or isinstance(part, BodyPartReader):
            return part
        raise Unreadable("a form in a form")

    async def _part(self, part: BodyPartReader) -> None:
        with _the_browsers():
            name, filename = part.name, part.filename
        if not name:
            raise Unreadable("a part without a name")
        if filename is None:
            await self._field(part, name)
        else:
            await self._file(part, plain_name(filename))

    async def _field(self, part: BodyPartReader, name: str) -> None:
        value = bytearray()
        async for chunk in self._chunks(part, _WORDS_BYTES):
            # One byte more than there is room for tells that it was too long; the rest is read over.
            value += chunk[: max(0, self._room(name) + 1 - len(value))]
        self._text(name, bytes(value))

    def _room(self, name: str) -> int:
        # A story may take all that there is; it must never take the room of a tick behind it, or what was to be hidden would be open.
        return self._text_left if name in _STORIES else _FIELD_BYTES

    def _text(self, name: str, value: bytes) -> None:
        room = self._room(name)
        if len(value) > room:
            self.filled.faults.append(Fault("too_long", name, {"limit": room // 1024}, "max_text_bytes"))
        value = value[:room]
        if name in _STORIES:
            self._text_left -= len(value)
        # A browser sends line ends as CRLF (HTML, "constructing the entry list").
        self.filled.fields.append((name, value.decode("utf-8", "replace").replace("\r\n", "\n")))

    async def _file(self, part: BodyPartReader, name: str) -> None:
        chunks = self._chunks(part)
        head = bytearray()
        async for chunk in chunks:
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        if not head:
            # An empty file field is sent as an empty file.
            return
        fault = await self._keep(name, bytes(head), chunks)
        async for _ in chunks:
            # The rest of one that is not taken: what comes behind it may be words.
            pass
        if fault:
            self.filled.faults.append(fault)

    async def _keep(self, name: str, head: bytes, rest: AsyncIterator[bytes]) -> Fault | None:
        kind = type_of(head[:HEAD_BYTES])
        if len(self.filled.files) >= self._limits.max_files:
            return Fault("too_many", "berkas", {"limit": self._limits.max_files, "name": name}, "max_files")
        if kind is None:
            return Fault("not_taken", "berkas", {"name": name})
        if self._inlet is None:
            return None
        try:
            kept = await self._kept(self._inlet, _counted(head, rest, self._limits.max_file_bytes))
        except Refused as refused:
            self.refused = refused
            return None
        except _TooLarge:
            return Fault("too_large", "berkas", {"name": name, "limit": max(1, self._limits.max_file_bytes // (1024 * 1024))}, "max_file_bytes")
        # One that was cut off is no file; the sweeper takes what is there of it.
        if not self.filled.cut:
            self.filled.files.append(File(name, kind, kept.digest, kept.size))
        return None

    async def _kept(self, inlet: Inlet, chunks: AsyncIterator[bytes]) -> Kept:
        """On disk. A slow network may take its time, a disk may not: only what is not spent on waiting for the browser counts."""
        try:
            async with asyncio.timeout(None) as ours:
                return await inlet.keep(self._timed(chunks, ours))
        except TimeoutError as error:
            raise Refused("A file was not on disk in time. Check the disk.") from error

    async def _timed(self, chunks: AsyncIterator[bytes], ours: asyncio.Timeout) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        async for chunk in chunks:
            ours.reschedule(loop.time() + self._limits.accept_seconds)
            yield chunk
            ours.reschedule(None)
        ours.reschedule(loop.time() + self._limits.accept_seconds)

    async def _chunks(self, part: BodyPartReader, most: int = _CHUNK_BYTES) -> AsyncIterator[bytes]:
        while not self.filled.cut:
            with _the_browsers():
                async with asyncio.timeout(self._limits.idle_seconds):
                    chunk = await part.read_chunk(most)
            if not chunk:
                return
            self._bytes_left -= len(chunk)
            self._insist_on_progress()
            if self._bytes_left < 0:
                self._too_much()
                return
            yield chunk

    def _insist_on_progress(self) -> None:
        """A slow network brings kilobytes; who brings a byte now and then keeps a place from others."""
        seconds = asyncio.get_running_loop().time() - self._began
        if seconds > self._limits.idle_seconds + (self._limits.max_body_bytes - self._bytes_left) / _SLOWEST_BYTES:
            raise Gone

    def _too_much(self, limit: str = "max_body_bytes") -> None:
        self.filled.cut = True
        self.filled.faults.append(Fault("too_much", "berkas", {"limit": max(1, self._limits.max_body_bytes // (1024 * 1024))}, limit))


@contextmanager
def _the_browsers() -> Iterator[None]:
    """Around reading only: what is raised here is the browser's doing. The same errors from keeping a file are our own fault."""
    try:
        yield
    except (ValueError, AssertionError, LookupError, HttpProcessingError) as error:
        # What aiohttp raises for a body that is no form: no boundary, headers that cannot be read, an unknown encoding.
        raise Unreadable(type(error).__name__) from error
    except (TimeoutError, ConnectionError) as error:
        raise Gone from error


class _TooLarge(Exception):
    """One file is more than one file may be."""


async def _counted(head: bytes, rest: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    size = len(head)
    if size > most:
        raise _TooLarge
    yield head
    async for chunk in rest:
        size += len(chunk)
        if size > most:
            raise _TooLarge
        yield chunk


def plain_name(name: str) -> str:
    r"""What a file is called, without the folders that it lay in, on one line.

    >>> plain_name("C:\\Users\\warga\\foto jalan.jpg"), plain_name("../../etc/passwd"), plain_name("a\x00\u202egpj.exe")
    ('foto jalan.jpg', 'passwd', 'agpj.exe')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:_MAX_NAME]
