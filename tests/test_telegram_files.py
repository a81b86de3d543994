"""Files that citizens send by Telegram: fetched later, by their name there, and judged by their content."""

from __future__ import annotations

import pytest
from aiohttp import web

from channels import FetchFailed
from gateway import server
from gateway.demo.faults import Drop, Fault, Status, TooMany
from tests.telegram_channel import TOKEN, channel
from tests.test_telegram_sending import PIXEL, far_end


async def test_a_file_is_fetched_by_its_name_and_its_type_is_that_of_its_content() -> None:
    content = PIXEL + b"x" * 200_000
    async with far_end() as (api, telegram):
        file = api.keep(content, "jpg")
        fetched = await telegram.fetch(file.id)
        assert fetched.type == "image/gif"
        assert b"".join([chunk async for chunk in fetched.chunks]) == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"<svg onload=alert(1)>", "not an allowed kind of file", id="not allowed"),
        pytest.param(b"", "not an allowed kind of file", id="empty"),
        pytest.param(PIXEL + b"x" * 5000, "too large", id="too large for us"),
        pytest.param(PIXEL + b"x" * 21_000_000, "Telegram does not hand it out (too big, or gone)", id="too large for Telegram"),
    ],
)
async def test_what_we_do_not_take_is_given_up(content: bytes, reason: str) -> None:
    async with far_end(max_file_bytes=4096) as (api, telegram):
        file = api.keep(content, "jpg")
        with pytest.raises(FetchFailed) as told:
            await telegram.fetch(file.id)
        assert (told.value.permanent, told.value.reason) == (True, reason)


@pytest.mark.parametrize("reference", ["nobody-knows-it", "", "é", "../../bot"])
async def test_a_file_that_is_not_there_never_will_be(reference: str) -> None:
    async with far_end() as (_, telegram):
        with pytest.raises(FetchFailed) as told:
            await telegram.fetch(reference)
        assert told.value.permanent


@pytest.mark.parametrize("fault", [Status(500), Drop(), TooMany(1), TooMany()])
async def test_a_file_that_could_not_be_had_today_is_tried_again(fault: Fault) -> None:
    async with far_end() as (api, telegram):
        file = api.keep(PIXEL, "gif")
        api.faults = [fault]
        with pytest.raises(FetchFailed) as told:
            await telegram.fetch(file.id)
        assert not told.value.permanent
        assert TOKEN not in told.value.reason
        assert (await telegram.fetch(file.id)).type == "image/gif"


async def test_a_file_elsewhere_is_not_fetched() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "result": {"file_id": "a", "file_unique_id": "u", "file_path": "/etc/hostname"}})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", elsewhere)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    telegram = channel(api_base=f"http://127.0.0.1:{port}")
    with pytest.raises(FetchFailed) as told:
        await telegram.fetch("a")
    await telegram.close()
    await runner.cleanup()
    assert told.value.permanent
