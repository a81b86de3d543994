"""`./run user`: who may sign in to the operators' pages."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.clock import SystemClock
from gateway.commands.answer import myself
from gateway.commands.console import AsJson, ConfigPath, configured, fail, in_store, say_json, work
from gateway.desk.passwords import hashed, wrong_with
from gateway.store import desk
from gateway.store.engine import Clash, Transaction

user = typer.Typer(help="Who may sign in to the operators' pages: add, list, password, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Small letters, digits, dots and hyphens: what they type to sign in.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help="Its first line is the password. Without it you are asked for it twice.")]
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


@user.command()
def add(name: Name, config: ConfigPath = None, password_file: PasswordFile = None) -> None:
    """Somebody new. Example: ./run user add budi"""
    if not _NAME.fullmatch(name):
        fail("A name has 1 to 40 small letters, digits, dots and hyphens, and begins with a letter or digit.", 2)
    settled, password = configured(config), _chosen(password_file)
    now = SystemClock().now()
    try:
        work(in_store(settled, lambda tx: _add(tx, name, hashed(password), now)), asyncio.run)
    except Clash:
        fail(f"{name} is there already. Another password: ./run user password {name}")
    typer.echo(f"{name} may sign in at http://{settled.listen.operators}/")


@user.command("list")
def list_(config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """All of them. Example: ./run user list"""
    people = work(in_store(configured(config), desk.everybody), asyncio.run)
    if as_json:
        say_json({"people": people})
        return
    for one in people:
        typer.echo(f"{one.name}  since {one.made_at:%Y-%m-%d}, password of {one.changed_at:%Y-%m-%d}")
    typer.echo(f"{len(people)} may sign in." + ("" if people else " Add the first: ./run user add NAME"))


@user.command()
def password(name: Name, config: ConfigPath = None, password_file: PasswordFile = None) -> None:
    """Another password; whoever is signed in with the old one is signed out. Example: ./run user password budi"""
    settled = configured(config)
    chosen, now = _chosen(password_file), SystemClock().now()
    if not work(in_store(settled, lambda tx: _change(tx, name, hashed(chosen), now)), asyncio.run):
        fail(f"There is no {name}. Who there is: ./run user list")
    typer.echo(f"{name} signs in with the new password from now on.")


@user.command()
def remove(name: Name, config: ConfigPath = None) -> None:
    """Nobody signs in by that name any more; what they did stays written down. Example: ./run user remove budi"""
    now = SystemClock().now()
    if not work(in_store(configured(config), lambda tx: _remove(tx, name, now)), asyncio.run):
        fail(f"There is no {name}. Who there is: ./run user list")
    typer.echo(f"{name} is removed.")


async def _add(tx: Transaction, name: str, password: str, now: datetime) -> None:
    await desk.add(tx, name, password, now)
    await desk.note(tx, now, myself(), "user added", name)


async def _change(tx: Transaction, name: str, password: str, now: datetime) -> bool:
    there = await desk.change(tx, name, password, now)
    if there:
        await desk.note(tx, now, myself(), "user password", name)
    return there


async def _remove(tx: Transaction, name: str, now: datetime) -> bool:
    there = await desk.remove(tx, name)
    if there:
        await desk.note(tx, now, myself(), "user removed", name)
    return there


def _chosen(file: Path | None) -> str:
    """From a file, from what is piped in, or typed twice."""
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            fail(f"{file} cannot be read.", 2)
        chosen = said.partition("\n")[0].rstrip("\r")
    elif not sys.stdin.isatty():
        chosen = sys.stdin.readline().rstrip("\r\n")
    else:
        chosen = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != chosen:
            fail("The two are not the same.", 2)
    if wrong := wrong_with(chosen):
        fail(wrong, 2)
    return chosen
