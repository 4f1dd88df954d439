"""The shapes of what is sent and answered, as OpenAPI components."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from alerts.subscriptions import Filter, Request
from events.models import EVENT_MODELS
from events.vocabulary import CHANGE_KINDS as _CHANGE_KINDS
from events.vocabulary import RESTRICTION_KINDS, STATUSES

_Schema = dict[str, Any]

TEXT: Final[_Schema] = {"type": "string"}
COUNT: Final[_Schema] = {"type": "integer", "minimum": 0}
MANY: Final[_Schema] = {"type": "array", "items": {"type": "string"}}
BINARY: Final[_Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
CHANGE_KINDS: Final[_Schema] = {
    "type": "array",
    "items": {"type": "string", "enum": list(_CHANGE_KINDS)},
}
_TRUTH: Final[_Schema] = {"type": "boolean"}
_ANY: Final[_Schema] = {"type": "object"}
_AT: Final = "#/components/schemas/"


def ref(name: str) -> _Schema:
    """A component by its name."""
    return {"$ref": _AT + name}


def listed(name: str, of: str) -> _Schema:
    """An object that has a list of components."""
    return _object({name: _many(of)})


def page(name: str, of: str, *, more: bool = False) -> _Schema:
    """A page of components, with the cursor to go on from."""
    following = {"type": ["string", "integer", "null"], "description": "Go on from here."}
    again = {"more": {**_TRUTH, "description": "Whether there are more now."}} if more else {}
    return _object({name: _many(of), "next": following, **again})


def _many(of: str) -> _Schema:
    return {"type": "array", "items": ref(of)}


def _object(properties: dict[str, _Schema], description: str = "") -> _Schema:
    told = {"type": "object", "properties": properties, "required": list(properties)}
    return {**told, "description": description} if description else told


def _told(schema: _Schema, description: str) -> _Schema:
    return {**schema, "description": description}


def _or_null(schema: _Schema, description: str = "") -> _Schema:
    kind = schema.get("type")
    either = {**schema, "type": [kind, "null"]} if kind else {"anyOf": [schema, {"type": "null"}]}
    return {**either, "description": description} if description else either


_TIME: Final = {"type": "string", "format": "date-time"}
_STATUS: Final = {"type": "string", "enum": list(STATUSES)}
_KIND: Final = {"type": "string", "enum": list(RESTRICTION_KINDS)}
_FROM: Final = _told(_TIME, "Inclusive.")
_UNTIL: Final = _or_null(_TIME, "Exclusive; null where no end is known.")
_HOW: Final = _or_null(TEXT, "How it was removed: `delisted`, `vacated`, `expired`, …")
_EVENT_ID: Final = _told(TEXT, "The id of an event.")
_POSITION: Final = _told(TEXT, "Where in the log: `partition:offset`.")
_KINDS: Final = {"type": "array", "items": _KIND}

_READING: Final = _object({"status": _STATUS, "how": _HOW, "restrictions": _KINDS})
_NEXT: Final = _object({"at": _TIME, "status": _STATUS, "restrictions": _KINDS})
_STRETCH: Final = {"from": _FROM, "until": _UNTIL, "how": _HOW}
_COVERAGE: Final = _object(
    {
        "from": _or_null(TEXT, "The first publication of the list that was read, as written."),
        "checked": _or_null(_TIME, "When a source of it was last retrieved."),
    }
)
_DATE: Final = _or_null(
    _object({"date": TEXT, "precision": _or_null(TEXT, "`day`, `month`, `year`; null: exact.")})
)

_ANSWERS: Final[dict[str, _Schema]] = {
    "Problem": _object(
        {
            "type": _told({"type": "string", "format": "uri"}, "The kind of problem."),
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": _told(TEXT, "For a person."),
            "errors": {
                "type": "array",
                "items": _object(
                    {"field": _told(TEXT, 'Dotted; "" is the whole.'), "detail": TEXT}
                ),
            },
        },
        "RFC 9457.",
    ),
    "Restriction": _object(
        {
            "kind": _KIND,
            "basis": _told(TEXT, "The law that it comes from."),
            "from": _FROM,
            "until": _UNTIL,
            "events": _told(MANY, "The designations that bring it."),
        }
    ),
    "RestrictionOverall": _object(
        {"kind": _KIND, "lists": MANY, "events": MANY, "from": _told(_TIME, "The earliest.")}
    ),
    "ListStatus": _object(
        {
            "list": TEXT,
            "list_version": _told(TEXT, "Of the list's rules."),
            "covered": _told(_TRUTH, "Where false, silence about a company is worth nothing."),
            "coverage": _COVERAGE,
            "status": _STATUS,
            "since": _or_null(_TIME, "When this status began."),
            "until": _or_null(_TIME, "When it ends; null where no end is known."),
            "how": _HOW,
            "next": _or_null(_NEXT, "The next known flip of status or restrictions."),
            "episode": _told(COUNT, "Counted from 1; 0 before the first."),
            "pending_removal": _told(_TRUTH, "A removal is announced, without effect yet."),
            "restrictions": _told(_many("Restriction"), "In force."),
            "upcoming": _told(_many("Restriction"), "Known to come into force."),
            "references": {"type": "array", "items": _ANY},
            "listings": {"type": "array", "items": _ANY},
            "injunctions": {"type": "array", "items": _ANY},
            "cause": _or_null(TEXT, "The event to which the status is owed."),
            "anomalies": {"type": "array", "items": _object({"event": TEXT, "why": TEXT})},
            "anomalies_count": COUNT,
        }
    ),
    "Status": _object(
        {
            "company": TEXT,
            "name": _or_null(TEXT),
            "as_of": _TIME,
            "announced_by": _or_null(_TIME),
            "known_at": _or_null(TEXT),
            "position": _told(TEXT, "The end of the log that was read."),
            "status": _told(_STATUS, "The strongest of its lists."),
            "restrictions": _told(_many("RestrictionOverall"), "The union in force."),
            "upcoming": _many("RestrictionOverall"),
            "ownership": _told({"const": "not_evaluated"}, "The 50 % and affiliates rules."),
            "lists": _many("ListStatus"),
        }
    ),
    "Interval": _object({**_STRETCH, "status": _STATUS, "restrictions": _KINDS, "cause": TEXT}),
    "Episode": _object(
        {
            "episode": COUNT,
            **_STRETCH,
            "listings": {"type": "array", "items": _ANY},
            "injunctions": {"type": "array", "items": _ANY},
        }
    ),
    "StoryOfList": _object(
        {
            "list": TEXT,
            "list_version": TEXT,
            "coverage": _COVERAGE,
            "episodes": _many("Episode"),
            "intervals": _told(_many("Interval"), "The latest 100."),
            "intervals_count": COUNT,
        }
    ),
    "StoryEvent": _object(
        {
            "position": _POSITION,
            "id": _EVENT_ID,
            "type": TEXT,
            "subject": TEXT,
            "list": _or_null(TEXT),
            "effective": _DATE,
            "announced": _DATE,
            "recorded": _TIME,
            "counts": _told(_TRUTH, "False where it was taken back."),
            "retracted_by": _or_null(TEXT),
            "anomaly": _or_null(TEXT, "Why it fits nowhere."),
            "data": _ANY,
            "sources": {"type": "array", "items": _ANY},
            "sources_count": COUNT,
        }
    ),
    "PublicTurn": _object(
        {
            "at": _TIME,
            "list": TEXT,
            "status": _STATUS,
            "how": _HOW,
            "restrictions": _KINDS,
            "events": _told(MANY, "Announced then; none where time alone did it."),
        }
    ),
    "History": _object(
        {
            "company": TEXT,
            "name": _or_null(TEXT),
            "position": _POSITION,
            "ownership": {"const": "not_evaluated"},
            "lists": _many("StoryOfList"),
            "events": _many("StoryEvent"),
            "public": _many("PublicTurn"),
            "known": _many("ChangeTold"),
        }
    ),
    "Row": _object(
        {
            "as_of": TEXT,
            "company": TEXT,
            "name": _or_null(TEXT),
            "country": _or_null(TEXT),
            "status": _STATUS,
            "restrictions": _KINDS,
            "lists": {
                "type": "array",
                "items": _object(
                    {
                        "list": TEXT,
                        "status": _STATUS,
                        "since": _or_null(_TIME),
                        "until": _UNTIL,
                        "how": _HOW,
                        "restrictions": _KINDS,
                    }
                ),
            },
        }
    ),
    "CompanyInShort": _object(
        {
            "company": TEXT,
            "name": _or_null(TEXT),
            "country": _or_null(TEXT, "ISO 3166-1 alpha-2."),
            "kind": TEXT,
            "status": _or_null(_STATUS, "Null where the company is parked."),
            "restrictions": _KINDS,
        }
    ),
    "Company": _object(
        {
            "company": TEXT,
            "name": _or_null(TEXT),
            "aliases": MANY,
            "country": _or_null(TEXT, "ISO 3166-1 alpha-2."),
            "kind": TEXT,
            "identifiers": {"type": "array", "items": _object({"scheme": TEXT, "value": TEXT})},
            "website": _or_null(TEXT),
            "former_ids": _told(MANY, "Ids that were merged into this one."),
            "status": _STATUS,
            "restrictions": _many("RestrictionOverall"),
            "lists": MANY,
            "position": _POSITION,
        }
    ),
    "Receipt": {
        **_object(
            {"id": _or_null(TEXT), "outcome": {"enum": ["recorded", "duplicate", "rejected"]}}
        ),
        "properties": {
            "id": _or_null(_EVENT_ID),
            "position": _or_null(_POSITION),
            "outcome": {"enum": ["recorded", "duplicate", "rejected"]},
            "retracted_by": _told(TEXT, "Of a duplicate of what no longer counts."),
            "index": _told(COUNT, "Of a rejected one in an array, from 0."),
            "line": _told(COUNT, "Of a rejected one in JSON Lines, from 1."),
            "error": TEXT,
            "errors": {"type": "array", "items": _object({"field": TEXT, "detail": TEXT})},
        },
    },
    "RecordedEvent": _object(
        {
            "id": _EVENT_ID,
            "type": TEXT,
            "subject": TEXT,
            "source": TEXT,
            "specversion": {"const": "1.0"},
            "data": _ANY,
            "position": _POSITION,
            "recorded": _TIME,
        },
        "A CloudEvent as it was recorded, with where and when.",
    ),
    "ChangeTold": _object(
        {
            "change": _told(TEXT, "The same on every reading of the log."),
            "company": TEXT,
            "list": _or_null(TEXT),
            "sequence": _told(COUNT, "The company's, gapless from 1."),
            "kind": {"enum": list(_CHANGE_KINDS)},
            "from": _READING,
            "to": _READING,
            "overall": _object({"before": _ANY, "after": _ANY}),
            "effective": _or_null(_TIME),
            "announced": _or_null(_TIME),
            "recorded": _TIME,
            "cause": MANY,
            "backfill": _told(_TRUTH, "History that was loaded, and no news."),
        }
    ),
    "Change": {
        "allOf": [
            {"$ref": _AT + "ChangeTold"},
            _object({"cursor": _told(TEXT, "Go on `after` it."), "position": _POSITION}),
        ]
    },
    "List": _object(
        {
            "list": TEXT,
            "version": TEXT,
            "covered": _TRUTH,
            "coverage": _COVERAGE,
            "name": TEXT,
            "authority": TEXT,
            "zone": _told(TEXT, "The time zone in which its days are read."),
        }
    ),
    "Lists": _object({"digest": _told(TEXT, "Of all rules together."), "lists": _many("List")}),
    "Subscription": _object({"id": TEXT, "created": _TIME, "filter": _ANY, "state": TEXT}),
    "NewSubscription": _object({"id": TEXT, "secret": _told(TEXT, "`whsec_…`, this once.")}),
    "Secret": _object({"secret": TEXT}),
    "Redelivery": _object({"delivery": TEXT}),
    "Delivery": _object(
        {
            "delivery": _told(TEXT, "Its id, the same at every attempt."),
            "subscription": TEXT,
            "company": _or_null(TEXT),
            "n": _told(COUNT, "Gapless per subscription and company."),
            "change": TEXT,
            "type": TEXT,
            "state": TEXT,
            "attempts": {"type": "array", "items": _ANY},
        }
    ),
    "Preview": _object({"count": COUNT, "messages": {"type": "array", "items": _ANY}}),
    "PreviewRequest": {
        "type": "object",
        "properties": {
            "filter": ref("Filter"),
            "since": {**TEXT, "default": "beginning"},
            "backfill": {**_TRUTH, "default": False},
            "limit": COUNT,
        },
    },
    "Readiness": {"type": "object", "properties": {"ready": _TRUTH}, "required": ["ready"]},
}


def components() -> dict[str, _Schema]:
    """All of them, with the events and subscriptions as their models have them."""
    models: list[type[BaseModel]] = [*EVENT_MODELS.values(), Filter, Request]
    places, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=_AT + "{model}"
    )
    names = {model: place["$ref"].removeprefix(_AT) for (model, _), place in places.items()}
    defined: dict[str, _Schema] = dict(found["$defs"])
    for name, model in EVENT_MODELS.items():
        event = dict(defined.pop(names[model]))
        event["properties"] = {**event["properties"], "type": {"const": name}}
        event["title"] = name
        defined[_short(name)] = event
    defined["SubscriptionRequest"] = defined.pop(names[Request])
    defined["Event"] = {
        "description": "A CloudEvent 1.0 in structured JSON. `type`, `subject` and `data` are "
        "needed; the rest is filled in.",
        "oneOf": [ref(_short(name)) for name in EVENT_MODELS],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: _AT + _short(name) for name in EVENT_MODELS},
        },
    }
    return dict(sorted({**defined, **_ANSWERS}.items()))


def _short(event_type: str) -> str:
    """`standing.company.described` as a component's name: `EventCompanyDescribed`."""
    return "Event" + "".join(word.capitalize() for word in event_type.split(".")[1:])
