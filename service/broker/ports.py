"""Ports on this machine for a cluster to listen on."""

import random
import socket
from typing import Final

from events.errors import Refused, StandingError
from service.broker.layout import HOST

_BELOW_THE_SYSTEMS: Final = range(12_000, 32_000)
"""Linux takes the ports of outgoing connections from 32768 up, macOS and the BSDs from 49152: one
from below is not taken by those before the broker listens on it."""
_TRIES: Final = 1_000


def consecutive(first: int, count: int) -> list[int]:
    """These very ports. Raises `Refused` naming the one that another process listens on."""
    ports = list(range(first, first + count))
    if ports[-1] > 65_535:
        raise Refused.field("--port", f"{first} leaves no room for {count} ports")
    for port in ports:
        if not _free(port):
            raise Refused.field("--port", f"{HOST}:{port} is in use; name another, or 0 for any")
    return ports


def any_free(count: int) -> list[int]:
    """As many ports as asked, that nobody listens on."""
    found: set[int] = set()
    for _ in range(_TRIES):
        if len(found) == count:
            return sorted(found)
        port = random.choice(_BELOW_THE_SYSTEMS)  # noqa: S311  no secret
        if _free(port):
            found.add(port)
    raise StandingError(f"no {count} free ports were found on {HOST}")


def _free(port: int) -> bool:
    with socket.socket() as one:
        # As brokers do: what an ended connection left behind does not count.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError:
            return False
    return True
