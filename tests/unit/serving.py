"""A standing that runs on a folder of its own, and a client of its API: a real store, a real log,
and requests that go through the whole application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from service.api.app import PATIENCE_S, create_app
from service.compose import Clock, Standing, opened, system_clock
from service.settings import load_settings
from service.standing import Service
from service.tokens import Tokens

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Api:
    """A client, and what it talks to."""

    client: httpx.AsyncClient
    service: Service

    @property
    def standing(self) -> Standing:
        """The files and the lists."""
        return self.service.standing

    async def record(self, *events: Json, **query: Any) -> list[Json]:
        """Record events as an array; all of them must go in."""
        answer = await self.client.post("/v1/events", json=list(events), params=query)
        assert answer.status_code == 200, answer.text
        receipts: list[Json] = answer.json()
        assert all(one["outcome"] != "rejected" for one in receipts), receipts
        return receipts

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON of an answer with that status."""
        answer = await self.client.get(path, params=query or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def status(self, company: str, **query: Any) -> Json:
        """A company's status."""
        found: Json = await self.get(f"/v1/companies/{company}/status", **query)
        return found

    async def refused(self, path: str, field: str, status: int = 422, **query: Any) -> Json:
        """A problem that names the field."""
        answer = await self.client.get(path, params=query or None)
        return problem(answer, status, field)


@asynccontextmanager
async def served(
    home: Path,
    *,
    clock: Clock = system_clock,
    tokens: bool = False,
    patience_s: float = PATIENCE_S,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Api]:
    """Run a standing on this folder; with `tokens`, as if others could reach it."""
    settings = load_settings({"STANDING_HOME": str(home), **(environment or {})})
    with opened(settings, clock, serving=True) as standing:
        async with standing.running() as service:
            asked_for = Tokens(home, clock) if tokens else None
            app = create_app(service, tokens=asked_for, patience_s=patience_s)
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                yield Api(client, service)


def problem(answer: httpx.Response, status: int, field: str | None = None) -> Json:
    """Hold an answer to be a problem of that status, which names the field where one is given."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: Json = answer.json()
    assert found.keys() >= {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    if field is not None:
        assert field in [one["field"] for one in found["errors"]], found
        assert all(one["detail"] for one in found["errors"])
    return found


def lines(*events: Any) -> bytes:
    """JSON Lines."""
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)


def described(company: str = "acme", **data: Any) -> Json:
    """A description."""
    return {"type": "standing.company.described", "subject": company, "data": data}


def merged(company: str, into: str, id_: str = "merged") -> Json:
    """A merge."""
    return {
        "id": id_,
        "type": "standing.company.merged",
        "subject": company,
        "data": {"into": into},
    }
