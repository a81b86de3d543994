"""What must be true of the whole house, read from its files: imports point one way, and nothing of a machine or a registry stands in it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.kinds import KINDS

ROOT = Path(__file__).parent.parent
OURS = ("normalizer", "channels", "gateway")
SOURCES = sorted(path.relative_to(ROOT) for package in (*OURS, "tests", "tools") for path in (ROOT / package).rglob("*.py"))
# Other tests add kinds of their own to the table.
SPOKEN = [kind for kind in KINDS.values() if kind.channel.startswith("channels.")]
# They play providers and citizens, so they may know what a provider's channel says on the wire; the core may not, nor may it know them.
PLAYERS = ("demo", "bench", "torture")
# What a worker process must not load: it would cost each of them tens of megabytes, and a reader that can reach the network is not pure.
HEAVY = ("aiohttp", "sqlalchemy", "twilio", "pydantic", "telegram", "httpx")


def parsed(path: Path) -> ast.Module:
    """The file as a tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a tree names in its imports, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import from a neighbour is written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> list[str]:
    """The imports that stay in the house."""
    return [name for name in imported(parsed(path)) if name.split(".")[0] in (*OURS, "tests", "tools")]


def kind_of(name: str) -> str | None:
    """Which kind of channel a module belongs to; None: the contract and what all kinds share."""
    parts = name.split(".")
    kinds = {kind.channel.split(":")[0].split(".")[1] for kind in SPOKEN}
    return parts[1] if parts[0] == "channels" and len(parts) > 1 and parts[1] in kinds else None


def within(package: str) -> list[Path]:
    """Its files."""
    return [path for path in SOURCES if path.parts[0] == package]


def test_the_normaliser_knows_nothing_else_of_ours() -> None:
    assert {(str(path), name) for path in within("normalizer") for name in ours(path) if not name.startswith("normalizer.")} == set()


def test_a_channel_knows_the_normaliser_and_no_other_kind() -> None:
    wrong = []
    for path in within("channels"):
        own = kind_of(".".join(path.with_suffix("").parts))
        wrong += [(str(path), name) for name in ours(path) if name.split(".")[0] not in {"normalizer", "channels"} or kind_of(name) not in {own, None}]
    assert wrong == []


def test_the_contract_knows_no_kind() -> None:
    shared = [path for path in within("channels") if kind_of(".".join(path.with_suffix("").parts)) is None]
    assert [(str(path), name) for path in shared for name in ours(path) if kind_of(name)] == []


def test_the_laboratory_speaks_to_the_nodes_from_outside_and_knows_no_kind() -> None:
    assert [(str(path), name) for path in within("gateway") if path.parts[1] == "torture" for name in ours(path) if kind_of(name)] == []


def test_the_core_knows_the_contract_and_no_kind() -> None:
    core = [path for path in within("gateway") if path.parts[1] not in PLAYERS]
    assert [(str(path), name) for path in core for name in ours(path) if kind_of(name) or name.split(".")[0] in {"tests", "tools"}] == []


def test_only_their_commands_reach_the_demo_the_bench_and_the_laboratory() -> None:
    core = [path for path in within("gateway") if path.parts[1] not in PLAYERS]
    assert [(str(path), name) for path in core for name in ours(path) if name.split(".")[:2] in [["gateway", player] for player in PLAYERS]] == []


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_an_import_stands_at_the_top_and_is_real(path: Path) -> None:
    tree = parsed(path)
    top = {id(node) for node in tree.body}
    hidden = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in top]
    assert hidden == [], "a hidden import hides an edge between two parts"
    assert "TYPE_CHECKING" not in {name.rpartition(".")[2] for name in imported(tree)}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("reader", sorted({kind.reader.split(":")[0] for kind in SPOKEN}))
def test_a_reader_is_all_that_a_worker_loads(reader: str) -> None:
    program = f"import sys, normalizer, {reader}; print(*sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY})))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def tracked() -> list[Path]:
    """What is, or would be, in the repository; without git (an unpacked archive), what lies there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout if shutil.which("git") else ""
    names = listed.split("\0") if listed else [*map(str, SOURCES), "run", "Dockerfile", "docker-compose.yml", "pyproject.toml"]
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_a_lock_names_no_host_and_checks_every_file() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in lock
        assert not re.search(r"(?m)^\s*(-i|--index-url|--extra-index-url|--find-links|-f)\b", lock)
        requirements = re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]
        assert [requirement for requirement in requirements if "--hash=sha256:" not in requirement] == []


def test_the_development_lock_contains_the_other() -> None:
    run, develop = ({*re.findall(r"(?m)^\S+==\S+", (ROOT / name).read_text(encoding="utf-8"))} for name in ("requirements.lock", "requirements-dev.lock"))
    assert run <= develop


def test_no_registry_and_no_folder_of_a_machine_stands_in_a_file() -> None:
    # Put together here, so that this file does not find itself.
    registries = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb" + ".debian.org", "/opt/" + "pypi", "/opt/" + "wheels"]
    machine = re.compile("|".join([*map(re.escape, registries), r"/(?:home|Users)/[a-z]+/(?!no-wrong-door)", "/ro" + r"ot/", "/wo" + r"rk/"]))
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in machine.finditer(text)]
    assert found == []


def test_every_dependency_is_explained_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    rows = {cell.strip(" `*[") for line in readme.splitlines() if line.startswith("|") for cell in [re.split(r"[|\]`]", line[1:].strip(" `[*"))[0]]}
    assert [name for name in (re.split(r"[^a-z0-9-]", wanted)[0] for wanted in project["dependencies"]) if name not in rows] == []


def test_every_package_is_shipped() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) == set(OURS)
