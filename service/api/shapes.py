"""The shapes of what is answered, as OpenAPI components."""

from typing import Final

from events import vocabulary as words
from service.api.schemas import (
    ANY,
    AT,
    COUNT,
    MANY,
    TEXT,
    TRUTH,
    Schema,
    many,
    or_null,
    ref,
    structure,
    told,
)

_TIME: Final = {"type": "string", "format": "date-time"}
_STATUS: Final = {"type": "string", "enum": list(words.STATUSES)}
_KIND: Final = {"type": "string", "enum": list(words.RESTRICTION_KINDS)}
_FROM: Final = told(_TIME, "Inclusive.")
_UNTIL: Final = or_null(_TIME, "Exclusive; null where no end is known.")
_HOW: Final = or_null(TEXT, "How it was removed: `delisted`, `vacated`, `expired`, …")
_EVENT_ID: Final = told(TEXT, "The id of an event.")
_POSITION: Final = told(TEXT, "Where in the log: `partition:offset`.")
_KINDS: Final = {"type": "array", "items": _KIND}

_READING: Final = structure({"status": _STATUS, "how": _HOW, "restrictions": _KINDS})
_NEXT: Final = structure({"at": _TIME, "status": _STATUS, "restrictions": _KINDS})
_STRETCH: Final = {"from": _FROM, "until": _UNTIL, "how": _HOW}
_COVERAGE: Final = structure(
    {
        "from": or_null(TEXT, "The first publication of the list that was read, as written."),
        "checked": or_null(_TIME, "When a source of it was last retrieved."),
    }
)
_DATE: Final = or_null(
    structure({"date": TEXT, "precision": or_null(TEXT, "`day`, `month`, `year`; null: exact.")})
)

ANSWERS: Final[dict[str, Schema]] = {
    "Problem": structure(
        {
            "type": told({"type": "string", "format": "uri"}, "The kind of problem."),
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": told(TEXT, "For a person."),
            "errors": {
                "type": "array",
                "items": structure(
                    {"field": told(TEXT, 'Dotted; "" is the whole.'), "detail": TEXT}
                ),
            },
        },
        "RFC 9457.",
    ),
    "Restriction": structure(
        {
            "kind": _KIND,
            "basis": told(TEXT, "The law that it comes from."),
            "from": _FROM,
            "until": _UNTIL,
            "events": told(MANY, "The designations that bring it."),
        }
    ),
    "RestrictionOverall": structure(
        {"kind": _KIND, "lists": MANY, "events": MANY, "from": told(_TIME, "The earliest.")}
    ),
    "ListStatus": structure(
        {
            "list": TEXT,
            "list_version": told(TEXT, "Of the list's rules."),
            "covered": told(TRUTH, "Where false, silence about a company is worth nothing."),
            "coverage": _COVERAGE,
            "status": _STATUS,
            "since": or_null(_TIME, "When this status began."),
            "until": or_null(_TIME, "When it ends; null where no end is known."),
            "how": _HOW,
            "next": or_null(_NEXT, "The next known flip of status or restrictions."),
            "episode": told(COUNT, "Counted from 1; 0 before the first."),
            "pending_removal": told(TRUTH, "A removal is announced, without effect yet."),
            "restrictions": told(many("Restriction"), "In force."),
            "upcoming": told(many("Restriction"), "Known to come into force."),
            "references": {"type": "array", "items": ANY},
            "listings": {"type": "array", "items": ANY},
            "injunctions": {"type": "array", "items": ANY},
            "cause": or_null(TEXT, "The event to which the status is owed."),
            "anomalies": {"type": "array", "items": structure({"event": TEXT, "why": TEXT})},
            "anomalies_count": COUNT,
        }
    ),
    "Status": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "as_of": _TIME,
            "announced_by": or_null(_TIME),
            "known_at": or_null(TEXT),
            "position": told(TEXT, "The end of the log that was read."),
            "status": told(_STATUS, "The strongest of its lists."),
            "restrictions": told(many("RestrictionOverall"), "The union in force."),
            "upcoming": many("RestrictionOverall"),
            "ownership": told({"const": "not_evaluated"}, "The 50 % and affiliates rules."),
            "lists": many("ListStatus"),
        }
    ),
    "Interval": structure({**_STRETCH, "status": _STATUS, "restrictions": _KINDS, "cause": TEXT}),
    "Episode": structure(
        {
            "episode": COUNT,
            **_STRETCH,
            "listings": {"type": "array", "items": ANY},
            "injunctions": {"type": "array", "items": ANY},
        }
    ),
    "StoryOfList": structure(
        {
            "list": TEXT,
            "list_version": TEXT,
            "coverage": _COVERAGE,
            "episodes": many("Episode"),
            "intervals": told(many("Interval"), "The latest 100."),
            "intervals_count": COUNT,
        }
    ),
    "StoryEvent": structure(
        {
            "position": _POSITION,
            "id": _EVENT_ID,
            "type": TEXT,
            "subject": TEXT,
            "list": or_null(TEXT),
            "effective": _DATE,
            "announced": _DATE,
            "recorded": _TIME,
            "counts": told(TRUTH, "False where it was taken back."),
            "retracted_by": or_null(TEXT),
            "anomaly": or_null(TEXT, "Why it fits nowhere."),
            "data": ANY,
            "sources": {"type": "array", "items": ANY},
            "sources_count": COUNT,
        }
    ),
    "PublicTurn": structure(
        {
            "at": _TIME,
            "list": TEXT,
            "status": _STATUS,
            "how": _HOW,
            "restrictions": _KINDS,
            "events": told(MANY, "Announced then; none where time alone did it."),
        }
    ),
    "History": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "position": _POSITION,
            "ownership": {"const": "not_evaluated"},
            "lists": many("StoryOfList"),
            "events": many("StoryEvent"),
            "public": many("PublicTurn"),
            "known": many("ChangeTold"),
        }
    ),
    "Row": structure(
        {
            "as_of": TEXT,
            "company": TEXT,
            "name": or_null(TEXT),
            "country": or_null(TEXT),
            "status": or_null(_STATUS, "Null where the company is parked."),
            "restrictions": _KINDS,
            "lists": {
                "type": "array",
                "items": structure(
                    {
                        "list": TEXT,
                        "covered": TRUTH,
                        "status": _STATUS,
                        "since": or_null(_TIME),
                        "until": _UNTIL,
                        "how": _HOW,
                        "restrictions": _KINDS,
                    }
                ),
            },
            "parked": or_null(TEXT, "Why nothing can be said of the company."),
            "ownership": {"const": "not_evaluated"},
        }
    ),
    "CompanyInShort": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "country": or_null(TEXT, "ISO 3166-1 alpha-2."),
            "kind": TEXT,
            "status": or_null(_STATUS, "Null where the company is parked."),
            "restrictions": _KINDS,
        }
    ),
    "Company": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "aliases": MANY,
            "country": or_null(TEXT, "ISO 3166-1 alpha-2."),
            "kind": TEXT,
            "identifiers": {"type": "array", "items": structure({"scheme": TEXT, "value": TEXT})},
            "website": or_null(TEXT),
            "former_ids": told(MANY, "Ids that were merged into this one."),
            "status": _STATUS,
            "restrictions": many("RestrictionOverall"),
            "lists": MANY,
            "position": _POSITION,
        }
    ),
    "Receipt": {
        **structure(
            {"id": or_null(TEXT), "outcome": {"enum": ["recorded", "duplicate", "rejected"]}}
        ),
        "properties": {
            "id": or_null(_EVENT_ID),
            "position": or_null(_POSITION),
            "outcome": {"enum": ["recorded", "duplicate", "rejected"]},
            "retracted_by": told(TEXT, "Of a duplicate of what no longer counts."),
            "index": told(COUNT, "Of a rejected one in an array, from 0."),
            "line": told(COUNT, "Of a rejected one in JSON Lines, from 1."),
            "error": TEXT,
            "errors": {"type": "array", "items": structure({"field": TEXT, "detail": TEXT})},
        },
    },
    "RecordedEvent": structure(
        {
            "id": _EVENT_ID,
            "type": TEXT,
            "subject": TEXT,
            "source": TEXT,
            "specversion": {"const": "1.0"},
            "data": ANY,
            "position": _POSITION,
            "recorded": _TIME,
        },
        "A CloudEvent as it was recorded, with where and when.",
    ),
    "ChangeTold": structure(
        {
            "change": told(TEXT, "The same on every reading of the log."),
            "company": TEXT,
            "list": or_null(TEXT),
            "sequence": told(COUNT, "The company's, gapless from 1."),
            "kind": {"enum": list(words.CHANGE_KINDS)},
            "from": _READING,
            "to": _READING,
            "overall": structure({"before": ANY, "after": ANY}),
            "effective": or_null(_TIME),
            "announced": or_null(_TIME),
            "recorded": _TIME,
            "cause": MANY,
            "backfill": told(TRUTH, "History that was loaded, and no news."),
        }
    ),
    "Change": {
        "allOf": [
            {"$ref": AT + "ChangeTold"},
            structure({"cursor": told(TEXT, "Go on `after` it."), "position": _POSITION}),
        ]
    },
    "List": structure(
        {
            "list": TEXT,
            "version": TEXT,
            "covered": TRUTH,
            "coverage": _COVERAGE,
            "name": TEXT,
            "authority": TEXT,
            "zone": told(TEXT, "The time zone in which its days are read."),
        }
    ),
    "Lists": structure({"digest": told(TEXT, "Of all rules together."), "lists": many("List")}),
    "Subscription": structure({"id": TEXT, "created": _TIME, "filter": ANY, "state": TEXT}),
    "NewSubscription": structure({"id": TEXT, "secret": told(TEXT, "`whsec_…`, this once.")}),
    "Secret": structure({"secret": TEXT}),
    "Redelivery": structure({"delivery": TEXT}),
    "Delivery": structure(
        {
            "delivery": told(TEXT, "Its id, the same at every attempt."),
            "subscription": TEXT,
            "company": or_null(TEXT),
            "n": told(COUNT, "Gapless per subscription and company."),
            "change": TEXT,
            "type": TEXT,
            "state": TEXT,
            "attempts": {"type": "array", "items": ANY},
        }
    ),
    "Preview": structure({"count": COUNT, "messages": {"type": "array", "items": ANY}}),
    "PreviewRequest": {
        "type": "object",
        "properties": {
            "filter": ref("Filter"),
            "since": {**TEXT, "default": "beginning"},
            "backfill": {**TRUTH, "default": False},
            "limit": COUNT,
        },
    },
    "Readiness": {"type": "object", "properties": {"ready": TRUTH}, "required": ["ready"]},
}
