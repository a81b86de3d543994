"""A citizen mails: one answer in the thread, what follows lands on the same case, and neither machines nor strangers make us talk."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.kinds import KINDS
from channels.mail.channel import Mail
from gateway import threads, tracking
from gateway.assembly import reading
from gateway.clock import Clock
from gateway.demo.post_office import Delivered, PostOffice, bring
from gateway.node import Gateway
from gateway.replay import replay
from gateway.store import lookup
from tests.mails import OURS, mail, multipart, part
from tests.manual_clock import ManualClock
from tests.web_citizen import CHANNEL, citizen
from tests.world import KEY, Deployment, handed_over

SITI = "siti@warga.example"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 3000


def block(relay: str, name: str = "surat", more: str = "") -> str:
    """A mail channel with both ways."""
    return (
        f'[channels.{name}]\nkind = "mail"\naddress = "{OURS}"\nauthserv_id = "mx.ppu.example"\ncanary_minutes = 0\n{more}\n'
        f'[channels.{name}.smtp]\nlisten = "127.0.0.1:0"\n[channels.{name}.relay]\nserver = "{relay}"\ntls = "none"\n'
    )


class Desk:
    """A gateway that has mail, and everybody else's post office."""

    def __init__(self, gateway: Gateway, office: PostOffice, deployment: Deployment) -> None:
        self.gateway, self.office, self.deployment = gateway, office, deployment

    async def port(self, name: str = "surat") -> int:
        """Where mail servers come, once it listens."""
        channel = self.gateway.channels[name]
        assert isinstance(channel, Mail)
        assert channel.listener is not None
        async with asyncio.timeout(30):
            while channel.listener.port is None:  # noqa: ASYNC110  # a listener has no bell for its tests
                await asyncio.sleep(0.01)
        return channel.listener.port

    async def gets(self, raw: bytes, *, sender: str = SITI, to: str = OURS, name: str = "surat") -> None:
        """A mail, taken."""
        assert (await bring(await self.port(name), raw, sender=sender, to=to)).startswith("250")

    async def arrivals(self, count: int) -> list[dict[str, Any]]:
        """All that came, once it is in the store, in order."""
        rows = await self.deployment.until("arrivals", lambda rows: len(rows) == count)
        await handed_over(self.gateway)
        return sorted(rows, key=lambda row: row["seq"])


@asynccontextmanager
async def at_the_desk(deployment: Deployment, clock: Clock | None = None, more: str = "", **options: Any) -> AsyncIterator[Desk]:  # noqa: ANN401  # as config()
    """Open."""
    office = PostOffice()
    async with office.serve() as relay, deployment.node(channels=block(relay) + more, clock=clock, **options) as gateway:
        yield Desk(gateway, office, deployment)


def answer(told: Delivered, body: str = "Di depan kantor desa, sejak kemarin.", **fields: str | None) -> bytes:
    """A mail program's answer to one of ours."""
    ours = told.mail
    head = {"To": ours["Reply-To"], "Subject": f"Re: {ours['Subject']}", "In_Reply_To": ours["Message-ID"], "References": ours["Message-ID"]}
    return mail(body, **{"Message_ID": "<2@warga.example>", **head, **fields})


async def test_a_citizen_mails_a_photo_and_has_one_answer_in_the_same_thread(deployment: Deployment) -> None:
    async with at_the_desk(deployment) as desk:
        await desk.gets(multipart(part("text/plain", "Jalan di depan SD 5 berlubang."), part("image/png; name=jalan.png", PNG, encoding="base64")))
        [told] = await desk.office.until(1)
        await deployment.until("notices", lambda rows: rows[0]["state"] == "sent")
    [case] = await deployment.rows("cases")
    assert (case["title"], case["status"], case["owner"]) == ("Jalan rusak", "awaiting_verification", "diskominfo")
    assert case["number"] in told.text
    assert (told.sender, told.to, told.mail["In-Reply-To"], told.mail["Auto-Submitted"]) == ("", SITI, "<1@warga.example>", "auto-replied")
    token = threads.token(KEY.encode(), case["number"])
    assert told.mail["Reply-To"] == f"<lapor+{token}@ppu.example>"
    assert told.mail["Message-ID"].startswith(f"<{token}.")
    [photo] = [row for row in await deployment.rows("attachments") if row["derived_from"] is None]
    assert (photo["name"], photo["blob"], photo["state"]) == ("jalan.png", hashlib.sha256(PNG).hexdigest(), "kept")
    [arrival] = await deployment.rows("arrivals")
    assert (arrival["outcome"], arrival["reply_value"]) == ("case", None)
    assert {account.verdict for account in await deployment.accounts()} == {"ok"}


async def test_an_answer_in_the_thread_lands_on_the_case_and_is_not_acknowledged_again(deployment: Deployment) -> None:
    async with at_the_desk(deployment) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        await desk.arrivals(1)
        # By the plus address alone, and by the thread alone.
        await desk.gets(answer(told, In_Reply_To=None, References=None), to=told.mail["Reply-To"].strip("<>"))
        quoted = "\n".join(f"> {line}" for line in told.text.splitlines())
        await desk.gets(answer(told, f"Dan lampunya mati.\n\nOn Mon, 2 Mar 2026, Lapor wrote:\n{quoted}\n", To=OURS, Message_ID="<3@warga.example>"))
        rows = await desk.arrivals(3)
    assert [row["outcome"] for row in rows] == ["case", "message", "message"]
    assert len({row["case"] for row in rows}) == 1
    assert [row["decision"] for row in await deployment.rows("messages")] == ["new_case", "addition", "addition"]
    # What is new in it is shown; all of it is kept.
    last = max(await deployment.rows("messages"), key=lambda row: row["id"])
    assert (last["shown"], "Nomor laporan" in last["text"]) == ("Dan lampunya mati.", True)
    assert len(desk.office.delivered) == 1
    assert [event["kind"] for event in await deployment.rows("events")] == ["opened", "added", "added"]


@pytest.mark.parametrize("how", ["another address", "a token made up", "a number in the subject", "forged"])
async def test_a_stranger_who_names_a_case_is_seen_by_an_operator_and_by_nobody_else(on_sqlite: Deployment, how: str) -> None:
    async with at_the_desk(on_sqlite, more=CHANNEL) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        [case] = await on_sqlite.rows("cases")
        [first] = await desk.arrivals(1)
        fields: dict[str, str | None] = {"In_Reply_To": None, "References": None, "To": OURS, "Subject": "x"}
        if how == "another address":
            fields = {"From": "pencuri@lain.example"}
        elif how == "a token made up":
            fields |= {"To": f"lapor+{case['number'].replace('-', '').lower()}{'a' * 16}@ppu.example"}
        elif how == "a number in the subject":
            fields |= {"Subject": f"[{case['number'].lower()}] tambahan"}
        else:
            fields = {"Authentication_Results": "mx.ppu.example; dmarc=fail header.from=warga.example"}
        await desk.gets(answer(told, "Kata-kata orang lain.", **fields))
        second = (await desk.arrivals(2))[1]
        if how == "a token made up":
            # It names nothing: a report of its own.
            assert second["outcome"] == "case"
            await desk.office.until(2)
        else:
            assert (second["outcome"], second["reason"], second["case"]) == ("message", "rule:names_a_case", case["id"])
            await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
            # Nor is it shown to whoever has the private link.
            async with citizen(desk.gateway) as somebody:
                page = await somebody.get("/l/" + tracking.link(KEY.encode(), "surat", str(first["wire_id"])))
            assert "berlubang" in page.text
            assert "Kata-kata orang lain" not in page.text
    assert len(desk.office.delivered) == (2 if how == "a token made up" else 1)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"Auto_Submitted": "auto-replied"}, "ignored"),
        ({"Precedence": "bulk"}, "case"),
        ({"List_Id": "<berita.example>"}, "case"),
        ({"From": "noreply@toko.example"}, "case"),
        ({"From": OURS}, "case"),
        ({"Authentication_Results": "mx.ppu.example; dmarc=fail header.from=warga.example"}, "case"),
    ],
)
async def test_machines_and_forgers_are_kept_and_never_answered(on_sqlite: Deployment, fields: dict[str, str], outcome: str) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail(**fields))
        # Somebody whom we answer, behind it.
        await desk.gets(mail(From="budi@warga.example", Message_ID="<9@warga.example>"))
        rows = await desk.arrivals(2)
        await desk.office.until(1)
    assert [row["outcome"] for row in rows] == [outcome, "case"]
    assert [told.to for told in desk.office.delivered] == ["budi@warga.example"]


async def test_the_same_mail_by_two_ways_is_one_case_and_one_answer(deployment: Deployment) -> None:
    async with at_the_desk(
        deployment, more='[channels.lain]\nkind = "mail"\naddress = "lapor@ppu.example"\n[channels.lain.smtp]\nlisten = "127.0.0.1:0"\n'
    ) as desk:
        await desk.gets(mail(Received="from a by b"))
        await desk.arrivals(1)
        # Another server took it another way: other bytes, the same mail.
        await desk.gets(mail(Received="from c by d"), name="lain")
        # And both at once.
        await asyncio.gather(
            desk.gets(mail(Message_ID="<5@warga.example>", Received="from a by b")),
            desk.gets(mail(Message_ID="<5@warga.example>", Received="from c"), name="lain"),
        )
        rows = await desk.arrivals(4)
        await desk.office.until(2)
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
    assert Counter(row["outcome"] for row in rows) == {"case": 2, "duplicate": 2}
    assert len(desk.office.delivered) == len(await deployment.rows("cases")) == 2
    assert all(row["case"] for row in rows)


@pytest.mark.parametrize(
    ("fields", "cases"),
    [
        # Whoever passes it on by a machine, or with a signature that breaks on the way: a machine's mail opens none, a forger's is one that nobody is told of.
        ({"Auto_Submitted": "auto-generated"}, 1),
        ({"Authentication_Results": "mx.ppu.example; dmarc=fail header.from=warga.example"}, 2),
        # A list's copy is the same mail.
        ({"List_Id": "<warga.example>"}, 1),
        ({"Precedence": "bulk"}, 1),
    ],
)
async def test_a_copy_that_comes_first_takes_neither_a_citizens_words_nor_her_answer(deployment: Deployment, fields: dict[str, str], cases: int) -> None:
    async with at_the_desk(deployment) as desk:
        await desk.gets(mail(**fields), sender="pencuri@lain.example")
        await desk.arrivals(1)
        for way in "abc":
            await desk.gets(mail(Received=f"from {way} by mx"))
        rows = await desk.arrivals(4)
        # And all at once.
        ways = (mail(Message_ID="<5@warga.example>", **fields), *(mail(Message_ID="<5@warga.example>", Received=f"from {way} by mx") for way in "ab"))
        await asyncio.gather(*(desk.gets(raw) for raw in ways))
        await desk.arrivals(7)
        await desk.office.until(2)
        await deployment.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"] * 2)
    said = [row for row in rows if row["outcome"] == "case"]
    assert len(said) == cases
    assert all(row["case"] == said[-1]["case"] for row in rows[1:])
    assert [told.to for told in desk.office.delivered] == [SITI] * 2
    assert len(await deployment.rows("cases")) == 2 * cases


async def test_what_comes_back_marks_the_notice_and_the_address_until_somebody_writes_from_there(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail())
        [told] = await desk.office.until(1)
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "sent")
        status = f"Final-Recipient: rfc822; {SITI}\nAction: failed\nStatus: 5.1.1\n"
        returned = part("message/rfc822", told.raw)
        bounce = multipart(
            *(part("text/plain", "It could not be delivered."), part("message/delivery-status", f"Reporting-MTA: dns; mx.example\n\n{status}"), returned),
            kind="report; report-type=delivery-status",
            From="MAILER-DAEMON@warga.example",
            Message_ID="<b@warga.example>",
        )
        await desk.gets(bounce, sender="")
        [notice] = await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "undelivered")
        assert notice["reason"] == "5.1.1"
        [address] = await on_sqlite.rows("addresses")
        assert address["undeliverable_at"] is not None
        assert (await desk.arrivals(2))[1]["outcome"] == "delivery"
        await desk.gets(mail(Message_ID="<6@warga.example>"))
        await on_sqlite.until("addresses", lambda rows: rows[0]["undeliverable_at"] is None)
    assert len(desk.office.delivered) == 2


async def test_a_machine_that_answers_every_mail_at_once_has_three_an_hour_and_fifteen_a_week(on_sqlite: Deployment) -> None:
    clock = ManualClock()
    async with at_the_desk(on_sqlite, clock=clock, per_recipient=3) as desk:
        one = "mesin@mesin.example"
        sent = 0
        for hour in range(0, 24 * 7, 12):
            for i in range(4):
                await desk.gets(mail(From=one, Subject=f"lagi {hour} {i}", Message_ID=f"<{hour}.{i}@mesin.example>"))
                sent += 1
            await desk.arrivals(sent)
            rows = await on_sqlite.until("notices", lambda rows, n=sent: len(rows) == n and all(row["state"] in {"sent", "withheld"} for row in rows))  # type: ignore[misc]
            if hour == 0:
                assert sum(row["state"] == "sent" for row in rows) == 3
            clock.advance(hours=12)
    assert len(desk.office.delivered) == 15
    assert {row["reason"] for row in rows if row["state"] == "withheld"} == {
        "this address has had its notices for this hour",
        "this address has had its mails for this week",
    }


async def test_a_machine_with_a_new_name_each_time_is_known_by_its_domain(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        for i in range(20):
            await desk.gets(mail(From=f"m{i}@mesin.example", Message_ID=f"<{i}@mesin.example>"))
            await desk.gets(mail(From=f"warga{i}@gmail.com", Message_ID=f"<g{i}@mesin.example>"))
        await desk.arrivals(40)
        await on_sqlite.until("notices", lambda rows: len(rows) == 40 and all(row["state"] in {"sent", "withheld"} for row in rows))
    domains = Counter(told.to.rpartition("@")[2] for told in desk.office.delivered)
    assert domains == {"mesin.example": 15, "gmail.com": 20}


async def test_a_mail_that_breaks_its_reader_is_a_case_and_is_answered_once_it_can_be_read(on_sqlite: Deployment, tmp_path: Path) -> None:
    KINDS["mail-breaking"] = replace(KINDS["mail"], reader="tests.breaking_mail_reader:read")
    office, mended = PostOffice(), tmp_path / "mended"
    async with office.serve() as relay, on_sqlite.node(channels=block(relay).replace('"mail"', '"mail-breaking"')) as gateway:
        desk = Desk(gateway, office, on_sqlite)
        await desk.gets(mail(X_Mended_By=str(mended)))
        [arrival] = await desk.arrivals(1)
        # Nobody is known by a mail that nobody has read, so nobody could be answered.
        assert (arrival["outcome"], await on_sqlite.rows("notices")) == ("parked", [])
        [case] = await on_sqlite.rows("cases")
        assert (case["anonymous"], case["confidential"], case["status"]) == (True, True, "received")
        mended.touch()
        for _ in range(2):
            async with reading(gateway.config) as post, post.store.transaction() as tx:
                kept = await lookup.parked(tx, 10)
            async with reading(gateway.config) as post:
                done = await replay(post.store, post.reader, post.office, kept, gateway.clock.now())
            assert [one.outcome for one in done] in (["filled"], [])
        [told] = await office.until(1)
        await on_sqlite.until("notices", lambda rows: [row["state"] for row in rows] == ["sent"])
    assert case["number"] in told.text
    assert told.mail["In-Reply-To"] == "<1@warga.example>"
    assert len(office.delivered) == 1
