"""Whatever fails, is cancelled or hangs, at each await of the way in and out: nothing is lost, nothing is final, nothing of it is told."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from channels import About, Door, Fetched, Inlet, Notice
from channels.sms.channel import TwilioSms
from channels.sms.settings import TwilioSmsSettings
from gateway import server
from gateway.blobs import Blobs
from gateway.demo.twilio import Twilio
from gateway.due import Fetcher
from gateway.ids import new_id
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.node import Gateway
from gateway.outbox import Outbox, Patience
from gateway.stages import Stages
from gateway.store.engine import Store
from gateway.store.filing import Rows, write
from gateway.supervisor import supervise
from normalizer import Setting
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, Fate, FatedStore, each, under
from tests.manual_clock import ManualClock
from tests.postbox import letter
from tests.sms_channel import ACCOUNT, CITIZEN, NOW, OURS, PUBLIC, TOKEN
from tests.test_conservation import HereReader
from tests.world import Deployment, an_inlet, receive_all

# A busy machine must still be in time where nothing hangs.
SHORT, LONG = 0.8, 10.0


class FatedSms(TwilioSms):
    """The channel as it is, with each of its doors under a fate."""

    fate = Fate(0, HANG)
    begun: asyncio.Event

    def routes(self, inlet: Inlet) -> Iterable[Door]:
        return [replace(door, handler=self._under_fate(door)) for door in super().routes(inlet)]

    def _under_fate(self, door: Door) -> Any:  # noqa: ANN401  # as Door has it
        async def handler(request: web.Request) -> web.StreamResponse:
            self.begun.set()
            return await under(self.fate, door.handler(request))  # type: ignore[arg-type]

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
    sms, journal = FatedSms("sms", settings, About("Lapor Uji", Setting(), (PUBLIC,), lambda: NOW)), Journal(folder / "journal.db")
    runner, port = await server.listen(server.public([(sms, an_inlet(journal, sms.fingerprint))]), "127.0.0.1", 0)
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
    """A node's intake, on a store that may be struck; read in this process, as another would have to be started each time."""

    def __init__(self, gateway: Gateway, store: Store) -> None:
        office, agencies = gateway.intake._office, gateway.intake._accounts._agencies  # noqa: SLF001  # the same desk, another store
        readers = (HereReader(), HereReader())
        self._intake = Intake(gateway.journal, store, office, readers, gateway.clock, agencies=agencies, retry_seconds=0, stages=gateway.stages)  # type: ignore[arg-type]

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


@pytest.mark.parametrize("whats", [tuple(FAILURES), (HANG,)], ids=["failing", "hanging"])
async def test_intake_that_is_struck_at_any_await_of_its_transactions_files_each_report_once(on_sqlite: Deployment, whats: tuple[str, ...]) -> None:
    store = FatedStore(on_sqlite.store_url())
    async with on_sqlite.parts() as gateway:
        await gateway.intake.drain()
    accepted = 0
    for fate in each(*whats):
        store.fate = fate
        # Nobody waits for ever: then the process is ended, and the next one goes on.
        dies = fate.what == HANG
        async with on_sqlite.parts() as gateway:
            # Alone or in company.
            for i in range(fate.at % 2 + 1):
                await receive_all(gateway, [letter("jalan rusak", f"SM{fate.at}-{i}", at=NOW, sender=f"+62812{fate.at:04d}{i:04d}")])
                accepted += 1
            await (FatedIntake(gateway, store).drain_until(fate.struck) if dies else FatedIntake(gateway, store).drain())
        if dies:
            async with on_sqlite.parts() as gateway:
                fate.armed = False
                await FatedIntake(gateway, store).drain()
    await store.close()
    await _each_is_one_case(on_sqlite, accepted)


async def _each_is_one_case(deployment: Deployment, accepted: int) -> None:
    arrivals, notices = await deployment.rows("arrivals"), await deployment.rows("notices")
    assert {row["outcome"] for row in arrivals} == {"case"}
    assert len({row["wire_id"] for row in arrivals}) == len(arrivals) == len(await deployment.rows("cases")) == accepted
    assert {notice["case"] for notice in notices} == {row["case"] for row in arrivals}
    assert len(notices) == accepted
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


# The way out


class FatedPost(TwilioSms):
    """Sends and fetches as it does, each call under a fate."""

    fate = Fate(0, HANG)
    # The first await of each fetch ends so.
    always: str | None = None
    # Told when a notice was taken.
    sent: Callable[[], None] = staticmethod(lambda: None)

    async def send(self, notice: Notice) -> str:
        provider_id = await under(self.fate, super().send(notice))
        self.sent()
        return provider_id

    async def fetch(self, reference: str) -> Fetched:
        if self.always:
            return await under(Fate(1, self.always), super().fetch(reference))
        fetched = await under(self.fate, super().fetch(reference))
        return replace(fetched, chunks=self._chunks(fetched.chunks))

    async def _chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        while (chunk := await under(self.fate, _next(chunks))) is not None:
            yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)


@dataclass(frozen=True, slots=True)
class Office:
    """Files what citizens write, and answers by a real Twilio channel; the store of the way out can be struck, too."""

    gateway: Gateway
    deployment: Deployment
    clock: ManualClock
    twilio: Twilio
    post: FatedPost
    store: FatedStore
    parts: tuple[Outbox, Fetcher]

    async def file(self, name: str) -> None:
        """A case with its acknowledgement."""
        await receive_all(self.gateway, [letter("jalan rusak", name, at=self.clock.now())])
        await FatedIntake(self.gateway, self.gateway.store).drain()

    async def want(self, name: str, photo: bytes) -> None:
        """A case with a picture that is still at the provider's."""
        await self.file(name)
        params, _ = self.twilio.incoming(PUBLIC, from_=CITIZEN, to=OURS["sms"], body="", media=[("foto.jpg", "image/jpeg", photo)])
        message = (await self.deployment.rows("messages"))[-1]["id"]
        rows = Rows()
        rows.attachments = [
            {
                "message": message,
                "position": 0,
                "name": "",
                "type": "image/jpeg",
                "blob": None,
                "reference": params["MediaUrl0"],
                "state": "wanted",
                "reason": "",
                "derived_from": None,
                "latitude": None,
                "longitude": None,
            }
        ]
        data = {"message": str(message), "position": 0, "reference": params["MediaUrl0"]}
        when = {"due_at": self.clock.now(), "attempts": 0, "state": "waiting", "reason": "", "leased_by": None, "leased_until": None}
        rows.due = [{"id": new_id(), "kind": "fetch", "channel": "post", "data": data, **when}]
        async with self.gateway.store.transaction() as tx:
            await write(tx, rows)

    async def _rows(self, table: str) -> list[dict[str, Any]]:
        # By a store that is open already, as this is asked hundreds of times. What is made of a picture that came is not what is struck here.
        async with self.gateway.store.snapshot() as tx:
            return [row for row in await self.deployment.rows_in(tx, table) if row.get("kind") != "picture"]

    async def until(self, table: str, states: set[str]) -> dict[str, Any]:
        """The newest row, once its state is one of these; time goes on whenever nothing else does."""
        async with asyncio.timeout(50):
            while (rows := await self._rows(table))[-1]["state"] not in states:
                still = not self.store.open and not any(part.loop.busy for part in self.parts)
                if still or self.post.fate.hanging or self.store.fate.hanging:
                    self.clock.advance(seconds=20 if self.post.always is None else 600)
                await asyncio.sleep(0.002)
        return rows[-1]


@asynccontextmanager
async def office(deployment: Deployment, worker: str = "w") -> AsyncIterator[Office]:
    clock, twilio = ManualClock(), Twilio(ACCOUNT, TOKEN)
    twilio.delivery = ()
    async with twilio.serve() as url, deployment.parts(clock=clock) as gateway:
        await FatedIntake(gateway, gateway.store).drain()
        settings = TwilioSmsSettings.model_validate({"account_sid": ACCOUNT, "auth_tokens": [TOKEN], "from_numbers": OURS, "api_base": url})
        post, store = FatedPost("post", settings, About("Lapor Uji", Setting(), (PUBLIC,), clock.now)), FatedStore(deployment.store_url())
        parts = (Outbox(post, store, clock, worker, Patience(), Stages(), b"k" * 32), Fetcher(post, store, Blobs(deployment.folder / "blobs"), clock, worker))
        for part in parts:
            part.loop.pause(paused=False)
        loops = [asyncio.create_task(supervise(type(part).__name__, part.loop.run, clock)) for part in parts]
        try:
            yield Office(gateway, deployment, clock, twilio, post, store, parts)
        finally:
            for task in loops:
                task.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await post.close()
            await store.close()


SENT = {"sent", "parked", "failed", "withheld"}


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_send_that_is_struck_at_any_await_is_one_sms_or_marked(on_sqlite: Deployment, what: str) -> None:
    with capture_logs() as logs:
        for fate in each(what):
            # A new channel each time: its first send has the most awaits.
            async with office(on_sqlite) as desk:
                desk.post.fate = fate
                await desk.file(f"SM{fate.at}")
                notice = await desk.until("notices", SENT)
                assert notice["state"] == "sent"
                assert len(desk.twilio.sent) == 1 or notice["maybe_sent"]
        assert fate.at > 3
    assert TELLTALE not in f"{await on_sqlite.rows('notices')}{logs}"


@pytest.mark.parametrize("what", FAILURES)
async def test_what_became_of_a_notice_is_written_however_often_the_store_is_struck_and_it_is_not_sent_again(on_sqlite: Deployment, what: str) -> None:
    with capture_logs() as logs:
        async with office(on_sqlite) as desk:
            for fate in each(what):
                fate.armed = False
                desk.store.fate, before = fate, len(desk.twilio.sent)
                desk.post.sent = fate.arm
                await desk.file(f"SM{fate.at}")
                assert (await desk.until("notices", SENT))["state"] == "sent"
                fate.armed = False
                assert len(desk.twilio.sent) == before + 1
            assert fate.at > 3
    assert TELLTALE not in f"{await on_sqlite.rows('notices')}{logs}"


@pytest.mark.parametrize("what", [HANG, CANCEL])
async def test_a_node_that_ends_while_it_writes_what_became_of_a_notice_leaves_it_marked(on_sqlite: Deployment, what: str) -> None:
    for fate in each(what):
        fate.armed = False
        async with office(on_sqlite) as desk:
            desk.store.fate, desk.post.sent = fate, fate.arm
            await desk.file(f"SM{fate.at}")
            done = asyncio.ensure_future(desk.until("notices", SENT))
            await asyncio.wait([done, struck := asyncio.ensure_future(fate.struck.wait())], return_when=asyncio.FIRST_COMPLETED)
            fate.armed = False
            done.cancel()
            struck.cancel()
            await asyncio.gather(done, struck, return_exceptions=True)
            sent = len(desk.twilio.sent)
        async with office(on_sqlite, worker="next") as desk:
            notice = await desk.until("notices", SENT)
            assert notice["state"] == "sent"
            assert sent + len(desk.twilio.sent) == 1 or notice["maybe_sent"]
            assert len(desk.twilio.sent) <= 1


PHOTO = b"\xff\xd8\xff\xe0" + bytes(200_000)


@pytest.mark.parametrize("what", [*FAILURES, HANG])
async def test_a_picture_whose_fetch_is_struck_at_any_await_is_fetched_later(on_sqlite: Deployment, what: str) -> None:
    with capture_logs() as logs:
        for fate in each(what):
            async with office(on_sqlite) as desk:
                desk.post.fate = fate
                await desk.want(f"SM{fate.at}", PHOTO)
                row = await desk.until("due", {"done", "parked"})
                assert row["state"] == "done"
                assert {(row["state"], row["blob"]) for row in await on_sqlite.rows("attachments")} == {("kept", hashlib.sha256(PHOTO).hexdigest())}
                assert [file.suffix for file in (on_sqlite.folder / "blobs").rglob("*") if file.is_file()] == [""]
        assert fate.at > 3
    assert TELLTALE not in f"{await on_sqlite.rows('due')}{await on_sqlite.rows('attachments')}{logs}"


@pytest.mark.parametrize("what", FAILURES)
async def test_a_picture_that_can_never_be_fetched_is_given_up_with_a_reason(on_sqlite: Deployment, what: str) -> None:
    with capture_logs() as logs:
        async with office(on_sqlite) as desk:
            desk.post.always = what
            await desk.want("SM1", PHOTO)
            row = await desk.until("due", {"done", "parked"})
            assert (row["state"], row["attempts"]) == ("parked", 7)
            [attachment] = await on_sqlite.rows("attachments")
            assert (attachment["state"], attachment["blob"]) == ("lost", None)
            assert attachment["reason"]
    assert TELLTALE not in f"{row}{attachment}{logs}"
