"""What the gateway says while it runs: JSON, one line an event, on stderr; on a terminal, lines for people."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from gateway.reading import where


def start(*, terminal: bool | None = None) -> None:
    """Once a process. Libraries speak only when something is wrong: some log addresses with secrets in them at INFO (LIBRARIES.md 1.2)."""
    people = sys.stderr.isatty() if terminal is None else terminal
    shared: list[structlog.typing.Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    renderer = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    structlog.configure(processors=[*shared, renderer], logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Discreet(logging.Formatter):
    """What libraries log of an exception: its kind and its place. Its words may be a citizen's."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  # the library's own signature
        """Never the text."""
        return where(ei[1]) if ei[1] is not None else ""
