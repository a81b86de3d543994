"""What docs/mail.md says to put into a configuration is a configuration."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import pytest

from channels.mail.settings import MailSettings
from gateway.config import load
from tests.handbook import ROOT, Block, blocks
from tests.mail_door import CITIZEN, mail_door
from tests.postfix import needs_postfix, postfix
from tests.test_readme import run
from tests.test_smtp_listener import until

PAGE = ROOT / "docs" / "mail.md"
WHOLE = [block for block in blocks(PAGE) if block.kind == "toml"]
MORE = [block for block in blocks(PAGE) if block.kind == "toml more"]
_BEGINNING = 'name = "Lapor PPU"\npublic_urls = ["https://lapor.example"]\n'


def loaded(folder: Path, *texts: str) -> MailSettings:
    """The mail channel of a configuration with these blocks, and with the secrets that they name."""
    text = _BEGINNING + "\n".join(texts)
    for name in re.findall(r'\{ file = "([^"]+)" \}', text):
        (folder / name).write_text("a secret")
    (folder / "gateway.toml").write_text(text)
    settings = load(folder / "gateway.toml", {}).channels["mail"].settings
    assert isinstance(settings, MailSettings)
    return settings


@pytest.mark.parametrize("block", WHOLE, ids=lambda block: str(block.line))
def test_each_block_of_the_page_is_a_configuration(block: Block, tmp_path: Path) -> None:
    settings = loaded(tmp_path, block.text)
    assert settings.imap or settings.smtp
    # Only where no server of ours stands between.
    assert settings.check_dkim == ('listen = "0.0.0.0:' in block.text)


def test_what_is_added_to_a_block_fits_behind_it(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WHOLE[0].text, *(block.text for block in MORE))
    assert settings.imap
    assert settings.imap.processed == "Selesai"
    assert settings.relay
    assert load(tmp_path / "gateway.toml", {}).outbox.mails_per_domain_per_week == 200


def test_the_caps_on_the_page_are_the_defaults(tmp_path: Path) -> None:
    loaded(tmp_path, WHOLE[0].text)
    outbox = load(tmp_path / "gateway.toml", {}).outbox
    told = {key: int(most) for most, key in re.findall(r"\| (\d+) \| `outbox\.(\w+)` \|", PAGE.read_text(encoding="utf-8"))}
    assert told == {key: getattr(outbox, key) for key in ("per_recipient_per_hour", "mails_per_address_per_week", "mails_per_domain_per_week")}


def test_check_asks_the_mailbox_and_tells_what_is_wrong(tmp_path: Path) -> None:
    mailbox = '[channels.mail]\nkind = "mail"\naddress = "lapor@ppu.example"\n[channels.mail.imap]\nserver = "127.0.0.1:1"\ntls = "none"\n'
    loaded(tmp_path, mailbox + 'user = "lapor"\npassword = { file = "mail.password" }')
    checked = run("check", folder=tmp_path)
    assert checked.returncode == 1
    assert "✓ mail: Nobody is answered by mail." in checked.stdout
    assert "✗ mail in: The mail server cannot be reached." in checked.stdout


@needs_postfix
async def test_a_postfix_with_the_lines_of_the_page_brings_mail_for_the_address_and_for_its_extensions_and_no_other(tmp_path: Path) -> None:
    [lines] = [block.text for block in blocks(PAGE) if block.kind == "main.cf"]
    async with mail_door(tmp_path) as door:
        main = lines.replace("127.0.0.1]:2525", f"127.0.0.1]:{door.listener.port}")
        with postfix(**dict(line.split(" = ", 1) for line in main.splitlines())) as border, smtplib.SMTP("127.0.0.1", border.port, timeout=30) as wire:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                wire.sendmail(CITIZEN, ["bupati@ppu.example"], "Subject: Jalan rusak\r\n\r\n")
            for recipient in ("lapor@ppu.example", "lapor+x@ppu.example"):
                wire.sendmail(CITIZEN, [recipient], f"From: {CITIZEN}\r\nTo: {recipient}\r\nSubject: Jalan rusak\r\n\r\nJalan rusak")
            await until(lambda: border.log().count("status=sent") == 2)
        assert len(await door.kept()) == 2
