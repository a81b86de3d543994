"""The commands: `python -m gateway`, or `./run` in a checkout."""

from __future__ import annotations

import sys

import typer

from gateway.assembly import resolve
from gateway.commands import COMMANDS


def main() -> None:
    """Load the command that was asked for, and all of them only for the help."""
    about = "No Wrong Door: the intake gateway for citizens' complaints."
    app = typer.Typer(help=about, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    # With a callback typer keeps the command's name, also when there is one command only.
    app.callback()(lambda: None)
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    for name in asked or COMMANDS:
        command = resolve(COMMANDS[name])
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    app(prog_name="run")


if __name__ == "__main__":
    main()
