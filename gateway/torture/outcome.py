"""What came of one run, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import typer

from gateway.torture.verdict import Check

# Of one check, on a terminal.
_MOST_SENTENCES = 20
# How to have that befall the nodes which did not.
HOW_TO = {"disk full": "The disk was not filled: only root may mount a small one (run it as root, where a tmpfs may be mounted)."}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    store: str
    seed: int
    seconds: float
    # What did not befall them, and how to have it befall them.
    left_out: tuple[str, ...]
    # By kind.
    faults: Mapping[str, int]
    # How often doors said what.
    answers: Mapping[str, int]
    accepted: int
    cases: int
    # Cases whose number somebody was told, and those of them where it came more than once because a send may have gone through.
    told: int
    told_again: int
    # How long it took until nothing moved any more, and by how much the clocks were put on for that.
    settled_seconds: float
    put_on_seconds: float
    # How often a node could not start because there was no room, and was started again.
    turned_away: int
    # By node, at the end.
    memory_mib: Mapping[str, float]
    # What the nodes said, by level and event.
    said: Mapping[str, int]
    checks: tuple[Check, ...]

    @property
    def violations(self) -> list[str]:
        """All that is not so."""
        return [sentence for check in self.checks for sentence in check.violations]


def show(outcome: Outcome) -> None:
    """On a terminal."""
    typer.secho(f"\n{outcome.store}, {outcome.seconds:.0f} s, seed {outcome.seed}", bold=True)
    for name, count in outcome.faults.items():
        typer.echo(f"  {count:>7}  x {name}")
    for sentence in outcome.left_out:
        typer.secho(f"  {sentence}", fg="yellow")
    answers = ", ".join(f"{count} x {said}" for said, count in outcome.answers.items())
    typer.echo(f"  {outcome.accepted} accepted, {outcome.cases} cases; doors said {answers}")
    typer.echo(f"  {outcome.told} people were told their number, {outcome.told_again} of them more than once")
    typer.echo(f"  settled after {outcome.settled_seconds:.0f} s, with the clocks put on by {outcome.put_on_seconds:.0f} s")
    if outcome.turned_away:
        typer.echo(f"  {outcome.turned_away} starts failed for want of room, and were begun again as a service manager does")
    typer.echo("  memory at the end: " + ", ".join(f"node {name} {mib:.0f} MiB" for name, mib in outcome.memory_mib.items()))
    for said, count in outcome.said.items():
        typer.secho(f"  {count:>7}  x {said}", dim=True)
    for check in outcome.checks:
        mark, colour = ("✗", "red") if check.violations else ("✓", "green")
        typer.secho(f"{mark} {check.looked_at:>7}  {check.name}", fg=colour)
        for sentence in check.violations[:_MOST_SENTENCES]:
            typer.echo(f"           {sentence}")
        if len(check.violations) > _MOST_SENTENCES:
            typer.echo(f"           and {len(check.violations) - _MOST_SENTENCES} more")
