"""Who waits for the slow lane of intake: reports that broke their reader, or are large, and what their senders write behind them. Pure but for its bell."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace

from gateway.clock import Bell
from gateway.journal_file import Entry


class Suspects:
    """Reports of the slow lane, by correspondent: the first of each is tried in turn, the others wait behind it. Without their bytes: they may be many."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self._queues: OrderedDict[object, deque[Entry]] = OrderedDict()

    def keep_if(self, entry: Entry, suspicious: bool) -> bool:  # noqa: FBT001  # reads as a sentence where it is called
        """Take it over if it is suspicious, or its sender's earlier report is here still; True: it is here now."""
        key = _correspondent(entry)
        if not suspicious and key not in self._queues:
            return False
        self._queues.setdefault(key, deque()).append(replace(entry, arrival=replace(entry.arrival, raw=b"")))
        self.bell.ring()
        return True

    def head(self) -> Entry | None:
        """Whose turn it is."""
        return next(iter(self._queues.values()))[0] if self._queues else None

    def again(self, entry: Entry) -> None:
        """It failed; the others first."""
        self._queues.move_to_end(_correspondent(entry))

    def done(self, entry: Entry) -> None:
        """It is in the store."""
        key = _correspondent(entry)
        self._queues[key].popleft()
        if not self._queues[key]:
            del self._queues[key]


def _correspondent(entry: Entry) -> object:
    # Without a sender, what a wire calls by one name is one correspondence: a form and its amendments.
    return entry.arrival.reply_to or (entry.arrival.channel, entry.arrival.wire_id)
