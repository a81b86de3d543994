"""Cases of different people that may be one are suggested to operators: found by an index, whoever commits late, whoever dies; merged by nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from gateway.assembly import reading
from gateway.commands.trace import trace
from gateway.ids import new_id
from gateway.matchmaker import Matchmaker
from gateway.node import Gateway
from gateway.replay import replay
from gateway.store import leases, likenesses, lookup
from gateway.store.engine import Store, Transaction
from gateway.store.tables import cases, complaint_versions
from tests.fate import CANCEL, Fate, FatedStore, each
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, letter
from tests.test_tracking_page import BOTH
from tests.web_citizen import at_the_form
from tests.world import Deployment, keyed, overheard, receive_all

LAMP = ("Lampu jalan mati di depan Pasar Waru sudah seminggu", "lmpu jln dpn psr waru pdm tlg d perbaiki")
WINDOW = timedelta(days=14)


def sender(i: int) -> str:
    """Another citizen each."""
    return f"+62811{i:08d}"


@dataclass
class Town:
    """A node with nothing running, and citizens who write to it."""

    gateway: Gateway
    clock: ManualClock
    written: int = 0

    async def write(self, *texts: str, senders: Sequence[str] = (), mended: str = "") -> None:
        """One report each, of different people if nothing else is said; they become cases."""
        letters = []
        for i, text in enumerate(texts):
            self.written += 1
            who = senders[i] if senders else sender(self.written)
            letters.append(letter(text, f"SM{self.written}", at=self.clock.now(), sender=who, meta={"mended": mended} if mended else None))
        await receive_all(self.gateway, letters)
        await self.gateway.intake.drain()

    async def compare(self) -> int:
        """Until nothing waits; how many batches there were."""
        batches = 0
        while await self.gateway.matchmaker.batch():
            batches += 1
        return batches


@asynccontextmanager
async def town(deployment: Deployment, node: str = "a", **options: Any) -> AsyncIterator[Town]:  # noqa: ANN401  # as config()
    """On an empty store."""
    clock = ManualClock()
    async with deployment.parts(node, clock, **options) as gateway:
        yield Town(gateway, clock)


async def titles(deployment: Deployment) -> list[tuple[str, str]]:
    """What is suggested, as pairs of what the cases say."""
    by_id = {row["id"]: row["title"] for row in await deployment.rows("cases")}
    return sorted(tuple(sorted((by_id[row["first"]], by_id[row["second"]]))) for row in await deployment.rows("suggestions"))


async def test_what_two_citizens_tell_of_one_thing_is_suggested_with_its_reasons_and_nothing_else_happens(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP, "Sampah menumpuk di pasar Petung")
        before = {table: await deployment.rows(table) for table in ("case_numbers", "events", "notices", "messages", "complaint_versions")}
        assert await waru.compare() == 1
        [suggestion] = await deployment.rows("suggestions")
        assert await titles(deployment) == [tuple(sorted(LAMP))]
        assert suggestion["first"] < suggestion["second"]
        assert 0.5 <= suggestion["score"] <= 1
        assert {"waru", "pasar", "lampu"} <= set(suggestion["reasons"]["words"])
        assert suggestion["reasons"]["days"] == 0
        assert {table: await deployment.rows(table) for table in before} == before
        assert {row["status"] for row in await deployment.rows("cases")} == {"awaiting_verification"}
        # Compared once is enough.
        assert await waru.compare() == 0


async def test_two_cases_of_one_person_are_not_suggested_also_where_only_the_store_knows_that_it_is_one(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP)
        async with waru.gateway.store.transaction() as tx:
            # A person with two addresses.
            [(one,)] = await tx.all(sa.select(cases.c.correspondent).where(cases.c.title == LAMP[0]))
            await tx.run(cases.update().values(correspondent=one))
        await waru.compare()
        assert await deployment.rows("suggestions") == []
        await waru.write(LAMP[1] + " pak")
        await waru.compare()
        assert len(await deployment.rows("suggestions")) == 2


async def test_a_pair_is_found_in_whichever_order_and_batch_it_comes(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(LAMP[0])
        await waru.compare()
        waru.clock.advance(days=3)
        await waru.write(*(f"Warga desa {name} minta jembatan baru" for name in ("Sesulu", "Rintik", "Sotek", "Api-Api", "Bangun")), LAMP[1])
        await waru.compare()
        assert await titles(deployment) == [tuple(sorted(LAMP))]
        [suggestion] = await deployment.rows("suggestions")
        assert suggestion["reasons"]["days"] == 3


async def test_what_is_too_old_is_not_found_and_after_a_while_not_kept_to_be_found(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(LAMP[0])
        await waru.compare()
        assert await deployment.rows("likeness_keys")
        waru.clock.advance(days=15)
        await waru.write(LAMP[1])
        await waru.compare()
        assert await deployment.rows("suggestions") == []
        waru.clock.advance(days=14)
        await waru.compare()
        [newer] = await deployment.rows("likeness_cases")
        assert {row["case"] for row in await deployment.rows("likeness_keys")} == {newer["case"]}
        waru.clock.advance(days=20)
        await waru.compare()
        assert await deployment.rows("likeness_keys") == await deployment.rows("likeness_cases") == []


async def test_a_case_that_has_ended_is_suggested_to_nobody(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(LAMP[0])
        await waru.compare()
        async with waru.gateway.store.transaction() as tx:
            await tx.run(cases.update().values(status="closed", version=cases.c.version + 1))
        await waru.compare()
        assert await deployment.rows("likeness_keys") == []
        await waru.write(LAMP[1])
        await waru.compare()
        assert await deployment.rows("suggestions") == []


async def test_what_changed_is_compared_again_and_what_does_not_hold_any_more_is_taken_back(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP)
        await waru.compare()
        case = (await deployment.rows("suggestions"))[0]["second"]
        async with waru.gateway.store.transaction() as tx:
            [(latest,)] = await tx.all(sa.select(complaint_versions.c.complaint).where(complaint_versions.c.case == case))
            other = latest | {"title": "Pohon tumbang", "text": "Pohon tumbang menutup jalan di simpang Silkar"}
            row = {"case": case, "version": 2, "normaliser": "0", "complaint": other, "made_at": waru.clock.now()}
            await tx.run(complaint_versions.insert(), [row])
            await tx.run(cases.update().where(cases.c.id == case).values(version=cases.c.version + 1))
        await waru.compare()
        assert await deployment.rows("suggestions") == []
        await waru.write("Ada pohon roboh di simpang silkar, macet total")
        await waru.compare()
        assert [case in {row["first"], row["second"]} for row in await deployment.rows("suggestions")] == [True]


async def test_what_could_not_be_read_is_compared_once_it_is_mended(deployment: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with town(deployment) as waru:
        await waru.write(LAMP[0])
        await waru.write("raise", mended=str(mended))
        await waru.compare()
        assert sorted(row["compared"] for row in await deployment.rows("cases")) == [0, 1]
        mended.touch()
        async with reading(deployment.config()) as desk:
            async with desk.store.transaction() as tx:
                kept = await lookup.parked(tx, 10)
            await replay(desk.store, desk.reader, desk.office, kept, waru.clock.now())
        await waru.compare()
        assert [row["compared"] == row["version"] for row in await deployment.rows("cases")] == [True, True]


async def test_a_complaint_that_nobody_understands_any_more_keeps_nobody_waiting_and_stands_in_no_log(
    deployment: Deployment, capfd: pytest.CaptureFixture[str]
) -> None:
    async with town(deployment) as waru:
        await waru.write("gembok tetangga hilang", *LAMP)
        async with waru.gateway.store.transaction() as tx:
            [(case,)] = await tx.all(sa.select(cases.c.id).where(cases.c.title == "gembok tetangga hilang"))
            broken = complaint_versions.update().where(complaint_versions.c.case == case)
            await tx.run(broken.values(complaint={"text": "gembok tetangga hilang", "of": "a later version"}))
        await waru.compare()
        assert await titles(deployment) == [tuple(sorted(LAMP))]
    said = "".join(capfd.readouterr())
    assert "a case cannot be compared" in said
    assert "gembok" not in said


async def test_of_a_chain_letter_each_case_has_a_handful_of_suggestions(deployment: Deployment) -> None:
    chain = "SEBARKAN bantuan presiden enam ratus ribu untuk pemegang kartu keluarga, klik tautan sebelum malam, teruskan ke sepuluh grup"
    async with town(deployment) as waru:
        await waru.write(*[chain] * 70)
        await waru.compare()
        made = await deployment.rows("suggestions")
        everybody = {row["id"] for row in await deployment.rows("cases")}
        assert {case for row in made for case in (row["first"], row["second"])} == everybody
        assert len(made) <= 5 * 70


# Intake


async def test_intake_does_not_do_a_single_statement_for_it(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write("yang pertama")
        told: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            told.append(statement)

        with overheard(waru.gateway.store, note):
            await waru.write(*LAMP)
        assert any("INSERT INTO cases" in statement for statement in told)
        assert not [statement for statement in told if any(word in statement for word in ("likeness", "suggestions", "leases", "compared"))]
        await waru.compare()
        assert await titles(deployment) == [tuple(sorted(LAMP))]


async def test_while_many_reports_wait_for_the_store_they_have_the_machine_to_themselves(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as waru:
        await waru.write(*LAMP)
        matchmaker = waru.gateway.matchmaker
        matchmaker.paused = False
        await receive_all(waru.gateway, [letter(f"laporan {i}", f"X{i}", at=waru.clock.now()) for i in range(101)])
        running = asyncio.create_task(matchmaker.run())
        await asyncio.sleep(0)
        assert matchmaker._reports_first()  # noqa: SLF001  # there is nothing else to see: it does nothing
        await waru.gateway.intake.drain()
        assert not matchmaker._reports_first()  # noqa: SLF001  # as above
        waru.clock.advance(seconds=2)
        await on_sqlite.until("suggestions", lambda rows: len(rows) == 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_case_that_somebody_changes_right_now_is_waited_for_by_nobody(on_postgres: Deployment) -> None:
    async with town(on_postgres) as waru:
        await waru.write(*LAMP)
        async with waru.gateway.store.transaction() as tx:
            # As intake does for a message on it.
            [(held,)] = await tx.all(sa.select(cases.c.id).order_by(cases.c.id).limit(1).with_for_update())
            async with asyncio.timeout(20):
                assert await waru.gateway.matchmaker.batch()
            await tx.run(cases.update().where(cases.c.id == held).values(version=2))
        assert await titles(on_postgres) == [tuple(sorted(LAMP))]
        assert {row["id"]: row["compared"] for row in await on_postgres.rows("cases")}[held] == 0
        await waru.compare()
        assert {row["id"]: row["compared"] for row in await on_postgres.rows("cases")}[held] == 2


# Who commits late, who dies, and two nodes


async def a_copy(tx: Transaction, title: str, opened_earlier: timedelta) -> UUID:
    """The case with this title once more, of somebody unknown, in a transaction that is still open."""
    [case] = await tx.all(sa.select(cases).where(cases.c.title == title))
    [complaint] = await tx.all(sa.select(complaint_versions).where(complaint_versions.c.case == case.id))
    late = new_id()
    row = dict(case._mapping) | {"id": late, "number": "LATE", "correspondent": None, "opened_at": case.opened_at - opened_earlier, "compared": 0}  # noqa: SLF001  # SQLAlchemy's public name
    await tx.run(cases.insert(), [row])
    words = complaint.complaint | {"sender": None}
    await tx.run(complaint_versions.insert(), [dict(complaint._mapping) | {"case": late, "complaint": words}])  # noqa: SLF001  # as above
    return late


async def test_a_case_that_commits_late_is_compared_however_long_it_took(on_postgres: Deployment) -> None:
    async with town(on_postgres) as waru:
        await waru.write(LAMP[0])
        await waru.compare()
        async with waru.gateway.store.transaction() as tx:
            # Opened before what was compared already, and seen by nobody until its transaction ends, days later.
            late = await a_copy(tx, LAMP[0], timedelta(hours=1))
            for _ in range(3):
                waru.clock.advance(days=1)
                await waru.write("Sampah menumpuk di pasar Petung")
                await waru.compare()
        await waru.compare()
        found = [row for row in await on_postgres.rows("suggestions") if late in {row["first"], row["second"]}]
        assert len(found) == 1


async def test_two_that_are_compared_at_the_same_moment_find_each_other(on_postgres: Deployment) -> None:
    """Both nodes believe that the other is dead, and neither sees the other's case when it begins."""
    async with town(on_postgres) as one, town(on_postgres, "b") as two:
        two.clock.advance(hours=1)
        # A street of its own each time.
        for round_, street in enumerate(("Jl. Mawar", "Jl. Melati", "Jl. Kenanga", "Jl. Cempaka")):
            one.written = two.written = round_
            await one.write(f"Lampu jalan padam di {street}", senders=[sender(100 + round_)])
            two.written += 50
            await two.write(f"lampu {street} mati pak", senders=[sender(200 + round_)])
            async with one.gateway.store.transaction() as tx:
                await tx.run(sa.text("DELETE FROM leases"))
            await asyncio.gather(one.gateway.matchmaker.batch(), two.gateway.matchmaker.batch(), return_exceptions=True)
            one.clock.advance(hours=3)
            two.clock.advance(hours=3)
        await one.compare()
        two.clock.advance(hours=3)
        await two.compare()
        made = await on_postgres.rows("suggestions")
        assert len(made) == 4
        assert all(row["compared"] == row["version"] for row in await on_postgres.rows("cases"))


async def test_two_nodes_do_not_do_the_same_work(deployment: Deployment) -> None:
    async with town(deployment) as one, town(deployment, "b") as two:
        await one.write(*LAMP)
        async with one.gateway.store.transaction() as tx:
            assert await leases.take(tx, "likeness", "somebody who works", one.clock.now(), timedelta(seconds=60))
        assert not await one.gateway.matchmaker.batch()
        assert not await two.gateway.matchmaker.batch()
        assert await deployment.rows("likeness_keys") == []
        # It died.
        two.clock.advance(seconds=60)
        assert await two.gateway.matchmaker.batch()
        assert await titles(deployment) == [tuple(sorted(LAMP))]
        [lease] = await deployment.rows("leases")
        assert lease["holder"] != "somebody who works"


async def test_a_lease_is_taken_by_one_kept_by_it_and_had_by_another_once_it_has_run_out(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.gateway.store.migrate()
        now, minute = waru.clock.now(), timedelta(minutes=1)

        async def taken(who: str, after: float) -> bool:
            async with waru.gateway.store.transaction() as tx:
                return await leases.take(tx, "x", who, now + timedelta(seconds=after), minute)

        assert [await taken("a", 0), await taken("b", 1), await taken("a", 30), await taken("b", 89), await taken("b", 90), await taken("a", 91)] == [
            *(True, False, True, False, True, False)
        ]


async def test_who_dies_in_the_middle_leaves_nothing_half_done(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP, "Sampah menumpuk di pasar Petung", "Tumpukan sampah di Pasar Petung sudah 5 hari tidak diangkut, busuk")
        await waru.compare()
        right = [(row["first"], row["second"], row["score"], row["reasons"]) for row in await deployment.rows("suggestions")]
        keys = await deployment.rows("likeness_keys")
        assert len(right) == 2
        for i, fate in enumerate(each("runtime", CANCEL, "disk")):
            async with waru.gateway.store.transaction() as tx:
                for table in ("likeness_keys", "likeness_cases", "suggestions", "leases"):
                    await tx.run(sa.text(f"DELETE FROM {table}"))  # noqa: S608  # names of our own tables
                await tx.run(cases.update().values(compared=0))
            store = FatedStore(deployment.store_url())
            store.fate = fate
            dying = Matchmaker(store, waru.clock, f"dying {i}", waru.gateway.journal, threshold=0.5, window=WINDOW)
            ended = await asyncio.gather(asyncio.create_task(dying.batch()), return_exceptions=True)
            assert isinstance(ended[0], BaseException) or not fate.struck.is_set()
            await store.close()
            waru.clock.advance(seconds=61)
            await waru.compare()
            assert [(row["first"], row["second"], row["score"], row["reasons"]) for row in await deployment.rows("suggestions")] == right
            assert await deployment.rows("likeness_keys") == keys
            assert all(row["compared"] == row["version"] for row in await deployment.rows("cases"))


async def test_while_the_store_does_not_answer_it_waits_and_goes_on_afterwards(deployment: Deployment) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP)
        store = FatedStore(deployment.store_url())
        store.fate = Fate(1, "disk")
        matchmaker = Matchmaker(store, waru.clock, "a", waru.gateway.journal, threshold=0.5, window=WINDOW)
        matchmaker.paused = False
        running = asyncio.create_task(matchmaker.run())
        async with asyncio.timeout(20):
            await store.fate.struck.wait()
        async with asyncio.timeout(20):
            while not await deployment.rows("suggestions"):
                waru.clock.advance(seconds=2)
                await asyncio.sleep(0.01)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


# A million cases


async def test_neither_what_waits_nor_what_is_alike_is_looked_for_by_walking_through_all(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as waru:
        await waru.write(*LAMP)
        told: list[tuple[str, Any]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401  # the driver's
            if statement.startswith("SELECT"):
                told.append((statement, parameters))

        with overheard(waru.gateway.store, note):
            await waru.compare()
        assert len(told) > 6
        async with waru.gateway.store.snapshot() as tx:
            for statement, parameters in told:
                plan = (await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
                walks = [step[-1] for step in plan if step[-1].startswith("SCAN") and not any(word in step[-1] for word in ("CONSTANT", "SUBQUERY", "n"))]
                assert walks == [], statement
                assert not [step[-1] for step in plan if step[-1].startswith("SCAN") and any(name in step[-1].split() for name in _LARGE)], statement


_LARGE = ("cases", "complaint_versions", "likeness_keys", "likeness_cases", "suggestions")


# What is shown


async def traced(capfd: pytest.CaptureFixture[str], folder: Path, number: str, *, as_json: bool = False) -> str:
    """What `./run trace` says: here, where the tests' own kind of channel is known."""
    capfd.readouterr()
    await asyncio.to_thread(trace, number, keyed(folder), as_json=as_json)
    return capfd.readouterr().out


async def test_an_operator_sees_it_by_trace_and_a_citizen_nowhere(on_sqlite: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with at_the_form(on_sqlite, BOTH) as (gateway, siti):
        [one, other] = await receive_all(gateway, [letter(text, f"SM{i}", at=gateway.clock.now(), sender=sender(i)) for i, text in enumerate(LAMP)])
        [suggestion] = await on_sqlite.until("suggestions", lambda rows: len(rows) == 1)
        told = await traced(capfd, tmp_path, one.number)
        words = ", ".join(suggestion["reasons"]["words"])
        assert f"perhaps the same as {other.number} ({suggestion['score']:.2f}: words {words}, 0 days)" in told.splitlines()
        [said] = json.loads(await traced(capfd, tmp_path, other.number, as_json=True))["suggestions"]
        assert (said["number"], said["score"], "waru" in said["words"], said["metres"]) == (one.number, suggestion["score"], True, None)
        page = await siti.get("/lacak", params={"nomor": one.number})
        assert page.status == 200
        assert other.number not in page.html
        await on_sqlite.until("notices", lambda rows: all(row["state"] == "sent" for row in rows))
        for notice in PROVIDERS["post"].sent:
            assert sum(number in notice.full for number in (one.number, other.number)) == 1


@pytest.mark.parametrize("hidden", [0, 1])
async def test_of_a_confidential_case_the_words_are_shown_to_nobody(
    deployment: Deployment, tmp_path: Path, hidden: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with town(deployment) as waru:
        await waru.write(*LAMP)
        async with waru.gateway.store.transaction() as tx:
            await tx.run(cases.update().where(cases.c.title == LAMP[hidden]).values(confidential=True, version=2))
        await waru.compare()
        assert await titles(deployment) == [tuple(sorted(LAMP))]
        numbers = {row["title"]: row["number"] for row in await deployment.rows("cases")}
        assert "waru" not in "".join(capfd.readouterr()).lower()
        for text, other in (LAMP, LAMP[::-1]):
            for as_json in (False, True):
                told = await traced(capfd, tmp_path, numbers[text], as_json=as_json)
                assert numbers[other] in told
                assert "waru" not in told.lower()


async def test_it_can_be_switched_off(on_sqlite: Deployment) -> None:
    async with AsyncExitStack() as stack:
        off = await stack.enter_async_context(on_sqlite.node(more="[likeness]\nenabled = false"))
        assert "matchmaker" not in {task.get_name() for task in asyncio.all_tasks()}
        await receive_all(off, [letter("jalan rusak", "SM1", at=off.clock.now())])
        await on_sqlite.until("cases", lambda rows: len(rows) == 1)
    async with on_sqlite.node():
        assert "matchmaker" in {task.get_name() for task in asyncio.all_tasks()}
        await on_sqlite.until("cases", lambda rows: rows[0]["compared"] == 1)


async def test_the_threshold_and_the_window_are_the_configurations(on_sqlite: Deployment) -> None:
    async with town(on_sqlite, more="[likeness]\nthreshold = 0.99\nwindow_days = 2") as strict:
        await strict.write(*LAMP)
        await strict.compare()
        assert await on_sqlite.rows("suggestions") == []
        strict.clock.advance(days=3)
        await strict.write("PERSIS SAMA di Jl. Mawar Waru lampu padam")
        await strict.compare()
        strict.clock.advance(days=1)
        await strict.write("PERSIS SAMA di Jl. Mawar Waru lampu padam")
        await strict.compare()
        assert await on_sqlite.rows("suggestions") == []


async def test_what_waits_is_counted(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as waru:
        await waru.write(*(f"laporan {i} di desa Sesulu" for i in range(25)))
        await waru.gateway.matchmaker.batch()
        assert waru.gateway.matchmaker.waiting == 25
        await waru.compare()
        waru.clock.advance(seconds=31)
        await waru.compare()
        assert waru.gateway.matchmaker.waiting == 0


async def test_publishing_twice_changes_nothing_and_publishing_other_keys_takes_the_first_away(deployment: Deployment) -> None:
    deployment.config()
    store = Store(deployment.store_url())
    await store.migrate()
    case, at = new_id(), ManualClock().now()
    for keys in ([1, 2, 2**62], [1, 2, 2**62], [2, 3], []):
        async with store.transaction() as tx:
            await likenesses.publish(tx, {case: keys}, {case: at})
        assert [row["key"] for row in await deployment.rows("likeness_keys")] == sorted(keys)
    await store.close()
