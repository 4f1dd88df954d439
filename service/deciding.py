"""The queue of review in a service that runs: asked and decided one at a time, from the API and
from pages alike."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from events.errors import Refused
from events.log import Receipt
from service.disputed import Heard
from service.review import Review, Ruling
from service.reviewing import reviewing
from service.standing import Service

T = TypeVar("T")


class Queue:
    """Over a running service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._heard = Heard()

    async def ask(self, work: Callable[[Review], T]) -> T:
        """Do work on the queue as it is now. Raises `Filling` where nothing can be said."""
        self._service.answers()
        return await run_in_threadpool(self._with, work)

    async def decide(self, key: str, ruling: Ruling) -> list[Receipt]:
        """Accept or refuse a question; what was recorded. Raises as `Review.decide`."""
        return await self._record(key, ruling, lambda review: review.decide(key, ruling))

    async def undo(self, key: str, by: str, why: str) -> list[Receipt]:
        """Take a decision back; what was recorded. Raises as `Review.undo`."""
        return await self._record(key, None, lambda review: review.undo(key, by, why))

    async def _record(
        self, key: str, ruling: Ruling | None, work: Callable[[Review], list[dict[str, Any]]]
    ) -> list[Receipt]:
        events = await self.ask(work)
        admitted = [self._service.standing.admit(one) for one in events]
        receipts = await self._service.record(admitted, atomic=True) if admitted else []
        if problems := [one.problem for one in receipts if one.problem is not None]:
            raise Refused(*problems)
        await self.ask(lambda review: review.done(key, ruling))
        return receipts

    def _with(self, work: Callable[[Review], T]) -> T:
        with self._lock, reviewing(self._service.standing, self._heard) as review:
            store = self._service.standing.store()
            try:
                review.refresh(store)
            finally:
                store.close()
            return work(review)
