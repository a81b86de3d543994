"""Print `gateway.example.toml` from the configuration's own models: python -m tools.example_config > gateway.example.toml."""

from __future__ import annotations

import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from channels.kinds import KINDS
from gateway.config import ChannelConfig, Config
from gateway.secrets import model_in

HEAD = """\
# Everything that a deployment can decide. A line that begins with # and no space is a key at its default, or an example where there is none:
# take the # away to change it.
# A secret never stands here. Wherever a value stands, it may be { env = "NAME" } or { file = "path" } (relative to this file) instead.
"""


def example() -> str:
    """The file, complete and valid as it stands."""
    return "\n".join([HEAD, *_config()])


def _config() -> Iterator[str]:
    tables = {name: field for name, field in Config.model_fields.items() if model_in(field.annotation)}
    for name, field in Config.model_fields.items():
        if name not in tables:
            yield from (*_key(name, field), "")
    for name, field in tables.items():
        model = model_in(field.annotation)
        if name == "agencies":
            yield from _agencies(field)
        elif model and name != "channels":
            yield from (f"# {model.__doc__}", f"[{name}]", *_keys(model), "")
    yield f"# {tables['channels'].description}"
    for kind, row in KINDS.items():
        # The tests add kinds of their own to the table.
        if row.settings.startswith("channels."):
            yield from _channel(kind, pkgutil.resolve_name(row.settings))


def _agencies(field: FieldInfo) -> Iterator[str]:
    yield f"# {field.description}"
    model = model_in(field.annotation)
    if model:
        yield from (f"#   {name}: {inner.description}" for name, inner in model.model_fields.items())
    for agency in _examples(field)[0]:
        yield from ("#[[agencies]]", *(f"#{key} = {_toml(value)}" for key, value in agency.items()))
    yield ""


def _channel(kind: str, settings: type[BaseModel]) -> Iterator[str]:
    """A channel is optional, so even what it cannot do without stands behind a #."""
    shared = ChannelConfig.model_fields
    yield from (f"# {settings.__doc__}", f"#[channels.{kind}]", "# What it speaks.", f"#kind = {_toml(kind)}")
    yield from (line for name, field in shared.items() if name not in {"kind", "settings"} for line in _key(name, field))
    yield from (*_table(f"channels.{kind}", settings), "")


def _table(place: str, model: type[BaseModel]) -> Iterator[str]:
    """Its keys, then the tables in it."""
    inner = {name: block for name, field in model.model_fields.items() if (block := model_in(field.annotation))}
    yield from (line for name, field in model.model_fields.items() if name not in inner for line in _key(name, field, optional=True))
    for name, block in inner.items():
        yield from (f"# {model.model_fields[name].description}", f"#[{place}.{name}]", *_table(f"{place}.{name}", block))


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield from _key(name, field)


def _key(name: str, field: FieldInfo, *, optional: bool = False) -> Iterator[str]:
    hidden = "" if field.is_required() and not optional else "#"
    yield from (f"# {field.description}", f"{hidden}{name} = {_toml(_value(name, field))}")


def _value(name: str, field: FieldInfo) -> object:
    """The default; where there is none to show, an example; where the model offers none, a reference, because that fits everywhere."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if default not in (None, {}, ()):
        return default
    reference = {"env": name.upper()}
    fallback = default if default is not None else [reference] if get_origin(field.annotation) is tuple else reference
    return _examples(field, fallback)[0]


def _examples(field: FieldInfo, fallback: object = None) -> list[Any]:
    return field.examples or [fallback]


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # Numbers, true and false, and quoted words are the same in JSON and in TOML.
    return json.dumps(value if isinstance(value, bool | int | float) else str(value), ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(example())
