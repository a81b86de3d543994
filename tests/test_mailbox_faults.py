"""Whatever breaks on the way to a mailbox, at whatever moment: no mail is lost, none is marked that is not safe, and one that is poison stops no other."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from channels.mail.settings import ImapIn
from tests.dovecot import Dovecot, dovecot
from tests.fate import CANCEL, FAILURES, HANG, TELLTALE, each, under
from tests.letterbox import Letterbox, attended, mail, mailbox, mails, said_by, until, until_it_says
from tests.meddler import HANG_UP, Meddler, meddler, tag

pytestmark = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def marked(server: Dovecot, account: str = "intake", folder: str = "INBOX") -> list[bool]:
    """Of each mail, in their order, whether it carries our mark."""
    return [any(flag.startswith("NoWrongDoor-") for flag in flags) for flags in server.flags(folder, account).values()]


# The connection ends


def after_lines_of_the_server(between: Meddler, count: int) -> None:
    between.cut_after = lambda number: count if number == 1 else 0


def before_commands_of_ours(between: Meddler, count: int) -> None:
    numbers = itertools.count(1)
    between.answer = lambda _: HANG_UP if next(numbers) == count else None


@pytest.mark.parametrize(("cut", "count"), [(after_lines_of_the_server, 1), (before_commands_of_ours, 2)])
@pytest.mark.parametrize("processed", [None, "Selesai"])
async def test_wherever_the_connection_breaks_each_mail_comes_and_is_marked(
    server: Dovecot, cut: Callable[[Meddler, int], None], count: int, processed: str | None
) -> None:
    for at in itertools.count(1):
        account, inlet = f"ke{at}", Letterbox()
        server.deliver(*mails(count), account=account)
        async with meddler(server.port) as between:
            cut(between, at)
            async with attended(mailbox(between.port, user=account, processed=processed), inlet) as box:
                await until(lambda: box.idle and len(set(inlet.ids)) == count)  # noqa: B023  # waited for right here
                assert marked(server, account, processed or "INBOX") == [True] * count
        assert set(said_by(iter(inlet.arrivals)).values()) == set(mails(count))
        assert processed is None or server.flags(account=account) == {}
        # At most the one that was being marked came twice, under the same name.
        assert len(inlet.arrivals) <= count + 1
        if between.connections == 1:
            break
    assert at > 10


async def test_a_kicked_session_is_made_anew_without_a_word_of_it(server: Dovecot) -> None:
    inlet = Letterbox()
    with capture_logs() as logs:
        async with meddler(server.port) as between, attended(mailbox(between.port), inlet) as box:
            for number in range(5):
                await until(lambda: box.idle)
                server.kick()
                server.deliver(mail(f"Banjir {number}"))
                await inlet.until(number + 1)
            # The library's own way to wait would look thousands of times a second now.
            assert between.connections < 12
            assert between.said(b"IDLE") < 24
    assert logs == []


async def test_a_line_that_is_dead_without_an_end_is_noticed_and_made_anew(server: Dovecot) -> None:
    inlet = Letterbox()
    with capture_logs() as logs:
        async with meddler(server.port) as between, attended(mailbox(between.port, idle_seconds=0.1, timeout_seconds=0.5), inlet) as box:
            await until(lambda: box.idle)
            between.alive.clear()
            await until(lambda: box.failed > 2)
            checked = await box.check()
            assert (checked.ok, checked.kind) == (False, "timeout")
            server.deliver(mail("Banjir"))
            between.alive.set()
            await inlet.until(1)
    assert [line["event"] for line in logs] == ["mailbox out of reach", "mailbox works again"]


async def test_a_server_that_lets_us_in_and_hangs_up_is_asked_less_and_less_often(server: Dovecot) -> None:
    at: list[float] = []
    async with meddler(server.port) as between:

        def hang_up(line: bytes) -> bytes | None:
            if b" IDLE" not in line:
                return None
            at.append(asyncio.get_running_loop().time())
            return HANG_UP

        between.answer = hang_up
        async with attended(mailbox(between.port, retry_seconds=0.02), Letterbox()):
            await until(lambda: len(at) == 7)
    # Doubled five times, and half of that at the least.
    assert at[6] - at[5] > 0.02 * 2**5 / 2


def test_a_dead_line_is_noticed_within_a_minute_however_it_is_configured() -> None:
    for too_long in ({"idle_seconds": 30}, {"timeout_seconds": 31}):
        with pytest.raises(ValidationError):
            ImapIn.model_validate({"server": "imap.example:993", "user": "x", "password": "x", **too_long})


# Poison


def said(number: int, words: bytes) -> bytes:
    """What a server tells of one mail, and that it is done."""
    return b"* 2 FETCH (UID %d %s)\r\n<tag> OK done\r\n" % (number, words)


POISON = {
    "a no": b"<tag> NO [SERVERBUG] Internal error\r\n",
    "a bad": b"<tag> BAD Command argument error\r\n",
    "done, and nothing": b"<tag> OK done\r\n",
    "a mail that is nil": said(2, b"BODY[] NIL"),
    "a mail that is empty": said(2, b'BODY[] ""'),
    "a mail that is a number": said(2, b"BODY[] 5"),
    "another mail": said(3, b"BODY[] {3}\r\nabc"),
    "a mail that breaks off": b"* 2 FETCH (UID 2 BODY[] {500}\r\nFrom: x\r\n" + HANG_UP,
    "a mail that never ends": b"* 2 FETCH (UID 2 BODY[] {500}\r\nFrom: x\r\n",
    "a mail of the size of a disk": b"* 2 FETCH (UID 2 BODY[] {99999999999}\r\nFrom: x\r\n",
    "a mail that is longer than it says": b"* 2 FETCH (UID 2 BODY[] {3}\r\nabcdefghij\r\n)\r\n<tag> OK done\r\n",
    "a mail larger than anybody asked for": b"* 2 FETCH (UID 2 BODY[] {3000000}\r\n" + b"x" * 3_000_000 + b")\r\n<tag> OK done\r\n",
    "half an answer": b"* 2 FETCH (UID 2\r\n<tag> OK done\r\n",
    "nonsense": b"%%%\r\n",
    "brackets without end": b"* 2 FETCH " + b"(" * 5000 + b"\r\n<tag> OK done\r\n",
    "a line without end": b"x" * 1_100_000 + b"\r\n",
    "bye": b"* BYE Internal error\r\n" + HANG_UP,
    "the end": HANG_UP,
    "silence": b"",
}


THE_MAIL, ITS_SIZE = b"(BODY.PEEK[])", b"(FLAGS RFC822.SIZE INTERNALDATE)"
# A server that only does not tell the size is no poison.
TABLE = [(asked, name) for asked in (THE_MAIL, ITS_SIZE) for name in POISON if asked == THE_MAIL or not name.startswith("a mail that is ")]


@pytest.mark.parametrize(("asked", "name"), TABLE, ids=[f"{'its size' if asked == ITS_SIZE else 'the mail'}: {name}" for asked, name in TABLE])
async def test_one_mail_that_the_server_cannot_give_stops_no_other_and_is_never_marked(server: Dovecot, asked: bytes, name: str) -> None:
    inlet, all_of_them, answer = Letterbox(), mails(4), POISON[name]
    server.deliver(*all_of_them)
    async with meddler(server.port) as between:
        between.answer = lambda line: answer.replace(b"<tag>", tag(line)) if b"UID FETCH 2 " + asked in line else None
        async with attended(mailbox(between.port, timeout_seconds=0.5, max_message_bytes=1024 * 1024), inlet) as box:
            await inlet.until(3)
            await until_it_says(box, "cannot be taken: 1;")
            assert (box.waiting, inlet.raws) == (1, [all_of_them[0], *all_of_them[2:]])
            await until(lambda: marked(server) == [True, False, True, True])
            # What comes now is not kept waiting either.
            server.deliver(mail("Baru"))
            await inlet.until(4)
            between.answer = lambda _: None
            await inlet.until(5)
            await until(lambda: marked(server) == [True] * 5)
            assert (await box.check()).ok
    assert inlet.raws[3:] == [mail("Baru"), all_of_them[1]]


# Servers with manners of their own


async def test_a_server_that_does_not_tell_by_itself_is_asked_again_and_again(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        between.change = lambda line: line.replace(b" IDLE", b"")
        async with attended(mailbox(between.port), inlet):
            for number in range(3):
                server.deliver(mail(f"Banjir {number}"))
                await inlet.until(number + 1)
        assert (between.said(b"IDLE"), between.connections) == (0, 1)


async def test_a_server_that_promises_to_tell_and_refuses_is_asked_again_and_again(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        between.answer = lambda line: tag(line) + b" BAD not now\r\n" if b" IDLE" in line else None
        async with attended(mailbox(between.port), inlet):
            for number in range(3):
                server.deliver(mail(f"Banjir {number}"))
                await inlet.until(number + 1)
                # Once it has asked, it knows; a busy machine may bring all three before.
                async with asyncio.timeout(60):
                    while not between.said(b"IDLE"):  # noqa: ASYNC110  # it has no bell for tests
                        await asyncio.sleep(0.01)
        assert (between.said(b"IDLE"), between.connections) == (1, 1)


async def test_what_a_server_tells_before_it_begins_to_wait_is_no_refusal(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        # Exchange does that when a mail comes at this moment.
        between.change = lambda line: b"* 1 EXISTS\r\n" + line if line.startswith(b"+ idling") and not inlet.arrivals else line
        async with attended(mailbox(between.port), inlet) as box:
            await until(lambda: between.said(b"DONE") > 2)
            server.deliver(mail("Banjir"))
            await inlet.until(1)
            await until(lambda: box.idle)
        assert (between.connections, box.failed) == (1, 0)


async def test_a_mail_that_comes_between_the_look_and_the_wait_is_not_kept_waiting(server: Dovecot) -> None:
    inlet, held = Letterbox(), [b""]
    server.deliver(mail("Banjir 0"))
    async with meddler(server.port) as between:

        def one_more(line: bytes) -> None:
            if b" IDLE" in line and between.said(b" IDLE") == 1:
                server.deliver(mail("Banjir 1"))

        def in_one_breath(line: bytes) -> bytes:
            # What comes together with the plus lies in the library, where no poll sees it.
            if between.said(b" IDLE") != 1 or between.said(b"DONE"):
                return line
            held[0] += line
            return held[0] if b"EXISTS" in line else b""

        between.answer, between.change = one_more, in_one_breath
        async with attended(mailbox(between.port), inlet):
            async with asyncio.timeout(25):
                await inlet.until(2)


async def test_what_is_told_of_another_mail_meanwhile_is_not_believed_of_this_one(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(3))
    keyword = f"NoWrongDoor-{inlet.sign('imap keyword').encode().hex()[:12]}".encode()
    with server.person() as program:
        program.uid("STORE", "1", "+FLAGS", r"(\Deleted)")
        program.expunge()
    async with meddler(server.port) as between:
        # The second mail has the UID 3 now, and what is told without being asked has no UID: the library takes it for that of the UID 2.
        gossip = b"* 2 FETCH (FLAGS (" + keyword + b"))\r\n"
        between.change = lambda line: line + gossip if b"(UID 2 FLAGS" in line and between.said(b"UID FETCH 2 ") == 1 else line
        async with attended(mailbox(between.port, idle_seconds=0.05), inlet):
            await until(lambda: marked(server) == [True, True])
        assert between.said(b"UID FETCH 2 ") > 1
    assert sorted(inlet.raws) == mails(3)[1:]


async def test_a_server_that_numbers_nothing_for_good_still_brings_each_mail(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(2))
    async with meddler(server.port) as between:
        between.change = lambda line: b"" if b"UIDVALIDITY" in line else line
        async with attended(mailbox(between.port), inlet):
            await inlet.until(2)
    assert [wire_id.split("/")[-2] for wire_id in inlet.ids] == ["0", "0"]


@pytest.mark.parametrize("date", [b'"25-Nov-2026 18:26:12"', b'"besok"', b"NIL", b'"99-Nov-9999 99:99:99 +9999"'])
async def test_a_mail_whose_date_is_none_comes_like_any_other(server: Dovecot, date: bytes) -> None:
    inlet = Letterbox()
    server.deliver(*mails(2))
    async with meddler(server.port) as between:
        between.change = lambda line: re.sub(rb'INTERNALDATE "[^"]*"', b"INTERNALDATE " + date, line)
        async with attended(mailbox(between.port), inlet):
            await inlet.until(2)


async def test_a_mail_with_flags_that_look_like_something_else_comes_like_any_other(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(2))
    with server.person() as program:
        program.uid("STORE", "1", "+FLAGS", "(12345 NIL)")
    async with attended(mailbox(server.port), inlet) as box:
        await inlet.until(2)
    assert (inlet.raws, box.failed) == (mails(2), 0)


# Ending


def threads() -> list[str]:
    """Those of mailboxes."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("imap ")]


def nobody_answers(stack: ExitStack) -> int:
    """A port whose server is so full that it lets nobody in any more."""
    full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        waits = stack.enter_context(socket.socket())
        waits.setblocking(False)  # noqa: FBT003  # the library's signature
        with suppress(BlockingIOError):
            waits.connect(full.getsockname())
    port: int = full.getsockname()[1]
    return port


def nobody_speaks(stack: ExitStack) -> int:
    """A port that takes connections, and there the matter rests."""
    port: int = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    return port


@pytest.mark.parametrize("tls", ["none", "implicit", "starttls"])
@pytest.mark.parametrize("port", [nobody_answers, nobody_speaks])
async def test_a_mailbox_ends_at_once_while_it_waits_for_a_server(port: Callable[[ExitStack], int], tls: str) -> None:
    with ExitStack() as stack:
        async with attended(mailbox(port(stack), tls=tls, timeout_seconds=30), Letterbox()):
            await until(lambda: threads() != [])
            # It is somewhere between the socket and the first word now.
            await until(lambda: bool({"_create_socket", "_get_response"} & where_they_are()))
        async with asyncio.timeout(10):
            await until(lambda: threads() == [])


def where_they_are() -> set[str]:
    """The functions that mailboxes' threads are in."""
    frames = sys._current_frames()  # noqa: SLF001  # the interpreter's own name for it
    here = [frames[thread.ident] for thread in threading.enumerate() if thread.name in threads() and thread.ident in frames]
    return {line.name for frame in here for line in traceback.extract_stack(frame)}


async def test_a_mailbox_ends_at_once_whatever_it_is_at(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        for silent_at in (b"AUTHENTICATE", b"SELECT", b"SEARCH", b"FETCH 1 (FLAGS", b"BODY.PEEK", b"STORE", b"IDLE"):
            between.answer = lambda line: b"" if silent_at in line else None  # noqa: B023  # for this round
            between.heard.clear()
            # Dovecot knows accounts in small letters only.
            account = f"ke{silent_at[:4].decode().lower()}"
            server.deliver(mail("Banjir"), account=account)
            async with attended(mailbox(between.port, user=account), inlet):
                await until(lambda: between.said(silent_at) > 0)  # noqa: B023  # for this round
            async with asyncio.timeout(10):
                await until(lambda: threads() == [])


# At each await


@pytest.mark.parametrize("what", [*FAILURES, CANCEL, HANG])
async def test_struck_at_any_await_it_loses_nothing_and_marks_nothing_too_early(server: Dovecot, what: str) -> None:
    with capture_logs() as logs:
        for fate in each(what):
            account, inlet = f"ke{fate.at}", Letterbox()
            server.deliver(*mails(2), account=account)
            box = mailbox(server.port, user=account)
            task = asyncio.create_task(under(fate, box.run(inlet)))
            await until(lambda: task.done() or fate.hanging or (box.idle and box.fetched == 2))  # noqa: B023  # waited for right here
            fate.armed = False
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            safe = sum(marked(server, account))
            assert safe <= len(set(inlet.ids))
            # Whoever looks after it starts it again.
            async with attended(box, inlet):
                await until(lambda: marked(server, account) == [True, True])  # noqa: B023  # waited for right here
            assert set(said_by(iter(inlet.arrivals)).values()) == set(mails(2))
        assert fate.at > 8
        await until(lambda: threads() == [])
    assert TELLTALE not in str(logs)
