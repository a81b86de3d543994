"""What went through intake since the start, for health, readings and measurements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog

from channels import DeliveryUpdate, Ignored
from gateway.context import Read
from gateway.conversation import Understood
from gateway.filing import Filed
from gateway.journal_file import Entry
from gateway.reading import Broke, NoRoom
from gateway.signals import Legible
from gateway.stages import Stages
from normalizer import Address

_log = structlog.get_logger(__name__)


class Tally:
    """Of one node."""

    def __init__(self, stages: Stages) -> None:
        """`stages`: told how long each took."""
        self._stages = stages
        # How many went which way.
        self.filed = self.parked = 0
        # By channel.
        self.legible: defaultdict[str, Legible] = defaultdict(Legible)
        # By the reason.
        self.withheld: Counter[str] = Counter()

    def count(self, batch: Sequence[tuple[Entry, Read]], filed: Filed, now: datetime) -> None:
        """These were stored."""
        self.filed += len(batch)
        for entry, _ in batch:
            self._stages.was_filed(entry.arrival.channel, max(0.0, (now - entry.arrival.received_at).total_seconds()))
        self.parked += sum(isinstance(read, Broke) for _, read in batch)
        for entry, read in batch:
            self.legible[entry.arrival.channel].came(entry.arrival.kind, now, read=not _says_nothing(read), who=_who(entry, read))
            if isinstance(read, Broke):
                _log.warning("parked", channel=entry.arrival.channel, seq=entry.seq, reason=read.reason)
        news = {id(update) for update in filed.updates}
        for entry, read in batch:
            # Not what was told before.
            if isinstance(read, DeliveryUpdate) and id(read) in news:
                self._stages.lately[entry.arrival.channel].reports[read.status] += 1
        self.withheld += filed.withheld


def writer(read: Read | NoRoom) -> Address | None:
    """Who wrote it, as the report says."""
    if isinstance(read, NoRoom):
        return read.sender
    return read.complaint.sender if isinstance(read, Understood) else None


def _says_nothing(read: Read) -> bool:
    """It could not be read, or nothing was found in it: what a reader makes of a wire that has changed its fields."""
    if isinstance(read, Understood):
        report = read.report
        return not (report.text.strip() or report.subject or report.attachments or report.location)
    return isinstance(read, Broke) or (isinstance(read, Ignored) and read.unknown)


def _who(entry: Entry, read: Read) -> str:
    """As the wire tells the writer, or as they write it; empty: neither does."""
    sender = entry.arrival.reply_to or writer(read)
    return sender.value if sender else ""
