"""A standing that runs: the log is followed, alerts go out, the alarm is set, questions are
answered. One process, tasks in one loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.loop import AlertLoop
from alerts.source import Projected
from alerts.store import AlertStore
from alerts.webhook import WebhookChannel
from events.admitted import Admitted
from events.log import Position, Receipt
from projections.projector import Projector
from projections.store import ProjectionStore
from service.alarm import Alarm
from service.compose import Standing


class Service:
    """What the HTTP API stands on. Made by `running`."""

    def __init__(
        self,
        standing: Standing,
        store: ProjectionStore,
        projector: Projector,
        alert_store: AlertStore,
        channel: WebhookChannel,
    ) -> None:
        self.standing = standing
        self.store = store
        self.projector = projector
        self._alert_store = alert_store
        self.alarm = Alarm(lambda: projector.due, self._append, standing.clock)
        channels = {"webhook": channel}
        source = Projected(store, standing.log.end, projector.reached)
        self.loop = AlertLoop(alert_store, source, standing.registry, channels, standing.clock)
        self.alerts = AlertDesk(
            alert_store,
            source,
            standing.registry,
            channels,
            standing.clock,
            wake=self.loop.wake,
        )

    @property
    def lag(self) -> int:
        """How many offsets the projection is behind the log."""
        return self.standing.log.end() - self.projector.position

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """Append, and wait until the projection has what was appended: whoever wrote reads it."""
        receipts = await self.standing.log.append(events, atomic=atomic)
        await self.reached(self.standing.log.end())
        return receipts

    async def reached(self, offset: int) -> None:
        """Wait until everything up to this offset was projected."""
        await self.projector.reached(offset)

    async def _append(self, raw: dict[str, object]) -> None:
        await self.standing.log.append([self.standing.admit(raw)])

    async def prune(self) -> None:
        """Forget deliveries that are older than they are kept."""
        await self._alert_store.aside(self._alert_store.prune, self.standing.clock())

    async def follow(self) -> None:
        """Project what comes, and set the alarm anew."""
        log = self.standing.log
        async for batch in log.follow(Position({0: self.projector.position})):
            await self.projector.take(batch)
            self.alarm.set()


@asynccontextmanager
async def running(standing: Standing) -> AsyncIterator[Service]:
    """Run a standing until the block ends. A task that fails ends the block with its error: a
    service that no longer projects or alerts must not go on as if it did."""
    async with AsyncExitStack() as stack:
        store, projector = stack.enter_context(standing.projecting())
        await projector.catch_up()
        alert_store = AlertStore(standing.settings.home / "alerts.db")
        stack.callback(alert_store.close)
        channel = WebhookChannel(Egress(standing.settings.allow_networks), standing.clock)
        stack.push_async_callback(channel.close)
        service = Service(standing, store, projector, alert_store, channel)
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(service.follow()), tasks.create_task(service.loop.run())]
                service.alarm.start()
                service.alarm.daily(service.prune)
                try:
                    yield service
                finally:
                    service.alarm.stop()
                    for task in work:
                        task.cancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
