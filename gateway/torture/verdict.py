"""What must be true at the end, by what the outside world remembers and what was found: a check each, with a sentence for whatever is not so. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.torture.found import Arrived, File, Found, Notified
from gateway.torture.ledger import Delivery, Ledger

# What may become of what these senders send.
_WELL = frozenset({"case", "message", "delivery", "duplicate"})
_WELL_OF_MACHINES = frozenset({"ignored", "duplicate"})
_SENT = frozenset({"sent", "delivered", "read"})
_WITHOUT_CASE = frozenset({"delivery", "ignored"})
_TOKEN = re.compile(r"\b[A-Z]\d+T\d+V\d+\b")
Report = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true."""

    name: str
    # How many were looked at.
    looked_at: int
    # What is not so, a sentence each.
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is judged."""

    ledger: Ledger
    found: Found
    # Journal to the node whose it is.
    node_of: Mapping[str, str]
    # What came back to people: (address, number), and how often.
    heard: Mapping[tuple[str, str], int]

    def report_of(self, row: Arrived) -> Report:
        """Whose row it is."""
        return self.ledger.part_of.get(row.report, row.report)

    @property
    def by_machines(self) -> frozenset[Report]:
        """What no person wrote."""
        return frozenset(one.report for one in self.ledger.accepted if one.by_machine)


def judge(evidence: Evidence) -> list[Check]:
    """Every check, in the order of the laws."""
    return [Check(name, *_settled(check(evidence))) for name, check in _CHECKS.items()]


def _settled(looks: Iterable[str | None]) -> tuple[int, tuple[str, ...]]:
    those = list(looks)
    return len(those), tuple(sentence for sentence in those if sentence)


def _deliveries(evidence: Evidence) -> dict[tuple[str, str, str], Delivery]:
    """What was accepted, each once: the first time that it was answered with success."""
    first: dict[tuple[str, str, str], Delivery] = {}
    for one in evidence.ledger.accepted:
        first.setdefault((*one.report, one.token), one)
    return first


def _standing(evidence: Evidence) -> dict[tuple[str, str, str], list[Arrived]]:
    """Rows that are no duplicates, by what they say."""
    there: dict[tuple[str, str, str], list[Arrived]] = defaultdict(list)
    for row in evidence.found.arrivals:
        if row.outcome != "duplicate":
            there[(*evidence.report_of(row), _token(row))].append(row)
    return there


def _token(row: Arrived) -> str:
    found = _TOKEN.search(row.text)
    return found[0] if found else ""


def _by_report(evidence: Evidence) -> dict[Report, list[Arrived]]:
    rows: dict[Report, list[Arrived]] = defaultdict(list)
    for row in evidence.found.arrivals:
        rows[evidence.report_of(row)].append(row)
    return rows


# Each of these yields, for each thing that it looks at, a sentence if it is not well.


def _conserved(evidence: Evidence) -> Iterator[str | None]:
    there = _standing(evidence)
    for what, delivery in _deliveries(evidence).items():
        rows = there.get(what, [])
        name = " ".join(filter(None, what))
        if len(rows) == 1:
            yield None
        elif rows:
            yield f"{name} stands in {len(rows)} rows that are no duplicates: {', '.join(map(str, rows))}."
        else:
            yield f"{name} was answered with success by node {delivery.node}, and no row of the store has it."


def _nothing_else(evidence: Evidence) -> Iterator[str | None]:
    machines = evidence.by_machines
    for row in evidence.found.arrivals:
        report = evidence.report_of(row)
        if row.outcome not in (_WELL_OF_MACHINES if report in machines else _WELL):
            yield f"{row} became {row.outcome}, and nothing was wrong with it."
        elif report not in evidence.ledger.begun:
            yield f"{row} was never sent by anybody."
        else:
            yield None


def _unanswered(evidence: Evidence) -> Iterator[str | None]:
    yield from (None for _ in evidence.ledger.accepted)
    if not evidence.ledger.accepted:
        yield "Nobody was answered with success at all: nothing is shown by this."
    yield from (f"{name} was never answered with success, also when all was mended." for name in evidence.ledger.unanswered)


def _answers(evidence: Evidence) -> Iterator[str | None]:
    yield from (None for _ in range(evidence.ledger.answers.total() - len(evidence.ledger.strange)))
    yield from evidence.ledger.strange


def _one_case(evidence: Evidence) -> Iterator[str | None]:
    owners: dict[str, set[Report]] = defaultdict(set)
    joined = _joined(evidence)
    for report, rows in _by_report(evidence).items():
        if report in joined or all(row.outcome in _WITHOUT_CASE or (row.outcome == "duplicate" and not row.case) for row in rows):
            continue
        for row in rows:
            owners[row.case].add(report)
        opened = sum(row.outcome == "case" for row in rows)
        ids = {row.case for row in rows}
        if opened == 1 and len(ids) == 1:
            yield None
        else:
            yield f"{' '.join(report)} opened {opened} cases, and its rows lead to {len(ids)}."
    for case, (number, _) in evidence.found.cases.items():
        reports = owners.get(case, set())
        yield None if len(reports) == 1 else f"Case {number} belongs to {len(reports)} reports, and should belong to one."


def _joined(evidence: Evidence) -> dict[Report, str]:
    """What was taken for words on an earlier report: on which case."""
    follow = {one.report for one in evidence.ledger.accepted if one.follows}
    return {evidence.report_of(row): row.case for row in evidence.found.arrivals if row.outcome == "message" and evidence.report_of(row) in follow}


def _own_words(evidence: Evidence) -> Iterator[str | None]:
    """Nobody's words reach the report of somebody else."""
    writer = {one.report: one.correspondent for one in evidence.ledger.accepted}
    opened_by = {row.case: writer.get(evidence.report_of(row), "") for row in evidence.found.arrivals if row.outcome == "case"}
    for report, case in _joined(evidence).items():
        yield None if opened_by.get(case) == writer[report] else f"{' '.join(report)} stands on the case of somebody else."


def _one_owner(evidence: Evidence) -> Iterator[str | None]:
    for number, owner in evidence.found.cases.values():
        yield None if owner in evidence.found.agencies else f"Case {number} has no owner that there is ({owner or 'none'})."


def _one_number(evidence: Evidence) -> Iterator[str | None]:
    shown: dict[Report, set[str]] = defaultdict(set)
    for delivery in evidence.ledger.accepted:
        if delivery.number:
            shown[delivery.report].add(delivery.number)
    rows_of: dict[Report, list[Arrived]] = defaultdict(list)
    for row in evidence.found.arrivals:
        rows_of[row.report].append(row)
    for report, rows in rows_of.items():
        numbers = {row.number for row in rows} | shown.get(report, set())
        # The number of what became part of another case by its words is told to nobody.
        cases = {row.case for row in rows if row.case} if any(row.outcome == "case" for row in rows) else set()
        if len(numbers) > 1:
            yield f"{' '.join(report)} has several numbers: {', '.join(sorted(numbers))}."
        elif cases and {evidence.found.numbers.get(number) for number in numbers} != cases:
            yield f"The number of {' '.join(report)} does not lead to its case."
        else:
            yield None


def _in_order(evidence: Evidence) -> Iterator[str | None]:
    """Where the earlier one was answered by the same node, before the later one was sent at all: its senders write one after the other."""
    there = _standing(evidence)
    written: dict[tuple[str, str], list[tuple[int, Arrived]]] = defaultdict(list)
    for what, delivery in _deliveries(evidence).items():
        for row in there.get(what, []):
            if delivery.correspondent and evidence.node_of.get(row.journal) == delivery.node:
                written[delivery.correspondent, row.journal].append((delivery.turn, row))
    for (who, journal), those in written.items():
        for (earlier, before), (later, after) in pairwise(sorted(those, key=lambda one: one[0])):
            if before.seq > after.seq:
                yield f"Of {who}, turn {later} was accepted before turn {earlier} in journal {journal}."
            elif before.message > after.message:
                yield f"Of {who}, turn {later} was filed before turn {earlier} of journal {journal}."
            else:
                yield None


def _acknowledged(evidence: Evidence) -> Iterator[str | None]:
    notices: dict[str, list[Notified]] = defaultdict(list)
    for notice in evidence.found.notices:
        if notice.kind == "acknowledgement":
            notices[notice.case].append(notice)
    case_of = {evidence.report_of(row): row.case for row in evidence.found.arrivals if row.outcome == "case"}
    expected: set[tuple[str, str]] = set()
    for report, address in {one.report: one.answer_to for one in evidence.ledger.accepted}.items():
        case = case_of.get(report, "")
        if not case:
            continue
        number = evidence.found.cases.get(case, ("", ""))[0]
        if address:
            expected.add((address, number))
        yield _acknowledgement(number, address, notices.get(case, []), evidence.heard.get((address, number), 0))
    yield from (f"Somebody was told of {number} who should not have been." for address, number in evidence.heard.keys() - expected)


def _acknowledgement(number: str, address: str, those: Sequence[Notified], heard: int) -> str | None:
    if not address:
        return f"Case {number} has a notice, and nobody is to be told." if those else None
    if [notice.kind for notice in those] != ["acknowledgement"] or those[0].to != address:
        return f"Case {number} has {len(those)} notices, and should have one acknowledgement to who wrote."
    [notice] = those
    if notice.state not in _SENT:
        return f"The acknowledgement of case {number} is {notice.state}."
    if heard == 0:
        return f"The acknowledgement of case {number} is {notice.state}, and the provider never saw it."
    if heard > 1 and not notice.maybe_sent:
        return f"The acknowledgement of case {number} went out {heard} times, and is not marked as one that may have."
    return None


def _files_kept(evidence: Evidence) -> Iterator[str | None]:
    there = _standing(evidence)
    for what, delivery in _deliveries(evidence).items():
        for row in there.get(what, [])[:1] if delivery.files else ():
            yield from (_kept(delivery, file, evidence) for file in _matched(delivery, evidence.found.files.get(row.message, ())))


def _matched(delivery: Delivery, files: Sequence[File]) -> Iterator[File]:
    there = {file.digest: file for file in files}
    yield from (there.get(digest, File(digest, "missing", "no such file on the report", drawn=False)) for digest in delivery.files)


def _kept(delivery: Delivery, file: File, evidence: Evidence) -> str | None:
    if file.state != "kept":
        return f"A file of {' '.join(delivery.report)} is {file.state} ({file.reason})."
    if file.digest not in evidence.found.on_disk:
        return f"A file of {' '.join(delivery.report)} is on no disk."
    if not file.drawn:
        return f"A photo of {' '.join(delivery.report)} was not made fit to be shown ({file.reason})."
    return None


_CHECKS: Mapping[str, Callable[[Evidence], Iterator[str | None]]] = {
    "whoever wrote was answered with success in the end": _unanswered,
    "doors said yes or not now, and nothing else": _answers,
    "what was answered with success is one row": _conserved,
    "every row is somebody's, and well": _nothing_else,
    "a report is one case, however often it came": _one_case,
    "words for an earlier report reach the writer's own": _own_words,
    "a case has one owner": _one_owner,
    "a report has one number, which leads to its case": _one_number,
    "a correspondent's words stand in their order": _in_order,
    "whoever is to be told was told once": _acknowledged,
    "files are kept, and photos can be shown": _files_kept,
}
