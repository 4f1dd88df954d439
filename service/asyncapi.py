"""The AsyncAPI 3 document: every topic, who writes and reads it, and the messages in it.

It is made of the topics as they are declared, the schemas of their messages and the models of the
events, with examples out of the history that ships. `python -m service.asyncapi` writes
`asyncapi.json` anew; that file ships, and is served as it is.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

from alerts import shapes as alerted
from alerts.progress import ASKED, MADE, NOTICE, QUEUE, READ
from alerts.topics import ATTEMPT, SUBSCRIPTION
from events.kafka.claims import CLAIMED
from events.kafka.topics import MOST_BYTES, PARTITIONS, TOPICS, Topic
from events.models import COMPANY_ID, DATA_MODELS, EVENT_MODELS
from events.schemas import components as event_components
from events.schemas import short
from events.vocabulary import CHANGE_KINDS
from projections import shapes
from projections.blocks import NULL, TEXT, TIME, Schema, rehomed, told
from projections.messages import CURRENT, MERGED, PARKED, REJECTED, TYPE_PREFIX
from service.asyncapi_examples import examples

Json = dict[str, Any]

_AT: Final = "#/components/schemas/"
_NAME: Final = "asyncapi.json"
_BINDING: Final = "0.5.0"
_JSON: Final = "application/json"
_STRUCTURED: Final = "application/cloudevents+json"
_KEYS: Final[dict[str, Schema]] = {
    "company": told({"type": "string", "pattern": COMPANY_ID}, "The company's id, in UTF-8."),
    "subject": told(TEXT, "The event's subject, in UTF-8: a company, `list:<id>` or `clock`."),
    "subscription": told(TEXT, "The subscription's id, in UTF-8."),
    "progress": told(
        TEXT,
        "A subscription, one and a company with a slash between, a delivery, or `*`, in UTF-8; of "
        "notices, whose receiver fails, what is told and to whom, with slashes between.",
    ),
    "claim": told(TEXT, "The claim: a writer, and behind a slash what tells it from others."),
}
_TOLD: Final = (
    "Everything is folded from `standing.events.v1`; the other topics are derived from it, and "
    "could be derived again.\n\n"
    "**Messages** are CloudEvents 1.0 in their Kafka binding: binary mode on the topics that are "
    "derived, structured on the events, where both are read. Keys are UTF-8. Consumers should read "
    "with `isolation.level=read_committed`, drop repeats by `ce_id`, pass over fields that they do "
    "not know, and expect gaps between offsets.\n\n"
    "**Order** holds within a key. What is keyed by one company stands in the partition of the "
    "same number in every topic.\n\n"
    "**Nothing reads as clearance that is not.** A company that is parked or unknown is not "
    "`not_listed`; the 50 % and affiliates rules are not evaluated; whether a list was covered is "
    "answered over HTTP. None of this is legal advice."
)


def document() -> Json:
    """The document, with the number of partitions that topics have where nobody chose another."""
    channels = {topic.name.split(".")[1]: _channel(topic) for topic in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "standing",
            "version": version("standing"),
            "description": "Which companies stand on which government lists, as of any date, and "
            f"what that forbids.\n\n{_TOLD}",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": _JSON,
        "channels": channels,
        "operations": _operations(channels),
        "components": {"schemas": schemas()},
    }


def schemas() -> Json:
    """The schemas of all payloads by name."""
    defined = event_components(_AT)
    for some in (
        shapes.SHAPES,
        shapes.STATUS_SHAPES,
        alerted.SHAPES,
        alerted.PROGRESS_SHAPES,
        _SINGLE,
    ):
        defined |= rehomed(dict(some), _AT)
    return dict(sorted(defined.items()))


_SINGLE: Final[dict[str, Schema]] = {
    "ChangeTold": shapes.CHANGE_MESSAGE,
    "Rejected": shapes.REJECTED,
    "Claim": shapes.CLAIM,
    "Subscription": alerted.SUBSCRIPTION,
    "Delivery": alerted.DELIVERY,
}


# --- channels -------------------------------------------------------------------------------------


def _channel(topic: Topic) -> Json:
    name = topic.name.split(".")[1]
    config = topic.config(1)
    return {
        "address": topic.name,
        "title": topic.holds.partition(":")[0].capitalize(),
        "description": f"Keyed by {topic.key}. It holds {topic.holds}.",
        "messages": {one["name"]: one for one in _messages(name, topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    "retention.ms": int(config.get("retention.ms", -1)),
                    "max.message.bytes": MOST_BYTES,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _messages(channel: str, topic: Topic) -> Iterable[Json]:
    key = _KEYS[topic.key]
    match channel:
        case "events":
            for event_type in EVENT_MODELS:
                yield from _event(event_type, key)
        case "status":
            yield _message("current", [CURRENT], "CompanyStanding", key, "position")
            yield _message("merged", [MERGED], "CompanyMerged", key, "position")
            yield _message("parked", [PARKED], "CompanyParked", key, "position")
            yield _tombstone(key, "The log has nothing of this company, or no more.")
        case "changes":
            for kind in CHANGE_KINDS:
                yield _message(kind, [TYPE_PREFIX + kind], "ChangeTold", key, "change")
        case "subscriptions":
            yield _message("subscription", [SUBSCRIPTION], "Subscription", key, "id")
            yield _tombstone(key, "The subscription was removed.")
        case "deliveries":
            yield _message("attempt", [ATTEMPT], "Delivery", key, "change")
        case "progress":
            yield _message("read", [READ], "ProgressRead", key, "subscription")
            yield _message("queue", [QUEUE], "ProgressQueue", key, "subscription")
            yield _message("made", [MADE], "ProgressMade", key, "subscription")
            yield _message("asked", [ASKED], "DeliveryAsked", key, "change")
            yield _message("notice", [NOTICE], "ProgressNotice", key, "subscription")
            yield _tombstone(key, "It is over: the subscription was removed, or the wish is met.")
        case "claims":
            yield _message("claimed", [CLAIMED], "Claim", key, "writer")
            yield _tombstone(key, "It was shut out, or has let go.")
        case _:
            yield _message("rejected", [REJECTED], "Rejected", key, "position")


_CORRELATED: Final = {
    "position": "The record of `standing.events.v1` up to which, or of which, this is said.",
    "change": "The change: the same id in `standing.changes.v1`, in webhooks and in deliveries.",
    "id": "The same id over HTTP, and in the deliveries.",
    "subscription": "Its id in `standing.subscriptions.v1`.",
    "writer": "Under which the brokers know whoever writes.",
}


def _message(name: str, types: list[str], payload: str, key: Schema, correlated: str) -> Json:
    """A message that we write, in binary mode. `correlated` is the field that leads to others."""
    return {
        "name": name,
        "title": types[0],
        "contentType": _JSON,
        "headers": _headers({"const": types[0]}, _JSON),
        "payload": {"$ref": _AT + payload},
        "correlationId": {
            "description": _CORRELATED[correlated],
            "location": f"$message.payload#/{correlated}",
        },
        "bindings": _keyed(key),
        **_shown(types[0]),
    }


def _tombstone(key: Schema, description: str) -> Json:
    return {
        "name": "tombstone",
        "title": "A key without a value",
        "description": description,
        "payload": NULL,
        "bindings": _keyed(key),
    }


def _event(event_type: str, key: Schema) -> Iterable[Json]:
    """An event as we write it, and as a producer may write it who keeps the envelope in headers."""
    model = DATA_MODELS[event_type]
    said = model.__doc__ or ""
    yield {
        "name": event_type,
        "title": event_type,
        "description": said,
        "contentType": _STRUCTURED,
        "headers": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "pattern": f"^{_QUOTED}"}},
        },
        "payload": {"$ref": _AT + short(event_type)},
        "correlationId": {
            "description": "The `cause` of the changes that it brings.",
            "location": "$message.payload#/id",
        },
        "bindings": _keyed(key),
        **_shown(event_type),
    }
    yield {
        "name": f"{event_type}.binary",
        "title": f"{event_type}, in binary mode",
        "description": said,
        "contentType": _JSON,
        "headers": _headers({"const": event_type}, _JSON, required=("ce_type",)),
        "payload": {"$ref": _AT + model.__name__},
        "correlationId": {
            "description": "The `cause` of the changes that it brings; it may be left out, and "
            "then follows from what the event says.",
            "location": "$message.header#/ce_id",
        },
        "bindings": _keyed(key),
    }


_QUOTED: Final = _STRUCTURED.replace("+", "[+]").replace("/", "[/]")
_WRITTEN: Final = ("content-type", "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time")


def _headers(kind: Schema, content_type: str, required: tuple[str, ...] = _WRITTEN) -> Schema:
    return {
        "type": "object",
        "properties": {
            "content-type": told({"type": "string"}, f"`{content_type}`"),
            "ce_specversion": {"const": "1.0"},
            "ce_id": told(TEXT, "The same when it is written again: drop repeats by it."),
            "ce_type": kind,
            "ce_source": TEXT,
            "ce_subject": told(TEXT, "What the key says."),
            "ce_time": TIME,
        },
        "required": list(required),
    }


def _keyed(key: Schema) -> Json:
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


def _shown(event_type: str) -> Json:
    found = examples().get(event_type)
    return {"examples": [found]} if found else {}


# --- operations -----------------------------------------------------------------------------------

_WRITES: Final = {
    "events": ("recordEvents", "Record what happened, also what time brings."),
    "status": ("tellStatus", "Keep the current status of every company."),
    "changes": ("tellChanges", "Tell each change once, in the order of each company."),
    "subscriptions": ("keepSubscriptions", "Keep who is told of what."),
    "deliveries": ("keepDeliveries", "Keep every attempt to tell, and its outcome."),
    "progress": ("keepProgress", "Keep how far everybody was told."),
    "claims": ("keepClaims", "Keep which workers may write of each partition."),
    "rejected": ("tellRejected", "Tell what does not count, and why."),
}
_READS: Final = {
    "events": (
        "readEvents",
        (
            "Read what happened, whoever wrote it. What is written here without asking standing is "
            "durable and not compared: of one id the first in log order counts, and another that "
            "says otherwise goes to `standing.rejected.v1`."
        ),
    ),
}


def _operations(channels: Mapping[str, Json]) -> Json:
    found = {}
    for action, some in (("send", _WRITES), ("receive", _READS)):
        for name, (operation, summary) in some.items():
            at = f"#/channels/{name}"
            messages = channels[name]["messages"]
            if (name, action) == ("events", "send"):
                messages = [one for one in messages if not one.endswith(".binary")]
            found[operation] = {
                "action": action,
                "channel": {"$ref": at},
                "summary": summary.partition(".")[0] + ".",
                "description": summary,
                "messages": [{"$ref": f"{at}/messages/{one}"} for one in messages],
            }
    return found


# --- the file -------------------------------------------------------------------------------------


def generated() -> bytes:
    """The document that the code gives now, as its file holds it."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2) + b"\n"


def shipped() -> bytes:
    """The document as it ships."""
    return files("service").joinpath(_NAME).read_bytes()


if __name__ == "__main__":
    Path(__file__).with_name(_NAME).write_bytes(generated())
