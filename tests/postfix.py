"""A real Postfix for tests: the mark that asks for it, and the way to start one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.bench import postfix as bench
from gateway.bench.postfix import Postfix
from tests import peers

__all__ = ["HOW", "Postfix", "needs_postfix", "postfix"]
HOW = "apt-get install postfix"
needs_postfix = pytest.mark.peer("postfix", HOW)


@contextmanager
def postfix(**settings: str) -> Iterator[Postfix]:
    """Listening while the block runs; only root can start it."""
    if os.geteuid() != 0:
        peers.missing("postfix as root", "run the tests as root")
    with bench.postfix(**settings) as running:
        yield running
