"""The bench measures what it says: each variant takes every delivery, and what keeps them has them. No figure is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bench import deliveries, watching, whole_way
from gateway.bench.growth import growth
from gateway.bench.processes import family, load, variant
from gateway.bench.understanding import understanding
from gateway.bench.variants import NAMES
from gateway.journal_file import snapshot
from tests.world import Deployment


@pytest.mark.parametrize("name", NAMES)
async def test_a_variant_takes_all_that_it_is_given(tmp_path: Path, name: str) -> None:
    file = tmp_path / "deliveries"
    deliveries.write(file, 0, 40, deliveries.forms() if name == "form" else deliveries.webhooks())
    async with variant(name, tmp_path / name) as one:
        done = await load(one, 4, 60, file)
        assert one.pss_mib() > 1
        assert family(one.pid) == [one.pid]
    assert (done.count, done.refused) == (40, 0)
    assert 0 < done.p50_ms <= done.p99_ms
    if name in {"journal", "each", "form"}:
        assert len(snapshot(tmp_path / name / "journal.db").seqs) == 40


async def test_bare_reads_forms_too(tmp_path: Path) -> None:
    file = tmp_path / "deliveries"
    deliveries.write(file, 0, 5, deliveries.forms())
    async with variant("bare", tmp_path / "bare") as one:
        done = await load(one, 1, 60, file)
    assert (done.count, done.refused) == (5, 0)


async def test_a_burst_is_followed_to_its_last_acknowledgement(tmp_path: Path) -> None:
    found = await whole_way.burst(tmp_path, 60, lambda _: None)
    assert found["reports"] == 60
    assert float(str(found["ack_idle_p50_ms"])) > 0
    assert float(str(found["e2e_per_s"])) > 0


async def test_while_twenty_pages_are_open_everything_is_taken(tmp_path: Path) -> None:
    found = await watching.pages(tmp_path, 4, 1, lambda _: None, each=40)
    assert found["pages_open_refused"] == 0
    assert float(str(found["pages_open_vs_none"])) > 0


async def test_a_store_grows_by_doubling_and_takes_real_reports_on_top(deployment: Deployment, tmp_path: Path) -> None:
    told: list[str] = []
    found = await growth(tmp_path / "growth", deployment.store_url(), told.append, small=20, large=20_000, measured=10)
    assert [value for name, value in found.items() if name.startswith("growth")][0] > 0  # type: ignore[operator]  # noqa: RUF015  # one number
    # 30 doubled ten times, and ten more.
    assert len(await deployment.rows("cases")) == 30 * 2**10 + 10
    assert len({row["number"] for row in await deployment.rows("case_numbers")}) == 30 * 2**10 + 10


def test_understanding_is_measured_on_usual_and_on_the_longest_texts() -> None:
    told: list[str] = []
    found = {name: float(str(value)) for name, value in understanding(told.append).items()}
    assert 0 < found["understand_mean_us"] < found["understand_p95_us"]
    assert found["understand_longest_ms"] * 1e3 > found["understand_p95_us"]
    assert len(told) == 1
