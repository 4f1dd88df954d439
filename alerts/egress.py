"""Where alerts may go: public addresses, and the networks that the operator names.

Whoever may subscribe could otherwise have this host knock on doors that only it can reach (cloud
metadata, databases, admin pages). The rule is on addresses, not on names: what was checked is what
is connected to.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Any, Final

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from events.errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and a port to its addresses. Raises `OSError` where there is none."""

# The IANA special-purpose registry, and 168.63.129.16, the address of Azure's own host agent.
# Python's `is_global` is not used: what it says differs between patch releases.
_CLOSED_4: Final = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("168.63.129.16/32"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
)
_OPEN_6: Final = IPv6Network("2000::/3")
"""Global unicast; whatever is outside of it is loopback, local, multicast or reserved."""
_CLOSED_6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_METADATA: Final = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # tasks of Amazon ECS
            "169.254.170.23",  # pods of Amazon EKS
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",  # Google Cloud
            "100.100.100.200",  # Alibaba Cloud
            "168.63.129.16",  # Azure
        ),
    )
)
"""Who asks there gets the keys of the machine. A network around them does not open them: only one
that is nothing but the address."""
_PATIENCE_S: Final = 5
_NAT64: Final = IPv6Network("64:ff9b::/96")
_6TO4: Final = IPv6Network("2002::/16")


class Forbidden(OSError):
    """An address that nothing is sent to."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EACCES, text)


class Egress:
    """The rule, with the operator's `networks` as exceptions."""

    def __init__(self, networks: Sequence[Network] = (), lookup: Lookup | None = None) -> None:
        self._networks = tuple(networks)
        self._lookup = lookup or SystemLookup()

    def allows(self, address: str) -> bool:
        """Whether something may be sent to this address."""
        try:
            given = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        inner = unwrapped(given)
        closed = not _METADATA.isdisjoint((given, inner))
        return any(
            one.version == network.version and one in network
            for one in {given, inner}
            for network in self._networks
            if not closed or network.num_addresses == 1
        ) or is_public(inner)

    async def check(self, url: str, field: str) -> None:
        """Refuse a URL that nothing may be sent to. A name that does not resolve now may later:
        it is checked again at each connection. Raises `Refused`."""
        host, port = parts(url, field)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                addresses = await self._lookup(host.rstrip("."), port)
        except OSError:  # also a timeout
            return
        if addresses and not any(map(self.allows, addresses)):
            raise Refused.field(
                field,
                f"{host} is at {addresses[0]}, an address in a private, local or reserved network; "
                "the operator may name the network in STANDING_ALLOW_NETWORKS",
            )

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host that something may be sent to. Raises `OSError`."""
        addresses = await self._lookup(host, port)
        allowed = [address for address in addresses if self.allows(address)]
        if not allowed:
            raise Forbidden(f"{host} has no address that alerts may be sent to")
        return allowed

    def connector(self) -> TCPConnector:
        """Connections that keep to the rule: for names by the resolver, and for what comes past
        it (literal addresses) where the socket is made. Must be called within a running loop."""
        return TCPConnector(
            resolver=_Resolver(self),
            socket_factory=self._socket,
            use_dns_cache=False,
            limit=0,
            # Shorter than what servers commonly wait, so that a POST seldom meets a closing door.
            keepalive_timeout=2,
        )

    def _socket(self, where: tuple[Any, ...]) -> socket.socket:
        family, kind, proto, _, address = where
        if not self.allows(address[0]):
            raise Forbidden(f"{address[0]} is not an address that alerts may be sent to")
        return socket.socket(family, kind, proto)


class _Resolver(AbstractResolver):
    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - each address has its own
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._egress.resolve(host, port)
        ]

    async def close(self) -> None:
        """There is nothing to let go of."""


class SystemLookup:
    """Asks the operating system, in threads of its own: name servers that do not answer must not
    hold up whatever else the process does in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="standing-names")

    async def __call__(self, host: str, port: int) -> list[str]:
        """See `Lookup`."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except UnicodeError as error:  # a label that no name can have
            raise OSError(errno.EINVAL, f"{host!r} is no host name: {error}") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parts(url: str, field: str) -> tuple[str, int]:
    """Host and port of a URL that has the form of a receiver's. Raises `Refused`."""
    try:
        read = URL(url)
        host, port = read.host, read.port
    except ValueError as error:
        raise Refused.field(field, f"{url!r} is no URL: {error}") from None
    if read.scheme not in ("http", "https"):
        raise Refused.field(field, "a receiver's URL begins with https:// or http://")
    if read.user is not None or read.password is not None:
        raise Refused.field(field, "a receiver's URL has no user or password in it")
    if not host or not port:
        raise Refused.field(field, f"{url!r} names no host")
    return host, port


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, by mapping, NAT64 or 6to4; else itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
        if address in _6TO4:
            return IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address can be reached from everywhere, and so is nobody's inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)
