"""Mail that lies in a mailbox comes in: each once, none marked before it is safe, whatever people, servers and other gateways do there meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels import Refused
from channels.mail import imap_session
from gateway.journal import Journal
from tests.dovecot import ACCOUNT, Dovecot, dovecot
from tests.letterbox import NOW, Letterbox, attended, mail, mailbox, mails, said_by, until, until_it_says
from tests.meddler import meddler, tag
from tests.world import an_inlet

pytestmark = pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def ours(flags: set[str]) -> bool:
    """Whether a mail carries a gateway's mark."""
    return any(flag.startswith("NoWrongDoor-") for flag in flags)


async def all_marked(server: Dovecot, count: int, folder: str = "INBOX") -> None:
    """So many lie there, each with our mark, and read for people."""
    await until(lambda: [ours(flags) and "\\Seen" in flags for flags in server.flags(folder).values()] == [True] * count)


# One mail


async def test_a_mail_is_taken_as_it_is_and_marked(server: Dovecot) -> None:
    inlet, words = Letterbox(), mail("Jalan rusak")
    server.deliver(words)
    async with attended(mailbox(server.port), inlet) as box:
        await all_marked(server, 1)
    [arrival] = inlet.arrivals
    assert (arrival.channel, arrival.kind, arrival.raw, arrival.received_at) == ("mail", "message", words, NOW)
    assert (arrival.reply_to, arrival.meta) == (None, {"via": "imap"})
    place, _, number = arrival.wire_id.rpartition("/")
    assert (place.rpartition("/")[0], number) == (f"imap:{ACCOUNT}@127.0.0.1/INBOX", "1")
    assert (box.fetched, box.failed, box.refused, box.waiting, box.oldest_at, box.last_at) == (1, 0, 0, 0, None, NOW)


async def test_the_server_tells_of_a_new_mail_and_nobody_waits_for_the_next_look(server: Dovecot) -> None:
    inlet = Letterbox()
    # A look of our own would come after 29 seconds.
    async with attended(mailbox(server.port, look_seconds=1500), inlet) as box:
        for number in range(3):
            await until(lambda: box.idle)
            server.deliver(mail(f"Lampu mati {number}"))
            async with asyncio.timeout(20):
                await inlet.until(number + 1)


async def test_nothing_is_marked_before_the_gateway_has_it(server: Dovecot) -> None:
    inlet = Letterbox()
    inlet.open.clear()
    server.deliver(*mails(3))
    async with attended(mailbox(server.port), inlet):
        await until(lambda: inlet.asked == 1)
        assert server.flags() == {1: set(), 2: set(), 3: set()}
        inlet.open.set()
        await all_marked(server, 3)
    assert inlet.raws == mails(3)


async def test_a_mail_that_somebody_has_read_before_us_is_taken_too(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(3))
    with server.person() as program:
        program.uid("STORE", "2", "+FLAGS", r"(\Seen \Flagged \Answered \Deleted)")
    async with attended(mailbox(server.port), inlet):
        await inlet.until(3)
    assert inlet.raws == mails(3)


async def test_a_gateway_that_starts_again_takes_nothing_again(server: Dovecot) -> None:
    first, second = Letterbox(), Letterbox()
    server.deliver(*mails(3))
    async with attended(mailbox(server.port), first):
        await all_marked(server, 3)
    server.deliver(mail("Baru"))
    async with attended(mailbox(server.port), second):
        await all_marked(server, 4)
    assert (first.raws, second.raws) == (mails(3), [mail("Baru")])


async def test_a_gateway_on_trial_hides_no_mail_from_the_real_one(server: Dovecot) -> None:
    trial, real = Letterbox(key="percobaan"), Letterbox(key="sebenarnya")
    server.deliver(*mails(3))
    async with attended(mailbox(server.port), trial):
        await all_marked(server, 3)
    async with attended(mailbox(server.port), real):
        await real.until(3)


# A folder for what is done


async def test_a_mail_is_moved_away_once_it_is_safe(server: Dovecot) -> None:
    inlet = Letterbox()
    inlet.open.clear()
    server.deliver(*mails(3))
    async with attended(mailbox(server.port, processed="Selesai"), inlet):
        await until(lambda: inlet.asked == 1)
        assert len(server.flags()) == 3
        inlet.open.set()
        await all_marked(server, 3, "Selesai")
    assert server.flags() == {}
    assert inlet.raws == mails(3)


async def test_a_mail_that_somebody_moves_back_is_no_new_one_and_goes_away_again(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(2))
    async with attended(mailbox(server.port, processed="Selesai"), inlet):
        await all_marked(server, 2, "Selesai")
        with server.person("Selesai") as program:
            program.uid("MOVE", "1:2", "INBOX")
        server.deliver(mail("Baru"))
        await all_marked(server, 3, "Selesai")
    assert inlet.raws == [*mails(2), mail("Baru")]


async def test_mails_that_cannot_be_moved_are_taken_once_and_told_and_moved_later(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        between.answer = lambda line: tag(line) + b" NO [OVERQUOTA] full\r\n" if b"UID MOVE" in line else None
        server.deliver(*mails(3))
        async with attended(mailbox(between.port, processed="Selesai", idle_seconds=0.05), inlet) as box:
            await all_marked(server, 3)
            await until(lambda: between.said(b"MOVE") > 5)
            await until_it_says(box, "neither mark nor move: 3.")
            assert (inlet.raws, box.failed) == (mails(3), 0)
            between.answer = lambda _: None
            await all_marked(server, 3, "Selesai")
    assert inlet.raws == mails(3)


async def test_a_server_that_cannot_move_keeps_the_mails_flagged_and_that_is_told(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        between.change = lambda line: line.replace(b" MOVE", b"")
        server.deliver(*mails(2))
        async with attended(mailbox(between.port, processed="Selesai"), inlet) as box:
            await all_marked(server, 2)
            assert "cannot move" in (await box.check()).sentence
    assert inlet.raws == mails(2)


# Servers that keep no keyword (Exchange)


def without_keywords(line: bytes) -> bytes:
    """What Exchange says instead."""
    return line.replace(rb"\*)]", b")]") if b"PERMANENTFLAGS" in line else line


async def test_where_no_mark_of_ours_stays_each_mail_is_taken_once_a_start_and_the_advice_is_told(server: Dovecot) -> None:
    first, second = Letterbox(), Letterbox()
    async with meddler(server.port) as between:
        between.change = without_keywords
        server.deliver(*mails(3))
        async with attended(mailbox(between.port, idle_seconds=0.05), first) as box:
            await first.until(3)
            server.kick()
            server.deliver(mail("Baru"))
            await first.until(4)
            await until(lambda: between.said(b"IDLE") > 5)
            checked = await box.check()
            assert checked.ok
            assert "`processed`" in checked.sentence
        async with attended(mailbox(between.port), second):
            await second.until(4)
    assert first.raws == [*mails(3), mail("Baru")]
    assert (second.ids, second.raws) == (first.ids, first.raws)
    assert set.union(*server.flags().values()) == {"\\Seen"}
    assert between.said(b"KEYWORD") == 0


async def test_where_no_mark_of_ours_stays_moving_is_mark_enough(server: Dovecot) -> None:
    first, second = Letterbox(), Letterbox()
    async with meddler(server.port) as between:
        between.change = without_keywords
        server.deliver(*mails(3))
        async with attended(mailbox(between.port, processed="Selesai"), first) as box:
            await until(lambda: not server.flags())
            await until(lambda: box.idle)
            assert (await box.check()).sentence == "The mail server answers."
        server.deliver(mail("Baru"))
        async with attended(mailbox(between.port, processed="Selesai"), second):
            await until(lambda: not server.flags())
    assert (first.raws, second.raws) == (mails(3), [mail("Baru")])


# What happens to folders


async def test_a_folder_that_is_numbered_anew_brings_nothing_twice_and_loses_nothing(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(3))
    async with attended(mailbox(server.port), inlet):
        await all_marked(server, 3)
        server.renumber(7)
        server.kick()
        server.deliver(mail("Baru"))
        await all_marked(server, 4)
    assert inlet.raws == [*mails(3), mail("Baru")]
    assert inlet.ids[3].endswith("/7/4")


async def test_where_no_mark_of_ours_stays_a_new_numbering_names_the_same_mails_anew(server: Dovecot) -> None:
    inlet = Letterbox()
    async with meddler(server.port) as between:
        between.change = without_keywords
        server.deliver(*mails(2))
        async with attended(mailbox(between.port), inlet):
            await inlet.until(2)
            server.renumber(7)
            server.kick()
            # Known by their content to the core.
            await inlet.until(4)
    assert inlet.raws == mails(2) * 2
    assert [wire_id.split("/")[2:] for wire_id in inlet.ids[2:]] == [["7", "1"], ["7", "2"]]


async def test_what_a_person_moves_or_deletes_meanwhile_holds_up_nobody(server: Dovecot) -> None:
    inlet, all_of_them = Letterbox(), mails(300)
    server.deliver(*all_of_them)
    with server.person() as program:
        program.create("Dibaca")
        async with attended(mailbox(server.port), inlet) as box:
            await inlet.until(20)
            program.uid("MOVE", "100:199", "Dibaca")
            program.uid("STORE", "200:250", "+FLAGS", r"(\Deleted)")
            program.expunge()
            await until(lambda: box.idle)
            program.uid("STORE", "1:50", "-FLAGS", r"(\Seen)")
            server.deliver(mail("Baru"))
            await until(lambda: mail("Baru") in inlet.raws)
    # Once each, in their order; nothing that stayed is missing.
    left = [raw for raw in all_of_them if raw in inlet.raws]
    assert [*left, mail("Baru")] == inlet.raws
    assert {*all_of_them[:99], *all_of_them[250:]} <= {*inlet.raws}


async def test_after_an_outage_of_three_days_all_that_waited_comes_in_its_order(server: Dovecot) -> None:
    inlet, all_of_them = Letterbox(), mails(500)
    async with attended(mailbox(server.port), inlet) as box:
        await until(lambda: box.idle)
        server.stop()
        await until(lambda: box.failed > 3)
        checked = await box.check()
        assert (checked.ok, checked.kind) == (False, "unreachable")
        long_ago = NOW - timedelta(days=3)
        inlet.open.clear()
        server.deliver(*all_of_them, at=long_ago.timestamp())
        server.start()
        await until(lambda: inlet.asked == 1)
        # How much waits, and since when, is there to be shown.
        assert (box.waiting, box.oldest_at) == (500, long_ago)
        inlet.open.set()
        await inlet.until(500)
        await all_marked(server, 500)
        assert (await box.check()).ok
    assert inlet.raws == all_of_them


async def test_many_mails_are_listed_piece_by_piece(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_session, "_LISTED_AT_ONCE", 3)
    inlet = Letterbox()
    server.deliver(*mails(10))
    async with attended(mailbox(server.port), inlet):
        await all_marked(server, 10)
    assert inlet.raws == mails(10)


async def test_of_a_mail_that_is_too_large_its_beginning_is_taken_and_its_size_told(server: Dovecot) -> None:
    inlet, large, fits = Letterbox(), mail("Foto besar", size=1024 * 1024), mail("Foto", size=1024 * 1024 - 4096)
    async with meddler(server.port) as between:
        server.deliver(large, fits)
        async with attended(mailbox(between.port, max_message_bytes=1024 * 1024), inlet):
            await all_marked(server, 2)
        assert between.said(b"UID FETCH 1 ", b"BODY.PEEK[]<0.131072>") == 1
        assert between.said(b"UID FETCH 1 ", b"BODY.PEEK[])") == 0
    assert inlet.raws == [large[: 128 * 1024], fits]
    assert [arrival.meta for arrival in inlet.arrivals] == [{"via": "imap", "cut": str(len(large))}, {"via": "imap"}]


# Two at the same mailbox


@pytest.mark.parametrize("processed", [None, "Selesai"])
async def test_two_gateways_at_one_mailbox_have_all_mails_between_them_under_the_same_names(server: Dovecot, processed: str | None) -> None:
    one, other, all_of_them = Letterbox(), Letterbox(), mails(200)
    server.deliver(*all_of_them)
    async with AsyncExitStack() as stack:
        for inlet in (one, other):
            await stack.enter_async_context(attended(mailbox(server.port, processed=processed), inlet))
        await until(lambda: len({*one.raws, *other.raws}) == 200)
        # Two that move one mail at the same moment may leave two of it where the done ones lie: Dovecot copies and then deletes.
        await until(lambda: not any(not ours(flags) or processed for flags in server.flags().values()))
        assert len(server.flags(processed or "INBOX")) >= 200
    assert len({*one.ids}) == len(one.ids)
    assert sorted(said_by(iter(one.arrivals + other.arrivals)).values()) == sorted(all_of_them)


async def test_two_mailboxes_before_one_journal_bring_each_mail_once(server: Dovecot, tmp_path: Path) -> None:
    server.deliver(*mails(100))
    journal = Journal(tmp_path / "journal.db")
    inlet = an_inlet(journal, lambda arrival: hashlib.sha256(arrival.raw).hexdigest())
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(attended(mailbox(server.port), inlet))
        await until(lambda: sum(ours(flags) for flags in server.flags().values()) == 100)
    rows = [entry.arrival for entry in await journal.take(0, 1000)]
    await journal.close()
    assert sorted(arrival.raw for arrival in rows) == sorted(mails(100))


# A gateway that does not take it


async def test_while_the_gateway_refuses_mails_wait_in_their_order_unmarked(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(3))
    refused = iter([Refused("full", timedelta(milliseconds=1))] * 20)
    inlet.refuse = lambda _: next(refused, None)
    async with attended(mailbox(server.port), inlet) as box:
        await until(lambda: box.refused == 20)
        await all_marked(server, 3)
    assert (inlet.raws, inlet.asked) == (mails(3), 23)


async def test_a_refusal_is_waited_for_as_long_as_it_says(server: Dovecot) -> None:
    inlet = Letterbox()
    inlet.refuse = lambda _: Refused("full", timedelta(hours=1))
    server.deliver(*mails(3))
    async with attended(mailbox(server.port), inlet) as box:
        await until(lambda: box.refused == 1)
        assert "waiting there: 3." in (await box.check()).sentence
        assert server.flags() == {1: set(), 2: set(), 3: set()}


async def test_one_mail_that_our_own_house_cannot_take_holds_up_no_other(server: Dovecot) -> None:
    inlet = Letterbox()
    server.deliver(*mails(4))
    inlet.refuse = lambda arrival: RuntimeError("rahasia-dalam") if b"rusak 1" in arrival.raw else None
    with capture_logs() as logs:
        async with attended(mailbox(server.port), inlet) as box:
            await inlet.until(3)
            await until(lambda: box.refused > 9)
            assert [ours(flags) for flags in server.flags().values()] == [True, False, True, True]
            assert box.waiting == 1
            inlet.refuse = lambda _: None
            await all_marked(server, 4)
    assert inlet.raws == [*mails(4)[:1], *mails(4)[2:], mails(4)[1]]
    assert "rahasia" not in str(logs)


# How it is


async def test_a_look_at_the_mailbox_before_it_is_attended_changes_nothing(server: Dovecot) -> None:
    server.deliver(*mails(2))
    async with meddler(server.port) as between:
        checked = await mailbox(between.port, processed="Selesai").check()
        assert (checked.ok, checked.sentence) == (True, "The mail server answers, and the folder is there.")
        assert between.said(b"SELECT") + between.said(b"CREATE") + between.said(b"STORE") == 0
    assert server.flags() == {1: set(), 2: set()}
    assert not (server.folder / "mail" / ACCOUNT / ".Selesai").exists()


async def test_a_folder_that_is_not_there_is_told(server: Dovecot) -> None:
    box = mailbox(server.port, folder="Keluhan")
    checked = await box.check()
    assert (checked.ok, checked.kind) == (False, "provider")
    assert "Is the folder right" in checked.sentence
    async with attended(box, Letterbox()):
        await until(lambda: box.failed > 2)
        assert (await box.check()).sentence == checked.sentence


async def test_a_folder_that_we_may_only_read_is_told(server: Dovecot) -> None:
    async with meddler(server.port) as between:
        between.change = lambda line: line.replace(b"[READ-WRITE]", b"[READ-ONLY]")
        async with attended(mailbox(between.port), Letterbox()) as box:
            await until(lambda: box.failed > 0)
            checked = await box.check()
            assert (checked.ok, checked.kind) == (False, "provider")
            assert "read-only" in checked.sentence


async def test_a_mailbox_in_a_folder_with_a_foreign_name_works(server: Dovecot) -> None:
    inlet = Letterbox()
    with server.person() as program:
        program.create('"Pengaduan &- Saran"')
        program.append('"Pengaduan &- Saran"', None, None, mail("Jalan rusak"))
    async with attended(mailbox(server.port, folder="Pengaduan & Saran"), inlet):
        await inlet.until(1)
    assert "/Pengaduan & Saran/" in inlet.ids[0]


async def test_while_a_person_paused_the_channel_its_mails_wait_there_and_afterwards_they_come(server: Dovecot) -> None:
    inlet = Letterbox()
    box = mailbox(server.port)
    box.hold.begin(NOW)
    server.deliver(mail("Jalan rusak"))
    async with attended(box, inlet):
        # However often it might have looked by now.
        await asyncio.wait([asyncio.create_task(inlet.until(1))], timeout=0.5)
        assert (inlet.arrivals, server.flags()) == ([], {1: set()})
        box.hold.begin(None)
        await all_marked(server, 1)
        # Again, between two looks of one connection.
        box.hold.begin(NOW)
        server.deliver(mail("Lampu mati"))
        await asyncio.wait([asyncio.create_task(inlet.until(2))], timeout=0.5)
        assert len(inlet.arrivals) == 1
        box.hold.begin(None)
        await all_marked(server, 2)
