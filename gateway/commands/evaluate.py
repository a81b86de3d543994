"""`./run evaluate`: what the suggestions are worth here, by texts that people have judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway import evaluation, labelled
from gateway.commands.console import AsJson, fail, say_json
from gateway.commands.route import desk_and_setting
from gateway.commands.texts import ConfigIfAny, configured_if_any
from gateway.evaluation import Evaluation
from gateway.families import known as known_families
from gateway.labelled import LabelMistakes
from gateway.measuring import ENOUGH, Measure, wilson
from normalizer import Setting, category_codes

File = Annotated[Path, typer.Argument(help="JSON lines or a table (CSV): text, title, one of agency, family or category, place.")]


def evaluate(file: File, config: ConfigIfAny = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Measure how often the suggestions and places are right, by a file of texts that people have judged (docs/routing.md).

    Example: ./run evaluate judged.csv
    """
    settled = configured_if_any(config)
    desk, where = desk_and_setting(settled)
    agencies = {agency.code for agency in desk.directory.agencies} if desk.directory else set()
    known = {"agency": agencies | {desk.coordinator}, "family": known_families(), "category": category_codes()}
    try:
        labels = labelled.parse(file.read_text(encoding="utf-8-sig"), known)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error.strerror if isinstance(error, OSError) else 'it is not UTF-8'}.", 2)
    except LabelMistakes as mistakes:
        for line, sentence in mistakes.found:
            typer.secho(f"✗ line {line}: {sentence}", err=True, fg="red")
        if not agencies:
            fail("There is no directory of agencies here (routing.directory, docs/routing.md): only the coordinator is known.")
        raise typer.Exit(1) from mistakes
    if not any(label.by or label.places is not None for label in labels):
        fail("No line says what is right: fill in one of agency, family or category, or place.", 2)
    if settled is None and not any(label.by == "agency" for label in labels):
        # The region of the directory that is shipped is nobody's then: texts are read as `./run normalize` reads them.
        where = Setting()
    found = evaluation.evaluate(labels, desk, where, datetime.now(UTC))
    if as_json:
        say_json(found)
    else:
        typer.echo("\n".join(_told(found)))


def _told(found: Evaluation) -> list[str]:
    """A line a figure."""
    head = f"{'by ' + found.by if found.by else 'places only':<28} {'value':>6}   {'95 %':<13} of"
    return [head, *(_line(measure) for measure in found.measures if measure.value is not None), _threshold(found)]


def _line(measure: Measure) -> str:
    return f"{measure.name:<28} {measure.value:>6.3f}   {measure.low:.3f}-{measure.high:.3f}   {measure.of} ({measure.interval})"


def _threshold(found: Evaluation) -> str:
    sure = found.surest
    if sure.score is None:
        return "No score was right 95 times in 100: leave routing.apply_above away." if found.by else ""
    low, high = wilson(sure.right, sure.taken)
    said = f"From {sure.score:.3f} on, {sure.right} of {sure.taken} were right ({low:.3f}-{high:.3f}, wilson)"
    return f"{said}: that would be routing.apply_above." if sure.taken >= ENOUGH else f"{said}: too few to rely on, judge more texts."
