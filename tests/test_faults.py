"""Whatever fails, is cancelled or hangs, at each await of the way in and out: nothing is lost, nothing is final, nothing of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from channels import Door, Inlet
from channels.sms.channel import TwilioSms
from channels.sms.settings import TwilioSmsSettings
from gateway import server
from gateway.assembly import Gateway
from gateway.demo.twilio import Twilio
from gateway.inlet import CoreInlet
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.store.engine import Store
from normalizer import Setting
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, Fate, FatedStore, each, under
from tests.postbox import letter
from tests.sms_channel import ACCOUNT, CITIZEN, NOW, OURS, PUBLIC, TOKEN
from tests.test_conservation import HereReader
from tests.world import Deployment, receive_all

SHORT, LONG = 0.05, 10.0


class FatedSms(TwilioSms):
    """The channel as it is, with each of its doors under a fate."""

    fate = Fate(0, HANG)
    begun: asyncio.Event

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        return [replace(door, handler=self._under_fate(door)) for door in super().routes(inlet)]

    def _under_fate(self, door: Door) -> Any:  # noqa: ANN401  # as Door has it
        async def handler(request: web.Request) -> web.StreamResponse:
            self.begun.set()
            return await under(self.fate, door.handler(request))  # type: ignore[no-any-return, arg-type]

        return handler


@dataclass(frozen=True, slots=True)
class Counter:
    """A public listener with a real journal behind it."""

    sms: FatedSms
    journal: Journal
    port: int

    async def post(self, sid: str, fate: Fate, door: str = "message") -> tuple[int, str]:
        """As the provider does, the body only once the door was entered; status (0: the connection ended without an answer) and all that was said."""
        url = f"{PUBLIC}/in/sms/{door}"
        params, headers = Twilio(ACCOUNT, TOKEN, lambda: NOW).incoming(url, from_=CITIZEN, to=OURS["sms"], body="Jalan rusak", sid=sid)
        body = urlencode(params).encode()
        self.sms.fate, self.sms.begun = fate, asyncio.Event()
        lines = [
            f"POST /in/sms/{door} HTTP/1.1",
            "Host: x",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {text}" for name, text in headers.items()),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await self.sms.begun.wait()
        answer = b""
        with suppress(ConnectionError):
            writer.write(body)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        said = answer.decode()
        return (int(said.split(" ")[1]) if said else 0), said

    async def kept(self) -> set[str]:
        return {entry.arrival.wire_id.partition(":")[0] for entry in await self.journal.take(0, 10_000)}


@asynccontextmanager
async def counter(folder: Path, accept_seconds: float = LONG) -> AsyncIterator[Counter]:
    settings = TwilioSmsSettings.model_validate({"account_sid": ACCOUNT, "auth_tokens": [TOKEN], "from_numbers": OURS, "accept_seconds": accept_seconds})
    sms, journal = FatedSms("sms", settings, Setting(), (PUBLIC,), lambda: NOW), Journal(folder / "journal.db")
    runner, port = await server.listen(server.public([(sms, CoreInlet(journal, b"k" * 32, sms.fingerprint))]), "127.0.0.1", 0)
    try:
        yield Counter(sms, journal, port)
    finally:
        await runner.cleanup()
        await sms.close()
        await journal.close()


@pytest.mark.parametrize("door", ["message", "status"])
@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_door_that_is_struck_at_any_await_says_not_now_and_what_it_accepted_is_kept(tmp_path: Path, what: str, door: str) -> None:
    async with counter(tmp_path, SHORT if what == HANG else LONG) as desk:
        accepted = set()
        for fate in each(what):
            status, said = await desk.post(f"SM{fate.at}", fate, door)
            assert status == (503 if fate.struck.is_set() else 200)
            assert status == 200 or "Retry-After: 30" in said
            assert TELLTALE not in said
            accepted |= {f"SM{fate.at}"} if status == 200 else set()
            # Twilio comes again.
            assert (await desk.post(f"SM{fate.at}", Fate(0, what), door))[0] == 200
            accepted.add(f"SM{fate.at}")
        assert fate.at >= 3
        assert accepted == await desk.kept()


async def test_a_delivery_that_is_cut_off_is_answered_by_nobody_and_comes_again(tmp_path: Path) -> None:
    async with counter(tmp_path) as desk:
        for fate in each(CANCEL):
            status, _ = await desk.post(f"SM{fate.at}", fate)
            assert status in ({0, 503} if fate.struck.is_set() else {200})
            assert (await desk.post(f"SM{fate.at}", Fate(0, CANCEL)))[0] == 200
        assert await desk.kept() == {f"SM{at}" for at in range(1, fate.at + 1)}


@pytest.mark.parametrize("what", [*FAILURES, HANG, CANCEL])
async def test_whoever_waits_for_the_journal_may_be_struck_and_the_journal_goes_on(tmp_path: Path, what: str) -> None:
    journal = Journal(tmp_path / "journal.db")
    for fate in each(what):
        waiting = [asyncio.ensure_future(one) for one in (journal.append(letter("jalan rusak", f"SM{fate.at}-{i}", at=NOW), "f", "N") for i in range(3))]
        struck = asyncio.ensure_future(_awaited(fate, journal))
        await asyncio.wait([struck, asyncio.ensure_future(fate.struck.wait())], return_when=asyncio.FIRST_COMPLETED)
        struck.cancel()
        await asyncio.gather(struck, return_exceptions=True)
        await asyncio.gather(*waiting)
    assert journal.counts.accepted == len(await journal.take(0, 1000)) >= 3 * fate.at
    await journal.close()


async def _awaited(fate: Fate, journal: Journal) -> None:
    await under(fate, journal.append(letter("lampu padam", f"SM{fate.at}", at=NOW), "f", "N"))


class FatedIntake:
    """A node's intake on a store that is struck; read in this process."""

    def __init__(self, gateway: Gateway, store: Store) -> None:
        office, agencies = gateway.intake._office, gateway.intake._agencies  # noqa: SLF001  # the same desk, another store
        readers = (HereReader(), HereReader())
        self._intake = Intake(gateway.journal, store, office, readers, gateway.clock, agencies=agencies, retry_seconds=0)  # type: ignore[arg-type]

    async def drain(self) -> None:
        """Until the journal is empty. Falling over, it is started again at once, as by its supervisor."""
        fallen = 0
        while fallen < 3:
            try:
                return await self._intake.drain()
            except Exception:  # noqa: BLE001  # whatever it is: the next time it must go
                fallen += 1
        raise AssertionError("it falls over again and again")

    async def drain_until(self, struck: asyncio.Event) -> None:
        """Or until that; then this process ends."""
        draining, waiting = asyncio.ensure_future(self.drain()), asyncio.ensure_future(struck.wait())
        await asyncio.wait([draining, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, waiting):
            task.cancel()
        await asyncio.gather(draining, waiting, return_exceptions=True)


@pytest.mark.parametrize("what", [*FAILURES, HANG, CANCEL])
async def test_intake_that_is_struck_at_any_await_of_its_transactions_files_each_report_once(on_sqlite: Deployment, what: str) -> None:
    import time

    t = time.time()
    store = FatedStore(on_sqlite.store_url())
    async with on_sqlite.parts() as gateway:
        await gateway.intake.drain()
    for fate in each(what):
        print(fate.at, round(time.time() - t, 2))
        t = time.time()
        store.fate = fate
        async with on_sqlite.parts() as gateway:
            intake = FatedIntake(gateway, store)
            await receive_all(gateway, [letter("jalan rusak", f"SM{fate.at}-{i}", at=NOW, sender=f"+62812{fate.at:04d}{i:04d}") for i in range(2)])
            await (intake.drain_until(fate.struck) if what in {HANG, CANCEL} else intake.drain())
        if what in {HANG, CANCEL}:
            async with on_sqlite.parts() as gateway:
                fate.armed = False
                await FatedIntake(gateway, store).drain()
    await store.close()
    print(what, fate.at, time.time() - t)
    arrivals = await on_sqlite.rows("arrivals")
    print(len(arrivals), [(r["outcome"], r["reason"], r["wire_id"]) for r in arrivals if r["outcome"] != "case"])
