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
from socket import socket

import aiohttp

from gateway.assembly import resolve
from gateway.bench.processes import Variant
from gateway.journal_file import JournalUnusable, snapshot
from gateway.torture import disks
from gateway.torture.faults import FAULTS, Scene, befall, possible
from gateway.torture.filling import Filling
from gateway.torture.found import look
from gateway.torture.inspection import alive, looked_up, reconciled, silent
from gateway.torture.ledger import Ledger
from gateway.torture.nodes import Node
from gateway.torture.stores import STORES, TorturedStore
from gateway.torture.texting import FALLBACK, PRIMARY, Account, Texting
from gateway.torture.town import Means, Town, Wire
from gateway.torture.verdict import Check, Evidence, judge

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    store: str
    seed: int
    seconds: float
    # What did not befall them, and how to have it befall them.
    left_out: tuple[str, ...]
    # By kind.
    faults: Mapping[str, int]
    # How often doors said what.
    answers: Mapping[str, int]
    accepted: int
    cases: int
    # Cases whose number somebody was told, and those of them where it came more than once because a send may have gone through.
    told: int
    told_again: int
    # How long it took until nothing moved any more, and by how much the clocks were put on for that.
    settled_seconds: float
    put_on_seconds: float
    # How often a node could not start because there was no room, and was started again.
    turned_away: int
    # By node, at the end.
    memory_mib: Mapping[str, float]
    # What the nodes said, by level and event.
    said: Mapping[str, int]
    checks: tuple[Check, ...]

    @property
    def violations(self) -> list[str]:
        """All that is not so."""
        return [sentence for check in self.checks for sentence in check.violations]


async def torture(store: str, seconds: float, seed: int, folder: Path, tell: Tell) -> Outcome:
    """On this store, for so long; `folder` keeps what the nodes said and had. Raises TimeoutError where nothing moves that should."""
    chance = random.Random(f"{seed} {store}")  # noqa: S311  # not a secret
    async with AsyncExitStack() as stack:
        tortured: TorturedStore = await stack.enter_async_context(resolve(STORES[store])(folder))
        account = Account(secrets.token_hex(16))
        await stack.enter_async_context(account.serve(port=_quiet_port(chance)))
        house = _House(store, tortured, account, folder, chance, tell)
        has_small_disk = stack.enter_context(disks.small_disk(house.nodes[0].data, _DISK_BYTES + int(seconds * _DISK_BYTES_PER_SECOND)))
        if has_small_disk:
            house.scene.on_small_disk = house.nodes[0]
            stack.callback(house.keep_disk)
        # First the nodes go, and then their disk.
        stack.push_async_callback(house.raze)
        return await house.live(seconds, seed)


def furnish(nodes: Sequence[Node], store_url: str, wires: Mapping[str, Wire]) -> None:
    """Each node's folder, with its configuration."""
    template = (Path(__file__).parent / "torture.toml").read_text(encoding="utf-8")
    limits = {"min_free_bytes": disks.MIN_FREE_BYTES, "reserve_bytes": disks.RESERVE_BYTES, "retry_minutes": _RETRY_MINUTES}
    channels = "\n".join(wire.block for wire in wires.values())
    said = template.format(store=store_url, primary=PRIMARY, fallback=FALLBACK, channels=channels, **limits)
    for node in nodes:
        node.data.mkdir(parents=True, exist_ok=True)
        node.config.write_text(said, encoding="utf-8")


class _House:
    """All that there is during one run."""

    def __init__(self, name: str, store: TorturedStore, account: Account, folder: Path, chance: random.Random, tell: Tell) -> None:
        self._name = name
        self._store = store
        self._account = account
        self._tell = tell
        self._ledger = Ledger()
        self._secrets = {"TORTURE_KEY": secrets.token_hex(32), "TORTURE_TOKEN": account.auth_token}
        self.nodes = [Node(each, folder / each, self._secrets) for each in store.nodes]
        self.scene = Scene(self.nodes, store, account, chance, None)
        self._chance = chance
        self._along: set[asyncio.Task[None]] = set()
        self._well = False

    async def live(self, seconds: float, seed: int) -> Outcome:
        """From the first brick to the verdict."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector) as session, asyncio.TaskGroup() as tasks:
            means = Means(self.nodes, self._ledger, session, partial(self._beside, tasks))
            texting = Texting(self._account, means)
            wires: dict[str, Wire] = {"sms": texting, "web": Filling(means)}
            furnish(self.nodes, self._store.url, wires)
            endless = [tasks.create_task(texting.report()), tasks.create_task(self._keep_telling(seconds))]
            await self._all_open()
            town = Town(wires, seed)
            life = tasks.create_task(town.live())
            await befall(self.scene, seconds)
            self._tell(f"{self._name}: all is mended; what was begun is brought to its end")
            began = time.monotonic()
            town.close()
            await self._all_open()
            await self._end_of([life])
            waiting, put_on = await self._settle()
            settled = time.monotonic() - began
            shown = await looked_up(self.nodes, session, (delivery.number for delivery in self._ledger.accepted if delivery.number), self._chance)
            memory = {node.name: Variant(node.name, node.pid or 0, 0, node.folder).pss_mib() for node in self.nodes}
            for task in endless:
                task.cancel()
            await asyncio.gather(*(node.end() for node in self.nodes))
        found = await look(self._store.rows, [node.data / "blobs" for node in self.nodes])
        node_of = {journal: node.name for node in self.nodes for journal in node.journals}
        heard = sum((wire.heard() for wire in wires.values()), Counter[tuple[str, str]]())
        books = [await reconciled(node) for node in self.nodes]
        laws = judge(Evidence(self._ledger, found, node_of, heard))
        checks = [*laws, *books, shown, waiting, silent(self.nodes, self._secrets.values()), alive(self.nodes)]
        self._well = not any(check.violations for check in checks)
        return Outcome(
            store=self._name,
            seed=seed,
            seconds=seconds,
            left_out=tuple(_HOW_TO[name] for name in FAULTS.keys() - possible(self.scene).keys()),
            faults=dict(sorted(self.scene.befell.items())),
            answers=dict(sorted(self._ledger.answers.items())),
            accepted=len(self._ledger.accepted),
            cases=len(found.cases),
            told=len(heard),
            told_again=sum(times > 1 for times in heard.values()),
            settled_seconds=settled,
            put_on_seconds=put_on,
            turned_away=sum(node.turned_away for node in self.nodes),
            memory_mib=memory,
            said=dict(sum((node.events for node in self.nodes), Counter()).most_common()),
            checks=tuple(checks),
        )

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

    async def _end_of(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Of these and of all that goes on beside; within reason. What was not answered by then stands in the ledger."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while (left := {task for task in tasks if not task.done()} | self._along) and time.monotonic() < end:
            await asyncio.wait(left, timeout=_LOOK_SECONDS)
        for task in left:
            task.cancel()

    async def _settle(self) -> tuple[Check, float]:
        """Until nothing waits in journals and store; and by how many seconds the clocks were put on, because time is all that some things wait for."""
        put_on, before, still_since = 0.0, -1, time.monotonic()
        end = still_since + _PATIENCE_SECONDS
        while True:
            rows = await self._store.rows(_WAITING)
            waiting = len(rows) + sum(self._in_journal(node) for node in self.nodes) + len(self._along) + self._account.handed.qsize()
            if not waiting or time.monotonic() > end:
                break
            if waiting != before:
                before, still_since = waiting, time.monotonic()
            elif time.monotonic() - still_since > _STILL_SECONDS:
                put_on = max(put_on + _LONGEST_PAUSE, _last_of(rows) - time.time() + 1)
                for node in self.nodes:
                    node.put_clock(put_on)
                still_since = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)
        wrong = (f"After {_PATIENCE_SECONDS} seconds without faults {waiting} rows still waited in journals, outbox and darkroom.",) if waiting else ()
        return Check("nothing waits in a journal, an outbox or a darkroom any more", 1, wrong), put_on

    def _in_journal(self, node: Node) -> int:
        try:
            return len(snapshot(node.data / "journal.db").seqs)
        except JournalUnusable:
            return 1

    async def _keep_telling(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            try:
                cases = str((await self._store.rows("SELECT count(*) FROM cases"))[0][0])
            except OSError:
                cases = "?"
            befell = ", ".join(f"{name} {times}" for name, times in sorted(self.scene.befell.items()))
            self._tell(f"{self._name}: {max(0, end - time.monotonic()):4.0f} s left, {len(self._ledger.accepted)} accepted, {cases} cases; {befell}")

    async def raze(self) -> None:
        """However it ended."""
        await asyncio.gather(*(node.kill() for node in self.nodes))

    def keep_disk(self) -> None:
        """A small disk goes with its mount: what was on it stays beside it, unless nobody will ask."""
        if not self._well:
            shutil.copytree(self.nodes[0].data, self.nodes[0].folder / "data-kept", dirs_exist_ok=True)


_HOW_TO = {"disk full": "The disk was not filled: only root may mount a small one (run it as root, where a tmpfs may be mounted)."}


def _last_of(waiting: Sequence[tuple[object, object]]) -> float:
    """When the last of them falls due, or is given up by whoever held it: seconds since 1970."""
    return max((_moment(one).timestamp() for row in waiting for one in row if one is not None), default=0.0)


def _moment(said: object) -> datetime:
    """SQLite says a time as text without a zone, which is UTC."""
    return said if isinstance(said, datetime) else datetime.fromisoformat(str(said)).replace(tzinfo=UTC)


def _quiet_port(chance: random.Random) -> int:
    """One that no program is given by chance while nobody listens there: below the range for clients (ip(7), ip_local_port_range)."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = chance.randrange(lowest // 2, lowest)
        with socket() as wire:
            try:
                wire.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
