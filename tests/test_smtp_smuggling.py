"""One mail is one mail, whatever stands in it and however it is cut on the way: nothing but CR LF dot CR LF ends it.

The classes of octets are those of "SMTP smuggling" (CVE-2023-51764 and its kin): what one server takes for the end and another for the mail's own text.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mail_door import CITIZEN, OURS, Client, MailDoor, mail_door

NO_ENDS = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\r\n", b"\r\n.\r\r\n", b"\r.\n", b"\n\n.\n\n", b"\0\r\n\0.\r\n"]
SMUGGLED = b"MAIL FROM:<boss@ppu.example>\r\nRCPT TO:<lapor@ppu.example>\r\nDATA\r\nI was smuggled\r\n"
# How far a listener looks at once.
LOOK = 64 * 1024


def stuffed(content: bytes) -> bytes:
    """As a client puts it on the wire: RFC 5321, section 4.5.2, line by line, and lines end in CR LF only."""
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))


@dataclass(frozen=True, slots=True)
class Wire:
    """A client whose packets are cut where a test likes."""

    door: MailDoor
    client: Client

    async def send(self, wire: bytes, cuts: list[int]) -> str:
        """One mail as it stands on the wire; its answer, after which nothing more is said."""
        assert (await self.client.answer("RSET", f"MAIL FROM:<{CITIZEN}>", f"RCPT TO:<{OURS}>", "DATA")).startswith("354 ")
        ends = sorted({cut % (len(wire) + 1) for cut in cuts} | {len(wire)})
        for begin, end in zip([0, *ends], ends, strict=False):
            self.client.writer.write(wire[begin:end])
            # The listener is of this loop: it has read that now.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        answer = await self.client.hear()
        assert (await self.client.answer("NOOP")) == "250 OK"
        return answer


@asynccontextmanager
async def wire(folder: Path) -> AsyncIterator[Wire]:
    async with mail_door(folder, session_seconds=600) as door, door.client() as client:
        await client.greet()
        yield Wire(door, client)


@pytest.mark.parametrize("no_end", NO_ENDS, ids=[repr(one)[2:-1] for one in NO_ENDS])
async def test_no_other_end_ends_a_mail(tmp_path: Path, no_end: bytes) -> None:
    async with wire(tmp_path) as one:
        mail = b"Subject: x\r\n\r\nbefore" + no_end + SMUGGLED
        whole = mail + b".\r\n"
        for cut in (0, *range(18, 30)):
            assert (await one.send(b"%d" % cut + whole, [cut])).startswith("250 ")
        kept = await one.door.kept()
    assert len(kept) == 13
    assert {arrival.meta["mail_from"] for arrival in kept} == {CITIZEN}
    assert all(arrival.raw.endswith(mail.replace(b"\r\n.", b"\r\n")) for arrival in kept)


@pytest.mark.parametrize("no_end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"])
async def test_a_mail_without_its_own_end_does_not_end(tmp_path: Path, no_end: bytes) -> None:
    async with wire(tmp_path) as one:
        await one.client.envelope()
        one.client.writer.write(b"before" + no_end + b"QUIT\r\n" + no_end)
        one.client.writer.write_eof()
        assert await one.client.hear() == ""
        assert await one.door.kept() == []


@pytest.mark.parametrize("end", [*NO_ENDS[:6], b"\r\n..\r\n", b"\r\n.x\r\n", b"\r\n"])
async def test_at_the_edge_of_the_buffer_it_is_the_same(tmp_path: Path, end: bytes) -> None:
    async with wire(tmp_path) as one:
        for short in range(-2, len(end) + 4):
            mail = b"y" * (LOOK - short) + end + b"after" + end + b"z\r\n"
            assert (await one.send(mail + b".\r\n", [LOOK - 1, LOOK, LOOK + 1])).startswith("250 ")
            assert (await one.door.kept())[-1].raw == mail.replace(b"\r\n.", b"\r\n")


@pytest.mark.parametrize("short", range(-1, 8))
async def test_the_end_is_found_at_the_edge_of_the_buffer(tmp_path: Path, short: int) -> None:
    async with wire(tmp_path) as one:
        mail = b"y" * (LOOK - short) + b"\r\n"
        for cuts in ([], [LOOK], [LOOK - short + 1], [LOOK - short + 3]):
            assert (await one.send(mail + b".\r\n", cuts)).startswith("250 ")
        assert {arrival.raw for arrival in await one.door.kept()} == {mail}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as own:
        yield own


@pytest.fixture(scope="module")
def always(runner: asyncio.Runner) -> Iterator[Wire]:
    """One for all examples of a test."""
    stack = AsyncExitStack()
    with tempfile.TemporaryDirectory() as folder:
        yield runner.run(stack.enter_async_context(wire(Path(folder))))
        runner.run(stack.aclose())


PIECES = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"a", b"\r\n..", *NO_ENDS]), max_size=30).map(b"".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=PIECES, cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_whatever_stands_in_a_mail_comes_out_of_it_as_it_went_in(runner: asyncio.Runner, always: Wire, content: bytes, cuts: list[int]) -> None:
    content += b"\r\n"
    answer = runner.run(always.send(stuffed(content) + b".\r\n", cuts))
    assert answer.startswith("250 ")
    assert content in {arrival.raw for arrival in runner.run(always.door.kept())}
