"""What all routes below `/v1/subscriptions` share: everybody sees their own, and no others."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request

from alerts.desk import Desk
from alerts.opened import UnknownSubscription
from events.errors import Refused
from service.api.body import read_json
from service.api.gate import who_asks
from service.api.query import Query

AT: Final = "/v1/subscriptions"
ONE: Final = "/v1/subscriptions/{subscription}"
_NOTHING: Final = frozenset[str]()


class Owned:
    """Routes under the ids of subscriptions. Of another's, every one of them says that there is
    none. `desk` raises `StoreError` where there is none now."""

    def __init__(self, desk: Callable[[], Desk]) -> None:
        self._at = desk
        self.router = APIRouter(dependencies=[Depends(self._own)])

    @property
    def _desk(self) -> Desk:
        return self._at()

    async def _own(self, request: Request) -> None:
        """Raises `UnknownSubscription` where the one of the address is not the caller's."""
        ident, sees = request.path_params.get("subscription"), who_asks(request).sees
        if ident is not None and sees is not None and await self._desk.owner(ident) != sees:
            raise UnknownSubscription(ident)

    async def _subscription(self, request: Request) -> dict[str, Any]:
        return await self._desk.subscription(ident(request))


def ident(request: Request) -> str:
    """The id in the address."""
    return str(request.path_params["subscription"])


def bare(request: Request) -> None:
    """Raises `Refused` for whatever is in the query of a request that takes nothing there."""
    Query(request, _NOTHING)


async def read_object(request: Request, known: frozenset[str], field: str = "") -> dict[str, Any]:
    """A body that is a JSON object of these names. Raises `Refused` by the name, or by `field`
    where it is no object."""
    given = await read_json(request)
    if not isinstance(given, Mapping):
        raise Refused.field(field, "a JSON object is needed")
    if unknown := sorted(given.keys() - known):
        named = ", ".join(sorted(known))
        raise Refused.field(unknown[0][:100], f"unknown; known are {named}")
    return dict(given)
