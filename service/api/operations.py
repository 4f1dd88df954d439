"""Each route as /openapi.json has it, beside the docstring that says what it does."""

from typing import Final

from projections import blocks
from service.api import examples, schemas
from service.api.described import JSON, LINES, operation, sent, told

_CUTS: Final = ("list", "as_of", "announced_by", "known_at", "at_least")
_READS: Final = (404, 422, 503, 504)
_FILTER: Final = (
    "companies",
    "list",
    "country",
    "from",
    "to",
    "kind",
    "restriction",
    "gained",
    "lost",
    "backfilled",
)

STATUS: Final = operation(
    "A company's status",
    "status",
    told("The status, list by list and overall.", schemas.ref("Status"), examples.STATUS),
    path="company",
    query=_CUTS,
    problems=_READS,
)
HISTORY: Final = operation(
    "A company's whole story",
    "status",
    told("Events, episodes, what the public knew, what we told.", schemas.ref("History")),
    path="company",
    query=_CUTS,
    problems=_READS,
)
EVERYONE: Final = operation(
    "Everybody's status",
    "status",
    {
        "description": "One row a company, by id, streamed. In CSV, lists of records are JSON.",
        "content": {
            LINES: {"schema": schemas.ref("Row"), "example": examples.ROW},
            "text/csv": {"schema": blocks.TEXT},
            "application/vnd.apache.parquet": {"schema": blocks.BINARY},
        },
    },
    query=(*_CUTS, "format"),
    problems=(406, 422, 503, 504),
)
COMPANY: Final = operation(
    "A company",
    "companies",
    told("Who it is.", schemas.ref("Company"), examples.COMPANY),
    path="company",
    query=("at_least",),
    problems=_READS,
)
COMPANIES: Final = operation(
    "Find companies",
    "companies",
    told("Those found, the closest first.", schemas.page("companies", "CompanyInShort")),
    query=("q", "limit", "after", "at_least"),
    problems=(422, 503, 504),
)
SCREEN: Final = operation(
    "Screen holdings",
    "screening",
    {
        "description": "One row for each match of each holding, or one that says that no match was "
        "found. In CSV and Parquet the columns that were sent come first.",
        "content": {
            JSON: {"schema": schemas.listed("rows", "Screened"), "example": examples.SCREENED},
            LINES: {"schema": schemas.ref("Screened")},
            "text/csv": {"schema": blocks.TEXT},
            "application/vnd.apache.parquet": {"schema": blocks.BINARY},
        },
    },
    query=(*_CUTS, "min_score", "format"),
    problems=(406, 413, 422, 503, 504),
    requestBody={
        "required": True,
        "content": {
            JSON: {"schema": schemas.ref("Holdings"), "examples": examples.HOLDINGS},
            "text/csv": {"schema": blocks.TEXT, "example": examples.HOLDINGS_CSV},
        },
    },
)
REVIEW: Final = operation(
    "Open questions",
    "review",
    told(
        "Those that are not decided, the most pressing first.",
        schemas.structured(count=blocks.COUNT, questions=schemas.many("Question")),
        examples.QUESTIONS,
    ),
    query=("limit", "at_least"),
    problems=(422, 503, 504),
)
QUESTION: Final = operation(
    "A question",
    "review",
    told("With both sides, and what was decided.", schemas.ref("QuestionWithSides")),
    path="question",
    problems=_READS,
)
DECIDE: Final = operation(
    "Decide a question",
    "review",
    told("What was recorded.", schemas.listed("recorded", "Receipt")),
    path="question",
    problems=(404, 409, 413, 422, 503),
    requestBody=sent(schemas.ref("DecisionRequest"), examples.DECISION),
)
RECORD_EVENTS: Final = operation(
    "Record events",
    "events",
    {
        "description": "What became of each, in kind: an object, an array, or JSON Lines.",
        "content": {
            JSON: {
                "schema": {
                    "oneOf": [
                        schemas.ref("Receipt"),
                        {"type": "array", "items": schemas.ref("Receipt")},
                    ]
                },
                "example": examples.RECEIPT,
            },
            LINES: {"schema": schemas.ref("Receipt")},
        },
    },
    query=("atomic", "backfill"),
    problems=(409, 413, 422, 503),
    requestBody={
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "oneOf": [
                        schemas.ref("Event"),
                        {"type": "array", "items": schemas.ref("Event")},
                    ]
                },
                "examples": examples.EVENTS,
            },
            LINES: {"schema": schemas.ref("Event")},
        },
    },
)
READ_EVENTS: Final = operation(
    "Read the log",
    "events",
    {
        "description": "Events in the order of the log.",
        "content": {
            JSON: {"schema": schemas.page("events", "RecordedEvent")},
            LINES: {"schema": schemas.ref("RecordedEvent")},
        },
    },
    query=("after", "limit", "company", "at_least"),
    problems=_READS,
)
CHANGES: Final = operation(
    "What changed",
    "changes",
    told(
        "A page, and the cursor to go on from.",
        schemas.page("changes", "Change", more=True),
        examples.CHANGES,
    ),
    query=("after", "limit", *_FILTER, "at_least"),
    problems=_READS,
)
_ATOM: Final = {
    "description": "Atom; entries have the same id wherever they are served. `next` leads to what "
    "was before.",
    "content": {"application/atom+xml": {"schema": blocks.TEXT}},
}
FEED: Final = operation(
    "What changed, for feed readers",
    "changes",
    _ATOM,
    query=(*_FILTER, "back", "limit", "at_least"),
    problems=_READS,
)
COMPANY_FEED: Final = operation(
    "What changed of a company, for feed readers",
    "changes",
    _ATOM,
    path="company",
    query=("list", "from", "to", "kind", *_FILTER[6:], "back", "limit", "at_least"),
    problems=_READS,
)
STREAM: Final = operation(
    "What changes, as it comes",
    "changes",
    {
        "description": "Server-sent events, until one of both sides ends it. `data` is a change as "
        "`/v1/changes` has it; `id` is the cursor behind it, for `Last-Event-ID` or `after`.",
        "content": {"text/event-stream": {"schema": blocks.TEXT}},
    },
    query=("after", *_FILTER, "at_least"),
    problems=_READS,
)
LISTS: Final = operation("All lists", "lists", told("The lists.", schemas.ref("Lists")))
LIST: Final = operation(
    "A list",
    "lists",
    told("The list, with its rules.", schemas.ref("List")),
    path="list",
    problems=(404, 422, 503),
)
AUDIT: Final = operation(
    "Who did what",
    "operating",
    told("Latest first.", schemas.page("acts", "Act")),
    query=("limit", "before", "object"),
)
HEALTH: Final = operation(
    "Is it alive?", "operating", told("It is.", {"type": "object"}), problems=()
)
READY: Final = operation(
    "Is it ready?",
    "operating",
    told("It is.", schemas.ref("Readiness")),
    problems=(),
)
READY["responses"][503] = told("It is not; `log` and `lag` say why.", schemas.ref("Readiness"))
METRICS: Final = operation(
    "Metrics",
    "operating",
    {"description": "Prometheus text.", "content": {"text/plain": {"schema": blocks.TEXT}}},
    problems=(),
)
RELEASE: Final = operation(
    "Try a parked company again",
    "operating",
    told(
        "What came of it.",
        schemas.structured(company=blocks.TEXT, parked=blocks.or_null(blocks.TEXT)),
    ),
    path="company",
    problems=(422, 503),
)
