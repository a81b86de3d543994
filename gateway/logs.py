"""What the gateway says while it runs: JSON, one line an event, on stderr; on a terminal, lines for people."""

from __future__ import annotations

import logging
import sys

import structlog


def start(*, terminal: bool | None = None) -> None:
    """Once a process. Libraries speak only when something is wrong: some log addresses with secrets in them at INFO (LIBRARIES.md 1.2)."""
    people = sys.stderr.isatty() if terminal is None else terminal
    shared: list[structlog.typing.Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    renderer = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    structlog.configure(processors=[*shared, renderer], logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=True)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
