"""What became of one delivery: the way of a report, with every decision and its reason."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway import tracking
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json
from gateway.config import Config
from gateway.journal_file import Entry, JournalUnusable, waiting
from gateway.store import lookup
from gateway.store.engine import Store, StoreAway
from gateway.store.lookup import Kept

What = Annotated[str, typer.Argument(help="A tracking number (as people write it), or the wire's own id of a delivery.")]


def trace(what: What, config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Show where a report is and why. Example: ./run trace 7K2M-9QXF-4T1Z"""
    settled = configured(config)
    key = tracking.parse(what) or what
    found = asyncio.run(_find(settled, key))
    if as_json:
        say_json(found)
    else:
        for line in _told(found):
            typer.echo(line)
    if not found["waiting"] and not found["arrivals"] and not found["trouble"]:
        fail(f"Nothing is known of {key}. A number has twelve symbols and never the letters A, E, I, L, O, U or Y.")


async def _find(config: Config, key: str) -> dict[str, object]:
    path = config.data_dir / "journal.db"
    found: dict[str, object] = {"asked": key, "waiting": _waiting(path, key), "arrivals": [], "case": None, "events": [], "trouble": ""}
    store = Store(config.store.address(config.data_dir))
    try:
        await store.migrate()
        async with store.transaction() as tx:
            kept = await lookup.by_number(tx, key) or await lookup.by_wire_id(tx, key)
            case = next((one.case for one in kept if one.case), None) or await lookup.case_of(tx, key)
            found["arrivals"] = [_arrival(one) for one in kept]
            if case:
                found["case"] = await lookup.case_page(tx, case)
                found["events"] = await lookup.case_events(tx, case)
    except StoreAway as away:
        found["trouble"] = str(away)
    finally:
        await store.close()
    return found


def _waiting(path: Path, key: str) -> list[dict[str, object]]:
    try:
        entries = waiting(path, key) if path.exists() else []
    except JournalUnusable:
        return []
    return [_entry(entry) for entry in entries]


def _entry(entry: Entry) -> dict[str, object]:
    arrival = entry.arrival
    return {
        "seq": entry.seq,
        "channel": arrival.channel,
        "wire_id": arrival.wire_id,
        "number": entry.number,
        "kind": arrival.kind,
        "received_at": arrival.received_at,
    }


def _arrival(kept: Kept) -> dict[str, object]:
    bytes_kept = len(kept.entry.arrival.raw)
    return {**_entry(kept.entry), "journal": kept.journal, "stored_at": kept.stored_at, "outcome": kept.outcome, "reason": kept.reason, "bytes": bytes_kept}


def _told(found: dict[str, object]) -> list[str]:
    """For people: one line a step, in the order of time. No words and no address of the reporter: this is a terminal."""
    lines = [found["trouble"]] if found["trouble"] else []
    for row in found["waiting"]:  # type: ignore[attr-defined]
        lines.append(
            f"{row['received_at']:%Y-%m-%d %H:%M:%S} UTC  accepted by {row['channel']} as {row['number']} ({row['kind']} {row['wire_id']}); in the journal, not yet in the store"
        )
    for row in found["arrivals"]:  # type: ignore[attr-defined]
        lines.append(
            f"{row['received_at']:%Y-%m-%d %H:%M:%S} UTC  accepted by {row['channel']} as {row['number']} ({row['kind']} {row['wire_id']}, {row['bytes']} bytes)"
        )
        lines.append(f"{row['stored_at']:%Y-%m-%d %H:%M:%S} UTC  stored: {row['outcome']}, because: {row['reason'] or '-'}")
    for event in found["events"]:  # type: ignore[attr-defined]
        lines.append(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  case {event.kind} by {event.actor}, because: {event.reason}")
    case = found["case"]
    if case:
        for now in case["cases"]:  # type: ignore[index]
            lines.append(f"{now['changed_at']:%Y-%m-%d %H:%M:%S} UTC  case {now['number']}: {now['status']}, owner {now['owner']}, rules {now['rules']}")
        for notice in case["notices"]:  # type: ignore[index]
            said = f", {notice['reason']}" if notice["reason"] else ""
            doubt = ", may have been sent twice" if notice["maybe_sent"] else ""
            lines.append(
                f"{notice['sent_at'] or notice['made_at']:%Y-%m-%d %H:%M:%S} UTC  {notice['kind']} by {notice['channel']}: {notice['state']}{said}{doubt}"
            )
    return [str(line) for line in lines]
