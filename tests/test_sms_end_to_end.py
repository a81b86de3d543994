"""From a signed webhook to the SMS on the citizen's phone, through a whole gateway and a loopback Twilio."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from channels.gsm7 import fits_one_segment
from gateway.demo.twilio import Twilio
from gateway.node import Gateway
from tests.sms_channel import ACCOUNT
from tests.test_store_away import start, stop, waits
from tests.world import Deployment, handed_over, postgres

TOKEN = "rahasia-akun"
PRIMARY, FALLBACK = "https://lapor.example", "https://cadangan.example"
DOOR, SPARE_DOOR = f"{PRIMARY}/in/sms/message", f"{FALLBACK}/in/sms/message"
CITIZEN = "+6281234567890"
# The smallest picture there is: a GIF of one pixel.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

_CHANNEL = """
[channels.sms]
kind = "twilio-sms"
account_sid = "{account}"
auth_tokens = [{{ env = "TOKEN" }}]
public_urls = ["{primary}", "{fallback}"]
from_numbers = {{ sms = "1708", whatsapp = "+628990001709" }}
api_base = "{api}"
"""


@pytest.fixture
async def twilio(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Twilio]:
    """The account, its phones and its REST API."""
    monkeypatch.setitem(os.environ, "TOKEN", TOKEN)
    account = Twilio(ACCOUNT, TOKEN)
    async with account.serve():
        yield account


@asynccontextmanager
async def speaking(deployment: Deployment, twilio: Twilio, name: str = "a", origin: str = PRIMARY, per_channel: int = 1_000_000) -> AsyncIterator[Gateway]:
    """A gateway that Twilio reaches under that public address."""
    channels = _CHANNEL.format(account=ACCOUNT, primary=PRIMARY, fallback=FALLBACK, api=twilio.base_url)
    async with deployment.node(name, channels=channels, per_channel=per_channel) as gateway:
        twilio.hosts[origin] = f"http://127.0.0.1:{gateway.port}"
        yield gateway


async def test_a_citizen_texts_and_hears_the_number_in_one_sms(deployment: Deployment, twilio: Twilio) -> None:
    async with speaking(deployment, twilio):
        [answer] = await twilio.text(DOOR, from_=CITIZEN, to="1708", body="Jalan poros Girimukti berlubang besar")
        assert (answer.status, answer.body) == (200, '<?xml version="1.0" encoding="UTF-8"?><Response/>')
        said = await twilio.until_sent(1)
        await deployment.until("notices", lambda rows: rows[0]["state"] == "delivered")
    [case] = await deployment.rows("cases")
    assert case["number"] in said.body
    assert (said.to, said.from_) == (CITIZEN, "1708")
    assert fits_one_segment(said.body)
    assert said.body.startswith("Laporan Anda kami terima")


async def test_who_writes_english_is_answered_in_english_and_whatsapp_by_whatsapp(on_sqlite: Deployment, twilio: Twilio) -> None:
    async with speaking(on_sqlite, twilio):
        await twilio.text(DOOR, from_=f"whatsapp:{CITIZEN}", to="whatsapp:+628990001709", body="The street light has been broken for three weeks")
        said = await twilio.until_sent(1)
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "delivered")
    assert said.body.startswith("We have your report")
    assert (said.to, said.from_) == (f"whatsapp:{CITIZEN}", "whatsapp:+628990001709")


@pytest.mark.parametrize("early", [False, True])
async def test_status_callbacks_in_any_order_end_as_delivered(on_sqlite: Deployment, twilio: Twilio, early: bool) -> None:  # noqa: FBT001  # a parameter of the table
    twilio.early = early
    twilio.delivery = ("delivered", "sent", "delivered", "queued")
    async with speaking(on_sqlite, twilio):
        await twilio.text(DOOR, from_=CITIZEN, to="1708", body="lampu padam")
        await twilio.until_called_back(4)
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 4)
        [notice] = await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "delivered" and rows[0]["sent_at"] is not None)
    assert len(twilio.sent) == 1
    assert notice["provider_id"] == twilio.sent[0].sid


async def test_a_photo_comes_with_the_report_and_one_from_elsewhere_is_not_fetched(on_sqlite: Deployment, twilio: Twilio) -> None:
    async with speaking(on_sqlite, twilio) as gateway:
        await twilio.text(DOOR, from_=CITIZEN, to="1708", body="jembatan putus", media=[("foto.gif", "image/gif", PIXEL)])
        [photo] = await on_sqlite.until("attachments", lambda rows: rows[0]["state"] == "kept")
        assert (photo["type"], photo["blob"]) == ("image/gif", hashlib.sha256(PIXEL).hexdigest())
        assert (gateway.config.data_dir / "blobs" / photo["blob"][:2] / photo["blob"]).read_bytes() == PIXEL
        # Another origin on the same private machine: what a forged redirect would like to reach.
        twilio.media_redirect = "http://127.0.0.1:9"
        await twilio.text(DOOR, from_=CITIZEN, to="1708", body="Lapor jembatan lain", media=[("foto.gif", "image/gif", PIXEL)])
        rows = await on_sqlite.until("attachments", lambda rows: {row["state"] for row in rows} == {"kept", "lost"})
    assert next(row for row in rows if row["state"] == "lost")["reason"]
    assert len(await on_sqlite.rows("cases")) == 2


async def test_when_the_hours_budget_is_spent_a_notice_is_withheld_with_its_reason(on_sqlite: Deployment, twilio: Twilio) -> None:
    async with speaking(on_sqlite, twilio, per_channel=2):
        for i in range(4):
            await twilio.text(DOOR, from_=f"+62812345678{i:02d}", to="1708", body="lampu padam")
        rows = await on_sqlite.until("notices", lambda rows: sum(row["state"] == "delivered" for row in rows) == 2 and len(rows) == 4)
    assert {row["reason"] for row in rows if row["state"] == "withheld"} == {"the channel's budget for this hour is spent"}
    assert len(twilio.sent) == 2


async def test_one_message_however_often_and_wherever_it_comes_is_one_case_and_one_sms(tmp_path: Path, twilio: Twilio) -> None:
    with postgres() as server:
        deployment = Deployment(tmp_path, f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
        sid = "SM" + "7" * 32
        words = {"from_": CITIZEN, "to": "1708", "body": "Jalan rusak", "sid": sid}
        async with speaking(deployment, twilio, "a") as one, speaking(deployment, twilio, "b", FALLBACK) as two:
            params, headers = twilio.incoming(DOOR, **words)  # type: ignore[arg-type]
            async with aiohttp.ClientSession() as session:
                doors = [f"http://127.0.0.1:{gateway.port}/in/sms/message" for gateway in (one, two)]
                answers = await asyncio.gather(*(session.post(doors[i % 2], data=params, headers=headers) for i in range(50)))
                assert {answer.status for answer in answers} == {200}
            # By the fallback address, with what Twilio adds when the primary failed.
            [answer] = await twilio.text(SPARE_DOOR, **words, extra={"ErrorCode": "11200", "ErrorUrl": DOOR})  # type: ignore[arg-type]
            assert answer.status == 200
            await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["delivered"])
            accepted = one.journal.counts.accepted + two.journal.counts.accepted
            await deployment.until("arrivals", lambda rows: len(rows) == accepted)
        for file in (tmp_path / "data-a").glob("journal.*"):
            file.unlink()
        async with speaking(deployment, twilio, "a") as restarted:
            await twilio.text(DOOR, **words)  # type: ignore[arg-type]
            await deployment.until("arrivals", lambda rows: len(rows) == accepted + 1)
            await handed_over(restarted)
            stop(server)
            await twilio.text(DOOR, **{**words, "sid": "SM" + "8" * 32, "body": "Lapor: lampu padam"})  # type: ignore[arg-type]
            await waits(restarted)
            [answer] = await twilio.text(DOOR, **words)  # type: ignore[arg-type]
            assert answer.status == 200
            start(server)
            await deployment.until("arrivals", lambda rows: sum(row["kind"] == "message" for row in rows) >= 5)
            # The same id with other words is kept.
            await twilio.text(DOOR, **{**words, "body": "Lapor: jalan rusak, dan jembatan putus"})  # type: ignore[arg-type]
            await deployment.until("cases", lambda rows: len(rows) == 3)
            await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["delivered"] * 3)
        rows = [row for row in await deployment.rows("arrivals") if row["wire_id"] == sid]
    assert len({row["number"] for row in rows}) == 1
    assert Counter(row["outcome"] for row in rows)["case"] == 2
    assert {row["outcome"] for row in rows} == {"case", "duplicate"}
    assert len({row["case"] for row in rows}) == 2
    assert len(twilio.sent) == 3
