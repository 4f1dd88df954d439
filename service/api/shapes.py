"""The shapes of what is answered, as OpenAPI components."""

from typing import Any, Final, get_args

from projections.blocks import (
    ANY,
    COUNT,
    MANY,
    TEXT,
    TIME,
    TRUTH,
    Schema,
    or_null,
    rehomed,
    structure,
    told,
)
from projections.reasons import RULES
from projections.screening import By
from projections.shapes import (
    FROM,
    HOW,
    KINDS,
    LISTS_OWN,
    LISTS_STANDING,
    OWNERSHIP,
    POSITION,
    SHAPES,
    STANDING,
    STATUS,
    UNTIL,
)
from service.api.schemas import AT, many

_END: Final = told(TEXT, "The end of the log that was read.")
_EVENT_ID: Final = told(TEXT, "The id of an event.")
_STRETCH: Final = {"from": FROM, "until": UNTIL, "how": HOW}
_COVERAGE: Final = structure(
    {
        "from": or_null(TEXT, "The first publication of the list that was read, as written."),
        "checked": or_null(TIME, "When a source of it was last retrieved."),
    }
)
_DATE: Final = or_null(
    structure({"date": TEXT, "precision": or_null(TEXT, "`day`, `month`, `year`; null: exact.")})
)
_STANDING_IN_SHORT: Final = structure(
    {
        "list": TEXT,
        "covered": TRUTH,
        "status": STATUS,
        "since": or_null(TIME),
        "until": UNTIL,
        "how": HOW,
        "restrictions": KINDS,
    }
)


def _home(shapes: dict[str, Schema]) -> dict[str, Any]:
    """Shapes that are shared with the topics, with their references as this document has them."""
    return {name: rehomed(shape, AT) for name, shape in shapes.items()}


ANSWERS: Final[dict[str, Schema]] = {
    **_home(SHAPES),
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
    "ListStatus": structure(
        {
            **LISTS_OWN,
            "covered": told(TRUTH, "Where false, silence about a company is worth nothing."),
            "coverage": _COVERAGE,
            **_home(LISTS_STANDING),
        }
    ),
    "Status": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "as_of": TIME,
            "announced_by": or_null(TIME),
            "known_at": or_null(TEXT),
            "position": _END,
            **_home(STANDING),
            "lists": many("ListStatus"),
        }
    ),
    "Interval": structure({**_STRETCH, "status": STATUS, "restrictions": KINDS, "cause": TEXT}),
    "Episode": structure(
        {
            "episode": COUNT,
            **_STRETCH,
            "listings": {"type": "array", "items": ANY},
            "injunctions": {"type": "array", "items": ANY},
        }
    ),
    "Step": structure(
        {
            "at": TIME,
            "event": or_null(TEXT, "None where a date came."),
            "did": told({"enum": sorted(RULES)}, "What it did."),
            "rule": told(COUNT, "By which of the rules of a status, from 1 to 7."),
            "status": STATUS,
            "how": HOW,
            "episode": COUNT,
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
            "steps": told(many("Step"), "Why: the latest 100."),
            "steps_count": COUNT,
        }
    ),
    "StoryEvent": structure(
        {
            "position": POSITION,
            "id": _EVENT_ID,
            "type": TEXT,
            "subject": TEXT,
            "list": or_null(TEXT),
            "effective": _DATE,
            "announced": _DATE,
            "recorded": TIME,
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
            "at": TIME,
            "list": TEXT,
            "status": STATUS,
            "how": HOW,
            "restrictions": KINDS,
            "events": told(MANY, "Announced then; none where time alone did it."),
        }
    ),
    "History": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "position": _END,
            "ownership": OWNERSHIP,
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
            "status": or_null(STATUS, "Null where the company is parked."),
            "restrictions": KINDS,
            "lists": {
                "type": "array",
                "items": _STANDING_IN_SHORT,
            },
            "parked": or_null(TEXT, "Why nothing can be said of the company."),
            "ownership": OWNERSHIP,
        }
    ),
    "Screened": structure(
        {
            "row": told(COUNT, "Of JSON, which holding, from 1; of CSV, the line it begins on."),
            "input": told(ANY, "What was sent of it."),
            "match": told(
                {"enum": ["exact", "strong", "possible", "none"]},
                "How sure it is. `none`: no match was found, which clears nobody.",
            ),
            "company": or_null(TEXT),
            "name": or_null(TEXT),
            "score": or_null({"type": "number"}, "From 0 to 1."),
            "by": or_null(
                {"enum": list(get_args(By))}, "By what it was found: a name alone decides nothing."
            ),
            "matched": or_null(TEXT, "The identifier or name that matched, as it is known."),
            "as_of": TEXT,
            "status": or_null(STATUS, "Null where nothing can be said."),
            "restrictions": KINDS,
            "lists": {"type": "array", "items": _STANDING_IN_SHORT},
            "uncovered": told(MANY, "Lists of which nothing was read by then."),
            "parked": or_null(TEXT, "Why nothing can be said of the company."),
            "note": or_null(TEXT),
            "ownership": OWNERSHIP,
        }
    ),
    "Holdings": {
        "type": "object",
        "properties": {
            "holdings": told(
                {"type": "array", "items": {"type": "object"}, "maxItems": 10_000},
                "Each with any of `name`, `company`, `isin`, `lei`, `ticker`, `identifier`, `id`, "
                "`country`; what else it has comes back with it.",
            ),
            "names": told({**MANY, "maxItems": 10_000}, "Instead: names alone."),
            "list": MANY,
            "as_of": TEXT,
            "announced_by": TEXT,
            "known_at": TEXT,
            "min_score": {"type": "number", "minimum": 0.5, "maximum": 1, "default": 0.7},
        },
        "oneOf": [{"required": ["holdings"]}, {"required": ["names"]}],
    },
    "CompanyInShort": structure(
        {
            "company": TEXT,
            "name": or_null(TEXT),
            "country": or_null(TEXT, "ISO 3166-1 alpha-2."),
            "kind": TEXT,
            "status": or_null(STATUS, "Null where the company is parked."),
            "restrictions": KINDS,
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
            "status": STATUS,
            "restrictions": many("RestrictionOverall"),
            "lists": MANY,
            "position": _END,
        }
    ),
    "Receipt": {
        **structure(
            {"id": or_null(TEXT), "outcome": {"enum": ["recorded", "duplicate", "rejected"]}}
        ),
        "properties": {
            "id": or_null(_EVENT_ID),
            "position": or_null(POSITION),
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
            "position": POSITION,
            "recorded": TIME,
        },
        "A CloudEvent as it was recorded, with where and when.",
    ),
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
    "Readiness": {"type": "object", "properties": {"ready": TRUTH}, "required": ["ready"]},
}
