"""No request of ours goes into a private network, whatever a stranger's link or a name server says.

The check sits where the socket is made, with the very address that will be connected: a name that changes its mind
between check and use (rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
# Within the unicast ranges, what leads back to IPv4, or is special without Python 3.11 knowing (IANA, Special-Purpose Address Registries).
_SPECIAL_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
_SPECIAL_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class Private(OSError):
    """Where it leads is none of the public's addresses."""


def is_public(address: str) -> bool:
    """Anybody on the internet could reach it.

    >>> is_public("8.8.8.8"), is_public("10.0.0.1"), is_public("::ffff:8.8.8.8")
    (True, False, False)
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # Mapped, translated (NAT64), link-local, site-local and multicast addresses all lie outside 2000::/3.
        return ip in _GLOBAL_V6 and not any(ip in network for network in _SPECIAL_V6)
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _SPECIAL_V4)


def connector(resolver: AbstractResolver | None = None) -> aiohttp.TCPConnector:
    """Connects to public addresses only; anything else fails with Private before a packet leaves. `resolver`: another name server than the system's."""
    return aiohttp.TCPConnector(resolver=_Names(resolver or aiohttp.ThreadedResolver()), socket_factory=_public_socket, use_dns_cache=False)


class _Names(AbstractResolver):
    """A name with one private address is refused as a whole: no public site has one."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(result["host"]) for result in found):
            raise Private
        return found

    async def close(self) -> None:
        await self._inner.close()


def _public_socket(target: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, address = target
    if not is_public(address[0]):
        raise Private
    return socket.socket(family, kind, protocol)
