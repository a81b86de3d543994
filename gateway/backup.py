"""A copy of all that a node holds, taken while it works, such that conservation holds over the copy (law 6): what was accepted before is in it.

The store stands still for the few milliseconds in which both files are looked at: nothing moves from the journal to the store meanwhile, so each report is
in one of the two, or in both. Accepting goes on. Files come last: each is on disk before anybody refers to it, and none changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.config import Config
from gateway.journal_file import snapshot
from gateway.reconcile import Account, reconcile
from gateway.store import dump
from gateway.store.engine import Store

# How long the store's other writers may keep us waiting. Seconds.
_PATIENCE_SECONDS = 60.0
_CHUNK_BYTES = 1024 * 1024


class NoBackup(Exception):
    """It was not made, and nothing of it is left: a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in the folder."""

    # The copy's own books, compared as `reconcile` does; None: the store is not in it, or is a dump that only PostgreSQL can read.
    books: Account | None
    # Reports that wait in the journal's copy.
    waiting: int
    # Uploaded files that were copied.
    files: int
    # Uploaded files that are not what their name says, or that reports refer to and that are not there.
    broken: tuple[str, ...]


async def back_up(config: Config, config_path: Path, folder: Path, *, store: bool = True, files: bool = True) -> Backup:
    """Make `folder`; it is there only once it is whole. Raises NoBackup, NoDump, StoreAway, OSError."""
    part = _begun(folder)
    try:
        made = await _filled(config, config_path, part, store=store, files=files)
        _settle(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return made


def _begun(folder: Path) -> Path:
    """Beside it, and only ours to read."""
    if folder.exists():
        raise NoBackup(f"{folder} is there already. Each backup takes a new folder, and an old one is never touched.")
    if not folder.parent.is_dir():
        raise NoBackup(f"There is no folder {folder.parent}. Is the disk for backups mounted?")
    return Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))


def _settle(part: Path, folder: Path) -> None:
    os.sync()
    part.rename(folder)


async def _filled(config: Config, config_path: Path, part: Path, *, store: bool, files: bool) -> Backup:
    data = part / "data"
    data.mkdir(mode=0o700)
    _write(data / "deployment.key", _key(config))
    await _copy_databases(config, data, part / "store.dump", store=store)
    _copy_file(config_path, part / "gateway.toml")
    _copy_directory(config, config_path, part)
    copied, broken = _copy_files(config.data_dir / "blobs", data / "blobs") if files else (0, [])
    own = snapshot(data / "journal.db")
    if not (store and config.store.sqlite):
        return Backup(None, len(own.seqs), copied, tuple(broken))
    books, referred = await _look_into(data)
    missing = [digest for digest in referred if files and not _place(data / "blobs", digest).exists()]
    return Backup(books, books.waiting, copied, tuple(sorted({*broken, *missing})))


def _copy_directory(config: Config, config_path: Path, part: Path) -> None:
    """The table of agencies, where the configuration looks for it: without it, what is restored would not start."""
    if listed := config.routing.directory:
        beside = config_path.absolute().parent
        place = part / (listed.relative_to(beside) if listed.is_relative_to(beside) else listed.name)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_file(listed, place)


def _key(config: Config) -> bytes:
    if config.deployment_key is not None:
        return config.deployment_key.get_secret_value().encode()
    file = config.data_dir / "deployment.key"
    if not file.exists():
        raise NoBackup(f"There is no {file}: this gateway was never started. Is it the right configuration?")
    return file.read_bytes()


async def _copy_databases(config: Config, data: Path, dump_file: Path, *, store: bool) -> None:
    """Both as they were at one moment; while they are copied everything moves on."""
    journal_file = config.data_dir / "journal.db"
    async with AsyncExitStack() as looking:
        journal = looking.enter_context(closing(_opened(journal_file)))
        pin_journal = partial(_pin, journal, journal_file)
        if not store:
            pin_journal()
        elif config.store.sqlite:
            its_file = config.store.file(config.data_dir)
            its_copy = looking.enter_context(closing(_opened(its_file)))
            _while_nothing_moves(its_file, its_copy, pin_journal)
            _copy(its_copy, data / "store.db")
        else:
            name = await dump.snapshot(config.store.address(config.data_dir), looking, pin_journal)
            await dump.write(config.store.address(config.data_dir), name, dump_file)
        _copy(journal, data / "journal.db")


def _opened(file: Path) -> sqlite3.Connection:
    if not file.exists():
        raise NoBackup(f"There is no {file}: this gateway was never started. Is it the right configuration?")
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None, timeout=_PATIENCE_SECONDS)


def _pin(db: sqlite3.Connection, file: Path) -> None:
    """From now on this connection sees nothing new (sqlite.org/isolation.html): the first read of a transaction fixes what it reads."""
    try:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise NoBackup(f"{file} cannot be read: {error}.") from error


def _while_nothing_moves(file: Path, its_copy: sqlite3.Connection, pin_journal: partial[None]) -> None:
    """What is handed over is committed to the store first: who holds its only writer's lock holds everything."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE_SECONDS)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            _pin(its_copy, file)
            pin_journal()
            lock.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise NoBackup(f"The store {file} cannot be held for a moment: {error}. Try again when there is less to do.") from error


def _copy(db: sqlite3.Connection, file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as new:
            db.backup(new)
            # One file, and no log beside it that could be forgotten when it is carried away. Who opens it as journal or store changes that again.
            new.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise NoBackup(f"{file.name} cannot be copied: {error}. Is there enough room?") from error
    file.chmod(0o600)


def _copy_files(folder: Path, new: Path) -> tuple[int, list[str]]:
    """How many, and which of them are not what their name says: SHA-256 of their bytes."""
    new.mkdir(mode=0o700)
    count, broken = 0, []
    for file in _files(folder):
        place = _place(new, file.name)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            whole = _copy_file(file, place) == file.name
        except FileNotFoundError:
            # Swept a moment ago: nobody refers to it.
            continue
        count += 1
        if not whole:
            broken.append(file.name)
    return count, broken


def _files(folder: Path) -> Iterator[Path]:
    for inner in sorted(folder.glob("??")):
        yield from sorted(inner.iterdir())


def _place(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest


def _copy_file(file: Path, place: Path) -> str:
    """The digest of what was copied. The time stays: by it the sweeper knows how old a file is."""
    digest = hashlib.sha256()
    with file.open("rb") as old, place.open("wb") as new:
        while chunk := old.read(_CHUNK_BYTES):
            digest.update(chunk)
            new.write(chunk)
    shutil.copystat(file, place)
    return digest.hexdigest()


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(content)


async def _look_into(data: Path) -> tuple[Account, list[str]]:
    """The proof: its books, and the files that its reports refer to."""
    store = Store(f"sqlite+aiosqlite:///{data / 'store.db'}")
    try:
        accounts = await reconcile(snapshot(data / "journal.db"), store, datetime.now(UTC))
    finally:
        await store.close()
    with closing(sqlite3.connect(data / "store.db")) as db:
        referred = [digest for (digest,) in db.execute("SELECT digest FROM blobs")]
        db.execute("PRAGMA journal_mode = DELETE")
    return accounts[0], referred
