"""A process that delivers alerts, to be killed. Its arguments are the brokers and the prefix of the
topics."""

import asyncio
import sys

from alerts.duty import Means
from alerts.egress import Egress
from alerts.vault import SharedVault
from alerts.webhook import WebhookChannel
from alerts.worker import AlertWorker
from events.kafka.connection import Connection
from tests.contract.alert_twins import LOOPBACK
from tests.kafka.alerting import KEY, named, now
from tests.unit.making import REGISTRY


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(servers: str, prefix: str) -> None:
    channels = {"webhook": WebhookChannel(Egress(LOOPBACK), now)}
    means = Means(Connection(servers), REGISTRY, SharedVault(KEY), channels, now, named(prefix))
    await AlertWorker(means, tell=say).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
