"""`worker projections` folds the log on Kafka and publishes what follows; `worker alerts` tells."""

from typing import Annotated

import typer

from service.cli.common import OPERATE, run, say
from service.settings import load_settings

Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65_535, help="Answer /healthz, /readyz and /metrics there; 0: any free one."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    workers = typer.Typer(no_args_is_help=True, help="Work on the log on Kafka.")
    workers.command()(projections)
    workers.command()(alerts)
    app.add_typer(workers, name="worker", rich_help_panel=OPERATE)


def projections(port: Port = None) -> None:
    """Fold the events on Kafka and publish statuses and changes, until Ctrl-C. Workers share the
    partitions; each has a STANDING_HOME of its own, which may be thrown away."""
    from projections.turn import only_one
    from service.compose import made
    from service.working import projection_worker, work

    settings = load_settings()
    worker = projection_worker(settings, say)
    alone = only_one(made(settings.home))
    run(work(worker, settings, port, _ready, alone=alone))


def alerts(port: Port = None) -> None:
    """Deliver what changes on Kafka to those who subscribed, until Ctrl-C. Workers share the
    partitions; all of them, and the replicas, have the same STANDING_SECRET_KEY."""
    from service.working import Alerting, work

    settings = load_settings()
    run(work(Alerting(settings, say), settings, port, _ready))


def _ready(url: str) -> None:
    say(f"health at {url}")
