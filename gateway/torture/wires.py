"""The ways in that are tortured, by the name of their channel. One more is one entry here, and a class as town.Wire describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.torture.chatting import Chatting
from gateway.torture.filling import Filling
from gateway.torture.mailing import Mailing
from gateway.torture.texting import Texting
from gateway.torture.town import Means, Wire

WIRES: Mapping[str, Callable[[Means], Wire]] = {"sms": Texting, "mail": Mailing, "telegram": Chatting, "web": Filling}
