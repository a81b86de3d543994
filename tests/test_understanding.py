"""`./run normalize` and `./run route`: what an operator, or a program that measures, is told of a text."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gateway import directory
from tests.nursery import ROOT, run

LINES = 'jalan berlubang di pasar\n"lampu jalan\\nmati"\n"kata orang" listrik padam\n\n'


def said(command: str, *arguments: str, lines: str = "") -> tuple[int, str, str]:
    """(exit code, output, what was said to people)."""
    done = run([command, *arguments], os.environ, ROOT, lines)
    return done.returncode, done.stdout, done.stderr


def test_a_text_is_shown_as_the_one_schema_with_its_spans_and_why() -> None:
    code, out, _ = said("normalize", "jln rusak parah di ds girimukti kec penajam sdh 3 bln")
    told = json.loads(out)
    assert code == 0
    assert (told["category"]["code"], told["category"]["how"], told["category"]["spans"]) == ("road", "jalan rusak parah", [[0, 15]])
    assert (told["kind"], told["language"]) == ("complaint", "id")


def test_texts_on_standard_input_are_told_a_line_each_plain_or_as_json() -> None:
    code, out, _ = said("normalize", "--stdin", lines=LINES)
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["category"][:1] for line in told] == [["road"], ["street_light"], ["electricity"], []]
    assert {"type", "category", "place", "dates", "language", "personal"} <= told[0].keys()


def test_an_agency_is_explained_by_the_directory_that_is_shipped_where_there_is_no_configuration() -> None:
    code, out, _ = said("route", "air pdam mati di Waru")
    assert code == 0
    assert "candidate   danum-taka" in out
    assert "owner       diskominfo Dinas Komunikasi dan Informatika, because: rule:suggested_only" in out


def test_agencies_are_told_a_line_each() -> None:
    code, out, _ = said("route", "--stdin", lines=LINES)
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["candidates"][0]["agency"] if line["candidates"] else None for line in told] == ["dpupr", "dishub", "pln-ppu", None]
    assert {line["owner"] for line in told} == {"diskominfo"}


def test_a_deployments_own_directory_decides(tmp_path: Path) -> None:
    (tmp_path / "agencies.csv").write_text("code,name,level,region,categories\nunit-air,Unit Air,regency,11.01,water_supply\n", encoding="utf-8")
    config = 'name = "Uji"\npublic_urls = ["https://lapor.example"]\nregion = "11.01"\n[routing]\ndirectory = "agencies.csv"\napply_above = 0.1\n'
    (tmp_path / "gateway.toml").write_text(config, encoding="utf-8")
    code, out, _ = said("route", "air pdam mati", "--config", str(tmp_path / "gateway.toml"))
    assert code == 0
    assert "owner       unit-air Unit Air, because: rule:directory" in out


def test_the_directory_that_is_shipped_can_be_taken_as_a_beginning() -> None:
    assert said("route", "--example") == (0, directory.example(), "")


def test_what_strangers_wrote_obeys_no_terminal() -> None:
    _, out, _ = said("normalize", "--stdin", lines="\x1b]0;owned\x07 jalan \u202erusak\n")
    assert out.isascii()
    assert "\x1b" not in said("normalize", "\x1b]0;owned\x07 jalan rusak")[1]


def test_without_a_text_they_ask_for_one() -> None:
    for command in ("normalize", "route"):
        code, out, err = said(command)
        assert (code, out) == (2, "")
        assert "Which text?" in err
