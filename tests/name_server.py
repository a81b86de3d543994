"""A name server on loopback that tells TXT records, or is told to be silent or broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class Mood(Enum):
    """How it is today."""

    WELL = "well"
    SILENT = "silent"
    BROKEN = "broken"
    # Says what is no DNS.
    MAD = "mad"


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Knows some names."""

    records: dict[str, str | list[str]] = field(default_factory=dict)
    mood: Mood = Mood.WELL
    # What it was asked, in order.
    asked: list[str] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """By whom to answer."""
        # On 3.11 the loop's own is none by its class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question."""
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        self.was_asked.set()
        if self.mood is Mood.MAD:
            self._transport.sendto(data[:2] + b"\xff" * 40, addr)
        elif self.mood is not Mood.SILENT:
            self._transport.sendto(self._answer(query, name).to_wire(max_size=65000), addr)

    def _answer(self, query: dns.message.Message, name: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.mood is Mood.BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            told = self.records[name]
            texts = [" ".join(f'"{text[at : at + 200]}"' for at in range(0, max(1, len(text)), 200)) for text in ([told] if isinstance(told, str) else told)]
            answer.answer.append(dns.rrset.from_text_list(query.question[0].name, 300, "IN", "TXT", texts))
        return answer

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Its address and port."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        try:
            self.port = transport.get_extra_info("sockname")[1]
            yield f"127.0.0.1:{self.port}"
        finally:
            transport.close()
