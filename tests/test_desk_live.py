"""Open pages are told what changes, by one look for everybody: they ask the store and the journal nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.node import Gateway
from tests.manual_clock import ManualClock
from tests.operator import SCRIPT, at_the_desk, somebody
from tests.world import Deployment, overheard

# Of what pages show, and nobody else asks for.
_FIGURES = "SELECT notices.id, cases.number"


@contextmanager
def statements(gateway: Gateway) -> Iterator[list[str]]:
    """Everything that is asked of the store."""
    asked: list[str] = []

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    with overheard(gateway.store, note):
        yield asked


async def test_twenty_open_pages_ask_the_store_and_the_journal_nothing(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock) as budi:
        journal = budi.gateway.journal
        streams = [await budi.session.get(f"{budi.base}/channels/events?seen=0") for _ in range(20)]
        try:
            for stream in streams:
                assert await event(stream) == ("well", {})
                assert "semua" in (await event(stream))[1]
            with statements(budi.gateway) as asked:
                touched: list[str] = []
                for name in ("append", "probe", "oldest"):
                    monkeypatch.setattr(journal, name, lambda *_, name=name: touched.append(name))
                for _ in range(20):
                    for path in ("/channels", "/parked"):
                        assert (await budi.get(path)).status == 200
                assert (asked, touched) == ([], [])
                monkeypatch.undo()
                # One look, and all twenty know.
                clock.advance(seconds=61)
                for stream in streams:
                    name, parts = await event(stream)
                    assert (name, "semua" in parts) == ("parts", True)
            looked = [one for one in asked if "FROM sessions" in one and one.startswith("SELECT")]
            assert len(looked) == 1
        finally:
            for stream in streams:
                stream.close()


async def test_while_nobody_looks_the_store_is_not_asked_for_figures_and_who_comes_then_sees_fresh_ones(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock) as budi:
        await budi.get("/parked")
        clock.advance(seconds=301)
        with statements(budi.gateway) as asked:
            while len(looks := [n for n, one in enumerate(asked) if "FROM sessions" in one]) < 4:
                clock.advance(seconds=1)
                await asyncio.sleep(0.01)
            # The first may have begun while somebody looked still.
            assert not any(_FIGURES in one for one in asked[looks[1] :])
            assert "badge ok" in (await budi.get("/channels")).text
            assert any(_FIGURES in one for one in asked)


async def event(stream: object) -> tuple[str, dict[str, str]]:
    """The next that is no comment."""
    name, data = "", "{}"
    async with asyncio.timeout(30):
        while True:
            line = (await stream.content.readline()).decode().rstrip("\n")  # type: ignore[attr-defined]  # an answer of aiohttp's client
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and name:
                return name, json.loads(data)


async def test_an_open_page_is_told_what_changes_and_when_its_session_ends(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi, somebody(budi.gateway) as other:
        await other.sign_in()
        await budi.until("/channels", lambda answer: answer.text.count("badge ok") == 6)
        async with budi.session.get(f"{budi.base}/channels/events?bahasa=id&seen=0") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            assert await event(stream) == ("well", {})
            shown = (await event(stream))[1]
            await other.post("/channels/post/pause", why=SCRIPT)
            while "Dijeda" not in shown["kanal-post"]:
                told = (await event(stream))[1]
                # What did not change is not told again.
                assert [part for part, content in told.items() if shown[part] == content] == []
                shown |= told
            assert SCRIPT not in shown["kanal-post"]
            await budi.post("/logout")
            while (await event(stream))[0] != "ended":
                pass
            assert await stream.content.read() == b""


async def test_a_gateway_that_stops_sends_open_pages_home(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        stream = await budi.session.get(f"{budi.base}/channels/events")
        began = asyncio.get_running_loop().time()
    # Else it would wait as long as handlers may take.
    assert asyncio.get_running_loop().time() - began < 8
    stream.close()


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 40, "1e9", "99999999999999999"])
async def test_a_version_that_is_none_of_ours_brings_everything(on_sqlite: Deployment, seen: str) -> None:
    async with at_the_desk(on_sqlite) as budi, budi.session.get(f"{budi.base}/channels/events?seen={seen}") as stream:
        assert (await event(stream))[0] == "well"
        assert {"semua", "rumah", "tertahan", "kanal-post"} <= set((await event(stream))[1])
