"""Peers: programs that a machine may not have. A test without its peer skips and says how to install it; with GATEWAY_REQUIRE_PEERS=1 it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

REASON = "PEER MISSING"


def missing(name: str, how: str) -> NoReturn:
    """End this test: its peer is not here. `how` is the command that installs it."""
    sentence = f"{REASON} {name}: {how}"
    if os.environ.get("GATEWAY_REQUIRE_PEERS") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def program(name: str, how: str) -> str:
    """Where the program is; without it, the test ends."""
    return shutil.which(name) or missing(name, how)
