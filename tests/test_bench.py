"""The bench measures what it says: each variant takes every delivery, and the journal of the one that keeps them has them. No figure is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bench import deliveries
from gateway.bench.processes import family, load, variant
from gateway.bench.variants import NAMES
from gateway.journal_file import snapshot


@pytest.mark.parametrize("name", NAMES)
async def test_a_variant_takes_all_that_it_is_given(tmp_path: Path, name: str) -> None:
    file = tmp_path / "deliveries"
    deliveries.write(file, 0, 40)
    async with variant(name, tmp_path / name) as one:
        done = await load(one, 4, 60, file)
        assert one.pss_mib() > 1
        assert family(one.pid) == [one.pid]
    assert (done.count, done.refused) == (40, 0)
    assert 0 < done.p50_ms <= done.p99_ms
    if name in {"journal", "each"}:
        assert len(snapshot(tmp_path / name / "journal.db").seqs) == 40


async def test_a_whole_gateway_is_one_of_them(tmp_path: Path) -> None:
    file = tmp_path / "deliveries"
    deliveries.write(file, 0, 5)
    async with variant("serve", tmp_path / "serve") as one:
        done = await load(one, 1, 60, file, per_second=200)
    assert (done.count, done.refused) == (5, 0)
