"""What every test shares."""

from __future__ import annotations

import gc
import re
from collections.abc import Generator

import pytest
from playwright.async_api import expect

from tests import peers
from tests.fate import TELLTALE
from tests.nursery import NURSERY, READERS, born_reader
from tests.world import GIVEAWAYS, KEY, deployment, nobody_at_the_far_end, on_postgres, on_sqlite, postgres_folder, sqlite_tables

__all__ = ["deployment", "nobody_at_the_far_end", "on_postgres", "on_sqlite", "postgres_folder", "sqlite_tables"]


# What no log may ever hold: a citizen's number, a typed contact, who is written about, what exceptions say, the secrets of the tests.
_WRITTEN_ABOUT = "|".join(re.escape(one) for one in (*GIVEAWAYS, GIVEAWAYS[1].replace(" ", "")))
NAMED = re.compile(rf"{_WRITTEN_ABOUT}|\+?62 ?8\d{{2}}[\d -]{{6,}}|{re.escape(TELLTALE)}|{re.escape(KEY)}|rahasia-akun|rahasia warga|token of the account")


# Milliseconds: a browser may have to share two cores with everything else.
expect.set_options(timeout=60_000)


@pytest.fixture(autouse=True, scope="session")
def nursery() -> Generator[None, None, None]:
    """Ends with the tests."""
    READERS.begin()
    yield
    NURSERY.close()
    READERS.close()


@pytest.fixture(autouse=True)
def readers_are_born(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second each, a thousand times; not where a test looks at how they are started."""
    if request.node.get_closest_marker("started_reader") is None:
        monkeypatch.setattr("gateway.reader.start_process", born_reader)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that went well fails all the same if anything that it said, on any stream, names a person or a secret."""
    report = yield
    if report.when == "call" and report.passed:
        # Not what pytest itself writes down of the library's logging: with us that goes through gateway.logs (tests/test_operating.py).
        said = "\n".join(text for title, text in report.sections if not title.startswith("Captured log"))
        if found := NAMED.search(said):
            report.outcome = "failed"
            around = said[max(0, found.start() - 200) : found.end() + 100]
            report.longrepr = f"{item.name} logged what must not be logged: ... {around} ..."
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take longer than all others comes first: begun at the end, it would keep one core busy and leave the others idle."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_collection_finish() -> None:
    """What was collected stays: the garbage collector need not look through all of it again and again (pauses of seconds, seen)."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the programs of `@pytest.mark.peer("dovecot", "apt-get install dovecot-imapd")` before the test starts anything."""
    for mark in item.iter_markers("peer"):
        peers.program(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List every missing peer once, however many tests wanted it."""
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
    sentences = sorted({reason.removeprefix("Skipped: ") for reason in skipped if peers.REASON in reason})
    if sentences:
        terminalreporter.section("peers that are not here")
        for sentence in sentences:
            terminalreporter.write_line(sentence)
