"""Telegram's own description of its Bot API, as types that an answer fits, or does not; and as a source of updates."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

CONTRACT = Path(__file__).resolve().parents[2] / "shared" / "contracts" / "telegram_bot_api.json"
_PLAIN = {"Integer": int, "Float": (int, float), "String": str, "Boolean": bool}
# What lies deeper is an empty object.
_DEEPEST = 4


@cache
def contract() -> dict[str, Any]:
    """The description. Without it, the test ends."""
    if not CONTRACT.exists():
        pytest.skip("PEER MISSING telegram contract: put telegram-bot-api-spec's api.json into ../shared/contracts/telegram_bot_api.json")
    document: dict[str, Any] = json.loads(CONTRACT.read_text())
    return document


def wrong(value: object, type_: str, at: str = "") -> list[str]:
    """What in a value does not fit a type of the description, as paths; fields that nobody has described, too."""
    if type_.startswith("Array of "):
        return [f"{at}: no list"] if not isinstance(value, list) else [fault for one in value for fault in wrong(one, type_[9:], f"{at}[]")]
    if type_ == "True":
        return [] if value is True else [f"{at}: not true"]
    if type_ in _PLAIN:
        fits = isinstance(value, _PLAIN[type_]) and (type_ == "Boolean" or not isinstance(value, bool))  # type: ignore[arg-type]
        return [] if fits else [f"{at}: no {type_}"]
    described = contract()["types"][type_]
    if described.get("subtypes"):
        ways = [wrong(value, subtype, at) for subtype in described["subtypes"]]
        return min(ways, key=len)
    return _wrong_object(value, described, at)


def _wrong_object(value: object, described: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: no object"]
    fields = {field["name"]: field for field in described.get("fields", [])}
    faults = [f"{at}.{name}: is missing" for name, field in fields.items() if field["required"] and name not in value]
    faults += [f"{at}.{name}: nobody knows it" for name in value if name not in fields]
    for name, inner in value.items():
        if name in fields:
            ways = [wrong(inner, type_, f"{at}.{name}") for type_ in fields[name]["types"]]
            nearest = min(ways, key=len)
            faults += nearest
    return faults


def made(chance: Random, type_: str, depth: int = 0) -> Any:  # noqa: ANN401  # whatever JSON can hold
    """A value that fits a type; now and then anything at all stands in the place of a field."""
    if type_.startswith("Array of "):
        return [made(chance, type_[9:], depth + 1) for _ in range(chance.randrange(3))]
    if type_ in _EXAMPLES:
        return chance.choice(_EXAMPLES[type_])
    described = contract()["types"][type_]
    if described.get("subtypes"):
        return made(chance, chance.choice(described["subtypes"]), depth)
    if depth > _DEEPEST:
        return {}
    # What stands there by all means, and a few of all that may.
    fields = [field for field in described.get("fields", []) if field["required"] or chance.random() < _OFTEN]
    return {field["name"]: chance.choice(_ANYTHING) if chance.random() < _STRANGE else made(chance, field["types"][0], depth + 1) for field in fields}


_OFTEN, _STRANGE = 0.2, 0.1
_EXAMPLES: dict[str, list[Any]] = {
    "Integer": [0, 1, -1, 9, 700100, -1001234, 2**52, 2**63, 10**400],
    "Float": [0.0, -1.25, 116.7, 1e308, float("nan"), float("inf")],
    "String": ["", "private", "supergroup", "kicked", "/lapor x", "@LaporPPUbot jalan", "\ud83d", "\u0000", "jalan \U0001f573", "a" * 5000],
    "Boolean": [True, False],
    "True": [True],
}
_ANYTHING: list[Any] = [None, True, 0, -1, 1.5, float("nan"), 10**400, "", "x", "\ud800", [], {}, [[{}]], [None], {"id": []}, {"id": {"id": True}}]
