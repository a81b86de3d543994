"""Codes of regions in the configuration that no region has: a slip there costs every report its place, and nothing else would say so."""

from __future__ import annotations

from gateway.config import Config
from normalizer import region_name

# The register is this country's (normalizer/data/places).
_REGISTERED = "ID"


def unknown_regions(config: Config) -> dict[str, str]:
    """Which keys of the file hold which unknown code; a deployment elsewhere has codes of its own."""
    if config.country != _REGISTERED:
        return {}
    held = {
        "region": config.region,
        **{f"keywords.{word}": code for word, code in config.keywords.items()},
        **{f"aliases.{word}": code for word, code in config.aliases.items()},
        **{f"channels.{name}.region": channel.region for name, channel in config.channels.items()},
    }
    return {key: code for key, code in held.items() if code is not None and region_name(code) is None}


def not_a_region(code: str) -> str:
    """For an operator."""
    return f"no region has the code {code}. It is written as in 64.09 (a regency) or 64.09.01 (a district), by the ministry's list"
