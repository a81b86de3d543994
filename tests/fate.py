"""Strikes a call at its k-th await, by driving its steps: whoever counts k up until the call ends untouched has met each await of it, by construction."""

from __future__ import annotations

import asyncio
import sqlite3
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from gateway.store.engine import Store, Transaction

_Result = TypeVar("_Result")

# Stands in every exception that is thrown, and must never be read again: not on a wire, not in a row, not in a log.
TELLTALE = "rahasia-dalam"
# More awaits than any call of ours has; a walk that comes so far has lost its way.
_ENOUGH = 500

FAILURES: Mapping[str, Callable[[], BaseException]] = {
    "disk": lambda: OSError(5, TELLTALE),
    "sqlite": lambda: sqlite3.OperationalError(TELLTALE),
    "runtime": lambda: RuntimeError(TELLTALE),
    "value": lambda: ValueError(TELLTALE),
    "unicode": lambda: UnicodeEncodeError("utf-8", TELLTALE, 0, 1, TELLTALE),
    "key": lambda: KeyError(TELLTALE),
    # A call that was given up by somebody deeper down; nobody cancelled us.
    "cancelled": asyncio.CancelledError,
}
CANCEL, HANG = "our task is cancelled", "hang"


@dataclass(slots=True)
class Fate:
    """What befalls the `at`-th await that is driven under it, once."""

    at: int
    # A name of FAILURES, CANCEL or HANG.
    what: str
    awaits: int = 0
    # Off: neither counted nor struck.
    armed: bool = True
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    _never: asyncio.Future[None] | None = None

    @property
    def hanging(self) -> bool:
        """Whether somebody waits now for what will not come."""
        return self._never is not None and not self._never.done()

    def never(self) -> Any:  # noqa: ANN401  # what a task takes from a future that it is to wait for
        """What will not come."""
        self._never = asyncio.get_running_loop().create_future()
        return next(iter(self._never.__await__()))

    def arm(self) -> None:
        """From here on."""
        self.armed = True

    def is_due(self) -> bool:
        """Whether it is the one."""
        self.awaits += self.armed
        if not self.armed or self.awaits != self.at:
            return False
        self.struck.set()
        return True


@types.coroutine
def under(fate: Fate, call: Coroutine[Any, Any, _Result]) -> Generator[Any, Any, _Result]:
    """The call, step by step; what it awaits is handed on to the loop, but for the await that is struck."""
    step: Callable[[], Any] = partial(call.send, None)
    while True:
        try:
            awaited = step()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        struck = fate.is_due()
        if struck and fate.what == HANG:
            awaited = fate.never()
        elif struck and fate.what == CANCEL:
            _this_task().cancel()
        try:
            yield awaited
        except BaseException as error:  # noqa: BLE001  # a cancellation or a time-out: the call's own affair
            step = partial(call.throw, error)
        else:
            # What failed has ended, well or badly; its answer is lost.
            step = partial(call.throw, FAILURES[fate.what]()) if struck and fate.what in FAILURES else partial(call.send, None)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def each(*whats: str) -> Iterator[Fate]:
    """One fate for each await, first to last, taking turns; ends when one was not met. There must be one at least."""
    for at in range(1, _ENOUGH):
        fate = Fate(at, whats[at % len(whats)])
        yield fate
        if not fate.struck.is_set():
            assert at > 1, "nothing was driven"
            return
    raise AssertionError("no end of awaits")


class FatedStore(Store):
    """A store whose transactions are struck: at their beginning, inside and at their commit."""

    fate = Fate(0, HANG)
    # Transactions that are open now.
    open = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """As the store's own."""
        self.open += 1
        try:
            async with super()._alone() if self._waits_unharmed else nullcontext(), self._struck() as tx:
                yield tx
        finally:
            self.open -= 1

    @property
    def _waits_unharmed(self) -> bool:
        """Nothing but a cancellation or a hanging befalls who waits for a turn: at anything else asyncio's lock would forget who is next, for ten seconds."""
        return self.sqlite and self.fate.what in FAILURES and self.fate.what != "cancelled"

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with nullcontext() if self._waits_unharmed else super()._alone():
            yield

    @asynccontextmanager
    async def _struck(self) -> AsyncIterator[Transaction]:
        block = super().transaction()
        tx = await under(self.fate, block.__aenter__())
        try:
            yield _FatedTransaction(tx, self.fate)
        except BaseException as error:
            if not await block.__aexit__(type(error), error, error.__traceback__):
                raise
        else:
            await under(self.fate, block.__aexit__(None, None, None))


class _FatedTransaction(Transaction):
    def __init__(self, tx: Transaction, fate: Fate) -> None:
        super().__init__(tx.connection)
        self._fate = fate

    async def all(self, statement: sa.Executable, rows: object = None) -> list[sa.Row[*tuple[Any, ...]]]:
        return await under(self._fate, super().all(statement, rows))

    async def run(self, statement: sa.Executable, rows: object = None) -> int:
        return await under(self._fate, super().run(statement, rows))
