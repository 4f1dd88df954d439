"""Whose a subscription is: everybody sees their own, and of another's that there is none."""

from typing import Any

from starlette.requests import Request

from alerts.desk import Desk
from alerts.opened import UnknownSubscription
from service.api.gate import who_asks


def ident(request: Request) -> str:
    """The id in the address."""
    return str(request.path_params["subscription"]).removesuffix(".json")


async def owned(desk: Desk, request: Request) -> dict[str, Any]:
    """The subscription of the address. Raises `UnknownSubscription`, also of another's."""
    found = await desk.subscription(ident(request))
    sees = who_asks(request).sees
    if sees is not None and found["owner"] != sees:
        raise UnknownSubscription(ident(request))
    return found
