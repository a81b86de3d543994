"""A part that falls over is started again, and its neighbours do not notice."""

from __future__ import annotations

import asyncio
import errno
import os
from functools import partial
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from channels import Inlet
from channels.kinds import KINDS, Kind
from gateway.supervisor import supervise
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, Postbox, letter
from tests.world import Deployment, receive_all

FALLS: list[int] = []


class FallingPostbox(Postbox):
    """A wire whose listener falls over at once, whatever is done."""

    async def run(self, inlet: Inlet) -> None:
        """Never for long."""
        FALLS.append(1)
        raise RuntimeError("rahasia-dalam")


def post_has_sent(count: int) -> bool:
    """So many acknowledgements went out by the channel that is well."""
    return len(PROVIDERS["post"].sent) == count


async def test_a_channel_that_falls_over_again_and_again_disturbs_no_other(on_sqlite: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    falling = Kind(channel="tests.test_supervisor:FallingPostbox", settings=KINDS["postbox"].settings, reader=KINDS["postbox"].reader)
    monkeypatch.setitem(KINDS, "falling", falling)
    FALLS.clear()
    clock = ManualClock()
    both = '[channels.post]\nkind = "postbox"\n[channels.other]\nkind = "falling"'
    with capture_logs() as logs:
        async with on_sqlite.node(clock=clock, channels=both) as gateway:
            for i in range(5):
                await receive_all(gateway, [letter("jalan rusak", f"SM{i}", at=clock.now())])
                async with asyncio.timeout(30):
                    await PROVIDERS["post"].until(partial(post_has_sent, i + 1))
                    while len(FALLS) < i + 2:
                        clock.advance(seconds=60)
                        await asyncio.sleep(0.005)
    said = [line for line in logs if line.get("part") == "channel other"]
    # Said once, without what the exception said.
    assert len(said) == 1
    assert "rahasia" not in str(logs)


async def test_what_the_system_refused_is_said_in_its_own_words() -> None:
    clock, fallen = ManualClock(), dict[str, str]()
    fell, told = asyncio.Event(), list[str]()

    async def taken() -> None:
        if fell.is_set():
            told.append(fallen["door"])
            return
        fell.set()
        raise OSError(errno.EADDRINUSE, "rahasia-dalam")

    running = asyncio.create_task(supervise("door", taken, clock, fallen))
    await fell.wait()
    clock.advance(seconds=60)
    async with asyncio.timeout(30):
        await running
    assert told[0].startswith(f"{os.strerror(errno.EADDRINUSE)}, OSError at ")
    assert "rahasia" not in told[0]


async def test_the_pauses_grow_and_one_that_ran_well_begins_anew() -> None:
    clock, starts = ManualClock(), []

    async def falls() -> None:
        starts.append(clock.now())
        if len(starts) == 5:
            await clock.sleep(100)
        raise RuntimeError

    task = asyncio.create_task(supervise("part", falls, clock))
    while len(starts) < 7:
        await asyncio.sleep(0)
        clock.advance(seconds=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pauses = [round((later - earlier).total_seconds()) for earlier, later in pairwise(starts)]
    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
    # After a minute without a fall it is well again: the short pause comes first.
    assert pauses[5] < pauses[3]


async def test_a_part_with_nothing_to_run_is_not_started_again() -> None:
    starts = []

    async def returns() -> None:
        starts.append(1)

    await supervise("part", returns, ManualClock())
    assert starts == [1]
