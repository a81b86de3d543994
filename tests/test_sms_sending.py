"""What the gateway sends by Twilio, and what it makes of a bad day there."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from channels import Notice, SendFailed
from channels.sms.channel import TwilioSms
from channels.sms.failures import failure
from gateway import server
from gateway.demo.twilio import Drop, Fault, Garbage, Hang, Status, Timeout, TooMany, Twilio
from normalizer import Address
from tests.sms_channel import ACCOUNT, CITIZEN, OURS, PUBLIC, TOKEN, channel


def notice(kind: str = "sms", number: str = CITIZEN) -> Notice:
    return Notice("n1", Address(kind, number), short="Laporan 1234 kami terima.", full="Yang terhormat, ...", subject="Laporan 1234")


@asynccontextmanager
async def far_end(**settings: Any) -> AsyncIterator[tuple[Twilio, TwilioSms]]:  # noqa: ANN401  # fields of the settings
    twilio = Twilio(ACCOUNT, TOKEN)
    # Nobody calls back here: the public address is an example's.
    twilio.delivery = ()
    async with twilio.serve() as url:
        sms = channel(api_base=url, **settings)
        try:
            yield twilio, sms
        finally:
            await sms.close()


async def sent(sms: TwilioSms, what: Notice) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await sms.send(what)
    # Sentences for an operator: no number, no secret, nothing of what a provider writes.
    assert CITIZEN not in failed.value.reason
    assert TOKEN not in failed.value.reason
    return failed.value


async def test_an_acknowledgement_is_one_sms_and_says_whose_it_is() -> None:
    async with far_end() as (twilio, sms):
        provider_id = await sms.send(notice())
        [message] = twilio.sent
        assert (message.sid, message.from_, message.to, message.body) == (provider_id, OURS["sms"], CITIZEN, "Laporan 1234 kami terima.")
        assert message.status_callback == f"{PUBLIC}/in/sms/status?notice=n1"


async def test_whatsapp_is_answered_by_whatsapp() -> None:
    async with far_end() as (twilio, sms):
        await sms.send(notice("whatsapp"))
        assert (twilio.sent[0].from_, twilio.sent[0].to) == ("whatsapp:" + OURS["whatsapp"], "whatsapp:" + CITIZEN)


async def test_a_messaging_service_chooses_the_sender() -> None:
    async with far_end(from_numbers={}, messaging_service_sid="MG" + "0" * 32) as (twilio, sms):
        await sms.send(notice())
        assert (twilio.sent[0].from_, twilio.sent[0].messaging_service_sid) == ("", "MG" + "0" * 32)
        assert sms.reaches == {"sms"}


async def test_without_a_sender_for_it_a_kind_is_not_reached() -> None:
    async with far_end(from_numbers={"sms": OURS["sms"]}) as (twilio, sms):
        assert sms.reaches == {"sms"}
        assert (await sent(sms, notice("whatsapp"))).permanent
        assert twilio.calls == 0


@pytest.mark.parametrize(
    ("fault", "maybe_sent", "retry_after"),
    [
        pytest.param(Timeout(), True, None, id="no answer"),
        pytest.param(Timeout(accepted=True), True, None, id="no answer, but accepted"),
        pytest.param(Hang(), True, None, id="an answer that does not end"),
        pytest.param(Drop(), True, None, id="cut off"),
        pytest.param(Garbage(), True, None, id="a proxy's page"),
        pytest.param(Status(500), False, None, id="500"),
        pytest.param(Status(503), False, None, id="503"),
        pytest.param(Status(504), True, None, id="504"),
        pytest.param(TooMany(17), False, timedelta(seconds=17), id="too fast"),
        pytest.param(TooMany(), False, None, id="too fast, and no word how long"),
    ],
)
async def test_a_bad_day_of_the_provider_passes(fault: Fault, maybe_sent: bool, retry_after: timedelta | None) -> None:  # noqa: FBT001  # a table
    silent = isinstance(fault, Timeout | Hang)
    async with far_end(timeout_seconds=0.5 if silent else 10) as (twilio, sms):
        twilio.faults = [fault]
        failed = await sent(sms, notice())
        assert (failed.permanent, failed.channel_wide, failed.maybe_sent, failed.retry_after) == (False, True, maybe_sent, retry_after)
        assert await sms.send(notice()) == twilio.sent[-1].sid


async def test_a_provider_that_is_not_there_has_not_got_it() -> None:
    with socket.socket() as taken:
        # Bound and not listening: whoever connects is refused.
        taken.bind(("127.0.0.1", 0))
        sms = channel(api_base=f"http://127.0.0.1:{taken.getsockname()[1]}")
        failed = await sent(sms, notice())
        checked = await sms.check()
        await sms.close()
    assert (failed.permanent, failed.channel_wide, failed.maybe_sent) == (False, True, False)
    assert (checked.ok, checked.sentence) == (False, "Twilio could not be reached.")


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21614])
async def test_a_number_that_cannot_be_reached_is_given_up_alone(code: int) -> None:
    async with far_end() as (twilio, sms):
        twilio.refuses = {CITIZEN: code}
        failed = await sent(sms, notice())
        assert (failed.permanent, failed.channel_wide) == (True, False)
        await sms.send(notice(number="+6281234567891"))


async def test_a_token_that_is_not_accepted_waits_for_a_person() -> None:
    async with far_end(auth_tokens=["an old one"]) as (twilio, sms):
        failed = await sent(sms, notice())
        assert (failed.permanent, failed.channel_wide, failed.maybe_sent) == (False, True, False)
        assert not (await sms.check()).ok
        assert twilio.sent == ()


@pytest.mark.parametrize(
    ("status", "body", "permanent", "channel_wide"),
    [
        pytest.param(400, {"code": 21614}, True, False, id="a landline"),
        pytest.param(400, {"code": 21606}, False, True, id="a sender that is not ours"),
        pytest.param(403, {"code": 20005}, False, True, id="a suspended account"),
        pytest.param(403, {}, False, True, id="forbidden"),
        pytest.param(404, {"code": 20404}, False, True, id="no such account"),
        pytest.param(400, {"code": 21617}, False, False, id="a fault of this one notice"),
        pytest.param(400, ["code"], False, False, id="an error that is no object"),
        pytest.param(400, {"code": [21211]}, False, False, id="a code that is none"),
        pytest.param(302, "", False, True, id="sent elsewhere"),
        pytest.param(502, "", False, True, id="a broken gateway"),
    ],
)
def test_an_answer_that_is_no_success_means_this(status: int, body: object, permanent: bool, channel_wide: bool) -> None:  # noqa: FBT001  # a table
    failed = failure(status, {}, json.dumps(body).encode())
    assert (failed.permanent, failed.channel_wide) == (permanent, channel_wide)


@pytest.mark.parametrize(("header", "seconds"), [("5", 5), ("999999", 86400), ("0", None), ("-5", None), ("soon", None), ("9" * 30, None), ("٣", None)])
def test_a_pause_is_believed_within_reason(header: str, seconds: int | None) -> None:
    assert failure(429, {"Retry-After": header}, b"").retry_after == (timedelta(seconds=seconds) if seconds else None)


@pytest.mark.parametrize("answer", ["[]", "null", "{}", '{"sid": 5}', '{"sid": "SM1", "date_created": 7}', "[" * 100_000, '{"sid": "SM1"'])
async def test_a_success_that_is_not_twilios_may_have_been_sent(answer: str) -> None:
    async def nonsense(_: web.Request) -> web.Response:
        return web.Response(status=201, text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", nonsense)
    runner, port = await server.listen(app, "127.0.0.1", 0)
    sms = channel(api_base=f"http://127.0.0.1:{port}")
    failed, checked = await sent(sms, notice()), await sms.check()
    await sms.close()
    await runner.cleanup()
    assert (failed.channel_wide, failed.maybe_sent, checked.ok) == (True, True, False)


@pytest.mark.parametrize(("status", "ok"), [("active", True), ("suspended", False)])
async def test_the_check_says_what_twilio_says_of_the_account_and_sends_nothing(status: str, ok: bool) -> None:  # noqa: FBT001  # a table
    async with far_end() as (twilio, sms):
        twilio.account_status = status
        assert (await sms.check()).ok is ok
        assert twilio.sent == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_sid": "SM1"},
        {"auth_tokens": []},
        {"api_base": "http://api.twilio.com"},
        {"api_base": "https://api.twilio.com/path"},
        {"api_base": "https://user@api.twilio.com"},
        {"public_urls": ["lapor.example"]},
        {"from_numbers": {"fax": "+628990001708"}},
        {"from_numbers": {"sms": "+62 899"}},
        {"messaging_service_sid": "MG" + "0" * 32},
        {"token": "x"},
    ],
)
def test_a_mistake_in_the_settings_is_found_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        channel(**wrong)
