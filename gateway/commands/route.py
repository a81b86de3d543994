"""Which agency a text is brought to, and why: for whoever edits the directory, and for measuring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from gateway import directory, routing
from gateway.assembly import directory_of, setting
from gateway.commands.texts import ConfigIfAny, FromStdin, Text, configured_if_any, read, texts
from gateway.config import Config
from gateway.harmless import harmless
from gateway.routing import Desk, Suggestion
from gateway.sensitive import confidential
from normalizer import Complaint, Setting

# Whose directory is shipped.
_EXAMPLE_REGION = "64.09"
Example = Annotated[bool, typer.Option("--example", help="Print the directory that is shipped (CSV), to begin with, and end.")]


def route(text: Text = None, config: ConfigIfAny = None, stdin: FromStdin = False, example: Example = False) -> None:  # noqa: FBT002  # options
    """Show which agency a text would be brought to, and why.

    Example: ./run route "lampu jalan depan kantor camat Waru mati".
    """
    if example:
        typer.echo(directory.example(), nl=False)
        return
    settled = configured_if_any(config)
    desk, where = desk_and_setting(settled)
    for one in texts(text, stdin=stdin):
        complaint = read(one, where)
        suggestion = routing.suggest(complaint, desk)
        if stdin:
            typer.echo(json.dumps(line(complaint, suggestion), default=str, ensure_ascii=True))
        else:
            typer.echo(harmless("\n".join(told(complaint, suggestion, _names(settled, desk)))))


def desk_and_setting(config: Config | None) -> tuple[Desk, Setting]:
    """The deployment's; without one, the directory that is shipped, in its region."""
    if config is None:
        return Desk("diskominfo", directory.parse(directory.example())), Setting(region=_EXAMPLE_REGION)
    return Desk(config.coordinator, directory_of(config), config.routing.apply_above), setting(config, None)


def line(complaint: Complaint, suggestion: Suggestion) -> dict[str, object]:
    """For programs: the owner, the candidates, and what led there."""
    categories = [found.code for found in complaint.categories]
    return {"owner": suggestion.owner, "category": categories, "confidential": confidential(complaint), **suggestion.kept()}


def _names(config: Config | None, desk: Desk) -> dict[str, str]:
    """Of everybody who may own a report: those of the configuration, and those of the directory."""
    own = {agency.code: agency.name for agency in (config.directory if config else ())}
    return own | {agency.code: agency.name for agency in (desk.directory.agencies if desk.directory else ())}


def told(complaint: Complaint, suggestion: Suggestion, names: Mapping[str, str]) -> list[str]:
    """For people: a line a step. `names`: by the agency's code."""
    owner = f"{suggestion.owner} {names.get(suggestion.owner, '')}".strip()
    lines = [f"category    {found.code} ({found.score}): {found.how}" for found in complaint.categories] or ["category    none: needs triage"]
    lines.append(f"region      {suggestion.region or 'not known'}")
    if complaint.urgency:
        lines.append(f"urgency     {complaint.urgency.code}: {complaint.urgency.how}")
    if confidential(complaint):
        lines.append("hidden      confidential by default: only the coordinator and who looks into it may see it")
    lines += [f"candidate   {one.agency} ({one.score}) {names.get(one.agency, '')}: {', '.join(one.rules)}" for one in suggestion.candidates]
    if suggestion.door:
        lines.append(f"elsewhere   {suggestion.door}")
    versions = f"rules {suggestion.rules}, directory {suggestion.directory or 'none'}"
    return [*lines, f"owner       {owner}, because: {suggestion.reason} ({versions})"]
