"""The four ways in which the Bot API takes parameters: https://core.telegram.org/bots/api#making-requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

Fields = Mapping[str, Any]

# What is a word however it looks; in a form everything else is JSON.
_WORDS = frozenset({"text", "caption", "url", "secret_token", "callback_query_id", "file_id"})


async def parameters(request: web.Request) -> Fields:
    """The four ways to pass parameters: query, form, JSON, multipart. What is no word comes as JSON in a form."""
    said: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        told = await request.json()
        return said | (told if isinstance(told, dict) else {})
    for name, value in (await request.post()).items():
        said[name] = value.file.read() if isinstance(value, web.FileField) else value
    return {name: _value(name, value) for name, value in said.items()}


def _value(name: str, value: object) -> Any:  # noqa: ANN401  # whatever JSON can hold
    if name in _WORDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
