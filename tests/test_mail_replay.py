"""Mails that could not be read at first: read again they end where they would have ended, and nobody is answered twice (law 2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from channels.kinds import KINDS
from gateway.assembly import reading
from gateway.demo.post_office import PostOffice
from gateway.replay import Replayed
from gateway.replay import replay as read_again
from gateway.store import lookup
from tests.mails import mail
from tests.test_mail_end_to_end import Desk, answer, block
from tests.world import Deployment


@pytest.fixture(autouse=True)
def breaking() -> Iterator[None]:
    """A kind of mail whose reader breaks where a mail says so."""
    KINDS["mail-breaking"] = replace(KINDS["mail"], reader="tests.breaking_mail_reader:read")
    yield
    del KINDS["mail-breaking"]


@asynccontextmanager
async def at_the_desk(deployment: Deployment) -> AsyncIterator[Desk]:
    """Open, with two ways in."""
    office = PostOffice()
    async with office.serve() as relay:
        both = block(relay) + block(relay, "lain")
        async with deployment.node(channels=both.replace('"mail"', '"mail-breaking"')) as gateway:
            yield Desk(gateway, office, deployment)


async def replay(desk: Desk) -> list[Replayed]:
    """All that is parked."""
    async with reading(desk.gateway.config) as post:
        async with post.store.transaction() as tx:
            kept = await lookup.parked(tx, 10)
        return await read_again(post.store, post.reader, post.office, kept, desk.gateway.clock.now())


async def test_the_same_mail_by_two_ways_of_which_one_could_not_be_read_has_one_answer(on_sqlite: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail(X_Mended_By=str(mended)))
        await desk.arrivals(1)
        await desk.gets(mail(), name="lain")
        await desk.arrivals(2)
        await desk.office.until(1)
        mended.touch()
        assert [(one.outcome, one.reason) for one in await replay(desk)] == [("archived", "the same words by another way")]
        assert await replay(desk) == []
    assert [row["outcome"] for row in await on_sqlite.rows("arrivals")] == ["duplicate", "case"]
    assert sorted(row["status"] for row in await on_sqlite.rows("cases")) == ["archived", "awaiting_verification"]
    assert len(desk.office.delivered) == len(await on_sqlite.rows("notices")) == 1


async def test_what_was_read_at_last_is_known_when_another_way_brings_it(on_sqlite: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with at_the_desk(on_sqlite) as desk:
        for name in ("surat", "lain"):
            await desk.gets(mail(X_Mended_By=str(mended), X_Way=name), name=name)
        await desk.arrivals(2)
        mended.touch()
        assert sorted(one.outcome for one in await replay(desk)) == ["archived", "filled"]
        await desk.office.until(1)
        await desk.gets(mail(X_Way="once more"), name="lain")
        rows = await desk.arrivals(3)
    assert sorted(row["outcome"] for row in rows) == ["case", "duplicate", "duplicate"]
    assert len(desk.office.delivered) == len(await on_sqlite.rows("notices")) == 1


async def test_an_answer_in_a_thread_that_could_not_be_read_comes_to_its_case_and_is_not_acknowledged(on_sqlite: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        [first] = await desk.arrivals(1)
        await desk.gets(answer(told, X_Mended_By=str(mended)))
        assert (await desk.arrivals(2))[1]["outcome"] == "parked"
        mended.touch()
        assert [one.outcome for one in await replay(desk)] == ["merged"]
        second = (await desk.arrivals(2))[1]
    assert (second["outcome"], second["case"], second["reason"]) == ("message", first["case"], "rule:signed_thread")
    assert {row["case"] for row in await on_sqlite.rows("case_numbers")} == {first["case"]}
    assert [(row["decision"], row["correspondent"] is None) for row in await on_sqlite.rows("messages")] == [("new_case", False), ("addition", False)]
    assert len(desk.office.delivered) == 1


async def test_a_stranger_who_names_a_case_and_could_not_be_read_learns_no_way_into_it(on_sqlite: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        await desk.arrivals(1)
        await desk.gets(answer(told, From="pencuri@lain.example", X_Mended_By=str(mended)))
        await desk.arrivals(2)
        mended.touch()
        assert [one.outcome for one in await replay(desk)] == ["merged"]
    numbers = await on_sqlite.rows("case_numbers")
    assert len({row["case"] for row in numbers}) == len({row["case"] for row in await on_sqlite.rows("links")}) == 2
    assert [row["decision"] for row in await on_sqlite.rows("messages")] == ["new_case", "unverified"]
    assert len(desk.office.delivered) == 1


async def test_a_machine_that_could_not_be_read_is_archived_and_not_answered(on_sqlite: Deployment, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail(X_Mended_By=str(mended), Auto_Submitted="auto-replied"))
        await desk.arrivals(1)
        mended.touch()
        assert [(one.outcome, one.reason) for one in await replay(desk)] == [("archived", "rule:auto_submitted")]
        [arrival] = await desk.arrivals(1)
    assert arrival["outcome"] == "ignored"
    assert [row["status"] for row in await on_sqlite.rows("cases")] == ["archived"]
    assert desk.office.delivered == []
