"""The pages in docs/ are true: sentences, measurements and links are those of the code. What they say to type is typed in test_docs_followed.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from channels.sms import failures
from gateway.commands import COMMANDS
from gateway.config import Config
from gateway.health import KINDS
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
    "_accepted_found": {"a channel, in"},
    "_way_out": {"a channel, out"},
    "_paused_found": {"a channel, in or out"},
    "_sending_found": {"a channel, out"},
    "look_at_house": {"journal"},
    "_intake_found": {"intake"},
    "_files_found": {"files"},
    "_store_found": {"store"},
    "_clock_found": {"clock"},
    "expect": {"every part"},
    "_as_known": {"every part"},
    "find": {"a channel, in: silence"},
    "unheard": {"a channel, in: silence"},
    "__init__": {"a channel, in: canary"},
    "_tried": {"a channel, in: canary"},
    "_not_home": {"a channel, in: canary"},
    "told_by": {"a channel, in"},
    "lying": {"a channel, in"},
    "ending": {"a channel, in", "a channel, out"},
    "unlike": {"a channel, in"},
    "parked": {"a channel, in"},
}
# What a sentence on the board may hold: the classes whose words stand in it.
_REASONS = {"Refused", "JournalFull", "StoreAway", "StoreRefuses", "WrongKey", "JournalMixup", "ReaderAway"}


def calls(path: Path, *names: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call of one of these, with the function in which it stands; empty: in none."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    within = [(function.name, node) for function in functions for node in ast.walk(function)]
    for function, node in [*within, *(("", node) for statement in module.body if isinstance(statement, ast.Assign) for node in ast.walk(statement))]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield function, node


def templates(node: ast.expr, known: Mapping[str, list[ast.expr]]) -> set[str]:
    """Each sentence that it may be, with "…" where something is filled in. `known`: what names in it may stand for."""
    match node:
        case ast.Constant(str(text)):
            found = {text}
        case ast.JoinedStr(parts):
            found = {"".join(said) for said in product(*(filled(part, known) for part in parts))}
        case ast.BinOp(left, ast.Add(), right):
            found = {"".join(said) for said in product(templates(left, known), templates(right, known))}
        case ast.IfExp(_, one, other):
            found = templates(one, known) | templates(other, known)
        case ast.Call(ast.Attribute(said, "rstrip"), []):
            found = {one.rstrip() for one in templates(said, known)}
        # What may be empty is left out.
        case ast.Call(ast.Attribute(ast.Constant(between), "join"), [ast.Call(ast.Name("filter"), [ast.Constant(None), ast.Tuple(parts)])]):
            each = [one | ({""} if "…" in one else set()) for one in (templates(part, known) for part in parts)]
            found = {str(between).join(filter(None, said)) for said in product(*each)}
        case ast.Name() | ast.Attribute(ast.Name("self")) if (name := ast.unparse(node)) in known:
            without = {key: value for key, value in known.items() if key != name}
            found = {one for value in known[name] for one in templates(value, without)}
        case _:
            found = {"…"}
    return found


def filled(part: ast.expr, known: Mapping[str, list[ast.expr]]) -> set[str]:
    """What may stand at this place of an f-string; only what is sure to be a sentence's own words is spelled out."""
    said = templates(part.value if isinstance(part, ast.FormattedValue) else part, known)
    return {"…" if isinstance(part, ast.FormattedValue) and not re.search(r"\w", one.replace("…", "")) and one else one for one in said}


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """By its place or by its name."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[position] if position < len(call.args) else named.get(name)


def names(path: Path) -> dict[str, list[ast.expr]]:
    """What the module gives a name, also within a function: everything that the name may stand for."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                for name, value in pairs:
                    found.setdefault(ast.unparse(name), []).append(value)
    return found


def findings() -> set[tuple[str, str, str, str]]:
    """Place in the code, state, types and sentence of each that the gateway can make."""
    found = set()
    for path in (ROOT / "gateway" / f"{name}.py" for name in ("monitor", "health", "signals", "silence", "listening", "canaries")):
        known = names(path)
        for function, call in calls(path, "Finding"):
            state, kind, sentence = argument(call, 0, "state"), argument(call, 1, "kind"), argument(call, 2, "sentence")
            assert isinstance(state, ast.Name)
            assert kind is not None
            assert sentence is not None
            assert function in _PARTS, "a finding in a new place: say in _PARTS of which part it speaks"
            assert set(kinds(kind)) <= KINDS, "a word that machines do not know"
            found |= {(function, state.id.lower(), ", ".join(kinds(kind)), said) for said in templates(sentence, known)}
    return found


def kinds(node: ast.expr) -> list[str]:
    """The types that it may have: a word, or what the provider said and a word if that was nothing."""
    if isinstance(node, ast.Constant):
        return [str(node.value)] if node.value else []
    assert isinstance(node, ast.BoolOp)
    last = node.values[-1]
    assert isinstance(last, ast.Constant)
    return sorted({*to_do(), str(last.value)})


def to_do(name: str = "_TO_DO") -> dict[str, str]:
    """What the gateway says for each type; the same types at each way."""
    [table] = names(ROOT / "gateway" / "monitor.py")[name]
    said: dict[str, str] = ast.literal_eval(table)
    return said


def test_every_sentence_of_health_is_explained_and_no_other() -> None:
    explained = {(part, state, ", ".join(sorted(re.findall(r"\w+", types))), sentence) for part, state, types, sentence, _, _ in rows(HEALTH, "Every sentence")}
    found = findings()
    assert [one for one in found if not explained & {(part, *one[1:]) for part in _PARTS[one[0]]}] == []
    assert explained <= {(part, *one[1:]) for one in found for part in _PARTS[one[0]]}
    for _, state, _, _, meaning, what_to_do in rows(HEALTH, "Every sentence"):
        assert meaning
        assert what_to_do or state == "ok"


def test_every_reason_inside_of_a_sentence_is_explained_and_no_other() -> None:
    found = set()
    for path in [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "channels").rglob("*.py")]:
        if {"demo", "bench", "commands"} & set(path.relative_to(ROOT).parts):
            continue
        for _, call in calls(path, *_REASONS):
            sentence = argument(call, 0, "sentence")
            assert sentence is not None
            found |= templates(sentence, {})
        # What intake says by itself, and what the probe of the journal says.
        found |= {said for node in ast.walk(ast.parse(path.read_text())) if is_said_by_itself(node) for said in templates(node.args[0], {})}  # type: ignore[attr-defined]  # a call
    found.add("The journal does not answer. Is the disk hanging?")
    assert '"The journal does not answer. Is the disk hanging?"' in (ROOT / "gateway" / "monitor.py").read_text(encoding="utf-8")
    assert {reason for reason, _, _ in rows(HEALTH, "The reasons that stand in them")} == found - {"…"}


def is_said_by_itself(node: ast.AST) -> bool:
    """Intake's own _say(...) with a sentence of its own."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_say" and isinstance(node.args[0], ast.JoinedStr)


def test_what_the_gateway_says_for_each_type_stands_there_word_for_word() -> None:
    table = [(types.strip("`"), out, fetching) for types, out, fetching in rows(HEALTH, "What providers say")]
    assert {kind: out for kind, out, _ in table} == to_do()
    assert {kind: fetching for kind, _, fetching in table} == to_do("_TO_DO_IN")


def said_of_providers() -> dict[str, set[str]]:
    """Each sentence on a provider, and its types where they stand beside it."""
    found: dict[str, set[str]] = {}
    for path in [ROOT / "gateway" / "monitor.py", *(ROOT / "channels").rglob("*.py")]:
        known = names(path)
        for _, call in calls(path, "Checked", "SendFailed", "Trouble", "Wrong"):
            called = getattr(call.func, "id", "")
            # What is wrong as seen from outside is of one type.
            said = argument(call, 0, "reason") if called in {"SendFailed", "Wrong"} else argument(call, 1, "sentence")
            kind = argument(call, 0, "kind") if called == "Trouble" else ast.Constant("outside") if called == "Wrong" else argument(call, 9, "kind")
            # By SMS, what concerns one person alone is told by `trace`; by mail nobody can tell, so everything is explained.
            everything = called in {"Trouble", "Wrong"} or "mail" in path.parts
            if said is not None and (everything or any(keyword.arg in {"channel_wide", "ok"} for keyword in call.keywords)):
                for sentence in templates(said, known if "mail" in path.parts else {}):
                    if sentence.strip("… ().") and "Twilio … (" not in sentence:
                        found.setdefault(sentence, set()).update(templates(kind, {}) - {""} if kind else ())
    return found


def test_everything_that_a_provider_can_be_told_to_say_is_explained() -> None:
    table = list(rows(HEALTH, "The sentences before that"))
    explained = {sentence for sentence, *_ in table}
    assert len(explained) == len(table)
    found = {f"Twilio {words} ({code})." for code, words in failures._ACCOUNT.items()}  # noqa: SLF001  # the table itself
    found |= {f"{words} ({status})." for status, words in failures._REASONS.items()}  # noqa: SLF001  # the table itself
    said = said_of_providers()
    found |= said.keys()
    # Codes that mean the same stand in one line.
    same = {sentence.replace("21606", code) for sentence in explained for code in ("21659", "21660")}
    assert found <= explained | same
    assert explained <= found
    for sentence, types, _ in table:
        assert "…" in said.get(sentence, "…") or set(re.findall(r"\w+", types)) == said[sentence], sentence


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
    for name in re.findall(r"(?:no-wrong-door|python -m gateway) ([a-z][a-z-]*)\b", text):
        assert name in COMMANDS, name
    for block, key in re.findall(r"`(journal|store|listen|health|alerts|intake|outbox|steps|questions|routing|contacts|site)\.(?!db|dump)(\w+)`", text):
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
