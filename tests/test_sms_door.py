"""The doors that Twilio knocks at: a real server on loopback, real signatures, and an inlet that this file owns (the contract's seam)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator

from channels import Arrival, Kept, Receipt, Refused
from channels.sms.channel import TwilioSms
from channels.sms.signature import SETTINGS_HEADER, SIGNATURE_HEADER, signed_url
from gateway import server
from gateway.demo.twilio import Twilio
from normalizer import Address
from tests.sms_channel import ACCOUNT, CITIZEN, FALLBACK, NOW, OURS, PUBLIC, TOKEN, channel

MESSAGE_URL, STATUS_URL = f"{PUBLIC}/in/sms/message", f"{PUBLIC}/in/sms/status?notice=n1"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def _nothing() -> None:
    """An inlet that is at its best."""


@dataclass(slots=True)
class Shelf:
    """An inlet that keeps what it was given, in memory."""

    before: Callable[[], Awaitable[object]] = _nothing
    kept: list[Arrival] = field(default_factory=list)

    async def receive(self, arrival: Arrival) -> Receipt:
        await self.before()
        self.kept.append(arrival)
        return Receipt("0000-0000-0000")

    async def keep(self, chunks: AsyncIterator[bytes]) -> Kept:
        raise NotImplementedError

    async def holds(self, digest: str) -> bool:
        raise NotImplementedError

    def sign(self, *words: str) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Door:
    """A public listener, and a client that posts to it as the provider does."""

    shelf: Shelf
    port: int
    session: aiohttp.ClientSession
    sms: TwilioSms

    async def post(self, url: str, body: bytes | str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        path = url.split("/", 3)[3]
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.session.post(f"http://127.0.0.1:{self.port}/{path}", data=body, headers=kind | headers)
        await answer.read()
        return answer


@asynccontextmanager
async def opened(before: Callable[[], Awaitable[object]] = _nothing, **settings: Any) -> AsyncIterator[Door]:  # noqa: ANN401  # fields of the settings
    shelf, sms = Shelf(before), channel(**settings)
    runner, port = await server.listen(server.public([(sms, shelf)]), "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Door(shelf, port, session, sms)
    finally:
        await runner.cleanup()
        await sms.close()


def phone() -> Twilio:
    return Twilio(ACCOUNT, TOKEN, lambda: NOW)


def texted(url: str = MESSAGE_URL, body: str = "Jalan rusak", from_: str = CITIZEN, **more: Any) -> tuple[bytes, dict[str, str]]:  # noqa: ANN401  # of the simulator
    params, headers = phone().incoming(url, from_=from_, to=OURS["sms"], body=body, **more)
    return urlencode(params).encode(), headers


def signed(raw: bytes, url: str = MESSAGE_URL) -> dict[str, str]:
    """Whatever the body, Twilio's own signature over what the SDK makes of it."""
    pairs = MultiDict(part.partition("=")[::2] for part in raw.decode().split("&"))
    return {SIGNATURE_HEADER: RequestValidator(TOKEN).compute_signature(url, pairs)}


async def test_a_report_is_answered_once_it_is_kept() -> None:
    body, headers = texted(sid="SM" + "7" * 32)
    async with opened() as door:
        answer = await door.post(MESSAGE_URL, body, headers)
        assert (answer.status, answer.content_type, await answer.text()) == (200, "text/xml", EMPTY_TWIML)
        assert door.shelf.kept == [Arrival("sms", "message", "SM" + "7" * 32, body, NOW, Address("sms", CITIZEN), {"url": MESSAGE_URL})]


async def test_what_became_of_a_notice_is_kept_under_id_and_status() -> None:
    twilio = phone()
    params, headers = twilio.incoming(STATUS_URL, from_=OURS["sms"], to=CITIZEN, body="x", sid="SM5", extra={"MessageStatus": "delivered"})
    async with opened() as door:
        answer = await door.post(STATUS_URL, urlencode(params), headers)
        assert answer.status == 200
        [kept] = door.shelf.kept
        assert (kept.kind, kept.wire_id, kept.reply_to, kept.meta) == ("status", "SM5:delivered", None, {"url": STATUS_URL, "notice": "n1"})


@pytest.mark.parametrize("url", [f"{FALLBACK}/in/sms/message", "https://cadangan.example/in/sms/message", "https://lapor.example:443/in/sms/message"])
async def test_the_fallback_address_is_ours_too_and_a_port_may_be_left_out(url: str) -> None:
    body, headers = texted(url)
    async with opened() as door:
        assert (await door.post(MESSAGE_URL, body, headers)).status == 200


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("token", [TOKEN, "next token"])
async def test_both_tokens_of_a_rotation_and_both_algorithms_are_good(token: str, algorithm: str) -> None:
    body, headers = texted(token=token, algorithm=algorithm)
    async with opened(auth_tokens=[TOKEN, "next token"]) as door:
        assert (await door.post(MESSAGE_URL, body, headers)).status == 200


BODY, HEADERS = texted()


@pytest.mark.parametrize(
    ("url", "body", "headers"),
    [
        pytest.param(MESSAGE_URL, BODY.replace(b"rusak", b"bagus"), HEADERS, id="other words"),
        pytest.param(MESSAGE_URL, BODY + b"&Extra=1", HEADERS, id="one field more"),
        pytest.param(MESSAGE_URL, BODY, {}, id="no signature"),
        pytest.param(MESSAGE_URL, BODY, {SIGNATURE_HEADER: "é\u2028"}, id="a signature that is none"),
        pytest.param(MESSAGE_URL, BODY, HEADERS | {SETTINGS_HEADER: "algorithm=HMAC_SHA256"}, id="another algorithm"),
        pytest.param(MESSAGE_URL, BODY, HEADERS | {SETTINGS_HEADER: "algorithm=NONE"}, id="an algorithm that nobody knows"),
        pytest.param(MESSAGE_URL + "?notice=n1", BODY, HEADERS, id="another query"),
        pytest.param(STATUS_URL, BODY, HEADERS, id="another door"),
        pytest.param(MESSAGE_URL, *texted("https://elsewhere.example/in/sms/message"), id="another host"),
        pytest.param(MESSAGE_URL, *texted(token="somebody else's"), id="another token"),
        pytest.param(MESSAGE_URL, *texted(extra={"AccountSid": "AC" + "f" * 32}), id="another account"),
    ],
)
async def test_what_the_provider_did_not_say_to_us_is_refused(url: str, body: bytes, headers: dict[str, str]) -> None:
    async with opened() as door:
        answer = await door.post(url, body, headers | {"Host": "elsewhere.example"})
        assert (answer.status, door.shelf.kept) == (403, [])


async def test_what_is_refused_in_our_accounts_name_is_told_until_something_is_accepted_and_a_stranger_is_not() -> None:
    async with opened() as door:
        await door.post(MESSAGE_URL, b"Body=x&AccountSid=AC" + b"f" * 32, {})
        await door.post(MESSAGE_URL, b"nothing at all", {})
        assert (await door.sms.check_in()).ok
        await door.post(MESSAGE_URL, *texted(token="somebody else's"))
        told = await door.sms.check_in()
        assert (told.ok, told.kind) == (False, "refused")
        assert "signature does not hold" in told.sentence
        await door.post(MESSAGE_URL, *texted())
        assert (await door.sms.check_in()).ok


async def test_only_post_is_a_way_in() -> None:
    async with opened() as door, door.session.get(f"http://127.0.0.1:{door.port}/in/sms/message") as answer:
        assert answer.status == 405


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole() -> None:
    async with opened(max_body_bytes=4096) as door:
        assert (await door.post(MESSAGE_URL, *texted(body="x" * 4096))).status == 413
        assert (await door.post(MESSAGE_URL, gzip.compress(b"x" * 5_000_000), {"Content-Encoding": "gzip"})).status == 413
        assert door.shelf.kept == []


async def test_broken_gzip_is_the_callers_fault() -> None:
    async with opened() as door:
        assert (await door.post(MESSAGE_URL, b"no gzip", {"Content-Encoding": "gzip"})).status == 400


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(f"AccountSid={ACCOUNT}&New=1&New=2&Blank=", id="fields that nobody knows, twice and blank"),
        pytest.param(f"AccountSid={ACCOUNT}&MessageSid=SM1&From=", id="from nobody"),
    ],
)
async def test_signed_is_kept_whatever_it_says(raw: str) -> None:
    async with opened() as door:
        assert (await door.post(MESSAGE_URL, raw, signed(raw.encode()))).status == 200
        [kept] = door.shelf.kept
        assert kept.raw == raw.encode()
        assert kept.wire_id


async def test_10_000_fields_are_not_the_providers() -> None:
    raw = f"AccountSid={ACCOUNT}" + "".join(f"&{n}=" for n in range(10_000))
    async with opened() as door:
        assert (await door.post(MESSAGE_URL, raw, signed(raw.encode()))).status == 403


@pytest.mark.parametrize(
    ("from_", "reply_to"),
    [
        (CITIZEN, Address("sms", CITIZEN)),
        ("whatsapp:" + CITIZEN, Address("whatsapp", CITIZEN)),
        ("TELKOMSEL", None),
        ("1708", None),
        ("messenger:123456", None),
    ],
)
async def test_only_a_number_can_be_answered(from_: str, reply_to: Address | None) -> None:
    async with opened() as door:
        assert (await door.post(MESSAGE_URL, *texted(from_=from_))).status == 200
        assert door.shelf.kept[0].reply_to == reply_to


async def _refuse() -> None:
    raise Refused("The disk is full at /srv/secret.", timedelta(seconds=90.2))


async def _break() -> None:
    raise ValueError("a secret word")


async def _time_out() -> None:
    raise TimeoutError


async def _hang() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(("before", "retry_after"), [(_refuse, "91"), (_break, "30"), (_time_out, "30"), (_hang, "30")])
async def test_our_own_fault_is_never_final_and_says_nothing_of_itself(before: Callable[[], Awaitable[None]], retry_after: str) -> None:
    async with opened(before, accept_seconds=0.05 if before is _hang else 10) as door:
        answer = await door.post(MESSAGE_URL, BODY, HEADERS)
        assert (answer.status, answer.headers["Retry-After"], await answer.text()) == (503, retry_after, "Not now. Please send it again later.\n")


async def test_a_body_that_never_ends_does_not_hold_the_door() -> None:
    async with opened(accept_seconds=0.05) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"POST /in/sms/message HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nBody=")
        assert b" 503 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_the_door_waits_for_an_inlet_that_is_slow() -> None:
    kept = asyncio.Event()
    async with opened(kept.wait) as door:
        answering = asyncio.create_task(door.post(MESSAGE_URL, BODY, HEADERS))
        second = await asyncio.create_task(door.session.get(f"http://127.0.0.1:{door.port}/"))
        assert (second.status, answering.done()) == (404, False)
        kept.set()
        assert (await answering).status == 200


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["", "+", " ", "&=", "é", "🕳", "Body"])


@settings(deadline=None)
@given(
    form=st.lists(st.tuples(words, words), max_size=6),
    url=st.sampled_from([MESSAGE_URL, STATUS_URL, "https://lapor.example:8443/x?a=b%20c&d=+", "http://127.0.0.1/y", "https://lapor.example:443/"]),
    algorithm=st.sampled_from([HMAC_SHA1, HMAC_SHA256]),
    port=st.booleans(),
)
def test_our_validator_answers_as_the_sdk_does(form: list[tuple[str, str]], url: str, algorithm: str, port: bool) -> None:  # noqa: FBT001  # drawn
    sdk, pairs = RequestValidator(TOKEN), MultiDict(form)
    called = url.replace("lapor.example/", "lapor.example:443/").replace("127.0.0.1/", "127.0.0.1:80/") if port else url
    headers = {SIGNATURE_HEADER: sdk.compute_signature(called, pairs, algorithm), SETTINGS_HEADER: f"key=k,algorithm={algorithm}"}
    raw = urlencode(form).encode()
    assert sdk.validate(url, pairs, headers[SIGNATURE_HEADER], algorithm)
    assert signed_url([b"another", TOKEN.encode()], ["https://elsewhere.example/", url], raw, headers) == url
    assert signed_url([b"another"], [url], raw, headers) is None
    assert signed_url([TOKEN.encode()], [url], raw + b"&x=y", headers) is None
