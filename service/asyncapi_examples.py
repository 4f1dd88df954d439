"""Examples for the AsyncAPI document: messages out of the history that ships, as they are written.

What that history lacks (a merge, a company that is parked, a subscriber) is added to it here, under
names that belong to nobody.
"""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import orjson

from alerts import heartbeat, progress, topics
from alerts.channel import Outcome
from alerts.messages import Draft
from alerts.notices import FAILING, OPERATOR, Notice, about
from alerts.outbox import Ended
from alerts.places import behind
from alerts.progress import Noticed, Tried, Waits
from alerts.retry import Verdict
from alerts.subscriptions import Start, Subscription, requested
from alerts.topics import Attempt, Kept
from events import vocabulary as words
from events.admitted import Admitted
from events.companies import Description
from events.dates import SECOND, Instant, show, start
from events.door import admit
from events.errors import Problem
from events.kafka.claims import Claim, claimed
from events.lists import Registry, load_registry
from events.log import Position
from events.memory_log import MemoryEventLog
from projections import messages
from projections.messages import Message, Place
from projections.partition import fold
from projections.population import Population
from projections.rows import Told
from service.compose import shipped_history

Json = dict[str, Any]

_COMPANY: Final = "xiaomi"
_NOW: Final = start("2021-04-01")
_CONFLICT: Final = Problem("id", "'example' stands at 0:7 with other content; the first counts")
_DESCRIBED: Final = Description(country="CN")
_WRITER: Final = "standing.projections.v1-worker-example"
_CLAIM: Final = Message(*claimed(0, Claim(f"{_WRITER}/1", _WRITER), _NOW)[2:])
_STRUCTURED: Final = {"content-type": "application/cloudevents+json; charset=utf-8"}


@cache
def examples() -> dict[str, Json]:
    """By event type, an example as AsyncAPI has it."""
    registry = load_registry()
    history = [admit(one.raw, registry) for one in shipped_history()]
    return {
        **_events(history),
        **{
            dict(one.headers)["ce_type"].decode(): _example(one)
            for one in (*asyncio.run(_derived(history, registry)), *_alerted(registry), _CLAIM)
        },
    }


def _example(message: Message) -> Json:
    headers = {name: content.decode() for name, content in message.headers}
    return {"headers": headers, "payload": orjson.loads(message.value or b"null")}


def _events(history: Iterable[Admitted]) -> dict[str, Json]:
    """Of each type the shortest."""
    shortest: dict[str, Admitted] = {}
    for one in history:
        known = shortest.setdefault(one.type, one)
        if len(one.body) < len(known.body):
            shortest[one.type] = one
    return {
        kind: {"headers": _STRUCTURED, "payload": dict(one.event)} for kind, one in shortest.items()
    }


async def _derived(history: Iterable[Admitted], registry: Registry) -> list[Message]:
    """What the derived topics say in the spring of 2021, from a log that took each event in when
    the public heard of it. The changes come first, so that the latest of each kind is shown."""
    now: Instant = 0
    log = MemoryEventLog(lambda: now)
    merged = {"type": words.MERGED, "subject": "example-old", "data": {"into": "example"}}
    for one in [admit(merged, registry), *(one for one in history if one.subject == _COMPANY)]:
        now = max(now, _public(one))
        if now <= _NOW:
            await log.append([one])
    population = Population(registry, log, parked={"example-parked": "KeyError: 'how'"})
    changes: list[Told] = []
    async for batch in log.read(Position(), await log.ends()):
        changes += fold(population, batch).told
    here = Place(f"0:{population.position}", population.clock)
    asked = (_COMPANY, "example-old", "example-parked")
    return [
        *(messages.change(one, registry, 0, _DESCRIBED) for one in changes),
        *(messages.status(population, company, here, 1) for company in asked),
        messages.rejected(here, [_CONFLICT], event=merged | {"id": "example"}),
    ]


def _public(event: Admitted) -> Instant:
    data = event.event["data"]
    return start(data.get("announced") or data.get("effective") or "2021-01-01")


def _beat(subscription: Subscription) -> Draft:
    told: dict[str, object] = {
        "canary": None,
        "partitions": [],
        "lists": [],
        "known_at": show(_NOW),
    }
    return heartbeat.made(subscription.id, "PT1H", _NOW, told)


def _alerted(registry: Registry) -> list[Message]:
    asked = {
        "filter": {"companies": [_COMPANY], "kinds": ["changed", "corrected"]},
        "channel": {"type": "webhook", "url": "https://desk.example/hook"},
    }
    subscription = Subscription("sub_example", _NOW, requested(asked, registry), Start(behind(41)))
    ended = Ended(
        "msg_example", _NOW, SECOND // 10, Outcome(delivered=True, status=204), Verdict("delivered")
    )
    attempt = Attempt(
        subscription.id,
        _COMPANY,
        1,
        "example",
        "standing.status.changed",
        1,
        ended,
        "delivered",
        _NOW,
        stands="0:7",
    )
    tried = Tried("msg_next", 2, 0, _NOW, _NOW + 45 * SECOND)
    return [
        topics.subscription(Kept(subscription, b"sealed"), _NOW),
        topics.delivery(attempt),
        progress.read(progress.EVERYBODY, 7, _NOW),
        progress.queue(progress.Queue(subscription.id, _COMPANY, 1, 1, (tried,)), _NOW),
        progress.made(Waits(_beat(subscription), 2, 1), _NOW),
        progress.asked(
            progress.Asked("msg_example", subscription.id, _COMPANY, 1, "example", 7, 1, _NOW)
        ),
        progress.noticed(_notice(subscription), _NOW),
    ]


def _notice(subscription: Subscription) -> Noticed:
    told = orjson.dumps(
        {
            "type": FAILING,
            "timestamp": show(_NOW),
            "n": 0,
            "data": about(subscription, FAILING, _NOW, "answered 503"),
        }
    )
    whose = ("ntc_example", OPERATOR, subscription.id, FAILING)
    return Noticed(Notice(*whose, _NOW, told, 1), _NOW + 5 * SECOND, "cannot connect")
