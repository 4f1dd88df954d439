"""What is promised to those who read the topics, as it ships: the AsyncAPI document, and the schema
of each topic and event."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events.kafka.topics import TOPICS
from events.schemas import FILES as OF_EVENTS
from events.vocabulary import TYPES
from service import asyncapi
from service.api.answers import JSON
from service.schemas import FILES as OF_TOPICS

SCHEMA: Final = "application/schema+json"


def routes() -> Iterator[Route]:
    """`/asyncapi.json`, and `/schemas/<topic or event type>.json`."""
    yield Route("/asyncapi.json", _answering(asyncapi.shipped, JSON))
    for topic in TOPICS:
        yield _schema(topic.name, partial(OF_TOPICS.content, topic.name))
    for event_type in sorted(TYPES):
        yield _schema(event_type, partial(OF_EVENTS.content, event_type))


def _schema(name: str, content: Callable[[], bytes]) -> Route:
    return Route(f"/schemas/{name}.json", _answering(content, SCHEMA))


def _answering(
    content: Callable[[], bytes], media_type: str
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(content(), media_type=media_type)

    return answer
