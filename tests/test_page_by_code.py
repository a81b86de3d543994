"""A citizen without the browser that reported proves the contact that was given; whoever has no contact of the report gets nothing, and learns nothing."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import async_playwright, expect

from channels import Notice
from channels.gsm7 import fits_one_segment
from gateway import codes as desk
from gateway import notices, passcode, tracking
from gateway.demo import page_words, phone_words
from gateway.demo.bot_resources import Person
from gateway.demo.command import Demo, playing
from gateway.node import Gateway
from gateway.store import tables
from gateway.words import load
from tests.mails import mail
from tests.manual_clock import ManualClock
from tests.postbox import PROVIDERS, away, letter
from tests.test_browser import ARGS, HEIGHT, WORDS, Tab
from tests.test_readme import run
from tests.test_store_away import start, stop
from tests.web_citizen import CHANNEL, Citizen, Page, citizen
from tests.world import Deployment, overheard, postgres, receive_all

BOTH = CHANNEL + '[channels.post]\nkind = "postbox"\n'
PHONE = "+6281234567890"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NEVER = tracking.number(b"another" * 5, "web", "x")
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
WORDS_OF_SITI = "Jalan poros Girimukti berlubang besar"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here."""
    monkeypatch.setattr(desk, "EVERY_SECONDS", 0.02)


@asynccontextmanager
async def town(deployment: Deployment, **options: Any) -> AsyncIterator[tuple[Gateway, Citizen]]:  # noqa: ANN401  # as config()
    """A gateway with a form and a phone's channel, and somebody with a browser that never reported."""
    async with deployment.node(channels=BOTH, **options) as gateway, citizen(gateway) as somebody:
        yield gateway, somebody


async def texted(gateway: Gateway, deployment: Deployment, text: str = WORDS_OF_SITI, wire_id: str = "SM1", sender: str = PHONE) -> str:
    """The number of a report that was sent by phone, once it was answered."""
    at = gateway.clock.now()
    [receipt] = await receive_all(gateway, [letter(text, wire_id, at=at, sender=sender)])
    await deployment.until("notices", lambda rows: any(row["to_value"] == sender and row["state"] == "sent" for row in rows))
    return receipt.number


async def asks(somebody: Citizen, number: str, **headers: str) -> Page:
    """What the browser shows in the end."""
    async with somebody.session.post(f"{somebody.base}/lacak/kode", data={"nomor": number}, headers=headers) as answer:
        return Page(answer.status, await answer.text(), dict(answer.headers))


async def enters(somebody: Citizen, code: str, number: str = "", **headers: str) -> Page:
    """The answer itself, wherever it leads."""
    body = {"nomor": number, "kode": code}
    async with somebody.session.post(f"{somebody.base}/lacak/kode/buka", data=body, headers=headers, allow_redirects=False) as answer:
        return Page(answer.status, await answer.text(), dict(answer.headers))


async def settled(deployment: Deployment, gateway: Gateway) -> list[dict[str, Any]]:
    """All that was asked for, in that order, once it is known what became of it."""
    async with asyncio.timeout(60):
        rows = await deployment.rows("codes")
        while any(row["state"] == "asked" for row in rows):
            await a_moment(gateway)
            rows = await deployment.rows("codes")
    return sorted(rows, key=lambda row: row["asked_at"])


async def a_moment(gateway: Gateway) -> None:
    """Goes by, also on a clock that a test moves."""
    if isinstance(gateway.clock, ManualClock):
        gateway.clock.advance(seconds=desk.EVERY_SECONDS)
    await asyncio.sleep(0.01)


def codes_in(sent: Sequence[Notice]) -> list[str]:
    """The digits in what came to the phone."""
    return [found[0] for notice in sent if (found := CODE.search(notice.short))]


async def code_of(gateway: Gateway, somebody: Citizen, number: str, count: int = 1) -> str:
    """The digits on the phone, which is the `count`-th that has got some."""
    phone = PROVIDERS["post"]
    await asks(somebody, number)
    async with asyncio.timeout(60):
        while len(codes_in(phone.sent)) < count:
            await a_moment(gateway)
    return codes_in(phone.sent)[-1]


def other(code: str) -> str:
    """Wrong digits."""
    return f"{(int(code) + 1) % 10**6:06d}"


# The way


async def test_siti_who_reported_by_phone_reads_her_page_on_another_screen(deployment: Deployment) -> None:
    async with town(deployment) as (gateway, siti):
        number = await texted(gateway, deployment)
        seen = await siti.get("/lacak", params={"nomor": number})
        assert "Laporan Anda sendiri?" in seen.text
        assert WORDS_OF_SITI not in seen.text
        code = await code_of(gateway, siti, number.lower().replace("-", " "))
        opened = await enters(siti, f" {code[:3]} {code[3:]} ", number)
        assert opened.status == 303
        assert re.fullmatch(r"/l/[\w-]{22}\?bahasa=id", opened.headers["Location"])
        own = await siti.get(opened.headers["Location"])
        assert WORDS_OF_SITI in own.text
        assert "Jawab atau tambahkan" in own.text
        # From now on as the browser that reported.
        led = await siti.get("/lacak", params={"nomor": number}, allow_redirects=False)
        assert (led.status, led.headers["Location"]) == (303, opened.headers["Location"])
    [row] = await deployment.rows("codes")
    assert (row["state"], row["tries"]) == ("used", 1)


async def test_siti_who_typed_her_number_into_the_form_opens_her_confidential_report(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        receipt = await siti.report("Lampu jalan mati", kontak="0812-3456-7890", tutup="rahasia")
        await on_sqlite.until("cases", bool)
        siti.session.cookie_jar.clear()
        assert (await siti.get("/lacak", params={"nomor": receipt.number})).status == 404
        opened = await enters(siti, await code_of(gateway, siti, receipt.number))
        assert opened.headers["Location"] == f"/l/{receipt.link}?bahasa=id"
        assert "Lampu jalan mati" in (await siti.get(opened.headers["Location"])).text


async def test_what_nobody_could_read_opens_by_a_code_and_what_was_opened_by_other_words_gets_a_link_of_its_own(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        number = await texted(gateway, on_sqlite, "raise")
        for count in (1, 2):
            opened = await enters(siti, await code_of(gateway, siti, number, count))
            assert opened.status == 303
            assert number in (await siti.get(opened.headers["Location"])).text
            async with gateway.store.transaction() as tx:
                await tx.run(sa.delete(tables.links))


async def test_the_code_comes_the_way_the_report_was_answered_by_sms_mail_or_telegram(tmp_path: Path) -> None:
    async with playing(tmp_path, 0) as play:
        around, budi = play.around, Person(81234999, "Budi")
        home = play.gateway.config.public_urls[0]
        await around.twilio.text([f"{home}/in/sms/message"], from_=PHONE, to="1708", body="PPU jalan berlubang di Girimukti")
        await around.post_office.post(
            around.smtp_port, mail("Lampu jalan mati di Sotek", From="siti@warga.example"), sender="siti@warga.example", to="lapor@ppu.example"
        )
        await around.bot_api.write(budi, "Air keruh di Babulu Darat")
        await around.twilio.until_sent(1)
        await around.post_office.until(1)
        await around.bot_api.until_sent(budi, 1)
        async with play.gateway.store.snapshot() as tx:
            cases = {row.channel: row.number for row in await tx.all(sa.select(tables.cases.c.channel, tables.cases.c.number))}
        for channel, words in (("sms", "jalan berlubang"), ("mail", "Lampu jalan mati"), ("telegram", "Air keruh")):
            async with citizen(play.gateway) as somebody:
                await asks(somebody, cases[channel])
                if channel == "sms":
                    said = (await around.twilio.until_sent(2)).body
                elif channel == "mail":
                    said = (await around.post_office.until(2))[-1].text
                else:
                    said = (await around.bot_api.until_sent(budi, 2))["text"]
                code = CODE.search(said)
                assert code
                opened = await enters(somebody, code[0])
                own = await somebody.get(opened.headers["Location"])
                assert words in own.text
        assert (len(around.twilio.sent), len(around.post_office.delivered), len(around.bot_api.sent(budi))) == (2, 2, 2)
        # An operator whom somebody calls because no code came.
        told = await asyncio.to_thread(run, "trace", cases["sms"], "--config", str(play.config_path), folder=tmp_path)
        assert "a code was asked for: used, typed 1 times" in told.stdout


async def test_who_asks_again_can_use_whichever_code_comes_first_also_when_no_more_is_sent(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        number = await texted(gateway, on_sqlite)
        codes = [await code_of(gateway, siti, number, count) for count in (1, 2, 3)]
        await asks(siti, number)
        assert [row["reason"] for row in await settled(on_sqlite, gateway)] == ["", "", "", "too_many"]
        assert (await enters(siti, codes[1])).status == 303
    assert sorted(row["state"] for row in await on_sqlite.rows("codes")) == ["not_sent", "sent", "sent", "used"]


# What is sent


LONGEST = "WWWW-WWWW-WWWW"


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_code_is_one_sms_that_says_to_tell_nobody(language: str) -> None:
    words = load(("id", "en"))[language]
    texts = notices.code(words, LONGEST, passcode.MARK, datetime(2026, 12, 31, 23, 59, tzinfo=UTC).astimezone())
    for form in (texts.short, texts.full):
        assert passcode.MARK in form
        assert LONGEST in form
        assert "{" not in form
        assert {"id": "kepada siapa pun", "en": "to anybody"}[language] in form
    # WITA, and a zone that has no name of letters.
    assert fits_one_segment(texts.short.replace("UTC", "+0530"))


async def test_it_is_in_the_language_of_the_report_not_of_whoever_asks(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, somebody):
        number = await texted(gateway, on_sqlite, "The street light in front of the school has been broken for three weeks")
        async with somebody.session.post(f"{somebody.base}/lacak/kode?bahasa=id", data={"nomor": number}) as answer:
            assert "Masukkan kode" in await answer.text()
        await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == 2)
    assert "Never give this code" in PROVIDERS["post"].sent[-1].short


async def test_a_code_stands_nowhere_but_on_the_phone(on_sqlite: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    async with town(on_sqlite) as (gateway, siti):
        code = await code_of(gateway, siti, await texted(gateway, on_sqlite))
        await enters(siti, other(code))
        await settled(on_sqlite, gateway)
    whole = re.compile(rf"(?<!\d){code}(?!\d)")
    for table in tables.metadata.sorted_tables:
        for row in await on_sqlite.rows(table.name):
            texts = [str(value) for value in row.values() if not isinstance(value, datetime)]
            assert not [text for text in texts if whole.search(text)], table.name
    said = capsys.readouterr()
    assert not whole.search(said.out + said.err)


async def test_a_code_that_could_not_be_sent_in_time_is_not_sent(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOW)
    async with town(on_sqlite, clock=clock) as (gateway, siti):
        number = await texted(gateway, on_sqlite)
        phone = PROVIDERS["post"]
        phone.faults = [away()]
        await asks(siti, number)
        await settled(on_sqlite, gateway)
        await on_sqlite.until("notices", lambda rows: len(rows) == 2 and rows[-1]["attempts"] == 1)
        clock.advance(minutes=31)
        rows = await on_sqlite.until("notices", lambda rows: rows[-1]["state"] == "failed")
        assert rows[-1]["reason"] == "The code was not sent in time, and opens nothing any more."
    assert (phone.attempts, len(phone.sent)) == (2, 1)


async def test_a_code_does_not_wait_behind_another_message_that_is_tried_again(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        PROVIDERS["post"].faults = [away()]
        [receipt] = await receive_all(gateway, [letter(WORDS_OF_SITI, "SM1", at=datetime.now(UTC))])
        await on_sqlite.until("notices", lambda rows: rows[0]["attempts"] == 1)
        assert (await enters(siti, await code_of(gateway, siti, receipt.number))).status == 303


# Whoever guesses


async def test_after_five_wrong_codes_the_right_one_opens_nothing_also_after_a_restart_and_on_another_node(on_postgres: Deployment) -> None:
    async with town(on_postgres) as (gateway, thief):
        number = await texted(gateway, on_postgres)
        code = await code_of(gateway, thief, number)
        for _ in range(3):
            assert (await enters(thief, other(code))).status == 422
        token = next(cookie.value for cookie in thief.session.cookie_jar if cookie.key == "kode")
        async with on_postgres.node("b", channels=BOTH) as second:
            there = Citizen(thief.session, f"http://127.0.0.1:{second.port}")
            for _ in range(2):
                assert (await enters(there, other(code))).status == 422
            assert (await enters(there, code)).status == 422
    async with town(on_postgres) as (_, thief):
        assert (await enters(thief, code, Cookie=f"kode={token}")).status == 422
    [row] = await on_postgres.rows("codes")
    assert (row["state"], row["tries"]) == ("sent", 5)


async def test_guesses_at_the_same_moment_are_five_at_the_most(deployment: Deployment) -> None:
    async with town(deployment) as (gateway, thief):
        code = await code_of(gateway, thief, await texted(gateway, deployment))
        answers = await asyncio.gather(*(enters(thief, f"{guess:06d}") for guess in range(12) if f"{guess:06d}" != code))
        assert {answer.status for answer in answers} == {422}
        assert (await enters(thief, code)).status == 422
    assert (await deployment.rows("codes"))[0]["tries"] == 5


async def test_a_code_opens_once_and_only_within_half_an_hour(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOW)
    async with town(on_sqlite, clock=clock) as (gateway, siti):
        number = await texted(gateway, on_sqlite)
        code = await code_of(gateway, siti, number)
        token = next(cookie.value for cookie in siti.session.cookie_jar if cookie.key == "kode")
        assert (await enters(siti, code)).status == 303
        # The same browser, and whoever saw all that it sent.
        assert (await enters(siti, code)).status == 422
        assert (await enters(siti, code, Cookie=f"kode={token}")).status == 422
        late, in_time = await code_of(gateway, siti, number, 2), passcode.LIVES - timedelta(minutes=1)
        token = next(cookie.value for cookie in siti.session.cookie_jar if cookie.key == "kode")
        clock.advance(seconds=in_time.total_seconds())
        assert (await enters(siti, other(late), Cookie=f"kode={token}")).status == 422
        clock.advance(minutes=1)
        assert (await enters(siti, late, Cookie=f"kode={token}")).status == 422
    assert sorted((row["state"], row["tries"]) for row in await on_sqlite.rows("codes")) == [("sent", 1), ("used", 1)]


async def test_a_code_is_good_in_the_browser_that_asked_and_for_its_own_report(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti), citizen(gateway) as thief:
        number = await texted(gateway, on_sqlite)
        thiefs = await texted(gateway, on_sqlite, "Lampu jalan mati", "SM2", "+6281299999999")
        code = await code_of(gateway, siti, number)
        own = await code_of(gateway, thief, thiefs, 2)
        # Who saw it over her shoulder; who has a code of his own and names her number with it.
        assert (await enters(thief, code, number)).status == 422
        opened = await enters(thief, own, number)
        page = await thief.get(opened.headers["Location"])
        assert "Lampu jalan mati" in page.text
        assert WORDS_OF_SITI not in page.text
        assert (await enters(siti, code)).status == 303


async def test_a_mistyped_code_costs_no_try_and_a_wrong_one_is_a_guess_like_any_other(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        code = await code_of(gateway, siti, await texted(gateway, on_sqlite))
        for mistyped in ("", "12345", "1234567", "enam angka", "9" * 5000, f"{code} {code}"):
            page = await enters(siti, mistyped)
            assert page.status == 422
            assert "Ketik enam angka" in page.text
        assert (await on_sqlite.rows("codes"))[0]["tries"] == 0
        for _ in range(20):
            assert (await enters(siti, other(code))).status == 422
        kept_out = await enters(siti, code)
        assert (kept_out.status, kept_out.headers["Retry-After"]) == (429, "600")
        assert (await siti.get("/lacak", params={"nomor": NEVER})).status == 429


# Whoever floods


async def test_however_many_ask_from_however_many_places_a_phone_gets_few_codes(deployment: Deployment) -> None:
    clock, number = ManualClock(NOW), ""
    # Another node, or the same one that was started again; how long after the one before; how many codes have come to the phone by then.
    for node, hours, most in (("a", 0, 3), ("b", 0.5, 3), ("a", 1, 6), ("b", 2, 6), ("b", 24, 9), ("a", 2, 12), ("b", 72, 12), ("a", 120, 15)):
        async with town(deployment, name=node, clock=clock) as (gateway, thief):
            number = number or await texted(gateway, deployment)
            clock.advance(hours=hours)
            for i in range(5):
                assert (await asks(thief, number, **{"X-Forwarded-For": f"203.0.113.{i}"})).status == 200
            await settled(deployment, gateway)
            rows = await deployment.until("notices", lambda rows: all(row["state"] == "sent" for row in rows))
        assert (node, hours, sum(row["kind"] == "code" for row in rows)) == (node, hours, most)
    assert len(codes_in(PROVIDERS["post"].sent)) == most


async def test_who_asks_again_and_again_is_kept_out_whatever_the_number_is(on_sqlite: Deployment) -> None:
    clock = ManualClock(NOW)
    async with town(on_sqlite, clock=clock) as (gateway, thief):
        number = await texted(gateway, on_sqlite)
        thiefs: dict[str, str] = {"X-Forwarded-For": "2001:db8::1"}
        for _ in range(5):
            assert (await asks(thief, NEVER, **thiefs)).status == 200
        for asked in (number, NEVER, "XXXX"):
            page = await asks(thief, asked, **{"X-Forwarded-For": "2001:db8::ffff"})
            assert (page.status, page.headers["Retry-After"]) == (429, "600")
        assert (await asks(thief, number)).status == 200
        clock.advance(minutes=10)
        assert (await asks(thief, number, **thiefs)).status == 200
    assert len(await on_sqlite.rows("codes")) == 7


async def test_what_a_stranger_asks_for_counts_among_the_messages_that_an_address_gets(on_sqlite: Deployment) -> None:
    async with town(on_sqlite, per_recipient=2) as (gateway, thief):
        number = await texted(gateway, on_sqlite)
        pages = [without(await asks(thief, number), number) for _ in range(3)]
        rows = await settled(on_sqlite, gateway)
    assert [(row["state"], row["reason"]) for row in rows] == [("sent", ""), ("not_sent", "withheld"), ("not_sent", "withheld")]
    assert len(set(pages)) == 1


# Whoever wants to know which numbers there are


def without(page: Page, number: str) -> str:
    """The page but for what was typed."""
    return page.html.replace(number, "")


async def everything(deployment: Deployment, gateway: Gateway, siti: Citizen) -> dict[str, str]:
    """Numbers of every sort."""
    numbers = {"by phone": await texted(gateway, deployment), "never": NEVER, "wrong": "XXXX-XXXX-XXXX"}
    written: dict[str, dict[str, Any]] = {"no contact": {}, "hidden": {"tutup": "rahasia"}, "typed": {"kontak": "081234567899", "tutup": "rahasia"}}
    for name, more in written.items():
        numbers[name] = (await siti.report("Lampu jalan mati", **more)).number
    await deployment.until("cases", lambda rows: len(rows) == 4)
    siti.session.cookie_jar.clear()
    return numbers


async def test_every_number_gets_the_same_answers_whatever_it_is(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        numbers = await everything(on_sqlite, gateway, siti)
        seen: dict[str, list[object]] = {}
        for i, (name, number) in enumerate(numbers.items()):
            async with citizen(gateway) as thief:
                caller = {"X-Forwarded-For": f"203.0.113.{i}"}
                async with thief.session.post(f"{thief.base}/lacak/kode", data={"nomor": number}, headers=caller, allow_redirects=False) as asked:
                    answer = Page(asked.status, await asked.text(), dict(asked.headers))
                shown = await asks(thief, number, **caller)
                wrong = await enters(thief, "000000", number, **caller)
                seen[name] = [(page.status, without(page, number), alike(page, number)) for page in (answer, shown, wrong)]
        rows = await settled(on_sqlite, gateway)
    assert [seen[name] for name in seen] == [seen["never"]] * len(numbers)
    # It was not for want of a difference.
    assert [row["reason"] for row in rows[::2]] == ["", "no_case", "no_case", "no_contact", "no_contact", ""]


def alike(page: Page, number: str) -> dict[str, str]:
    """The head, but for what was typed, the time, and what is drawn by lot; those are as long for each."""
    head = {name: value.replace(number, "") for name, value in page.headers.items() if name != "Date"}
    if "Set-Cookie" in head:
        head["Set-Cookie"] = re.sub(r"(kode=)([\w-]+)|(expires=)[^;]+", lambda found: f"{found[1]}{len(found[2])}" if found[1] else "", head["Set-Cookie"])
    length = int(head.pop("Content-Length", 0))
    return head | {"length": "" if "Content-Encoding" in head else str(length)}


async def test_each_question_costs_the_store_the_same_whatever_the_number_is(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        numbers = await everything(on_sqlite, gateway, siti)
        told: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            task = asyncio.current_task()
            # Not what is looked at a moment later: whoever asked has been answered by then.
            if " codes " in statement and task and task.get_name() != "codes":
                told.append(statement)

        asked: dict[str, list[str]] = {}
        with overheard(gateway.store, note):
            for i, (name, number) in enumerate(numbers.items()):
                async with citizen(gateway) as thief:
                    await asks(thief, number, **{"X-Forwarded-For": f"203.0.113.{i}"})
                    await settled(on_sqlite, gateway)
                    told.clear()
                    await enters(thief, "000000", number)
                    asked[name] = list(told)
                    told.clear()
                    await asks(thief, number, **{"X-Forwarded-For": f"203.0.113.{i}"})
                    asked[name] += told
    assert asked["never"]
    assert [asked[name] for name in asked] == [asked["never"]] * len(numbers)


async def test_whoever_asks_is_answered_before_anybody_looks_what_the_number_is(on_sqlite: Deployment) -> None:
    async with town(on_sqlite, clock=ManualClock(NOW)) as (gateway, thief):
        number = await texted(gateway, on_sqlite)
        for one in (number, NEVER):
            assert (await asks(thief, one)).status == 200
            assert (await enters(thief, "000000")).status == 422
        # Time stands still: whatever there is to do is done later.
        assert [(row["state"], row["case"]) for row in await on_sqlite.rows("codes")] == [("asked", None)] * 2
        assert [row["state"] for row in await settled(on_sqlite, gateway)] == ["sent", "not_sent"]


async def test_a_page_shows_nothing_of_the_contact(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, thief):
        number = await texted(gateway, on_sqlite)
        pages = [await thief.get("/lacak", params={"nomor": number}), await asks(thief, number)]
        pages.append(await enters(thief, other(await code_of(gateway, thief, number, 2)), number))
    for page in pages:
        for part in (PHONE[-2:], PHONE[-3:], PHONE[:5], "post"):
            assert part not in page.text


async def test_while_the_store_is_away_everybody_gets_the_same_answer(tmp_path: Path) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        async with town(deployment) as (gateway, siti):
            number = await texted(gateway, deployment)
            code = await code_of(gateway, siti, number)
            stop(server)
            asked = await asyncio.gather(*(asks(siti, one) for one in (number, NEVER)))
            entered = await asyncio.gather(*(enters(siti, one) for one in (code, other(code))))
            start(server)
    assert {(page.status, page.headers["Retry-After"]) for page in (*asked, *entered)} == {(503, "30")}
    assert without(asked[0], number) == without(asked[1], NEVER)
    assert entered[0].html == entered[1].html


# Other sites, and what is no form


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://jahat.example"}, {"Origin": "null"}]
)
async def test_another_site_can_make_a_browser_neither_ask_nor_enter(on_sqlite: Deployment, headers: dict[str, str]) -> None:
    async with town(on_sqlite) as (gateway, siti):
        number = await texted(gateway, on_sqlite)
        page = await asks(siti, number, **headers)
        assert page.status == 403
        # The person may press it.
        assert "Kirim kode" in page.text
        assert page.inputs("nomor") == [number, number]
        assert await on_sqlite.rows("codes") == []
        code = await code_of(gateway, siti, number)
        assert (await enters(siti, code, number, **headers)).status == 403
        assert (await enters(siti, code, number, **{"Sec-Fetch-Site": "same-origin", "Origin": siti.base})).status == 303


async def test_the_cookies_are_for_no_script_and_no_other_site(on_sqlite: Deployment) -> None:
    async with town(on_sqlite) as (gateway, siti):
        number = await texted(gateway, on_sqlite)
        async with siti.session.post(f"{siti.base}/lacak/kode", data={"nomor": number}, allow_redirects=False) as answer:
            [asker] = answer.headers.getall("Set-Cookie")
        assert re.fullmatch(r"kode=[\w-]{22}; HttpOnly; Max-Age=1800; Path=/lacak; SameSite=Strict", asker)
        opened = await enters(siti, await code_of(gateway, siti, number, 2))
        assert opened.headers["Cache-Control"] == "no-store"
        kept = {cookie.key: dict(cookie) for cookie in siti.session.cookie_jar}
    assert set(kept) == {"laporan"}
    assert (kept["laporan"]["httponly"], kept["laporan"]["samesite"]) == (True, "Lax")


@pytest.mark.parametrize("path", ["/lacak/kode", "/lacak/kode/buka"])
@pytest.mark.parametrize(
    "body", [b"", b"nomor", b"\xff\xfe=%ff&nomor=%00", b"&".join(b"a=1" for _ in range(5000)), b"nomor=" + b"9" * 500_000, b"--x\r\n\r\n", b"kode=%F0%9F%98%80"]
)
async def test_what_is_no_form_breaks_nothing(on_sqlite: Deployment, path: str, body: bytes) -> None:
    async with town(on_sqlite) as (_, somebody):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"):
            page = await somebody.post(io.BytesIO(body), path, headers={"Content-Type": kind}, allow_redirects=False)
            assert page.status in {303, 422}
        assert (await somebody.post(io.BytesIO(b"a" * 2_000_000), path)).status == 413


# With a real browser


@pytest.mark.peer("chromium", "apt-get install chromium")
@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("script", [True, False])
async def test_siti_texts_and_opens_her_report_in_the_library(tmp_path: Path, language: str, *, script: bool) -> None:
    async with library(tmp_path, language, script=script) as (siti, play):
        page, t = siti.page, siti.t
        phone = {**page_words.LANGUAGES[language], **phone_words.LANGUAGES[language]}
        home = play.gateway.config.public_urls[0]
        # Her phone.
        await page.goto(f"{play.url}hp?lang={language}")
        await siti.box("tulisan").fill("PPU lampu jalan mati di simpang Sotek sejak Senin")
        await page.get_by_role("button", name=phone["send"]).click()
        number = tracking.numbers_in((await play.around.twilio.until_sent(1)).body)[0]
        # The library's browser.
        await page.goto(f"{home}/lacak?bahasa={language}")
        await siti.box("nomor").fill(number.lower())
        await siti.press("track.look").click()
        await expect(page.locator(".tag")).to_have_text(number)
        await shown(siti, tmp_path, "1-public", script=script)
        await siti.press("track.own.send").click()
        await expect(page.locator("h1")).to_have_text(t("code.h1"))
        await expect(page.get_by_text(number)).to_be_visible()
        await shown(siti, tmp_path, "2-code", script=script)
        code = CODE.findall((await play.around.twilio.until_sent(2)).body)[0]
        await siti.box("kode").fill(other(code))
        await siti.press("code.open").click()
        await expect(page.locator("#kode-e")).to_be_visible()
        await expect(siti.box("kode")).to_have_attribute("aria-invalid", "true")
        await shown(siti, tmp_path, "3-wrong", script=script)
        # She reads it on her phone, and comes back.
        await page.goto(f"{play.url}hp?lang={language}")
        await expect(page.locator("#percakapan")).to_contain_text(code)
        await page.goto(f"{home}/lacak/kode?nomor={number}&bahasa={language}")
        await siti.box("kode").fill(code)
        await siti.box("kode").press("Enter")
        await expect(page.locator(".talk")).to_contain_text("lampu jalan mati di simpang Sotek")
        await expect(page.locator(".msg.sms.mine .from")).to_contain_text("SMS")
        await shown(siti, tmp_path, "4-own", script=script)
        await page.locator("textarea[name=balas]").fill("Sudah tiga malam gelap")
        await siti.press("box.send").click()
        await filed(play, 2)
        await siti.follow("added.back").click()
        await expect(page.locator(".msg.web.mine")).to_contain_text("Sudah tiga malam gelap")
        await shown(siti, tmp_path, "5-added", script=script)
        # A number that is none looks the same, and offers the same.
        await siti.context.clear_cookies()
        await page.goto(f"{home}/lacak?nomor={NEVER}&bahasa={language}")
        await siti.press("track.own.send").click()
        await expect(page.locator("h1")).to_have_text(t("code.h1"))


@asynccontextmanager
async def library(folder: Path, language: str, *, script: bool) -> AsyncIterator[tuple[Tab, Demo]]:
    """The demo, and a browser with a narrow screen. Afterwards nothing was said on its console."""
    async with playing(folder, 0) as play, async_playwright() as engine:
        async with await engine.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS) as browser:
            context = await browser.new_context(viewport={"width": 360, "height": HEIGHT}, java_script_enabled=script)
            context.set_default_timeout(60_000)
            # Two sites: the demo's pages, and the gateway's.
            siti = Tab(await context.new_page(), context, "http://127.0.0.1", WORDS[language])
            siti.page.on("pageerror", lambda error: siti.wrong.append(f"{error}"))
            yield siti, play
        assert siti.wrong == []


async def filed(play: Demo, count: int) -> None:
    """So many messages are on their reports."""
    async with asyncio.timeout(60):
        there = 0
        while there < count:
            await asyncio.sleep(0.02)
            async with play.gateway.store.snapshot() as tx:
                [(there,)] = await tx.all(sa.select(sa.func.count()).select_from(tables.message_cases))


async def shown(siti: Tab, folder: Path, name: str, *, script: bool) -> None:
    """As every page of ours; and a picture for whoever wants to look."""
    await siti.looks_right(script=script)
    assert (await siti.page.screenshot(path=folder / f"{name}.png", full_page=True)).startswith(b"\x89PNG")
