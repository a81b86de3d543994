"""The pages in docs/ are true: sentences, measurements and links are those of the code. What they say to type is typed in test_docs_followed.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.sms import failures
from gateway.commands import COMMANDS
from gateway.config import Config
from gateway.metrics import Metrics
from gateway.secrets import model_in
from tests.handbook import PAGES, ROOT, rows
from tests.postbox import letter
from tests.world import Deployment, receive_all

HEALTH = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
# Where a finding is made: of which part it speaks.
_PARTS = {
    "_way_in": {"a channel, in"},
    "_way_out": {"a channel, out"},
    "look_at_house": {"journal", "intake"},
    "_store_found": {"store"},
    "_clock_found": {"clock"},
    "expect": {"every part"},
    "_as_known": {"every part"},
}
# What a sentence on the board may hold: the classes whose words stand in it.
_REASONS = {"Refused", "StoreAway", "StoreRefuses", "WrongKey", "JournalMixup", "ReaderAway"}


def calls(path: Path, *names: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call of one of these, with the function in which it stands."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    yield function.name, node


def template(node: ast.expr, constants: dict[str, str]) -> str:
    """A sentence with "…" where something is filled in."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(values):
            return "".join(template(value, constants) for value in values)
        case ast.FormattedValue(ast.Name(name)) if name in constants:
            return constants[name]
    return "…"


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """By its place or by its name."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[position] if position < len(call.args) else named.get(name)


def constants(path: Path) -> dict[str, str]:
    """Sentences that the module gives a name, also within a function."""
    found = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assign))
    return {
        node.targets[0].id: node.value.value
        for node in found
        if isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def findings() -> set[tuple[str, str, str]]:
    """State, types and sentence of each that the gateway can make, marked with its part."""
    found = set()
    for path in (ROOT / "gateway" / "monitor.py", ROOT / "gateway" / "health.py"):
        known = constants(path)
        for function, call in calls(path, "Finding"):
            state, kind, sentence = argument(call, 0, "state"), argument(call, 1, "kind"), argument(call, 2, "sentence")
            assert isinstance(state, ast.Name)
            assert kind is not None
            assert sentence is not None
            assert function in _PARTS, "a finding in a new place: say in _PARTS of which part it speaks"
            said = known[sentence.id] if isinstance(sentence, ast.Name) and sentence.id in known else template(sentence, known)
            found.add((state.id.lower(), ", ".join(kinds(kind)), said))
    return found


def kinds(node: ast.expr) -> list[str]:
    """The types that it may have: a word, or what the provider said and a word if that was nothing."""
    if isinstance(node, ast.Constant):
        return [str(node.value)] if node.value else []
    assert isinstance(node, ast.BoolOp)
    last = node.values[-1]
    assert isinstance(last, ast.Constant)
    return sorted({*to_do(), str(last.value)})


def to_do() -> dict[str, str]:
    """What the gateway says for each type."""
    tree = ast.parse((ROOT / "gateway" / "monitor.py").read_text(encoding="utf-8"))
    [table] = [node.value for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_TO_DO"]
    said: dict[str, str] = ast.literal_eval(table)
    return said


def test_every_sentence_of_health_is_explained_and_no_other() -> None:
    explained = {(state, ", ".join(sorted(re.findall(r"\w+", types))), sentence) for _, state, types, sentence, _, _ in rows(HEALTH, "Every sentence")}
    assert explained == findings()
    for part, state, _, _, meaning, what_to_do in rows(HEALTH, "Every sentence"):
        assert part in set().union(*_PARTS.values())
        assert meaning
        assert what_to_do or state == "ok"


def test_every_reason_inside_of_a_sentence_is_explained_and_no_other() -> None:
    found = set()
    for path in [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "channels").rglob("*.py")]:
        if {"demo", "bench", "commands"} & set(path.parts):
            continue
        for _, call in calls(path, *_REASONS):
            sentence = argument(call, 0, "sentence")
            assert sentence is not None
            found.add(template(sentence, {}))
        # What intake says by itself, and what the probe of the journal says.
        found |= {template(node.args[0], {}) for node in ast.walk(ast.parse(path.read_text())) if is_said_by_itself(node)}  # type: ignore[attr-defined]  # a call
    found.add("The journal does not answer. Is the disk hanging?")
    assert '"The journal does not answer. Is the disk hanging?"' in (ROOT / "gateway" / "monitor.py").read_text(encoding="utf-8")
    assert {reason for reason, _, _ in rows(HEALTH, "The reasons that stand in them")} == found - {"…"}


def is_said_by_itself(node: ast.AST) -> bool:
    """Intake's own _say(...) with a sentence of its own."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_say" and isinstance(node.args[0], ast.JoinedStr)


def test_what_the_gateway_says_for_each_type_stands_there_word_for_word() -> None:
    assert {types.strip("`"): sentence for types, sentence in rows(HEALTH, "What providers say")} == to_do()


def test_everything_that_a_provider_can_be_told_to_say_is_explained() -> None:
    explained = {sentence for sentence, *_ in rows(HEALTH, "The sentences before that")}
    found = {f"Twilio {words} ({code})." for code, words in failures._ACCOUNT.items()}  # noqa: SLF001  # the table itself
    found |= {f"{words} ({status})." for status, words in failures._REASONS.items()}  # noqa: SLF001  # the table itself
    for path in [ROOT / "gateway" / "monitor.py", *(ROOT / "channels").rglob("*.py")]:
        for _, call in calls(path, "Checked", "SendFailed"):
            said = argument(call, 1, "sentence") if getattr(call.func, "id", "") == "Checked" else argument(call, 0, "reason")
            concerns_all = any(keyword.arg in {"channel_wide", "ok"} for keyword in call.keywords)
            if said is not None and concerns_all and (sentence := template(said, {})).strip("… ().") and "Twilio … (" not in sentence:
                found.add(sentence)
    # Codes that mean the same stand in one line.
    same = {sentence.replace("21606", code) for sentence in explained for code in ("21659", "21660")}
    assert found <= explained | same
    assert explained <= found


async def test_every_measurement_is_explained_and_no_other(on_sqlite: Deployment) -> None:
    async with on_sqlite.node() as gateway:
        await receive_all(gateway, [letter("jalan rusak", "SM1", at=datetime.now(UTC))])
        await on_sqlite.until("arrivals", lambda rows: len(rows) == 1)
        await gateway.monitor.look_at_house()
        text = Metrics(gateway, dict).text().decode()
    counted = set(re.findall(r"(?m)^# TYPE (nwd_\w+) (?:counter|gauge|histogram)$", text))
    assert set(re.findall(r"(?m)^\| `(nwd_\w+)` \|", METRICS)) == {name for name in counted if not name.endswith("_created")}
    for name, value in re.findall(r'(\w+)="(\w+)"', METRICS):
        assert f'{name}="{value}"' in text, "an alert that never fires"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_points_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
    for name in re.findall(r"(?:no-wrong-door|python -m gateway) ([a-z]+)\b", text):
        assert name in COMMANDS, name
    for block, key in re.findall(r"`(journal|store|listen|health|intake|outbox|steps|contacts|site)\.(?!db|dump)(\w+)`", text):
        model = model_in(Config.model_fields[block].annotation)
        assert model is not None
        assert key in model.model_fields, f"{block}.{key}"
    for file in re.findall(r"docs/[\w./-]+\w", text):
        assert (ROOT / file).exists(), file


def test_every_page_is_in_the_index_and_the_readme_leads_to_it() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        name = str(page.relative_to(ROOT / "docs"))
        assert name == "README.md" or f"]({name})" in index, name
    assert "docs/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")
