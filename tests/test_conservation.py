"""Law 6 as a property: whatever arrives, in whatever order, and wherever the machine dies, everything accepted is accounted for, once."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import Arrival
from gateway import case as cases
from gateway import reconcile
from gateway.conversation import Understood
from gateway.intake import Intake
from gateway.journal_file import snapshot
from gateway.node import Gateway
from gateway.reader import Outcome
from gateway.reader_process import understand
from gateway.reading import Broke
from gateway.store import lookup
from gateway.store.engine import Store, Transaction
from normalizer import Setting
from tests import postbox_reader
from tests.postbox import letter
from tests.world import Deployment

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Dead(BaseException):
    """The machine is gone, at this very instant."""


class MortalStore(Store):
    """Dies before or after the commit of its n-th transaction."""

    dies_at: int | None = None
    after_commit = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        dying = False
        if self.dies_at is not None:
            self.dies_at -= 1
            dying = self.dies_at == 0
        async with super().transaction() as tx:
            yield tx
            if dying and not self.after_commit:
                raise Dead
        if dying:
            raise Dead


class HereReader:
    """Reads in this process, as the reader's process does: starting one for each example would take all day."""

    async def read(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """What the process answers; what would kill it is not among the words of this test."""
        said = [understand(postbox_reader.read, Setting(), arrival) for arrival in arrivals]
        from_process = [_as_told(one) for one in said]
        first_broken = next((i for i, one in enumerate(from_process) if isinstance(one, Broke)), len(said))
        return from_process[: first_broken + 1]

    async def kill(self) -> None:
        """Nothing to kill."""


def _as_told(said: object) -> Outcome:
    return Understood(*said) if isinstance(said, tuple) else said  # type: ignore[return-value]


texts = st.sampled_from(["jalan rusak", "lampu padam", "di depan masjid", "kemarin", "STATUS", "BATAL", "terima kasih", "raise", "noise", "\0"])
deliveries = st.tuples(texts, st.integers(0, 5), st.integers(0, 2), st.sampled_from(["message", "status"]))
# What comes in, the transaction that the machine dies in (None: it lives), and whether after its commit.
Life = tuple[list[tuple[str, int, int, str]], int | None, bool]
lives = st.lists(st.tuples(st.lists(deliveries, max_size=8), st.none() | st.integers(1, 8), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives=lives)
def test_whatever_arrives_and_whenever_the_machine_dies_nothing_is_lost_and_nothing_is_twice(sqlite_tables: Path, lives: list[Life]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live(Deployment(Path(folder), "sqlite+aiosqlite:///../data-a/store.db", sqlite_tables), lives))


async def _live(deployment: Deployment, lives: list[Life]) -> None:
    said: set[tuple[str, str, str]] = set()
    for arrivals, dies_at, after_commit in lives:
        async with deployment.parts(ask=True) as gateway:
            for text, wire_id, sender, kind in arrivals:
                arrival = letter(text, f"SM{wire_id}", at=NOW, sender=f"+62812000000{sender}", kind=kind)
                await gateway.inlets["post"].receive(arrival)
                said.add((arrival.wire_id, text, kind))
            with suppress(Dead):
                await _file_until_dead(gateway, deployment, dies_at, after_commit=after_commit)
            await _conserved(deployment)
    async with deployment.parts(ask=True) as gateway:
        await _file_until_dead(gateway, deployment, None, after_commit=False)
    await _conserved(deployment)
    await _all_are_cases(deployment, said)


async def _file_until_dead(gateway: Gateway, deployment: Deployment, dies_at: int | None, *, after_commit: bool) -> None:
    store = MortalStore(deployment.store_url())
    store.dies_at, store.after_commit = dies_at, after_commit
    office = gateway.intake._office  # noqa: SLF001  # the same desk, another store
    agencies = gateway.intake._accounts._agencies  # noqa: SLF001
    try:
        await Intake(gateway.journal, store, office, (HereReader(), HereReader()), gateway.clock, agencies=agencies, stages=gateway.stages).drain()  # type: ignore[arg-type]
    finally:
        await store.close()


async def _conserved(deployment: Deployment) -> None:
    store = Store(deployment.store_url())
    try:
        await store.migrate()
        own = snapshot(deployment.config().data_dir / "journal.db")
        accounts = await reconcile.reconcile(own, store, NOW)
        assert reconcile.exit_code(accounts) == 0, accounts
    finally:
        await store.close()


async def _all_are_cases(deployment: Deployment, said: set[tuple[str, str, str]]) -> None:
    arrivals = await deployment.rows("arrivals")
    owners = {case["id"]: case["owner"] for case in await deployment.rows("cases")}
    firsts = [row for row in arrivals if row["outcome"] != "duplicate"]
    assert Counter((row["wire_id"], row["fingerprint"]) for row in firsts).most_common(1)[0][1] == 1 if firsts else not said
    assert {(row["wire_id"], row["raw"].decode()) for row in firsts} == {(wire_id, text) for wire_id, text, _ in said}
    opened = {row["case"]: row["reply_value"] for row in firsts if row["outcome"] in {"case", "parked"} and row["case"]}
    assert Counter(row["case"] for row in firsts if row["outcome"] in {"case", "parked"} and row["case"]) == Counter(owners.keys())
    # What somebody says once more, or in the same breath, is on a case of theirs and of nobody else's.
    assert all(opened[row["case"]] == row["reply_value"] for row in firsts if row["outcome"] == "message")
    assert set(owners.values()) <= {"diskominfo"}
    notices = await deployment.rows("notices")
    assert Counter(notice["case"] for notice in notices if notice["kind"] == "acknowledgement") == Counter(owners.keys())
    # Nobody hears of somebody else's.
    assert all(notice["to_value"] == opened[notice["case"]] for notice in notices if notice["case"])
    store = Store(deployment.store_url())
    rows = await deployment.rows("cases")
    async with store.transaction() as tx:
        for case in rows:
            assert cases.rebuild(await lookup.case_events(tx, case["id"])) == cases.Case(**{name: case[name] for name in cases.Case.__dataclass_fields__})
    await store.close()
