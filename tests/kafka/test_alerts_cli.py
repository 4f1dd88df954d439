"""`standing worker alerts` as an operator runs it, from an event to a receiver."""

import asyncio
import os
from pathlib import Path

import httpx

from alerts.desk_on_kafka import desk
from alerts.egress import Egress
from alerts.vault import SharedVault
from alerts.webhook import WebhookChannel
from tests.contract.alert_twins import LOOPBACK, asked, receiving
from tests.kafka.alerting import KEY, now, received
from tests.kafka.house import House
from tests.kafka.test_worker_process import PATIENCE_S, STANDING, line
from tests.unit.conftest import Cli
from tests.unit.making import ENTITY, REGISTRY, issued


async def test_what_is_recorded_comes_to_who_subscribed(house: House, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "STANDING_HOME": str(tmp_path / "alerts"),
        "STANDING_KAFKA": house.servers,
        "STANDING_SECRET_KEY": KEY,
        "STANDING_ALLOW_NETWORKS": "127.0.0.0/8",
    }
    channel = WebhookChannel(Egress(LOOPBACK), now)
    async with (
        receiving() as receiver,
        house.working(tmp_path / "projections"),
        desk(
            house.connection,
            tmp_path / "desk.db",
            REGISTRY,
            SharedVault(KEY),
            channels={"webhook": channel},
            clock=now,
        ) as front,
    ):
        made, _ = await front.subscribe(asked(receiver.url, filter={"countries": ["CN"]}))
        process = await asyncio.create_subprocess_exec(
            *(STANDING, "worker", "alerts", "--port", "0"),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            url = await line(process, "health at ")
            described = {"name": "Acme", "country": "CN"}
            await house.record(
                {"type": "standing.company.described", "subject": "acme", "data": described},
                issued("2021-01-14", "i", ENTITY) | {"subject": "acme"},
                issued("2021-01-14", "j", ENTITY) | {"subject": "globex"},
            )
            (post,) = await received(receiver, 1)
            assert post.message["data"]["company"] == "acme"
            assert (post.message["n"], post.message["data"]["kind"]) == (1, "changed")
            async with (
                httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client,
                asyncio.timeout(PATIENCE_S),
            ):
                while not (await client.get("/readyz")).json()["ready"]:
                    """It reads back its partitions."""
                page = (await client.get("/metrics")).text
            assert 'standing_alerts_subscriptions{partition="0"} 1.0' in page
            async with asyncio.timeout(PATIENCE_S):
                while not await front.deliveries(made.id):
                    """The desk follows."""
            process.terminate()
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await channel.close()


def test_without_kafka_or_a_key_it_does_not_begin(cli: Cli) -> None:
    refused = cli("worker", "alerts")
    assert refused.code == 1
    assert "STANDING_SECRET_KEY" in refused.err or "STANDING_KAFKA" in refused.err
