"""A process that brings mail from a mailbox into a journal until it is killed: python -m tests.mailbox_node PORT FOLDER."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

from gateway.blobs import Blobs
from gateway.deadlines import Calendar
from gateway.inlet import CoreInlet
from gateway.journal import Journal
from gateway.stages import Stages
from tests.letterbox import mailbox


async def attend(port: int, folder: Path) -> None:
    """For ever."""
    journal = Journal(folder / "journal.db")
    # Not from tests.world: what that brings along costs each of many lives two seconds.
    calendar, blobs = Calendar("ID", "Asia/Makassar"), Blobs(folder / "blobs")
    inlet = CoreInlet(journal, b"k" * 32, lambda arrival: hashlib.sha256(arrival.raw).hexdigest(), blobs, calendar, 3, Stages())
    await mailbox(port).run(inlet)


if __name__ == "__main__":
    asyncio.run(attend(int(sys.argv[1]), Path(sys.argv[2])))
