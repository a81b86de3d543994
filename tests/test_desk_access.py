"""Nobody sees the operators' pages but whoever is signed in: strangers, thieves of old cookies, other sites and floods are turned away."""

from __future__ import annotations

import asyncio
import io
import re
import time
from pathlib import Path

import pytest
from yarl import URL

from gateway.desk import access, passwords
from gateway.desk.passwords import hashed
from gateway.store import desk
from gateway.store.desk import Session
from tests.manual_clock import ManualClock
from tests.operator import NAME, OURS, PASSWORD, at_the_desk, employ, somebody
from tests.test_store_away import start, stop
from tests.world import Deployment, postgres

ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}


async def test_who_is_not_signed_in_sees_no_page_and_does_nothing(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as stranger:
        for path in ("/", "/channels", "/parked", "/channels?selesai=test&kanal=post"):
            answer = await stranger.get(path)
            assert (answer.status, answer.leads_to) == (303, "/login"), path
            assert "post" not in answer.text
        assert (await stranger.get("/channels/events")).status == 401
        for path in ("/channels/post/pause", "/channels/post/test", "/parked/x/1/raw", "/parked/x/1/release", "/parked/notice/x/retry", "/logout"):
            assert (await stranger.post(path)).leads_to == "/login", path
        for path in ("/channels/", "/parked/x/1/raw", "/desk", "/channels/post/pause", "/../gateway.toml"):
            assert (await stranger.get(path)).status in {404, 405}, path
    assert await on_sqlite.rows("pauses") == []
    assert await on_sqlite.rows("audit") == []


async def test_every_answer_has_a_strict_policy_and_is_kept_by_nobody(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        for path in ("/login", "/channels", "/parked"):
            answer = await budi.get(path)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert not re.search(r"<script(?! src=)|<style|\son\w+=|\sstyle=|javascript:", answer.text)


async def test_the_token_is_random_and_only_its_digest_is_kept(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi, somebody(budi.gateway) as again:
        first = budi.token
        answer = await again.sign_in()
        [cookie] = [value for value in answer.headers.getall("Set-Cookie") if value.startswith("sesi=")]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie
        assert len({first, again.token}) == 2
        assert all(len(token) == 43 for token in (first, again.token))
        rows = await on_sqlite.rows("sessions")
        assert len(rows) == 2
        assert not any(token in str(rows) for token in (first, again.token))
        assert PASSWORD not in str(await on_sqlite.rows("people"))
        assert (await on_sqlite.rows("people"))[0]["password"].startswith("$argon2id$")


async def test_behind_tls_the_cookie_goes_over_tls_only(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as budi:
        answer = await budi.sign_in(headers={"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_token_that_somebody_brought_is_never_taken_over(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as budi:
        budi.session.cookie_jar.update_cookies({"sesi": "x" * 43}, response_url=URL(budi.base))
        assert (await budi.get("/channels")).leads_to.startswith("/login")
        assert (await budi.sign_in()).leads_to == "/channels"
        assert budi.token != "x" * 43
        async with somebody(budi.gateway) as thief:
            thief.session.cookie_jar.update_cookies({"sesi": "x" * 43}, response_url=URL(budi.base))
            assert (await thief.get("/channels")).leads_to.startswith("/login")


async def test_who_signs_out_is_out_also_with_the_old_cookie(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi, somebody(budi.gateway) as thief:
        stolen = budi.token
        assert (await budi.get("/channels")).status == 200
        assert (await budi.post("/logout")).leads_to == "/login?kenapa=out"
        for one in (budi, thief):
            one.session.cookie_jar.update_cookies({"sesi": stolen}, response_url=URL(budi.base))
            assert (await one.get("/channels")).leads_to == "/login?kenapa=over"
            assert (await one.post("/channels/post/pause")).leads_to == "/login?kenapa=over"
    assert await on_sqlite.rows("sessions") == []
    assert await on_sqlite.rows("pauses") == []
    assert [(row["who"], row["what"]) for row in await on_sqlite.rows("audit")] == [(NAME, "login"), (NAME, "logout")]


@pytest.mark.parametrize(("minutes", "each"), [(120, 120), (720, 60)], ids=["idle", "in all"])
async def test_a_session_ends_by_itself(on_sqlite: Deployment, minutes: int, each: int) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock) as budi:
        left = minutes
        while left > 0:
            assert (await budi.get("/channels")).status == 200
            clock.advance(minutes=min(each, left))
            left -= each
        assert (await budi.get("/channels")).leads_to == "/login?kenapa=over"
        assert (await budi.post("/channels/post/pause")).leads_to == "/login?kenapa=over"
    assert await on_sqlite.rows("pauses") == []


async def test_a_new_password_ends_what_the_old_one_opened_on_every_node(on_postgres: Deployment) -> None:
    async with at_the_desk(on_postgres) as budi, on_postgres.node("b", channels="[health]\nheartbeat_seconds = 0.1") as other, somebody(other) as elsewhere:
        elsewhere.session.cookie_jar.update_cookies({"sesi": budi.token}, response_url=URL(elsewhere.base))
        await elsewhere.until("/channels", lambda answer: answer.status == 200)
        async with budi.gateway.store.transaction() as tx:
            assert await desk.change(tx, NAME, await asyncio.to_thread(hashed, "kata sandi yang lain lagi"), budi.gateway.clock.now())
        # What would change something knows it at once.
        assert (await budi.post("/channels/post/pause")).leads_to == "/login?kenapa=over"
        await elsewhere.until("/channels", lambda answer: answer.leads_to == "/login?kenapa=over")
        assert (await budi.get("/channels")).leads_to == "/login?kenapa=over"
        assert (await budi.sign_in()).status == 403
        assert (await budi.sign_in(password="kata sandi yang lain lagi")).leads_to == "/channels"


async def test_a_password_that_is_changed_while_the_old_one_is_looked_at_opens_nothing(deployment: Deployment) -> None:
    async with deployment.parts() as gateway:
        await gateway.store.migrate()
        await employ(gateway.store, gateway.clock)
        now = gateway.clock.now()
        async with gateway.store.transaction() as tx:
            old = await desk.password_of(tx, NAME)
            assert old is not None
            await desk.change(tx, NAME, "another", now)
        async with gateway.store.transaction() as tx:
            assert not await desk.sign_in(tx, Session("digest", NAME, now, now), old)
    assert await deployment.rows("sessions") == []


@pytest.mark.parametrize("headers", [ELSEWHERE, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}], ids=str)
async def test_another_site_presses_nothing_here(on_sqlite: Deployment, headers: dict[str, str]) -> None:
    async with at_the_desk(on_sqlite) as budi, somebody(budi.gateway) as victim:
        for path in ("/channels/post/pause", "/channels/post/test", "/logout", "/parked/x/1/raw"):
            assert (await budi.post(path, headers)).status == 403, path
        # Nor is anybody signed in without knowing.
        assert (await victim.sign_in(headers=headers)).status == 403
        assert victim.token == ""
        assert (await budi.get("/channels")).status == 200
    assert await on_sqlite.rows("pauses") == []
    assert [row["what"] for row in await on_sqlite.rows("audit")] == ["login"]


async def test_an_older_browser_is_known_by_where_its_page_stands(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as budi:
        assert (await budi.post("/channels/post/pause", {"Origin": budi.base})).leads_to.startswith("/channels?selesai=pause")


async def test_who_there_is_can_be_told_neither_by_words_nor_by_time(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as budi:
        said: dict[str, tuple[int, str]] = {}
        took: dict[str, list[float]] = {}
        for name in (NAME, "nobody"):
            took[name] = []
            for _ in range(4):
                began = time.perf_counter()
                answer = await budi.sign_in(name, "a password that is not right")
                took[name].append(time.perf_counter() - began)
                said[name] = (answer.status, answer.text.replace(f'value="{name}"', ""))
        assert said[NAME] == said["nobody"]
        assert said[NAME][0] == 403
        # The same work: one argon2id. Without it an answer is there in a fiftieth of the time.
        assert 0.3 < min(took[NAME]) / min(took["nobody"]) < 3


async def test_guessing_one_name_or_from_one_address_comes_to_an_end_also_for_the_right_password(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, signed_in=False, clock=clock) as budi:
        tries = [(await budi.sign_in(NAME, f"guess number {i}")).status for i in range(access._PER_NAME)]  # noqa: SLF001  # the limit itself
        assert set(tries) == {403}
        refused = await budi.sign_in()
        assert (refused.status, refused.headers["Retry-After"]) == (429, "600")
        clock.advance(minutes=10)
        assert (await budi.sign_in()).leads_to == "/channels"
        clock.advance(minutes=10)
        for i in range(access._PER_ADDRESS):  # noqa: SLF001  # the limit itself
            assert (await budi.sign_in(f"n{i}", "x")).status == 403
        assert (await budi.sign_in("another", "x")).status == 429


async def test_a_stranger_who_guesses_an_operators_name_does_not_keep_them_out(on_sqlite: Deployment) -> None:
    """Where they have signed in before; elsewhere the name's own limit holds."""
    async with at_the_desk(on_sqlite, signed_in=False, clock=ManualClock()) as budi:

        async def from_(address: str, password: str = PASSWORD) -> int:
            return (await budi.sign_in(NAME, password, {**OURS, "X-Forwarded-For": address})).status

        assert await from_("203.0.113.1") == 303
        guesses = [await from_("203.0.113.2", f"guess number {i}") for i in range(access._PER_NAME)]  # noqa: SLF001  # the limit itself
        assert (guesses[0], guesses[-1]) == (403, 429)
        assert [await from_(f"203.0.113.{i}") for i in (1, 2, 3)] == [303, 429, 429]
        # Nor is that a way to guess without end.
        tries = [await from_("203.0.113.1", f"guess number {i}") for i in range(access._PER_ADDRESS)]  # noqa: SLF001  # the limit itself
        assert tries[-1] == 429


async def test_a_flood_of_sign_ins_leaves_the_way_in_alone(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as budi:
        statuses = [answer.status for answer in await asyncio.gather(*(budi.sign_in(f"n{i}", "x" * 200) for i in range(25)))]
        # One is hashed at a time, a few may wait; the others are asked to come again.
        assert statuses.count(403) <= passwords._WAITING + 2  # noqa: SLF001  # the limit itself
        assert set(statuses) == {403, 429}


@pytest.mark.parametrize("size", [300, 60_000, 2_000_000])
async def test_a_password_as_long_as_a_book_is_wrong_or_too_large_and_never_more(on_sqlite: Deployment, size: int) -> None:
    async with at_the_desk(on_sqlite, signed_in=False) as budi:
        body, headers = io.BytesIO(f"nama={NAME}&sandi={'x' * size}".encode()), {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
        async with budi.session.post(budi.base + "/login", data=body, headers=headers) as answer:
            assert answer.status == (413 if size > 64 * 1024 else 403)
        assert (await budi.sign_in()).leads_to == "/channels"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"nama=budi", b"nama=" + b"&a=b" * 3000, b'{"nama": 1}', b"nama=%00%ff&sandi=%00", b"nama=%ed%a0%80"])
async def test_nonsense_signs_nobody_in(deployment: Deployment, body: bytes) -> None:
    async with at_the_desk(deployment, signed_in=False) as budi:
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        async with budi.session.post(budi.base + "/login", data=body, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 403


async def test_who_is_signed_in_sees_the_page_while_the_store_is_away_and_nobody_can_sign_in(tmp_path: Path) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        async with at_the_desk(deployment) as budi, somebody(budi.gateway) as other:
            stop(server)
            await budi.until("/channels", lambda answer: "badge bad" in answer.text)
            assert (await budi.post("/channels/post/pause")).leads_to == "/channels?salah=away"
            assert (await other.sign_in()).status == 503
            # Who hears that they are out must be.
            assert (await budi.post("/logout")).status == 503
            start(server)
