"""What all commands share: the configuration, our sentences on the terminal, and the exit codes.

0: well. 1: something is wrong. 2: not known, or not asked rightly.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from uuid import UUID

import typer

from gateway import config as configuration
from gateway.config import Config, Mistakes
from gateway.harmless import harmless
from gateway.journal_file import JournalUnusable
from gateway.store.engine import Store, StoreAway, StoreRefuses, Transaction

ConfigPath = Annotated[Path | None, typer.Option("--config", help="The configuration file. Without it: $NO_WRONG_DOOR_CONFIG, else ./gateway.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

_Result = TypeVar("_Result")


def configured(path: Path | None) -> Config:
    """The configuration; all its mistakes, and the end, if it has any."""
    try:
        return configuration.load(configuration.find(path, os.environ), os.environ)
    except Mistakes as mistakes:
        say_mistakes(mistakes)


def say_mistakes(mistakes: Mistakes) -> NoReturn:
    """One line each."""
    for sentence in mistakes.sentences:
        typer.secho(f"✗ {sentence}", err=True, fg="red")
    raise typer.Exit(1)


def work(what: Coroutine[Any, Any, _Result], run: Any) -> _Result:  # noqa: ANN401  # asyncio.run, or a runner of its own
    """Run it; what an operator can mend ends as a sentence."""
    try:
        result: _Result = run(what)
    except Mistakes as mistakes:
        say_mistakes(mistakes)
    except (JournalUnusable, StoreAway, StoreRefuses, OSError) as error:
        fail(str(error))
    return result


def store_of(config: Config) -> Store:
    """To be closed by the caller. Its folder is made where no gateway was started yet: whoever may sign in can be said before."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    return Store(config.store.address(config.data_dir))


async def in_store(config: Config, do: Callable[[Transaction], Awaitable[_Result]]) -> _Result:
    """In one transaction of its own, beside a gateway that may be running. Raises StoreAway, StoreRefuses, Clash."""
    store = store_of(config)
    try:
        await store.migrate()
        async with store.transaction() as tx:
            return await do(tx)
    finally:
        await store.close()


def fail(sentence: str, code: int = 1) -> NoReturn:
    """A sentence on what to do, and the end."""
    typer.secho(sentence, err=True, fg="red")
    raise typer.Exit(code)


def say_json(what: object) -> None:
    """Pretty on a terminal, one line elsewhere."""
    typer.echo(harmless(json.dumps(what, default=_plain, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)))


def _plain(what: object) -> object:
    if is_dataclass(what) and not isinstance(what, type):
        return asdict(what)
    if isinstance(what, datetime):
        return what.isoformat()
    if isinstance(what, UUID):
        return str(what)
    if isinstance(what, bytes):
        # A count, not the words: this is shown on terminals and kept in their logs.
        return f"{len(what)} bytes"
    return str(what)
