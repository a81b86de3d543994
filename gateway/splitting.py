"""A person makes two reports of one that is about two things, each with one owner; nothing is lost, and whoever reported is told once (laws 7 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from channels.pages import PRIVATE_PATH, TRACK_PATH
from gateway import case as cases
from gateway import notices, rerouting, routing, tracking
from gateway import rows as make
from gateway.admission import Wanted, notice
from gateway.case import Case
from gateway.ids import new_id
from gateway.notices import Texts
from gateway.office import Office
from gateway.speaking import NoSuchCase
from gateway.store import filing as store
from gateway.store import lookup, people, standing
from gateway.store.engine import Transaction
from gateway.store.filing import Rows
from gateway.store.writing import Row
from normalizer import Address, Complaint, Setting
from normalizer.parting import parted

# Words of others, or of machines, on the first report: they are none of the second's.
_NOT_THEIRS = frozenset({"unverified", "automatic"})


class NothingToSplit(Exception):
    """It is about one thing, as far as we know, and nobody said where the second begins."""


class NotItsWords(Exception):
    """What shall be split off does not stand in it, or is all that there is."""


class Ended(Exception):
    """Nobody works on it any more."""


@dataclass(frozen=True, slots=True)
class Split:
    """What became of it."""

    first: str
    second: str
    # Whose each is now.
    first_owner: str
    second_owner: str
    # The channel by which its citizen is told; empty: nobody can be written to, and it is read on the first one's page.
    channel: str


async def split(tx: Transaction, office: Office, number: str, words: str, by: str, public_urls: Sequence[str], now: datetime) -> Split:
    """Split it. `words`: what is split off, as it stands in the report; empty: the second thing that we found in it. `by`: who decided.

    Raises NoSuchCase, NothingToSplit, NotItsWords, Ended, Clash (it was changed meanwhile).
    """
    found = await lookup.case_of(tx, number)
    if found is None:
        raise NoSuchCase
    case = await store.case(tx, found)
    if case.ended:
        raise Ended
    complaint = make.understood(await store.latest_complaint(tx, case.id))
    hidden = replace(complaint, anonymous=case.anonymous, confidential=case.confidential)
    one, other = parted(hidden, _passage(complaint, words), office.settings.get(case.channel, Setting()))
    first, event = cases.split(case, one, into=(new := await _number(tx, office, case)), by=by, at=now)
    first, event, also = await rerouting.rerouted(tx, office.desk, first, event, one, now)
    second, opened = cases.open_case(
        other,
        case_id=new_id(),
        number=new,
        channel=case.channel,
        owner=routing.owner_of(other, office.desk),
        rules=routing.RULES,
        correspondent=case.correspondent,
        status=cases.AWAITING_VERIFICATION,
        at=now,
    )
    second, from_first = cases.remark(second, "split_off", reason=f"from {case.number}", at=now, actor=by)
    rows = Rows(cases=[make.case(second)], events=[make.event(each) for each in (event, *also, opened, from_first)])
    rows.case_numbers.append({"number": new, "case": second.id})
    link = tracking.link(office.key, tracking.NO_CHANNEL, new)
    rows.links.append({"digest": tracking.link_digest(link), "case": second.id})
    rows.complaint_versions += [make.complaint(first, await store.complaint_versions_of(tx, case.id) + 1, one, now), make.complaint(second, 1, other, now)]
    rows.message_cases += [{"message": message, "case": second.id} for message in await _said_in(tx, case)]
    channel = await _tell(tx, office, rows, first, second, other, link, by, public_urls, now)
    await store.change(tx, first, case.version)
    await store.write(tx, rows)
    return Split(case.number, new, first.owner, second.owner, channel)


def _passage(complaint: Complaint, words: str) -> tuple[int, int]:
    if not words:
        if len(complaint.subjects) < 2:  # noqa: PLR2004  two are several
            raise NothingToSplit
        return complaint.subjects[1].span
    at = complaint.text.find(words)
    span = (at, at + len(words))
    if at < 0 or not any(map(str.isalnum, words)) or not any(map(str.isalnum, complaint.text[: span[0]] + complaint.text[span[1] :])):
        raise NotItsWords
    return span


async def _number(tx: Transaction, office: Office, case: Case) -> str:
    """As no wire can ever be answered with: it is made of the first one's number, in the name of no channel."""
    counter = 0
    while await store.taken(tx, [number := tracking.number(office.key, tracking.NO_CHANNEL, case.number, counter)]):
        counter += 1
    return number


async def _said_in(tx: Transaction, case: Case) -> list[object]:
    """The messages of its citizen so far, with their files: nobody can say which photo shows which of the two."""
    said = (await lookup.case_page(tx, case.id))["messages"]
    return [row["id"] for row in said if row["direction"] == "in" and row["decision"] not in _NOT_THEIRS]


async def _tell(
    tx: Transaction, office: Office, rows: Rows, first: Case, second: Case, complaint: Complaint, link: str, by: str, public_urls: Sequence[str], now: datetime
) -> str:
    """Once: as the second one's acknowledgement, and as words on the first one's page. Given back: the channel; empty: the page alone."""
    language, stopped = await people.chosen(tx, first.correspondent) if first.correspondent else (None, False)
    words = office.words_for(language or complaint.language)
    base = public_urls[0].rstrip("/") if public_urls else ""
    reached = await standing.reached(tx, first.id)
    # A contact that was typed into a form may be a stranger's: it gets no private link (law 10).
    private = reached is None or first.correspondent is not None
    texts = notices.split(words, first.number, second.number, f"{base}{PRIVATE_PATH}/{link}" if private else base + TRACK_PATH)
    rows.messages.append(_on_the_page(texts, by, now))
    rows.message_cases.append({"message": rows.messages[0]["id"], "case": first.id})
    if reached is None:
        return ""
    to = Address(reached.kind, reached.value)
    wanted = Wanted(notices.ACKNOWLEDGEMENT, second.id, reached.channel, to, second.number, lambda _: texts, thread=tuple(reached.thread))
    rows.notices.append(notice(office, wanted, texts, "stopped" if stopped else "", now))
    return reached.channel


def _on_the_page(texts: Texts, by: str, now: datetime) -> Row:
    empty: Row = {"journal": None, "seq": None, "correspondent": None, "shown": None, "wire_name": None, "gist": None}
    return empty | {"id": new_id(), "direction": "out", "text": texts.full, "decision": "spoken", "reason": f"person:{by}", "at": now}
