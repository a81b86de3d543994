"""One run on one store: the house is built, the town writes, everything befalls it, all is mended and settles, and then it is judged."""

from __future__ import annotations

import asyncio
import random
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp

from gateway.assembly import resolve
from gateway.bench.processes import Variant
from gateway.journal_file import JournalUnusable, snapshot
from gateway.torture import disks
from gateway.torture.faults import FAULTS, Scene, befall, possible
from gateway.torture.found import look
from gateway.torture.inspection import alive, looked_up, reconciled, silent
from gateway.torture.ledger import Ledger
from gateway.torture.nodes import Node
from gateway.torture.outcome import HOW_TO, Outcome
from gateway.torture.stores import STORES, TorturedStore
from gateway.torture.town import Means, Town, Wire
from gateway.torture.verdict import Check, Evidence, judge
from gateway.torture.wires import WIRES

# Waiting for nodes that open their doors, for senders that are answered, for what is under way: generous, because the machine may be busy. Seconds.
_PATIENCE_SECONDS = 300
# If nothing has moved for so long, all that waits is waiting for its time: clocks are put on to that. Longer than a send may take. Seconds.
_STILL_SECONDS = 7.0
# The longest that a node waits without a row that says until when: gateway/breaker.py. Seconds.
_LONGEST_PAUSE = 300.0
# How often it is looked, and told.
_LOOK_SECONDS, _TELL_SECONDS = 0.5, 5.0
# Room for what is accepted in a minute, and to begin with.
_DISK_BYTES, _DISK_BYTES_PER_SECOND = 96 * disks.MIB, disks.MIB
# Short, and so many that nobody gives up: what is parked is found at the end.
_RETRY_MINUTES = [0.05] * 100
_WAITING = """SELECT due_at, leased_until FROM notices WHERE state IN ('queued', 'sending')
UNION ALL SELECT due_at, leased_until FROM due WHERE state = 'waiting'"""
Tell = Callable[[str], None]


async def torture(store: str, seconds: float, seed: int, folder: Path, tell: Tell) -> Outcome:
    """On this store, for so long; `folder` keeps what the nodes said and had."""
    async with AsyncExitStack() as stack:
        tortured: TorturedStore = await stack.enter_async_context(resolve(STORES[store])(folder))
        house = _House(store, tortured, folder, seed, lambda words: tell(f"{store}: {words}"))
        room = _DISK_BYTES + int(seconds * _DISK_BYTES_PER_SECOND)
        if stack.enter_context(disks.small_disk(house.nodes[0].data, room)):
            house.scene.on_small_disk = house.nodes[0]
            stack.callback(house.keep_disk)
        # First the nodes go, and then their disk.
        stack.push_async_callback(house.raze)
        return await house.live(seconds)


def furnish(nodes: Sequence[Node], store_url: str, wires: Mapping[str, Wire]) -> None:
    """Each node's folder, with its configuration."""
    template = (Path(__file__).parent / "torture.toml").read_text(encoding="utf-8")
    limits = {"min_free_bytes": disks.MIN_FREE_BYTES, "reserve_bytes": disks.RESERVE_BYTES, "retry_minutes": _RETRY_MINUTES}
    for node in nodes:
        said = template.format(store=store_url, channels="\n".join(wire.block(node) for wire in wires.values()), **limits)
        node.data.mkdir(parents=True, exist_ok=True)
        node.config.write_text(said, encoding="utf-8")


class _House:
    """All that there is during one run."""

    def __init__(self, name: str, store: TorturedStore, folder: Path, seed: int, tell: Tell) -> None:
        self._name = name
        self._store = store
        self._seed = seed
        self._tell = tell
        self._chance = random.Random(f"{seed} {name}")  # noqa: S311  # not a secret
        self._ledger = Ledger()
        self._secrets = {"TORTURE_KEY": secrets.token_hex(32)}
        self.nodes = [Node(each, folder / each, self._secrets) for each in store.nodes]
        self.scene = Scene(self.nodes, store, self._chance)
        self._along: set[asyncio.Task[None]] = set()
        self._well = False

    async def live(self, seconds: float) -> Outcome:
        """From the first brick to the verdict."""
        connector = aiohttp.TCPConnector(limit=0)
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            wires = {name: make(Means(self.nodes, self._ledger, session, partial(self._beside, tasks))) for name, make in WIRES.items()}
            for wire in wires.values():
                await stack.enter_async_context(wire.open())
                self._secrets |= wire.secrets
                self.scene.far_ends |= wire.faults
            furnish(self.nodes, self._store.url, wires)
            telling = tasks.create_task(self._keep_telling(seconds))
            await self._suffer(wires, seconds, tasks)
            rest = await self._come_to_rest(wires)
            shown = await looked_up(self.nodes, session, (delivery.number for delivery in self._ledger.accepted if delivery.number), self._chance)
            memory = {node.name: Variant(node.name, node.pid or 0, 0, node.folder).pss_mib() for node in self.nodes}
            telling.cancel()
            await asyncio.gather(*(node.end() for node in self.nodes))
        found = await look(self._store.rows, [node.data / "blobs" for node in self.nodes])
        node_of = {journal: node.name for node in self.nodes for journal in node.journals}
        heard = sum((wire.heard() for wire in wires.values()), Counter[tuple[str, str]]())
        checks = [*judge(Evidence(self._ledger, found, node_of, heard)), *[await reconciled(node) for node in self.nodes]]
        checks += [shown, rest.check, silent(self.nodes, self._secrets.values()), alive(self.nodes)]
        self._well = not any(check.violations for check in checks)
        return Outcome(
            store=self._name,
            seed=self._seed,
            seconds=seconds,
            left_out=tuple(HOW_TO[name] for name in FAULTS.keys() - possible(self.scene).keys()),
            faults=dict(sorted(self.scene.befell.items())),
            answers=dict(sorted(self._ledger.answers.items())),
            accepted=len(self._ledger.accepted),
            cases=len(found.cases),
            told=len(heard),
            told_again=sum(times > 1 for times in heard.values()),
            settled_seconds=rest.seconds,
            put_on_seconds=rest.put_on_seconds,
            turned_away=sum(node.turned_away for node in self.nodes),
            memory_mib=memory,
            said=dict(sum((node.events for node in self.nodes), Counter[str]()).most_common()),
            checks=tuple(checks),
        )

    async def _suffer(self, wires: Mapping[str, Wire], seconds: float, tasks: asyncio.TaskGroup) -> None:
        """The town writes while everything befalls the nodes; then all is mended, and whoever was not answered yet is answered."""
        await self._all_open()
        town = Town(wires, self._seed)
        life = tasks.create_task(town.live())
        await befall(self.scene, seconds)
        self._tell("all is mended; what was begun is brought to its end")
        town.close()
        await self._all_open()
        await self._end_of(life)

    def _beside(self, tasks: asyncio.TaskGroup, what: Coroutine[None, None, None]) -> None:
        task = tasks.create_task(what)
        self._along.add(task)
        task.add_done_callback(self._along.discard)

    async def _all_open(self) -> None:
        await asyncio.gather(*(node.start() for node in self.nodes))
        opening = [asyncio.create_task(node.until_open(), name=node.name) for node in self.nodes]
        _, closed = await asyncio.wait(opening, timeout=_PATIENCE_SECONDS)
        for task in closed:
            task.cancel()
            self._node(task.get_name()).misfortunes.append(f"node {task.get_name()} did not open its doors within {_PATIENCE_SECONDS} seconds")

    def _node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    async def _end_of(self, life: asyncio.Task[None]) -> None:
        """Within reason; what was not answered by then stands in the ledger."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while (left := {task for task in (life, *self._along) if not task.done()}) and time.monotonic() < end:
            await asyncio.wait(left, timeout=_LOOK_SECONDS)
        for task in left:
            task.cancel()

    async def _come_to_rest(self, wires: Mapping[str, Wire]) -> _Rest:
        """Until nothing waits in journals and store. If nothing moves, time is all that is waited for, and the clocks are put on."""
        put_on, before, began = 0.0, -1, time.monotonic()
        still_since, end = began, began + _PATIENCE_SECONDS
        while True:
            rows = await self._store.rows(_WAITING)
            waiting = len(rows) + sum(map(_in_journal, self.nodes)) + len(self._along) + sum(wire.unsaid for wire in wires.values())
            if not waiting or time.monotonic() > end:
                return _Rest(time.monotonic() - began, put_on, waiting)
            if waiting != before:
                before, still_since = waiting, time.monotonic()
            elif time.monotonic() - still_since > _STILL_SECONDS:
                put_on = max(put_on + _LONGEST_PAUSE, _last_of(rows) - time.time() + 1)
                for node in self.nodes:
                    node.put_clock(put_on)
                still_since = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _keep_telling(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            try:
                cases = str((await self._store.rows("SELECT count(*) FROM cases"))[0][0])
            except OSError:
                cases = "?"
            befell = ", ".join(f"{name} {times}" for name, times in sorted(self.scene.befell.items()))
            self._tell(f"{max(0, end - time.monotonic()):4.0f} s left, {len(self._ledger.accepted)} accepted, {cases} cases; {befell}")

    async def raze(self) -> None:
        """However it ended."""
        await asyncio.gather(*(node.kill() for node in self.nodes))

    def keep_disk(self) -> None:
        """A small disk goes with its mount: what was on it stays beside it, unless nobody will ask."""
        if not self._well:
            shutil.copytree(self.nodes[0].data, self.nodes[0].folder / "data-kept", dirs_exist_ok=True)


@dataclass(frozen=True, slots=True)
class _Rest:
    """How it came to rest."""

    seconds: float
    # By how much the clocks were put on.
    put_on_seconds: float
    # Rows that waited still when patience ended.
    waiting: int

    @property
    def check(self) -> Check:
        """Whether it did."""
        wrong = (f"After {self.seconds:.0f} seconds without faults {self.waiting} rows still waited in journals, outbox and darkroom.",)
        return Check("nothing waits in a journal, an outbox or a darkroom any more", 1, wrong if self.waiting else ())


def _in_journal(node: Node) -> int:
    try:
        return len(snapshot(node.data / "journal.db").seqs)
    except JournalUnusable:
        return 1


def _last_of(waiting: Sequence[tuple[object, object]]) -> float:
    """When the last of them falls due, or is given up by whoever held it: seconds since 1970."""
    return max((_moment(one).timestamp() for row in waiting for one in row if one is not None), default=0.0)


def _moment(said: object) -> datetime:
    """SQLite says a time as text without a zone, which is UTC."""
    return said if isinstance(said, datetime) else datetime.fromisoformat(str(said)).replace(tzinfo=UTC)
