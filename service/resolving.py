"""Who the rows of a watchlist are, of the companies that are known now."""

from starlette.concurrency import run_in_threadpool

from service.holdings import Sheet
from service.standing import Service
from service.watchlist import Report, by_reference, resolved


class Resolving:
    """Over a running service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._companies = service.companies

    async def resolved(self, sheet: Sheet, *, likely: bool) -> Report:
        """The report; with `likely`, what is likely is taken as well. Raises `Refused` where
        nothing can be taken, `Filling` where nothing can be said."""

        def resolve() -> Report:
            store = self._service.standing.store()
            try:
                with self._companies.lock:
                    index = self._companies.index(store, references=by_reference(sheet))
                    return resolved(sheet, index, self._service.standing.clock(), likely=likely)
            finally:
                store.close()

        self._service.answers()
        return await run_in_threadpool(resolve)
