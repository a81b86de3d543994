"""`./run read-mail`: what an operator, or a program that measures, is told of mails in files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.mails import PHOTO_MAIL, mail
from tests.nursery import ROOT, run


def read_mail(*arguments: str, said: str = "") -> tuple[int, list[dict[str, object]], str]:
    """(exit code, the objects, what was said to people)."""
    done = run(["read-mail", *arguments], os.environ, ROOT, said)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_mail_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(PHOTO_MAIL)
    code, (told,), _ = read_mail(str(tmp_path / "a.eml"))
    assert code == 0
    assert told == {
        "subject": "Re: Jalan rusak",
        "from": "siti@warga.example",
        "text": "Di Waru.\n\nOn 2 Mar 2026, at 10:00, Lapor <lapor@ppu.example> wrote:\n> Di mana?",
        "reply": "Di Waru.",
        "attachments": ["jalan.jpg"],
        "is_auto": False,
        "is_bounce": False,
        "may_acknowledge": True,
        "recipients": [],
        "references": ["<0@ppu.example>"],
        "message_id": "<1@warga.example>",
        "automatic": "",
        "remarks": [],
    }


def test_names_on_standard_input_are_told_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(mail("could not be delivered\n\n<x@y.example>: user unknown", From="MAILER-DAEMON@y.example", Subject="failure notice"))
    (tmp_path / "b").write_bytes(mail(Subject="\x1b]0;owned\x07 \u202eJalan"))
    code, told, _ = read_mail("--stdin", said=f"{tmp_path}/a\n{tmp_path}/b\n")
    assert code == 0
    assert [(one["is_bounce"], one["may_acknowledge"], one["recipients"]) for one in told] == [(True, False, ["x@y.example"]), (False, True, [])]


def test_what_strangers_wrote_obeys_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(mail(Subject="\x1b]0;owned\x07 \u202eJalan"))
    done = subprocess.run([sys.executable, "-m", "gateway", "read-mail", str(tmp_path / "a")], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.isascii()
    assert b"\x1b" not in done.stdout


def test_a_file_that_is_not_there_is_told_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(mail())
    code, told, _ = read_mail(str(tmp_path / "a"), str(tmp_path / "b"))
    assert code == 1
    assert list(told[0]) == ["error"]
    assert told[1]["subject"] == "Jalan rusak"


def test_without_a_mail_it_asks_for_one() -> None:
    code, told, said = read_mail()
    assert (code, told) == (2, [])
    assert "Which mail?" in said
