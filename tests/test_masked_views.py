"""What gives a citizen away stands on no page that others see, on no terminal and in no log, however their report is followed."""

from __future__ import annotations

import asyncio
import os

import aiohttp

from gateway.node import Gateway
from normalizer import Report, Setting, normalize
from normalizer.personal import masked
from tests import conftest
from tests.nursery import ROOT, run
from tests.postbox import letter
from tests.test_dialogue import MONDAY
from tests.test_health import HEALTH
from tests.web_citizen import CHANNEL, at_the_form, citizen
from tests.world import GIVEAWAYS, KEY, Deployment, handed_over, receive_all

NIK, PHONE, NAME = GIVEAWAYS
POST = '\n[channels.post]\nkind = "postbox"\n'
TEXT = f"KTP atas nama {NAME} NIK {NIK} belum jadi, hubungi {PHONE}, kantor capil Penajam sejak kemarin"
AGAIN = f"KTP belum jadi di kantor capil Penajam sejak kemarin, atas nama {NAME} NIK {NIK}, telepon {PHONE}"


def gives_away(text: str) -> list[str]:
    spaceless = text.replace(" ", "").lower()
    return [one for one in (NIK, PHONE, *NAME.split()) if one.replace(" ", "").lower() in spaceless]


def test_the_text_of_these_tests_gives_away_what_they_look_for() -> None:
    complaint = normalize(Report(None, TEXT, MONDAY), Setting(region="64.09"))
    assert {span.kind for span in complaint.personal} == {"nik", "phone", "name"}
    assert gives_away(complaint.title)
    assert gives_away(masked(TEXT, complaint.personal)) == []


def test_a_log_that_names_them_fails_its_test() -> None:
    for one in (NIK, PHONE, PHONE.replace(" ", ""), NAME):
        assert conftest.NAMED.search(f"2026-11-24 [info] a report {one}")


async def test_no_page_no_answer_and_no_page_of_health_shows_who_is_written_about(on_sqlite: Deployment) -> None:
    async with at_the_form(on_sqlite, CHANNEL + POST, more=HEALTH) as (gateway, siti):
        receipt = await siti.report(TEXT, kontak="081234567890")
        await receive_all(gateway, [letter(AGAIN, "SM1", at=MONDAY), letter("raise", "SM2", at=MONDAY)])
        numbers = [row["number"] for row in await on_sqlite.until("cases", lambda rows: len(rows) == 3)]
        async with citizen(gateway) as stranger:
            pages = [await stranger.get("/lacak", params={"nomor": number}) for number in numbers]
        assert sorted(page.status for page in pages) == [200, 200, 404]
        assert [gives_away(page.html + str(page.headers)) for page in pages] == [[]] * 3
        # It is there for whoever sent it, or nothing would have been tried.
        assert gives_away((await siti.get(f"/l/{receipt.link}")).html)
        await receive_all(gateway, [letter(f"STATUS {numbers[0]}", "SM3", at=MONDAY, sender="+6281299999999")])
        await handed_over(gateway)
        # A contact that was typed and may be a stranger's; the receipt of an SMS; a stranger who asks.
        told = await on_sqlite.rows("notices")
        assert len(told) == 4
        assert [gives_away(row["short"] + row["full"] + row["subject"]) for row in told] == [[]] * 4
        seen = await asyncio.gather(*(_seen(gateway, path) for path in ("/health/channels", "/health/ready", "/metrics")))
    assert [(status, gives_away(text)) for status, text in seen] == [(200, [])] * 3


async def _seen(gateway: Gateway, path: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{gateway.operators_port}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def test_no_command_that_only_looks_shows_who_is_written_about(on_sqlite: Deployment) -> None:
    async with on_sqlite.node(channels=CHANNEL + POST, ask=True) as gateway:
        await receive_all(gateway, [letter(text, f"SM{i}", at=MONDAY) for i, text in enumerate((TEXT, AGAIN, "raise"))])
        cases = await on_sqlite.until("cases", lambda rows: len(rows) == 3)
        # The two are alike, and the words that say so are shown to operators.
        await on_sqlite.until("suggestions", lambda rows: len(rows) == 1)
    (on_sqlite.folder / "look.toml").write_text((on_sqlite.folder / "a.toml").read_text().replace(POST, ""))
    config = ["--config", str(on_sqlite.folder / "look.toml")]
    commands = [["trace", row["number"]] for row in cases] + [["trace", cases[0]["number"], "--json"], ["parked", "list"], ["reconcile"]]
    shown = [run([*command, *config], {**os.environ, "KEY": KEY}, ROOT) for command in commands]
    assert all(one.stdout for one in shown)
    assert "perhaps the same" in "".join(one.stdout for one in shown)
    assert [gives_away(one.stdout + one.stderr) for one in shown] == [[]] * len(shown)
