"""Secrets of the configuration: `{ env = "NAME" }` and `{ file = "path" }` become their values; a secret never stands in the file itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

# Where in the file: keys and positions, from the outside in.
Place = tuple[str | int, ...]


class Resolved(str):
    """A value that came from the environment or from a file of its own, so it may be secret."""

    __slots__ = ()


def resolve(value: object, folder: Path, environ: Mapping[str, str], place: Place = ()) -> tuple[Any, dict[Place, str]]:
    """The value with every reference replaced (None where that failed), and why it failed, by place. Files are relative to `folder`."""
    if isinstance(value, dict) and value and value.keys() <= {"env", "file"}:
        found = _look_up(value, folder, environ)
        return (found, {}) if isinstance(found, Resolved) else (None, {place: found})
    wrong: dict[Place, str] = {}

    def within(key: str | int, inner: object) -> object:
        resolved, mistakes = resolve(inner, folder, environ, (*place, key))
        wrong.update(mistakes)
        return resolved

    if isinstance(value, dict):
        return {key: within(key, inner) for key, inner in value.items()}, wrong
    if isinstance(value, list):
        return [within(index, inner) for index, inner in enumerate(value)], wrong
    return value, wrong


def written_openly(model: type[BaseModel], raw: object, place: Place = ()) -> Iterator[Place]:
    """Where a secret of this model was written into the file instead of a reference."""
    if not isinstance(raw, dict):
        return
    for name, field in model.model_fields.items():
        block = model_in(field.annotation)
        for index, inner in _leaves(raw.get(name), (*place, name)):
            if block:
                yield from written_openly(block, inner, index)
            elif _is_secret(field.annotation) and isinstance(inner, str) and not isinstance(inner, Resolved):
                yield index


def model_in(annotation: object) -> type[BaseModel] | None:
    """The block that a field holds, alone, optional or in a list; None: a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := model_in(part))), None)


def _look_up(reference: Mapping[str, object], folder: Path, environ: Mapping[str, str]) -> str:
    """The value as Resolved; a plain string is what is wrong with the reference."""
    match reference:
        case {"env": str(name), **rest} if not rest:
            text = environ.get(name)
            missing = f"the environment variable {name} is not set. Set it, or refer to a file with {{ file = … }}."
        case {"file": str(path), **rest} if not rest:
            text, missing = _content(folder / path)
        case _:
            return 'refer to a secret as { env = "NAME" } or { file = "path" }, one of the two.'
    if text is None:
        return missing
    return Resolved(text) if text else f"{next(iter(reference.values()))} is there, but empty."


def _content(path: Path) -> tuple[str | None, str]:
    try:
        # An editor ends a file with a line end; no secret does.
        return path.read_text(encoding="utf-8").rstrip("\r\n"), ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return None, f"the file {path} cannot be read: {why}."


def _leaves(value: object, place: Place) -> Iterator[tuple[Place, object]]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, value


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))
