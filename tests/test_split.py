"""Two complaints in one message: a person makes two reports of it, and nothing is lost, each has one owner, and whoever wrote it is told once."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.gsm7 import fits_one_segment
from gateway import directory, splitting
from gateway import rows as make
from gateway.case import Event, rebuild
from gateway.commands.split import split as split_command
from gateway.commands.trace import trace as trace_command
from gateway.speaking import NoSuchCase, known
from gateway.splitting import Ended, NothingToSplit, NotItsWords, Split
from gateway.store import standing
from gateway.tracking import link_digest
from normalizer import Complaint
from tests.postbox import PROVIDERS
from tests.test_dialogue import SARI, Talk, talking
from tests.test_learning import types
from tests.test_routing import with_directory
from tests.test_tracking_page import BOTH, reported
from tests.web_citizen import at_the_form
from tests.world import Deployment

NOON = datetime(2026, 11, 16, 4, tzinfo=UTC)
ROAD, WASTE = "jalan berlubang di desa girimukti kec penajam sejak kemarin", "sampah menumpuk di pasar waru tidak diangkut"
BOTH_THINGS = f"{ROAD}. Selain itu {WASTE}"


async def divide(talk: Talk, number: str, words: str = "") -> Split:
    urls = ["http://127.0.0.1:1"]
    async with talk.gateway.store.transaction() as tx:
        return await splitting.split(tx, talk.gateway.office, known(number), words, "Rina", urls, talk.clock.now())


async def number_of(talk: Talk) -> str:
    return str((await talk.deployment.rows("cases"))[0]["number"])


async def by_number(deployment: Deployment, number: str) -> tuple[dict[str, Any], list[Event], list[Complaint]]:
    """The case, its history and its complaints, in order."""
    [row] = [row for row in await deployment.rows("cases") if row["number"] == number]
    events = sorted((Event(**event) for event in await deployment.rows("events") if event["case"] == row["id"]), key=lambda event: event.version)
    versions = [make.understood(one["complaint"]) for one in await deployment.rows("complaint_versions") if one["case"] == row["id"]]
    return row, events, versions


async def test_a_report_of_two_things_becomes_two_each_with_its_number_owner_and_history(deployment: Deployment) -> None:
    more = with_directory(deployment, directory.example(), ", apply_above = 0.3")
    async with talking(deployment, ask=False, more=more) as talk:
        await talk.says(BOTH_THINGS)
        before = await talk.case()
        assert (before["owner"], (await talk.events())[0][1]) == ("diskominfo", "rule:several_subjects")
        done = await divide(talk, before["number"])
        first, history, versions = await by_number(deployment, done.first)
        second, its_history, its_versions = await by_number(deployment, done.second)
        assert (done.first, done.first_owner, done.second_owner, done.channel) == (before["number"], "dpupr", "dlh", "post")
        assert (first["owner"], first["category"], second["owner"], second["category"]) == ("dpupr", "road", "dlh", "waste")
        assert [(event.kind, event.actor, event.reason) for event in history[1:]] == [
            ("split", "Rina", f"into {done.second}"),
            ("routed", "gateway", "rule:directory"),
        ]
        assert [(event.kind, event.actor) for event in its_history] == [("opened", "gateway"), ("split_off", "Rina")]
        assert its_history[1].reason == f"from {done.first}"
        for row, events in ((first, history), (second, its_history)):
            rebuilt = asdict(rebuild(events))
            assert {name: row[name] for name in rebuilt} == rebuilt
        # Nothing is lost: each has its words, the old version all of them, and the message lies on both.
        assert [version.text for version in versions] == [BOTH_THINGS, ROAD]
        assert (its_versions[0].text, its_versions[0].subjects, versions[1].subjects, versions[1].remarks) == (WASTE, (), (), ())
        incoming = [row["id"] for row in await deployment.rows("messages") if row["direction"] == "in"]
        linked = {(row["message"], row["case"]) for row in await deployment.rows("message_cases")}
        assert {(incoming[0], first["id"]), (incoming[0], second["id"])} <= linked
        # Where and when it happened they share, as far as the second says nothing else.
        assert its_versions[0].incident
        assert (its_versions[0].incident.date, its_versions[0].incident.span) == ("2026-11-15", None)
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_whoever_wrote_it_is_told_once_and_may_ask_for_the_second_by_its_number(deployment: Deployment) -> None:
    async with talking(deployment, ask=False) as talk:
        await talk.says(BOTH_THINGS)
        done = await divide(talk, await number_of(talk))
        provider = PROVIDERS["post"]
        talk.gateway.outboxes["post"].loop.ring()
        async with asyncio.timeout(60):
            await provider.until(lambda: len(provider.sent) > 1)
        told = provider.sent[-1]
        assert (told.to.value, done.first in told.short, done.second in told.short, fits_one_segment(told.short)) == (SARI, True, True, True)
        assert done.second in await talk.says(f"STATUS {done.second}")
        about = [row for row in await deployment.rows("notices") if done.second in row["full"] and row["kind"] == "acknowledgement"]
        assert len(about) == 1
        async with talk.gateway.store.transaction() as tx:
            second, _, _ = await by_number(deployment, done.second)
            link = await standing.link_of(tx, talk.gateway.office.key, second["id"])
        assert link
        assert link in about[0]["full"]
        assert link_digest(link) in {row["digest"] for row in await deployment.rows("links") if row["case"] == second["id"]}


async def test_who_stopped_us_reads_it_on_the_page_alone(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, ask=False) as talk:
        await talk.says(BOTH_THINGS)
        await talk.says("BERHENTI")
        done = await divide(talk, await number_of(talk))
    rows = [row for row in await on_sqlite.rows("notices") if done.second in row["full"]]
    assert [(row["state"], row["kind"]) for row in rows] == [("withheld", "acknowledgement")]
    assert [row["text"] for row in await on_sqlite.rows("messages") if row["direction"] == "out"] == [rows[0]["full"]]


async def test_what_was_hidden_stays_hidden_in_both(deployment: Deployment) -> None:
    async with talking(deployment, ask=False) as talk:
        await talk.says(BOTH_THINGS)
        await talk.says("ANONIM")
        await talk.says("RAHASIA")
        done = await divide(talk, await number_of(talk))
    second, _, _ = await by_number(deployment, done.second)
    assert (second["anonymous"], second["confidential"]) == (True, True)


async def test_a_second_split_of_the_same_report_has_another_number(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, ask=False) as talk:
        await talk.says(f"{BOTH_THINGS}. Lampu jalan mati di waru")
        number = await number_of(talk)
        one, other = await divide(talk, number), await divide(talk, number)
        with pytest.raises(NothingToSplit):
            await divide(talk, number)
    assert len({number, one.second, other.second}) == 3
    cases = await on_sqlite.rows("cases")
    assert sorted(row["category"] for row in cases) == ["road", "street_light", "waste"]
    assert {row["owner"] for row in cases} == {"diskominfo"}


async def test_what_cannot_be_split_is_left_as_it_is(deployment: Deployment) -> None:
    async with talking(deployment, ask=False) as talk:
        await talk.says("lampu jalan mati di depan pasar")
        number = await number_of(talk)
        for words, why in (("", NothingToSplit), ("jembatan ambruk", NotItsWords), ("lampu jalan mati di depan pasar", NotItsWords), (" ", NotItsWords)):
            with pytest.raises(why):
                await divide(talk, number, words)
        with pytest.raises(NoSuchCase):
            await divide(talk, "0000-0000-0000", "lampu")
        await talk.says("BATAL")
        with pytest.raises(Ended):
            await divide(talk, number, "di depan pasar")
        assert len(await deployment.rows("cases")) == 1
        assert [kind for kind, _ in await talk.events()] == ["opened", "withdrawn"]


async def test_a_contact_that_was_typed_gets_no_private_link(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, BOTH) as (gateway, siti):
        receipt = await reported(on_sqlite, siti, kontak=SARI)
        async with gateway.store.transaction() as tx:
            done = await splitting.split(tx, gateway.office, receipt.number, "depan rumah saya", "Rina", ["http://127.0.0.1:1"], NOON)
            second = await standing.by_number(tx, [done.second])
            link = await standing.link_of(tx, gateway.office.key, second[done.second].id)
    [told] = [row for row in await on_sqlite.rows("notices") if done.second in row["full"]]
    assert link
    assert (link in told["full"], told["to_value"]) == (False, SARI)
    assert second[done.second].correspondent is None


async def test_the_command_shows_it_first_and_says_what_was_done(on_sqlite: Deployment) -> None:
    async with talking(on_sqlite, ask=False) as talk:
        await talk.says(BOTH_THINGS)
        number = await number_of(talk)
        assert f"seems to be about 2 things. To see them: ./run split {number} --look" in (await types(on_sqlite, trace_command, number))[1]
        code, out, _ = await types(on_sqlite, split_command, number, "--look")
        assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["road", "waste"])
        assert WASTE in out
        assert len(await on_sqlite.rows("cases")) == 1
        code, out, _ = await types(on_sqlite, split_command, number.lower(), "--by", "Rina", "--words", WASTE)
        second = next(row["number"] for row in await on_sqlite.rows("cases") if row["number"] != number)
        assert code == 0
        assert out == f"{number} stays with diskominfo; {second} begins with diskominfo.\nWhoever reported is told by post.\n"
        assert (await types(on_sqlite, split_command, number))[0] == 2
        assert (await types(on_sqlite, split_command, "0000-0000-0000"))[0] == 1
        code, traced, _ = await types(on_sqlite, trace_command, second)
        assert code == 0
        assert f"case split_off by Rina, because: from {number}" in traced
