"""The one complaint schema, for whoever receives complaints from us."""

from __future__ import annotations

from pydantic import TypeAdapter

from gateway.commands.console import say_json
from normalizer import SCHEMA_VERSION, Complaint


def schema() -> None:
    """Print the JSON Schema of a complaint. Example: ./run schema > complaint.schema.json"""
    say_json(json_schema())


def json_schema() -> dict[str, object]:
    """As JSON Schema 2020-12."""
    described = TypeAdapter(Complaint).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:no-wrong-door:complaint:{SCHEMA_VERSION}", **described}
