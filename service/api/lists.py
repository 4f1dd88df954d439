"""The lists: what each is, by what law, and how far this log covers it."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.lists import ListInfo
from service.api import operations
from service.api.answers import answer
from service.api.problems import problem
from service.api.query import Query
from service.standing import Service

_NOTHING: Final = frozenset[str]()


class Lists:
    """`/v1/lists`."""

    def __init__(self, service: Service) -> None:
        self._standing = service.standing
        self.router = APIRouter()
        self.router.add_api_route("/v1/lists", self.all, **operations.LISTS)
        self.router.add_api_route("/v1/lists/{list}", self.one, **operations.LIST)

    async def all(self, request: Request) -> Response:
        """Every list that this service knows. Its rules say what being on it forbids and when,
        each with the instrument that it is read from."""
        Query(request, _NOTHING)
        self._standing.reader.refresh()
        registry = self._standing.registry
        return answer(
            {"digest": registry.digest, "lists": [self._shown(info) for info in registry]}
        )

    async def one(self, request: Request) -> Response:
        """One list, with its rules, their citations, its version and its coverage."""
        Query(request, _NOTHING)
        list_id = request.path_params["list"]
        info = self._standing.registry.find(list_id)
        if info is None:
            known = ", ".join(one.id for one in self._standing.registry)
            return problem(404, "unknown-list", f"unknown list {list_id!r}; known are {known}")
        self._standing.reader.refresh()
        return answer(self._shown(info))

    def _shown(self, info: ListInfo) -> dict[str, Any]:
        coverage = self._standing.reader.coverage(info.id)
        return {
            "list": info.id,
            "version": info.version,
            "covered": coverage.holds(self._standing.clock(), info),
            "coverage": coverage.shown(),
            **{key: value for key, value in info.described.items() if key != "id"},
        }
