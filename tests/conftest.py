"""What every test shares."""

from __future__ import annotations

import pytest

from tests import peers
from tests.world import deployment, nobody_at_the_far_end, on_postgres, on_sqlite, postgres_folder

__all__ = ["deployment", "nobody_at_the_far_end", "on_postgres", "on_sqlite", "postgres_folder"]


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
