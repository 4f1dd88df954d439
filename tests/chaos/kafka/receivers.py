"""Whether receivers were told what they asked for: every change, in order, repeats by their id."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from alerts.desk_on_kafka import KafkaDesk, desk
from alerts.egress import Egress
from alerts.vault import SharedVault
from alerts.webhook import WebhookChannel
from tests.contract.alert_twins import LOOPBACK, Post
from tests.kafka.alerting import KEY, now
from tests.kafka.house import House
from tests.unit.making import REGISTRY

Json = dict[str, Any]
ALERTING: Final = {"STANDING_SECRET_KEY": KEY, "STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
"""Settings of a worker that may deliver to receivers here."""


@asynccontextmanager
async def fronting(house: House, path: Path) -> AsyncIterator[KafkaDesk]:
    """Where one subscribes in a house."""
    channel = WebhookChannel(Egress(LOOPBACK), now)
    vault = SharedVault(KEY)
    channels = {"webhook": channel}
    try:
        async with desk(
            house.connection, path, REGISTRY, vault, channels=channels, clock=now
        ) as found:
            yield found
    finally:
        await channel.close()


def wrongly_told(posts: Sequence[Post], changes: Iterable[Json]) -> list[str]:
    """What is wrong with what one receiver was told, in words, where `changes` are those that its
    one subscription asks for. A repeat may come at any time, under the id of the first."""
    first: dict[str, Post] = {}
    by_company: dict[str, list[Json]] = defaultdict(list)
    wrong: list[str] = []
    for post in posts:
        id_ = post.headers["webhook-id"]
        if first.setdefault(id_, post).message["data"] != post.message["data"]:
            wrong.append(f"{id_}: a repeat says something else")
        if first[id_] is post:
            by_company[post.message["data"]["company"]].append(post.message)
    wanted: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        wanted[change["company"]].append(change["sequence"])
    for company in wanted.keys() | by_company.keys():
        told = by_company.get(company, [])
        sequences = [one["data"]["sequence"] for one in told]
        want = sorted(set(wanted.get(company, [])))
        if sequences != want:
            wrong.append(f"{company}: missing or out of order: told {sequences}, not {want}")
        numbers = [one["n"] for one in told]
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"{company}: numbered {numbers}")
    return wrong
