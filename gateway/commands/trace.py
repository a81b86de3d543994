"""What became of one delivery: the way of a report, with every decision and its reason."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import tracking
from gateway.case import SUGGESTION, Event, rebuild
from gateway.commands.console import AsJson, ConfigPath, configured, fail, say_json, store_of
from gateway.config import Config
from gateway.journal_file import Entry, JournalUnusable, waiting
from gateway.store import filing, likenesses, lookup
from gateway.store.engine import StoreAway, StoreRefuses
from gateway.store.likenesses import Suggested
from gateway.store.lookup import Kept
from gateway.store.writing import Row

# What may be shown: nothing that says who or what.
_CASE = ("number", "status", "owner", "rules", "urgent", "version", "channel", "opened_at", "changed_at")
_EVENT = ("version", "kind", "actor", "reason", "at")
_CODE = ("asked_at", "state", "reason", "tries")
# By Case.urgent.
_HURRY: dict[object, str] = {0: "", 1: ", urgent: somebody may come to harm", 2: ", urgent: life in danger"}
# Of what the machine suggests: an agency, how sure it is, and why; rules are codes.
_CANDIDATE = ("agency", "score", "rules")
_NOTICE = ("kind", "channel", "state", "reason", "maybe_sent", "made_at", "sent_at", "attempts")


@dataclass(slots=True)
class Found:
    """All that is known of one delivery; no words and no address of the reporter, for this is shown on terminals."""

    asked: str
    # In the journal, not yet in the store.
    waiting: list[Row] = field(default_factory=list)
    arrivals: list[Row] = field(default_factory=list)
    case: Row = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)
    # How many things it seems to be about, if several.
    subjects: int = 0
    # Other people's cases that may be the same one: for whoever runs commands here, never for a citizen.
    suggestions: list[Row] = field(default_factory=list)
    # Codes for its page that were asked for by this number.
    codes: list[Row] = field(default_factory=list)
    # Why not all of it could be seen.
    trouble: str = ""


What = Annotated[str, typer.Argument(help="A tracking number (as people write it), or the wire's own id of a delivery.")]


def trace(what: What, config: ConfigPath = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Show where a report is and why. Example: ./run trace 7K2M-9QXF-4T1Z"""
    settled = configured(config)
    key = tracking.parse(what) or what
    found = asyncio.run(_find(settled, key))
    if as_json:
        say_json(found)
    else:
        typer.echo("\n".join(_told(found)))
    if not found.waiting and not found.arrivals and not found.case and not found.trouble:
        fail(f"Nothing is known of {key}. A number has twelve symbols and never the letters A, E, I, L, O, U or Y.")


async def _find(config: Config, key: str) -> Found:
    path = config.data_dir / "journal.db"
    found = Found(key, waiting=_waiting(path, key))
    store = store_of(config)
    try:
        await store.migrate()
        async with store.transaction() as tx:
            kept = await lookup.by_number(tx, key) or await lookup.by_wire_id(tx, key)
            case = next((one.case for one in kept if one.case), None) or await lookup.case_of(tx, key)
            page = await lookup.case_page(tx, case) if case else {"messages": [], "notices": []}
            decided = {(row["journal"], row["seq"]): str(row["decision"]) for row in page["messages"]}
            found.arrivals = [_arrival(one, decided.get((one.journal, one.entry.seq), one.outcome)) for one in kept]
            if case:
                events = await lookup.case_events(tx, case)
                found.events = [{**{name: getattr(event, name) for name in _EVENT}, **_routed(event)} for event in events]
                found.case = {name: getattr(rebuild(events), name) for name in _CASE}
                found.subjects = len((await filing.latest_complaint(tx, case)).get("subjects", ()))
                found.suggestions = [_suggested(one) for one in await likenesses.suggested(tx, case)]
                found.notices = [{name: row[name] for name in _NOTICE} for row in page["notices"]]
                found.codes = [{name: row[name] for name in _CODE} for row in await lookup.codes_for(tx, key)]
    except (StoreAway, StoreRefuses) as away:
        found.trouble = str(away)
    finally:
        await store.close()
    return found


def _routed(event: Event) -> Row:
    """What the machine thought of it, if it was asked."""
    said: Any = event.data.get(SUGGESTION)
    if not said:
        return {}
    candidates = [{name: one[name] for name in _CANDIDATE} for one in said["candidates"]]
    plain = {name: said[name] for name in ("rules", "directory", "region", "reason", "door", "urgency")}
    # What was learned came later than the first suggestions.
    return {"suggestion": {**plain, "weights": said.get("weights", 0), "shadow": said.get("shadow"), "candidates": candidates}}


def _waiting(path: Path, key: str) -> list[Row]:
    try:
        return [_entry(entry) for entry in waiting(path, key)] if path.exists() else []
    except JournalUnusable:
        return []


def _entry(entry: Entry) -> Row:
    arrival = entry.arrival
    said = {"channel": arrival.channel, "kind": arrival.kind, "wire_id": arrival.wire_id, "received_at": arrival.received_at}
    if "sent_at" in arrival.meta:
        # It came late, because it had to be asked for.
        said["sent_at"] = datetime.fromisoformat(arrival.meta["sent_at"])
    return {"seq": entry.seq, "number": entry.number, "bytes": len(arrival.raw), **said}


def _arrival(kept: Kept, decision: str) -> Row:
    """`decision`: what its words were taken for (conversation.Decision.kind), or its outcome where they are not on the case."""
    said = {"outcome": kept.outcome, "decision": decision, "reason": kept.reason}
    return {**_entry(kept.entry), "journal": kept.journal, "stored_at": kept.stored_at, **said}


def _suggested(one: Suggested) -> Row:
    # What a confidential case says stands on no terminal; that there is a suggestion may.
    return {"number": one.number, "score": one.score, **one.reasons, "words": None if one.confidential else one.reasons["words"]}


def _told(found: Found) -> list[str]:
    """For people: one line a step."""
    lines = [found.trouble] if found.trouble else []
    for row in (*found.waiting, *found.arrivals):
        wire = f"{row['kind']} {row['wire_id']}, {row['bytes']} bytes"
        lines.append(_line(row["received_at"], f"accepted by {row['channel']} as {row['number']} ({wire}){_sent(row)}"))
        lines.append(_line(row["stored_at"], f"stored as {row['decision']}, because: {row['reason']}") if "stored_at" in row else "still in the journal")
    for event in found.events:
        lines.append(_line(event["at"], f"case {event['kind']} by {event['actor']}, because: {event['reason']}"))
        lines += [_line(event["at"], f"suggested: {one}") for one in _candidates(event)]
    if case := found.case:
        state = f"{case['status']}, owner {case['owner']}, rules {case['rules']}{_HURRY[case['urgent']]}"
        lines.append(_line(case["changed_at"], f"case {case['number']}: {state}"))
        if found.subjects:
            lines.append(f"seems to be about {found.subjects} things. To see them: ./run split {case['number']} --look")
    lines += [_line(row["sent_at"] or row["made_at"], _notice(row)) for row in found.notices]
    lines += [_line(row["asked_at"], _code(row)) for row in found.codes]
    return lines + [f"perhaps the same as {row['number']} ({row['score']:.2f}: {_why(row)})" for row in found.suggestions]


def _sent(row: Row) -> str:
    return f", asked for: it was sent {row['sent_at']:%Y-%m-%d %H:%M:%S} UTC and never arrived" if "sent_at" in row else ""


def _why(row: Row) -> str:
    words = row["words"]
    said = "one is confidential, so no words" if words is None else f"words {', '.join(words)}" if words else "no words"  # type: ignore[arg-type]  # a list of text, or null
    return ", ".join([said, *([f"{row['metres']} m"] if row["metres"] is not None else []), f"{row['days']:g} days"])


def _candidates(event: Row) -> list[str]:
    said: Any = event.get("suggestion", {"candidates": []})
    shadow = said.get("shadow")
    beside = [f"in shadow, by weights {shadow['weights']}: {shadow['agency']} ({shadow['score']})"] if shadow else []
    return [f"{one['agency']} ({one['score']}), because: {', '.join(one['rules'])}" for one in said["candidates"]] + beside


def _notice(row: Row) -> str:
    reason = f", because: {row['reason']}" if row["reason"] else ""
    return f"{row['kind']} by {row['channel']}: {row['state']}{reason}{', may have gone out twice' if row['maybe_sent'] else ''}"


def _code(row: Row) -> str:
    reason = f", because: {row['reason']}" if row["reason"] else ""
    return f"a code was asked for: {row['state']}{reason}, typed {row['tries']} times"


def _line(at: object, sentence: str) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC  {sentence}"
