"""`kafka start` and `kafka stop`: a real Kafka on this machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import OPERATE, AsJson, echo_json, plain, progress, say
from service.settings import load_settings

if TYPE_CHECKING:
    from service.broker.cluster import Cluster

Data = Annotated[
    Path | None,
    typer.Option(help="Where its data are; by default the folder kafka in STANDING_HOME."),
]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    kafka = typer.Typer(no_args_is_help=True, help="Run a real Apache Kafka on this machine.")
    for command in (start, stop):
        kafka.command()(command)
    app.add_typer(kafka, name="kafka", rich_help_panel=OPERATE)


def start(
    brokers: Annotated[
        int | None, typer.Option(help="1 or 3; by default as many as the data are of, or 1.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="The first broker's, the others follow; 0: any."),
    ] = 9092,
    data: Data = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it running; `standing kafka stop` ends it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start it; Ctrl-C ends it. Only this machine can reach it, and it asks nobody who they are."""
    from service.broker.cluster import start as start_cluster
    from service.broker.jars import locked

    with progress("fetch Kafka", len(locked()), "jars") as advance:
        cluster = start_cluster(_folder(data), brokers, port, advance)
    with _ended_by_signals(cluster):
        if not cluster.ready():
            return
        if as_json:
            echo_json(_shown(cluster))
        else:
            typer.echo(f"ready: {cluster.bootstrap}")
        if detach:
            cluster.leave()
        else:
            cluster.wait(say)


def stop(data: Data = None, as_json: AsJson = False) -> None:
    """End one that was left running, and wait until it has ended."""
    from service.broker.cluster import stop as stop_cluster

    folder = _folder(data)
    pid = stop_cluster(folder)
    if as_json:
        echo_json({"stopped": pid, "data": str(folder)})
    else:
        typer.echo(f"stopped: the Kafka in {plain(folder)}")


def _folder(data: Path | None) -> Path:
    if data is None:
        # It does not matter here which Kafka the other commands are told to use.
        data = load_settings({**os.environ, "STANDING_KAFKA": ""}).home / "kafka"
    return data.expanduser().absolute()


@contextmanager
def _ended_by_signals(cluster: "Cluster") -> Iterator[None]:
    """Ctrl-C and SIGTERM are passed on, and its end is waited for, whatever else went wrong."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: cluster.stop()) for number in numbers]
    try:
        yield
    finally:
        cluster.close()
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _shown(cluster: "Cluster") -> dict[str, Any]:
    return {
        "ready": cluster.bootstrap,
        "data": str(cluster.data),
        "pid": cluster.pid,
        "brokers": [
            {"broker": one.number, "address": one.address, "pid": one.pid}
            for one in cluster.brokers
        ],
    }
