"""How fast reports are taken in: the variants of the way in side by side, in turns that take each other's places; medians."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from gateway.bench import deliveries
from gateway.bench.processes import Turn, Variant, load, variant

Tell = Callable[[str], None]

TURN_SECONDS = 2.0
# As many as one that keeps them answers in a turn; forms are larger, and slower. A turn ends early when they are used up. To make them takes time, too:
# who keeps nothing is given them again and again.
_WEBHOOKS, _FORMS = 16_000, 2_500
_KEEPS_NOTHING, _TIMES = ("bare", "handler"), 4
_WARM_UP_SECONDS = 0.3


async def webhooks(folder: Path, connections: int, turns: int, tell: Tell, *, each: bool = True) -> dict[str, object]:
    """The signed webhook, intake paused: beside bare aiohttp, without the journal, and (`each`) with a transaction a request."""
    names = ("bare", "handler", "journal", *(("each",) if each else ()))
    took = await _in_turns(folder, names, connections, turns, deliveries.webhooks(), _WEBHOOKS, tell)
    rate, cpu = _medians(took, lambda turn: turn.per_second), _medians(took, lambda turn: turn.cpu_us)
    return {
        "bare_per_s": rate["bare"],
        "accept_per_s": rate["journal"],
        "accept_vs_bare": rate["journal"] / rate["bare"],
        "handler_vs_bare": rate["handler"] / rate["bare"],
        **({"journal_vs_each": rate["journal"] / rate["each"]} if each else {}),
        "journal_cpu_vs_bare": (cpu["journal"] - cpu["handler"]) / cpu["bare"],
        "bare_cpu_us": cpu["bare"],
        "accept_cpu_us": cpu["journal"],
        "accept_p99_ms": _medians(took, lambda turn: turn.p99_ms)["journal"],
        "accept_spread": _spread(took["journal"]),
    }


async def forms(folder: Path, connections: int, turns: int, tell: Tell) -> dict[str, object]:
    """The form with a photo, beside bare aiohttp that reads the same bodies."""
    took = await _in_turns(folder, ("bare", "form"), connections, turns, deliveries.forms(), _FORMS, tell)
    rate = _medians(took, lambda turn: turn.per_second)
    return {"form_per_s": rate["form"], "form_vs_bare": rate["form"] / rate["bare"], "form_cpu_us": _medians(took, lambda turn: turn.cpu_us)["form"]}


async def beside(folder: Path, gateway: Variant, connections: int, turns: int, tell: Tell) -> dict[str, object]:
    """A whole gateway whose intake works meanwhile, beside bare aiohttp."""
    async with variant("bare", folder / "bare") as bare:
        took = await _turns(folder, (bare, gateway), connections, turns, deliveries.webhooks(), _WEBHOOKS, tell, first=10**9)
    rate = _medians(took, lambda turn: turn.per_second)
    return {"running_per_s": rate["serve"], "running_vs_bare": rate["serve"] / rate["bare"]}


async def _in_turns(
    folder: Path, names: Sequence[str], connections: int, turns: int, make: deliveries.Make, most: int, tell: Tell
) -> Mapping[str, Sequence[Turn]]:
    async with AsyncExitStack() as stack:
        those = await asyncio.gather(*(stack.enter_async_context(variant(name, folder / name)) for name in names))
        return await _turns(folder, those, connections, turns, make, most, tell)


async def _turns(
    folder: Path, those: Sequence[Variant], connections: int, turns: int, make: deliveries.Make, most: int, tell: Tell, first: int = 0
) -> Mapping[str, Sequence[Turn]]:
    took: dict[str, list[Turn]] = {one.name: [] for one in those}
    once, again = folder / "deliveries", folder / "deliveries-again"
    # Made once: they are not what is measured.
    deliveries.write(again, 0, most // _TIMES, make, times=_TIMES**2)
    for turn in range(turns + 1):
        deliveries.write(once, first + turn * most, most if turn else most // _TIMES, make)
        for one in those:
            done = await load(one, connections, TURN_SECONDS if turn else _WARM_UP_SECONDS, again if one.name in _KEEPS_NOTHING else once)
            if done.refused:
                raise AssertionError(f"{one.name} refused {done.refused}")
            # The first turn warms up.
            took[one.name] += [done] if turn else []
            tell(f"{connections:4} connections, turn {turn}: {one.name:8} {done.per_second:8.0f}/s  p99 {done.p99_ms:7.1f} ms  {done.cpu_us:6.0f} us CPU")
    return took


def _medians(took: Mapping[str, Sequence[Turn]], what: Callable[[Turn], float]) -> dict[str, float]:
    return {name: statistics.median(map(what, some)) for name, some in took.items()}


def _spread(some: Sequence[Turn]) -> float:
    """The fastest turn over the slowest."""
    return max(turn.per_second for turn in some) / min(turn.per_second for turn in some)
