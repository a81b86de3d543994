"""Certificates for tests, by the openssl program."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# For tests that use one.
needs_openssl = pytest.mark.peer("openssl", "apt-get install openssl")


@dataclass(frozen=True, slots=True)
class Pair:
    """One that vouches for itself."""

    certificate: Path
    key: Path


def pair(folder: Path, name: str = "localhost", days: int = 30) -> Pair:
    """For this name and for loopback's address, good for so many days from now."""
    made = Pair(folder / f"{name}.cert.pem", folder / f"{name}.key.pem")
    names = f"subjectAltName=DNS:{name},IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj", f"/CN={name}"]
    subprocess.run([*command, "-addext", names, "-keyout", made.key, "-out", made.certificate], check=True, capture_output=True)
    return made
