"""Who waits for the slow lane of intake: reports that broke their reader, or are large, and what their senders write behind them. Pure but for its bell."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace

from gateway.clock import Bell
from gateway.journal_file import Entry
from normalizer import Address


class Suspects:
    """Reports of the slow lane, by correspondent: the first of each is tried in turn, the others wait behind it. Without their bytes: they may be many."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self._queues: OrderedDict[object, deque[Entry]] = OrderedDict()
        # In which of them each is, by seq.
        self._keys: dict[int, object] = {}

    def keep_if(self, entry: Entry, suspicious: bool, sender: Address | None = None) -> bool:  # noqa: FBT001  # reads as a sentence where it is called
        """Take it over if it is suspicious, or its sender's earlier report is here still; True: it is here now. `sender`: as the report says, once read."""
        # Without a sender, what a wire calls by one name is one correspondence: a form and its amendments.
        key = entry.arrival.reply_to or sender or (entry.arrival.channel, entry.arrival.wire_id)
        if not suspicious and key not in self._queues:
            return False
        self._keys[entry.seq] = key
        self._queues.setdefault(key, deque()).append(replace(entry, arrival=replace(entry.arrival, raw=b"")))
        self.bell.ring()
        return True

    def head(self) -> Entry | None:
        """Whose turn it is."""
        return next(iter(self._queues.values()))[0] if self._queues else None

    def again(self, entry: Entry) -> None:
        """It failed; the others first."""
        self._queues.move_to_end(self._keys[entry.seq])

    def done(self, entry: Entry) -> None:
        """It is in the store."""
        key = self._keys.pop(entry.seq)
        self._queues[key].popleft()
        if not self._queues[key]:
            del self._queues[key]
