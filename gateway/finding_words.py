"""What the monitor finds, in the words of a language: each kind has its own, and one that is newer than the catalogue those of its state. Pure."""

from __future__ import annotations

from channels import Words
from gateway.health import Key


def state(words: Words, how: str, kind: str) -> str:
    """In a word or two."""
    return _either(words, f"desk.state.{kind}", f"desk.state.{how}")


def sentence(words: Words, key: Key, how: str, kind: str) -> str:
    """How it is. Details, as the monitor knows them, are not in it."""
    name, direction = key
    return _either(words, f"desk.say.{direction or name}.{kind or how}", f"desk.say.{kind or how}", f"desk.say.{how}")


def todo(words: Words, how: str, kind: str) -> str:
    """What to do."""
    return _either(words, f"desk.todo.{kind or how}", f"desk.todo.{how}")


def part(words: Words, name: str) -> str:
    """What a part of the house is called."""
    return _either(words, f"desk.part.{name}", "desk.part")


def _either(words: Words, *codes: str) -> str:
    said = codes[-1]
    for code in codes:
        said = words(code)
        if said != code:
            return said
    return said
