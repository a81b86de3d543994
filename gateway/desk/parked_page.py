"""What waits for a person: read it as it came, read it again, send it again, or let it go. Each is written down with who did it.

What nobody could read counts as anonymous and confidential (law 10): its words are shown to whoever presses for them, and to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from channels import caller
from channels.pages import Pages
from gateway import pausing
from gateway.desk import telling
from gateway.desk.access import Access, form
from gateway.desk.acting import Acting
from gateway.desk.answers import elsewhere, pressed, wrong_words
from gateway.desk.watch import Watch
from gateway.harmless import harmless
from gateway.node import Gateway
from gateway.reader import Reader
from gateway.replay import replay
from gateway.store import desk, filing, lookup, outgoing
from gateway.store.desk import Session
from gateway.store.engine import Clash, Transaction
from gateway.store.lookup import Kept

PATH = "/parked"
# More of it is told by `./run parked show`.
_SHOWN_BYTES = 64 * 1024
_DONE = frozenset({"read", "sent", "released"})


class ParkedPage:
    """For operators."""

    def __init__(self, gateway: Gateway, watch: Watch, pages: Pages, access: Access, acting: Acting, reader: Callable[[], Reader]) -> None:
        """`reader`: a new one, in a process of its own."""
        self._gateway = gateway
        self._watch = watch
        self._pages = pages
        self._access = access
        self._acting = acting
        self._reader = reader
        # One reads again at a time: each has a process, and many at once are so slow that none is in time.
        self._turn = asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Its doors."""
        app.router.add_get(PATH, self._access.page(self._show))
        report, notice = rf"{PATH}/{{journal}}/{{seq:\d{{1,18}}}}", f"{PATH}/notice/{{notice}}"
        presses = {
            f"{report}/raw": self._raw,
            f"{report}/retry": self._read,
            f"{report}/release": self._release,
            f"{notice}/retry": self._send,
            f"{notice}/release": self._withhold,
        }
        for path, press in presses.items():
            app.router.add_post(path, self._access.page(pressed(press, self._access, PATH)))

    async def _show(self, request: web.Request, session: Session) -> web.StreamResponse:
        await self._watch.wake()
        look, done = self._pages.look(request), request.query.get("selesai", "")
        words = look.words(f"desk.done.{done}") if done in _DONE else ""
        return self._pages.answer("parked.html", look, {**self._frame(session), "done": words, "wrong": wrong_words(look, request)})

    def _frame(self, session: Session) -> dict[str, object]:
        return {"who": session.person, "picture": self._watch.picture, "tell": telling, "here": "parked"}

    # Reports that could not be read

    async def _raw(self, request: web.Request, session: Session) -> web.StreamResponse:
        async with self._report(request, session, "raw") as (_, kept):
            raw = kept.entry.arrival.raw
        # Only now: that it was shown is written down.
        text = harmless(raw[:_SHOWN_BYTES].decode("utf-8", "backslashreplace"))
        shown = {"number": kept.entry.number, "reason": kept.reason, "raw": text, "cut": len(raw) > _SHOWN_BYTES, "size": len(raw)}
        return self._pages.answer("raw.html", self._pages.look(request), {**self._frame(session), **shown})

    async def _read(self, request: web.Request, session: Session) -> web.StreamResponse:
        gateway = self._gateway
        async with self._turn:
            async with self._report(request, session, "retry") as (_, kept):
                pass
            reader = self._reader()
            try:
                [done] = await replay(gateway.store, reader, gateway.office, [kept], gateway.clock.now())
            finally:
                await reader.kill()
        return await self._end("salah=unreadable" if done.outcome == "still unreadable" else "selesai=read")

    async def _release(self, request: web.Request, session: Session) -> web.StreamResponse:
        why = await _reason(request)
        if not why:
            return elsewhere(f"{PATH}?salah=why")
        async with self._report(request, session, "release", why) as (tx, kept):
            # Its case stays with its owner: only what was not read needs nobody any more.
            outcome = "ignored" if kept.case is None else "case"
            await filing.settle(tx, kept.journal, kept.entry.seq, outcome, f"released by {session.person}: {why}")
        return await self._end("selesai=released")

    @asynccontextmanager
    async def _report(self, request: web.Request, session: Session, what: str, why: str = "") -> AsyncIterator[tuple[Transaction, Kept]]:
        """The one that is meant, in a transaction that writes down who did what. Raises SignedOut, StoreAway, Clash (it is not parked any more)."""
        async with self._gateway.store.transaction() as tx:
            await self._acting.insist(tx, session)
            kept = await lookup.by_key(tx, request.match_info["journal"], int(request.match_info["seq"]))
            if kept is None or kept.outcome != "parked":
                raise Clash("it is not parked any more")
            await self._note(tx, request, session, what, kept.entry.number, why)
            yield tx, kept

    # Notices that could not be sent

    async def _send(self, request: web.Request, session: Session) -> web.StreamResponse:
        async with self._notice(request, session, "retry") as (tx, notice):
            await outgoing.requeue(tx, notice, self._gateway.clock.now())
        return await self._end("selesai=sent")

    async def _withhold(self, request: web.Request, session: Session) -> web.StreamResponse:
        why = await _reason(request)
        if not why:
            return elsewhere(f"{PATH}?salah=why")
        async with self._notice(request, session, "release", why) as (tx, notice):
            await outgoing.withhold(tx, notice, f"released by {session.person}: {why}")
        return await self._end("selesai=released")

    @asynccontextmanager
    async def _notice(self, request: web.Request, session: Session, what: str, why: str = "") -> AsyncIterator[tuple[Transaction, str]]:
        """As _report."""
        async with self._gateway.store.transaction() as tx:
            await self._acting.insist(tx, session)
            asked = request.match_info["notice"]
            one = next((one for one in await outgoing.parked(tx) if one.notice == asked), None)
            if one is None:
                raise Clash("it is not parked any more")
            await self._note(tx, request, session, what, one.number or one.notice, why)
            yield tx, one.notice

    async def _note(self, tx: Transaction, request: web.Request, session: Session, what: str, about: str, why: str) -> None:
        await desk.note(tx, self._gateway.clock.now(), session.person, what, about, why, caller.address(request))

    async def _end(self, said: str) -> web.StreamResponse:
        for outbox in self._gateway.outboxes.values():
            outbox.loop.ring()
        await self._watch.look()
        return elsewhere(f"{PATH}?{said}")


async def _reason(request: web.Request) -> str:
    return pausing.line((await form(request)).get("why", ""))
