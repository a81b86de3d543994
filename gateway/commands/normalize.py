"""What is understood of a text: for operators who wonder, and for measuring."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from gateway.assembly import setting
from gateway.commands.console import say_json
from gateway.commands.texts import ConfigIfAny, FromStdin, Text, configured_if_any, read, texts
from normalizer import Complaint, Setting, named_places


def normalize(text: Text = None, config: ConfigIfAny = None, stdin: FromStdin = False) -> None:  # noqa: FBT002  # an option
    """Show how a text is understood, with why and where it says so.

    Example: ./run normalize "jln rusak parah di ds girimukti kec penajam sdh 3 bln".
    """
    settled = configured_if_any(config)
    where = setting(settled, None) if settled else Setting()
    for one in texts(text, stdin=stdin):
        complaint = read(one, where)
        if stdin:
            # ASCII only: what strangers wrote obeys no terminal, and is still the same to a program.
            typer.echo(json.dumps(line(complaint), default=str, ensure_ascii=True))
        else:
            say_json(complaint)


def line(complaint: Complaint) -> dict[str, object]:
    """What is measured: the codes alone, the likeliest first, and how each was found."""
    place = complaint.place
    return {
        "type": complaint.kind,
        "category": [found.code for found in complaint.categories],
        "place": named_places(place) if place else [],
        "dates": [asdict(time) for time in complaint.dates],
        "language": complaint.language,
        "personal": [asdict(span) for span in complaint.personal],
        "urgency": complaint.urgency.code if complaint.urgency else None,
        "level": complaint.level.code if complaint.level else None,
        "beyond": complaint.beyond.code if complaint.beyond else None,
        "remarks": list(complaint.remarks),
        "subjects": [asdict(subject) for subject in complaint.subjects],
        "found": {
            "place": place and asdict(place),
            "type": complaint.kind_found and asdict(complaint.kind_found),
            "category": [asdict(found) for found in complaint.categories],
            "language": complaint.language_found and asdict(complaint.language_found),
            "urgency": complaint.urgency and asdict(complaint.urgency),
            "level": complaint.level and asdict(complaint.level),
            "beyond": complaint.beyond and asdict(complaint.beyond),
        },
        "normaliser": complaint.normaliser,
    }
