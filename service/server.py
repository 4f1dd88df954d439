"""Serving: one process, from an address that is free to an end that loses nothing."""

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final

import uvicorn

from events.errors import Refused
from service.api.app import create_app
from service.compose import Standing
from service.standing import Service
from service.tokens import Tokens

_BACKLOG: Final = 2_048
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LAST_ANSWERS_S: Final = 10
"""How long answers that are under way may take when it is told to stop."""


async def serve(
    standing: Standing,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way and let go.

    `ready` is called with the URL when requests are answered; with port 0 the system chooses one.
    Raises `Refused` where the address cannot be had, or others could reach it and no token exists;
    `StoreError` where the files cannot be used.
    """
    with _bound(host, port) as bound:
        tokens = _asked_for(standing, bound)
        async with standing.running() as service:
            settle_memory()
            server = _Server(_app(service, tokens), lambda: ready(_url(host, bound)))
            with _stopping(server):
                await server.serve(sockets=[bound])


def _app(service: Service, tokens: Tokens | None) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(service, tokens=tokens),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Who a proxy says that it speaks for is not asked.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Refused.field("--host", f"{host!r} is no address here: {error.strerror}") from None
    with socket.socket(family, kind, protocol) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
            bound.listen(_BACKLOG)
        except OSError as error:
            raise Refused.field(
                "--port", f"{host}:{port} cannot be had: {error.strerror}; choose another"
            ) from None
        bound.setblocking(False)
        yield bound


def _asked_for(standing: Standing, bound: socket.socket) -> Tokens | None:
    """The tokens, where others than this machine can reach the address."""
    if ip_address(bound.getsockname()[0]).is_loopback:
        return None
    tokens = Tokens(standing.settings.home, standing.clock)
    if not tokens.usable():
        raise Refused.field(
            "--host",
            "others can reach this address, and there is no token yet; make one with "
            "`standing token create --role admin`, or serve on 127.0.0.1",
        )
    return tokens


def _url(host: str, bound: socket.socket) -> str:
    port = bound.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def settle_memory() -> None:
    """What was loaded stays: the collector need not look at it again and again, which would hold
    up answers for a tenth of a second each time. Of what came since it looks at a little at a time:
    what a page is drawn from ends in cycles, and among 50,000 such things that took as long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


class _Server(uvicorn.Server):
    """A server that says when it answers, and leaves signals to whoever runs it: its own way of
    raising them again at the end would kill the process before the store is closed."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See the class."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let those go who read what comes; they would wait for ever."""
        self.config.app.state.streams.end()  # type: ignore[union-attr]
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        self._ready()


@contextmanager
def _stopping(server: _Server) -> Iterator[None]:
    """Let the signals stop the server: the first after what is under way, the second at once."""

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread only; here it ends by being cancelled
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
