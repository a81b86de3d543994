"""Whoever would speak in a stranger's case, make us write to third parties, or learn of others from our answers: what they try, and what they get."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from gateway import tracking
from gateway.demo.post_office import Delivered
from tests.mails import OURS, mail, multipart, part
from tests.test_mail_end_to_end import SITI, Desk, answer, at_the_desk
from tests.web_citizen import CHANNEL, citizen
from tests.world import KEY, Deployment

EVIL, VICTIM = "pencuri@jahat.example", "korban@lain.example"
# What our border server puts at the top of whatever passes it: the domain that it has checked, and that it held.
CHECKED = "mx.ppu.example; spf=pass smtp.mailfrom=jahat.example; dmarc=pass header.from=jahat.example"


def encoded(text: str) -> str:
    """As an encoded word (RFC 2047)."""
    return "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in text.encode()) + "?="


# Whoever has come by the token (an answer was passed on) and names Siti so that a border server sees somebody else, or nobody.
DISGUISES: dict[str, dict[str, str | None]] = {
    "two From fields, hers first": {"From": f"{SITI}\r\nFrom: {EVIL}"},
    "two From fields, hers last": {"From": f"{EVIL}\r\nFrom: {SITI}"},
    "two From fields, both hers": {"From": f"{SITI}\r\nFrom: {SITI}"},
    "her among several": {"From": f"{SITI}, {EVIL}"},
    "her behind another": {"From": f"{EVIL}, {SITI}"},
    "in a group": {"From": f"Warga: {SITI};"},
    "in an encoded word": {"From": encoded(SITI)},
    "in an encoded word with brackets": {"From": encoded(f"<{SITI}>")},
    "with a comment in it": {"From": "<siti(x)@warga.example>"},
    "with a comment between": {"From": "siti@(x)warga.example"},
    "with a route before it": {"From": f"<@jahat.example:{SITI}>"},
    "two brackets": {"From": f"<{EVIL}> <{SITI}>"},
    "a bracket in a bracket": {"From": f"<{EVIL} <{SITI}>"},
    "another address for a name": {"From": f"{EVIL} <{SITI}>"},
    "among words": {"From": f"dari {SITI} saja"},
    "spaces in it": {"From": "siti @ warga . example"},
    "a sender and no From": {"From": None, "Sender": SITI},
    "an envelope and no From": {"From": None},
    "a From of nobody": {"From": "Siti", "Sender": SITI},
    "another domain was checked": {"Authentication_Results": CHECKED},
    "a domain above it was checked, of another": {"Authentication_Results": CHECKED.replace("header.from=jahat", "header.from=ga")},
    "her for a name": {"From": f'"{SITI}" <{EVIL}>'},
    "her in a comment": {"From": f"{EVIL} ({SITI})"},
    "a letter of another script": {"From": "siti@w\N{CYRILLIC SMALL LETTER A}rga.example"},
    "a domain that looks like it": {"From": "siti@warga.example.jahat.example"},
    "with a name server's spelling of another script": {"From": "siti@xn--wrga-63d.example"},
    "a wide letter": {"From": "\N{FULLWIDTH LATIN SMALL LETTER S}iti@warga.example"},
    "with quotes": {"From": '"siti"@warga.example'},
    "with a tag": {"From": "siti+x@warga.example"},
    "a line that only some servers see": {"From": EVIL, "X_A": f"b\nFrom: {SITI}"},
    "behind a bare CR": {"From": EVIL, "X_A": f"b\rFrom: {SITI}\r"},
}
# How her own programs may write her.
HERSELF: dict[str, dict[str, str | None]] = {
    "alone": {"From": SITI},
    "with brackets": {"From": f"<{SITI}>"},
    "with a name": {"From": f"Siti Warga <{SITI}>"},
    "with a name in quotes": {"From": f'"Warga, Siti" <{SITI}>'},
    "with an encoded name": {"From": f"{encoded('Siti é')} <{SITI}>"},
    "with her address for a name": {"From": f"{SITI} <{SITI}>"},
    "with a name behind": {"From": f"{SITI} (Siti)"},
    "in other capitals": {"From": "Siti <Siti@Warga.example>"},
    "checked": {"Authentication_Results": "mx.ppu.example; dmarc=pass header.from=warga.example"},
    "checked by the organisation's name": {"From": "siti@warga.example", "Authentication_Results": "mx.ppu.example; dmarc=pass header.from=Warga.Example"},
    "folded": {"From": f"Siti\r\n <{SITI}>"},
}


@dataclass(frozen=True, slots=True)
class Opened:
    """Siti's case, and what she was told."""

    told: Delivered
    number: str
    # Her private link.
    link: str


async def opened(desk: Desk) -> Opened:
    """She has written, and was answered."""
    await desk.gets(mail(From=f"Siti <{SITI}>"))
    [told] = await desk.office.until(1)
    [arrival] = await desk.arrivals(1)
    [case] = await desk.deployment.rows("cases")
    return Opened(told, case["number"], "/l/" + tracking.link(KEY.encode(), "surat", str(arrival["wire_id"])))


async def test_nobody_speaks_in_her_case_who_only_seems_to_be_her_and_however_she_writes_she_does(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite, more=CHANNEL) as desk:
        hers = await opened(desk)
        for i, (how, fields) in enumerate([*DISGUISES.items(), *HERSELF.items()]):
            raw = answer(hers.told, how, **{"From": SITI, "Message_ID": f"<{i}@x.example>", **fields})
            # And whatever the envelope says.
            await desk.gets(raw, sender=SITI)
        rows = await desk.arrivals(1 + len(DISGUISES) + len(HERSELF))
        async with citizen(desk.gateway) as somebody:
            page = (await somebody.get(hers.link)).text
    said = {row["text"]: row["decision"] for row in await on_sqlite.rows("messages")}
    assert {how: said[how] for how in DISGUISES} == dict.fromkeys(DISGUISES, "unverified")
    assert {how: said[how] for how in HERSELF} == dict.fromkeys(HERSELF, "addition")
    assert [how for how in DISGUISES if f">{how}<" in page] == []
    assert [how for how in HERSELF if how not in page] == []
    assert {row["outcome"] for row in rows} == {"case", "message"}
    # None of them was answered.
    assert len(desk.office.delivered) == 1


async def test_a_token_works_only_where_it_belongs(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        hers = await opened(desk)
        address = hers.told.mail["Reply-To"].strip("<>")
        token = address.partition("+")[2].partition("@")[0]
        await desk.gets(mail("Milik saya.", From=EVIL, Message_ID="<1@jahat.example>"))
        _, own = await desk.office.until(2)
        places: dict[str, dict[str, str | None]] = {
            "for a name": {"To": f'"{address}" <{OURS}>', "Subject": address},
            "in her own words": {"Subject": f"{token} {hers.told.mail['Message-ID']}"},
            "in an encoded word": {"To": f"{encoded(address)} <{OURS}>"},
            "with another's domain": {"To": f"lapor+{token}@jahat.example"},
            "at another of our addresses": {"To": f"bupati+{token}@ppu.example"},
            "cut short": {"To": f"lapor+{token[:-1]}@ppu.example"},
            "of another number": {"To": f"lapor+{hers.number.replace('-', '').lower()}{own.mail['Reply-To'].partition('+')[2][12:28]}@ppu.example"},
        }
        for i, (how, fields) in enumerate(places.items()):
            await desk.gets(mail(how, **{"From": SITI, "Message_ID": f"<t{i}@x.example>", "Subject": "x", **fields}))
        # One's own token beside another's number and token: it is one's own case.
        both = f"{own.mail['Message-ID']} {hers.told.mail['Message-ID']}"
        await desk.gets(mail("dua", From=EVIL, To=address, References=both, Subject=hers.number, Message_ID="<both@jahat.example>"), to=address)
        rows = await desk.arrivals(3 + len(places))
    case = {row["number"]: row["id"] for row in await on_sqlite.rows("cases")}
    links = {row["message"]: row["case"] for row in await on_sqlite.rows("message_cases")}
    on_hers = {row["text"] for row in await on_sqlite.rows("messages") if links[row["id"]] == case[hers.number]}
    assert on_hers == {"Jalan di depan SD 5 berlubang."}
    assert Counter(row["outcome"] for row in rows) == {"case": 2 + len(places), "message": 1}


# Whom we write to


@pytest.mark.parametrize(
    ("fields", "answered"),
    [
        pytest.param({"From": EVIL, "Reply_To": VICTIM}, {EVIL}, id="answers wanted elsewhere"),
        pytest.param({"From": EVIL, "Cc": VICTIM, "To": f"{OURS}, {VICTIM}", "Bcc": VICTIM}, {EVIL}, id="copies"),
        pytest.param({"From": EVIL, "Disposition_Notification_To": VICTIM, "Return_Receipt_To": VICTIM, "Errors_To": VICTIM}, {EVIL}, id="receipts"),
        pytest.param({"From": f"{EVIL}, {VICTIM}"}, set(), id="two who write"),
        pytest.param({"From": f"{EVIL}\r\nFrom: {VICTIM}"}, set(), id="two From fields"),
        pytest.param({"From": VICTIM, "Authentication_Results": CHECKED}, set(), id="another was checked"),
        pytest.param({"From": f"{EVIL}\\r\\nBcc: {VICTIM}"}, {EVIL}, id="a line end that is none"),
        pytest.param({"From": f'"a\r\n Bcc: {VICTIM}" <{EVIL}>'}, {EVIL}, id="a name over two lines"),
        pytest.param({"From": f"{encoded(f'a{chr(13)}{chr(10)}Bcc: {VICTIM}')} <{EVIL}>"}, {EVIL}, id="a line end in an encoded name"),
        pytest.param({"From": EVIL, "Subject": encoded(f"a\r\nBcc: {VICTIM}\r\n\r\nisi")}, {EVIL}, id="a line end in an encoded subject"),
        pytest.param({"From": EVIL, "Message_ID": f"<a@b>\r\n Bcc: {VICTIM}"}, {EVIL}, id="a line more in the message's id"),
        pytest.param({"From": EVIL, "References": f"<a@b>\r\n\tBcc: {VICTIM}\r\n <c\x0bd@e> <{encoded('x')}>"}, {EVIL}, id="a line more in the thread"),
        pytest.param({"From": "root1@localhost"}, set(), id="somebody on the relay itself"),
        pytest.param({"From": "warga@127.0.0.1"}, set(), id="a machine's number"),
        pytest.param({"From": "warga@[127.0.0.1]"}, set(), id="a machine's number in brackets"),
        pytest.param({"From": "korban%lain.example@jahat.example"}, set(), id="through another, old style"),
        pytest.param({"From": "lain.example!korban@jahat.example"}, set(), id="through another, older style"),
        pytest.param({"From": "lapor+siapa@ppu.example"}, set(), id="ourselves under another name"),
        pytest.param({"From": '"korban@lain.example> x"@jahat.example'}, set(), id="brackets in quotes"),
        pytest.param({"From": f"<{EVIL}>;<{VICTIM}>"}, set(), id="two with a semicolon"),
    ],
)
async def test_only_who_wrote_is_answered_and_only_in_our_own_words(on_sqlite: Deployment, fields: dict[str, str], answered: set[str]) -> None:
    async with at_the_desk(on_sqlite) as desk:
        await desk.gets(mail("Kata-kata rahasia.", **{"Subject": "Judul rahasia", **fields}), sender=EVIL)
        await desk.arrivals(1)
        await on_sqlite.until("cases", bool)
        # Somebody behind it: what it brought about has happened by now.
        await desk.gets(mail(From="budi@warga.example", Message_ID="<9@warga.example>"))
        await desk.office.until(1 + len(answered))
        settled = {"sent", "failed", "withheld"}
        await on_sqlite.until("notices", lambda rows: {row["state"] for row in rows} <= settled and any(row["state"] == "sent" for row in rows))
    assert {told.to for told in desk.office.delivered} == {*answered, "budi@warga.example"}
    for told in desk.office.delivered:
        assert VICTIM.encode() not in told.raw
        assert b"rahasia" not in told.raw
        assert set(told.mail.keys()) <= FIELDS
        assert len(told.mail.keys()) == len(set(told.mail.keys()))


# All that a mail of ours has above its words, once each.
FIELDS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}


async def test_an_answer_tells_of_its_own_report_only(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        hers = await opened(desk)
        raw = multipart(part("text/plain", f"Bagaimana laporan {hers.number} dari {SITI}?"), Message_ID="<2@jahat.example>", From=EVIL, Subject="tanya")
        await desk.gets(raw, sender=EVIL)
        # Twice under her name, as anybody can where nobody checks.
        for i in range(2):
            await desk.gets(mail("Kata jahat.", Subject=f"Judul jahat {hers.number[:4]}", Message_ID=f"<{i}@z.example>"))
        await desk.office.until(4)
        numbers = {row["number"] for row in await on_sqlite.rows("cases")}
    assert len(numbers) == 4
    for told in desk.office.delivered[1:]:
        text = f"{told.mail['Subject']} {told.text}"
        [its] = {number for number in numbers if number in text}
        assert its != hers.number
        assert (SITI in text, "jahat" in text, "Siti" in text) == (False, False, False)


async def test_a_contact_typed_in_many_spellings_is_one_mailbox(on_sqlite: Deployment) -> None:
    spellings = ["korban@gmail.com", "KORBAN@gmail.com", "k.o.r.ban@gmail.com", "korban+1@gmail.com", "Korban+lapor@googlemail.com", "kor.ban@googlemail.com"]
    async with at_the_desk(on_sqlite, more=f"{CHANNEL}too_fast_seconds = 0\n") as desk, citizen(desk.gateway) as somebody:
        for spelling in spellings:
            assert (await somebody.report("Lampu mati", kontak=spelling)).number
        rows = await on_sqlite.until("notices", lambda rows: len(rows) == len(spellings) and {row["state"] for row in rows} <= {"sent", "withheld"})
    assert len(desk.office.delivered) == 3
    assert {row["reason"] for row in rows if row["state"] == "withheld"} == {"this contact was typed often enough today"}


async def test_a_bounce_that_was_made_up_marks_nobody(on_sqlite: Deployment) -> None:
    async with at_the_desk(on_sqlite) as desk:
        hers = await opened(desk)
        await on_sqlite.until("notices", lambda rows: rows[0]["state"] == "sent")
        ours = hers.told.mail["Message-ID"]
        guessed = [re.sub(r"^<.{28}", "<" + "a" * 28, ours), re.sub(r"\..+@", ".0198c0de@", ours), ours.replace("ppu.example", "jahat.example")]
        for i, message_id in enumerate(guessed):
            status = f"Final-Recipient: rfc822; {SITI}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            enclosed = part("message/rfc822", f"Message-ID: {message_id}\r\n\r\nx")
            kind = "report; report-type=delivery-status"
            await desk.gets(
                multipart(part("message/delivery-status", status), enclosed, kind=kind, Message_ID=f"<{i}@x.example>", From="MAILER-DAEMON@x.example")
            )
        rows = await desk.arrivals(4)
        [notice] = await on_sqlite.rows("notices")
        [address] = await on_sqlite.rows("addresses")
    assert (notice["state"], address["undeliverable_at"]) == ("sent", None)
    assert {row["outcome"] for row in rows[1:]} <= {"delivery", "ignored"}
