"""Several gateways with one store: one case, whoever took it in; and a node that does not belong refuses to work."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from channels import MESSAGE, Arrival, Refused
from channels.webform import reading
from gateway.assembly import deployment_key, running
from gateway.clock import SystemClock
from gateway.commands.drain import bring_home
from gateway.config import Mistakes
from tests.postbox import PROVIDERS, letter
from tests.test_pictures import encoded, once, street
from tests.web_citizen import CHANNEL, at_the_form
from tests.world import KEY, Deployment, handed_over, receive_all

NOW = SystemClock().now


async def test_fifty_deliveries_at_once_on_two_gateways_are_one_case_and_one_acknowledgement(on_postgres: Deployment) -> None:
    async with on_postgres.node("a") as one, on_postgres.node("b") as two:
        receipts = await asyncio.gather(*((one if i % 2 else two).inlets["post"].receive(letter("jalan rusak", "SM1", at=NOW())) for i in range(50)))
        assert len({receipt.number for receipt in receipts}) == 1
        # Each journal keeps one of them; the store makes of both one case and one repeat.
        await on_postgres.until("arrivals", lambda rows: len(rows) == 2)
        await on_postgres.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
        await handed_over(one, two)
    async with on_postgres.node("a") as restarted:
        [again] = await receive_all(restarted, [letter("jalan rusak", "SM1", at=NOW())])
        rows = await on_postgres.until("arrivals", lambda rows: len(rows) == 3)
    assert again.number == receipts[0].number
    assert Counter(row["outcome"] for row in rows) == {"case": 1, "duplicate": 2}
    assert len({row["case"] for row in rows}) == 1
    assert len(PROVIDERS["post"].sent) == 1
    assert {account.verdict for account in await on_postgres.accounts()} == {"ok"}


async def test_a_storm_on_two_gateways_is_filed_once_each_and_every_row_has_its_outcome(on_postgres: Deployment) -> None:
    async with on_postgres.node("a") as one, on_postgres.node("b") as two:
        letters = [letter(f"Lapor jalan rusak {i % 60}", f"SM{i % 60}", at=NOW(), sender=f"+62812{i % 7:08d}") for i in range(180)]
        await asyncio.gather(*((one if i % 2 else two).inlets["post"].receive(each) for i, each in enumerate(letters)))
        await on_postgres.until("notices", lambda rows: len(rows) == 60 and all(row["state"] == "sent" for row in rows))
        await on_postgres.until("arrivals", lambda rows: len(rows) == one.journal.counts.accepted + two.journal.counts.accepted)
    rows = await on_postgres.rows("arrivals")
    assert Counter(row["outcome"] for row in rows)["case"] == 60
    assert all(row["case"] and row["outcome"] in {"case", "duplicate"} for row in rows)
    assert len(PROVIDERS["post"].sent) == len({notice.short for notice in PROVIDERS["post"].sent}) == 60


async def test_a_photo_is_drawn_by_the_node_that_has_it(on_postgres: Deployment) -> None:
    async with on_postgres.parts("a", channels=CHANNEL) as has_it:
        content = encoded(street())
        kept = await has_it.inlets["web"].keep(once(content))
        raw = reading.pack([("isi", "jalan rusak")], [{"name": "a.jpg", "type": "image/jpeg", "digest": kept.digest, "size": kept.size}], [])
        await receive_all(has_it, [Arrival("web", MESSAGE, "1", raw, NOW())])
        await has_it.intake.drain()
    # Due later than the other, and on this node's own disk.
    async with at_the_form(on_postgres, name="b") as (_, siti):
        await siti.report("lampu padam", [("b.jpg", "image/jpeg", encoded(street(3)))])
        rows = await on_postgres.until("due", lambda rows: [row["state"] for row in rows].count("done") == 1)
        assert [(row["state"], row["attempts"], row["data"]["digest"]) for row in rows if row["state"] == "waiting"] == [("waiting", 0, kept.digest)]
    async with on_postgres.node("a", channels=CHANNEL):
        await on_postgres.until("due", lambda rows: all(row["state"] == "done" for row in rows))
    drawn = [row["reason"] for row in await on_postgres.rows("attachments") if row["derived_from"] is not None]
    assert drawn == ["", ""]


async def test_a_node_with_another_deployment_key_takes_nothing_in_and_says_why(deployment: Deployment) -> None:
    async with deployment.parts("a") as right:
        await receive_all(right, [letter("jalan rusak", "SM1", at=NOW())])
        await right.intake.drain()
    async with deployment.node("b", key="another-key-of-more-than-32-characters") as wrong:
        async with asyncio.timeout(30):
            while wrong.inlets["post"].closed is None:  # noqa: ASYNC110  # what it waits for has no bell, and needs none outside of tests
                await asyncio.sleep(0.01)
        with pytest.raises(Refused, match="another deployment key"):
            await receive_all(wrong, [letter("lampu padam", "SM2", at=NOW())])
        assert wrong.journal.counts.accepted == 0
        # Nor does it answer anybody: the notice that waits in the store is not its own to send.
        wrong.outboxes["post"].loop.ring()
        await asyncio.sleep(0.1)
        assert PROVIDERS["post"].attempts == 0
    async with deployment.node("a"), asyncio.timeout(30):
        await PROVIDERS["post"].until(lambda: len(PROVIDERS["post"].sent) == 1)
    assert len(await deployment.rows("arrivals")) == 1


async def test_a_dead_nodes_journal_is_drained_from_its_file_and_retired(deployment: Deployment) -> None:
    async with deployment.parts("dead") as dead:
        await receive_all(dead, [letter(f"laporan {i}", f"SM{i}", at=NOW()) for i in range(5)])
        await receive_all(dead, [letter("raise", "SM-bad", at=NOW())])
        name = dead.journal.id
    async with deployment.parts("dead") as drained:
        await drained.intake.drain()
        assert drained.intake.tally.filed == 6
    async with deployment.node("a"):
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 6)
    [book] = [row for row in await deployment.rows("journals") if row["id"] == name]
    assert book["retired_at"] is not None
    assert (book["accepted"], book["pending"]) == (6, 0)


async def test_an_older_copy_of_a_journal_works_on_under_a_new_name(on_sqlite: Deployment) -> None:
    async with on_sqlite.parts("b") as gateway:
        await receive_all(gateway, [letter("laporan 1", "SM1", at=NOW())])
    config = on_sqlite.config("b")
    backup = (config.data_dir / "journal.db").read_bytes()
    async with on_sqlite.parts("b") as gateway:
        await receive_all(gateway, [letter("laporan 2", "SM2", at=NOW())])
        await gateway.intake.drain()
        name = gateway.journal.id
    for file in config.data_dir.glob("journal.db*"):
        file.unlink()
    (config.data_dir / "journal.db").write_bytes(backup)
    async with on_sqlite.node("b") as restored:
        await receive_all(restored, [letter("laporan 3", "SM3", at=NOW())])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 4)
        assert restored.journal.id != name
    assert Counter(row["outcome"] for row in await on_sqlite.rows("arrivals")) == {"case": 3, "duplicate": 1}


async def test_what_waits_in_an_older_copy_is_counted_under_its_new_name(on_sqlite: Deployment) -> None:
    config = on_sqlite.config("b")
    async with on_sqlite.parts("b") as gateway:
        await receive_all(gateway, [letter(f"laporan {i}", f"SM{i}", at=NOW()) for i in (1, 2)])
    backup = (config.data_dir / "journal.db").read_bytes()
    async with on_sqlite.parts("b") as gateway:
        await receive_all(gateway, [letter("laporan 3", "SM3", at=NOW())])
        # As when the first two are in the slow lane.
        await gateway.intake._batch([(await gateway.journal.take(2, 1))[0]])  # noqa: SLF001  # what the fast lane does
        await gateway.intake._hand_over(gateway.intake._read_so_far.get_nowait())  # noqa: SLF001  # and the one that files
    (config.data_dir / "journal.db").write_bytes(backup)
    async with on_sqlite.node("b"):
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 3)
        await on_sqlite.until("journals", lambda rows: sorted(row["pending"] for row in rows) == [0, 0])
    assert {account.verdict for account in await on_sqlite.accounts("b")} == {"ok"}


async def test_a_journal_that_turns_up_after_its_backup_was_restored_is_brought_home_too(on_sqlite: Deployment) -> None:
    config = on_sqlite.config("b")
    file, rescued = config.data_dir / "journal.db", config.data_dir.parent / "rescued" / "journal.db"
    async with on_sqlite.node("b") as gateway:
        await receive_all(gateway, [letter("laporan 1", "SM1", at=NOW())])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 1)
        await on_sqlite.until("journals", lambda rows: rows[0]["pending"] == 0)
    backup = file.read_bytes()
    async with on_sqlite.parts("b") as gateway:
        await receive_all(gateway, [letter("laporan 2", "SM2", at=NOW())])
    rescued.parent.mkdir()
    file.rename(rescued)
    file.write_bytes(backup)
    async with on_sqlite.node("b") as gateway:
        # The restored one works on under the same name, and gives the same row number to another report.
        await receive_all(gateway, [letter("laporan 3", "SM3", at=NOW())])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 2)
        assert await bring_home(config, rescued) == 1
        await receive_all(gateway, [letter("laporan 4", "SM4", at=NOW())])
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 4)
    assert {account.verdict for account in await on_sqlite.accounts("b")} == {"ok"}


async def test_a_store_whose_key_was_lost_is_not_begun_anew(on_sqlite: Deployment) -> None:
    own = on_sqlite.config(key=KEY).model_copy(update={"deployment_key": None})
    key = deployment_key(own)
    async with running(own):
        await on_sqlite.until("deployment", lambda rows: len(rows) == 1)
    assert deployment_key(own) == key
    (own.data_dir / "deployment.key").unlink()
    with pytest.raises(Mistakes, match="Bring it back from the backup"):
        deployment_key(own)
