"""What /openapi.json says of each route, beside its docstring: parameters, answers, examples."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from service.api import examples, schemas

_Operation = dict[str, Any]
_JSON: Final = "application/json"
_LINES: Final = "application/jsonl"

API: Final[dict[str, Any]] = {
    "title": "standing",
    "version": version("standing"),
    "summary": "Which companies stand on which government lists, as of any date, and what that "
    "forbids.",
    "description": (
        "Every answer is folded from a log of events under three cut-offs. `as_of` cuts on when "
        "things have legal *effect*, `announced_by` on when the public could know of them, "
        "`known_at` on when this log *recorded* them, or on a position of it (`0:41`).\n\n"
        "**Dates** in a query are a day, a month or a year (`2021-04-01`, `2021-04`, `2021`), "
        "read in the time zone of the list and meaning its end, or a time with its offset "
        "(`2021-05-25T16:09:00-04:00`). Intervals are [`from`, `until`); a `null` end is not "
        "known.\n\n"
        "**Nothing reads as clearance that is not.** An unknown company is a 404, which is not "
        "`not_listed`; outside a list's coverage `covered` is false; the 50 % and affiliates "
        "rules are not evaluated (`ownership`). None of this is legal advice.\n\n"
        "**Errors** are RFC 9457 problem details; `errors` names each field that is wrong. An "
        "unknown parameter is refused, not passed over. A company that was merged into another "
        "answers with a 308 to it."
    ),
    "openapi_tags": [
        {
            "name": "status",
            "description": "What a company's standing is, was, and was known to be.",
        },
        {"name": "companies", "description": "Who the companies are."},
        {"name": "events", "description": "The log: what happened, and what is recorded."},
        {"name": "changes", "description": "What changed, in the order in which it was told."},
        {"name": "lists", "description": "The government lists, their rules and their sources."},
        {"name": "subscriptions", "description": "Who is told of changes, and whether it arrived."},
        {"name": "operating", "description": "For whoever runs the service."},
    ],
}

_PROBLEMS: Final = {
    404: "Unknown. Of a company: nothing is known of it, which is not the same as `not_listed`.",
    406: "Nothing that `Accept` names is served here.",
    409: "The log has this id with other content; the first counts.",
    413: "The body is larger than 20 MB.",
    422: "Something is not taken; `errors` names each field.",
    503: "The store cannot be used, or the company is parked; `detail` says what to do.",
    504: "The position that `at_least` names was not reached in time.",
}
_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any], Any]]] = {
    "list": ("Only these lists, the overall status included.", schemas.MANY, ["us-dod-ccmc"]),
    "as_of": (
        "What has legal effect by then: the end of a day, month or year. By default now.",
        schemas.TEXT,
        "2021-04-01",
    ),
    "announced_by": (
        "Only what the public could know by then. By default everything.",
        schemas.TEXT,
        "2021-05-25",
    ),
    "known_at": (
        "Only what this log held by then: a date, or a position such as `0:41`. By default all.",
        schemas.TEXT,
        "0:41",
    ),
    "at_least": (
        "Wait, up to 30 seconds, until everything up to this position can be read.",
        schemas.TEXT,
        "0:41",
    ),
    "q": (
        "A name, alias, identifier or id, or a part of one, in any script.",
        schemas.TEXT,
        "小米",
    ),
    "after": ("Go on behind this: the `next` of the page before.", schemas.TEXT, None),
    "limit": ("At most so many.", schemas.COUNT, None),
    "company": ("Only this company's.", schemas.TEXT, "xiaomi"),
    "kind": ("Only these kinds.", schemas.CHANGE_KINDS, ["changed", "corrected"]),
    "format": (
        "The format, whatever `Accept` says.",
        {"type": "string", "enum": ["jsonl", "csv", "parquet"]},
        None,
    ),
    "atomic": (
        "All or none; at most 10,000 events.",
        {"type": "boolean", "default": False},
        None,
    ),
    "backfill": (
        "History being loaded: nobody is told of it as news.",
        {"type": "boolean", "default": False},
        None,
    ),
    "since": ("`beginning`, a position, or a date.", schemas.TEXT, "2021-01-01"),
    "before": ("Go on before this: the `next` of the page before.", schemas.COUNT, None),
}


def _operation(
    summary: str,
    tag: str,
    answer: dict[str, Any],
    *,
    path: str | None = None,
    query: Sequence[str] = (),
    problems: Sequence[int] = (422, 503),
    **more: Any,
) -> _Operation:
    """The arguments of a route. `answer` is its success as OpenAPI has it."""
    parameters = [_in_path(path)] if path else []
    parameters += [_in_query(name) for name in query]
    status = more.pop("status_code", 200)
    responses: dict[int | str, dict[str, Any]] = {
        status: answer,
        **{code: _problem(code) for code in problems},
    }
    return {
        "summary": summary,
        "tags": [tag],
        "status_code": status,
        "responses": responses,
        "response_class": Response,
        "openapi_extra": {"parameters": parameters, **more},
    }


def _in_path(name: str) -> dict[str, Any]:
    text, example = {
        "company": (
            "The company's id here. Sources' own ids are references, never this.",
            "xiaomi",
        ),
        "list": ("The list's id.", "us-dod-ccmc"),
        "subscription": ("The subscription's id.", "sub_0123456789abcdef01234567"),
    }[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": schemas.TEXT,
        "example": example,
    }


def _in_query(name: str) -> dict[str, Any]:
    text, schema, example = _PARAMETERS[name]
    told = {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
    return {**told, "example": example} if example is not None else told


def _problem(code: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[code],
        "content": {"application/problem+json": {"schema": schemas.ref("Problem")}},
    }


def _json(description: str, schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"schema": schema, **({"example": example} if example is not None else {})}
    return {"description": description, "content": {_JSON: content}}


def _body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": schema, "example": example}}}


_CUTS: Final = ("list", "as_of", "announced_by", "known_at", "at_least")
_READS: Final = (404, 422, 503, 504)

STATUS: Final = _operation(
    "A company's status",
    "status",
    _json("The status, list by list and overall.", schemas.ref("Status"), examples.STATUS),
    path="company",
    query=_CUTS,
    problems=_READS,
)
HISTORY: Final = _operation(
    "A company's whole story",
    "status",
    _json("Events, episodes, what the public knew, what we told.", schemas.ref("History")),
    path="company",
    query=_CUTS,
    problems=_READS,
)
EVERYONE: Final = _operation(
    "Everybody's status",
    "status",
    {
        "description": "One row a company, by id, streamed. In CSV, lists of records are JSON.",
        "content": {
            _LINES: {"schema": schemas.ref("Row"), "example": examples.ROW},
            "text/csv": {"schema": schemas.TEXT},
            "application/vnd.apache.parquet": {"schema": schemas.BINARY},
        },
    },
    query=(*_CUTS, "format"),
    problems=(406, 422, 503, 504),
)
COMPANY: Final = _operation(
    "A company",
    "companies",
    _json("Who it is.", schemas.ref("Company"), examples.COMPANY),
    path="company",
    query=("at_least",),
    problems=_READS,
)
COMPANIES: Final = _operation(
    "Find companies",
    "companies",
    _json("Those found, the closest first.", schemas.page("companies", "CompanyInShort")),
    query=("q", "limit", "after", "at_least"),
    problems=(422, 503, 504),
)
RECORD_EVENTS: Final = _operation(
    "Record events",
    "events",
    {
        "description": "What became of each, in kind: an object, an array, or JSON Lines.",
        "content": {
            _JSON: {
                "schema": {
                    "oneOf": [
                        schemas.ref("Receipt"),
                        {"type": "array", "items": schemas.ref("Receipt")},
                    ]
                },
                "example": examples.RECEIPT,
            },
            _LINES: {"schema": schemas.ref("Receipt")},
        },
    },
    query=("atomic", "backfill"),
    problems=(409, 413, 422, 503),
    requestBody={
        "required": True,
        "content": {
            _JSON: {
                "schema": {
                    "oneOf": [
                        schemas.ref("Event"),
                        {"type": "array", "items": schemas.ref("Event")},
                    ]
                },
                "examples": examples.EVENTS,
            },
            _LINES: {"schema": schemas.ref("Event")},
        },
    },
)
READ_EVENTS: Final = _operation(
    "Read the log",
    "events",
    {
        "description": "Events in the order of the log.",
        "content": {
            _JSON: {"schema": schemas.page("events", "RecordedEvent")},
            _LINES: {"schema": schemas.ref("RecordedEvent")},
        },
    },
    query=("after", "limit", "company", "at_least"),
    problems=_READS,
)
CHANGES: Final = _operation(
    "What changed",
    "changes",
    _json(
        "A page, and the cursor to go on from.",
        schemas.page("changes", "Change", more=True),
        examples.CHANGES,
    ),
    query=("after", "limit", "company", "list", "kind", "at_least"),
    problems=_READS,
)
LISTS: Final = _operation("All lists", "lists", _json("The lists.", schemas.ref("Lists")))
LIST: Final = _operation(
    "A list",
    "lists",
    _json("The list, with its rules.", schemas.ref("List")),
    path="list",
    problems=(404, 422, 503),
)
SUBSCRIBE: Final = _operation(
    "Subscribe",
    "subscriptions",
    _json("Kept. `secret` is shown this once.", schemas.ref("NewSubscription")),
    status_code=201,
    requestBody=_body(schemas.ref("SubscriptionRequest"), examples.SUBSCRIPTION),
    problems=(413, 422, 503),
)
SUBSCRIPTIONS: Final = _operation(
    "All subscriptions",
    "subscriptions",
    _json("Oldest first.", schemas.listed("subscriptions", "Subscription")),
)
SUBSCRIPTION: Final = _operation(
    "A subscription",
    "subscriptions",
    _json("The subscription.", schemas.ref("Subscription")),
    path="subscription",
    problems=(404, 503),
)
UNSUBSCRIBE: Final = _operation(
    "End a subscription",
    "subscriptions",
    {"description": "It is gone."},
    path="subscription",
    status_code=204,
    problems=(404, 503),
)
TEST: Final = _operation(
    "Send a test message",
    "subscriptions",
    _json("The delivery.", schemas.ref("Delivery")),
    path="subscription",
    problems=(404, 503),
)
ROTATE: Final = _operation(
    "Change the secret",
    "subscriptions",
    _json("The new secret, shown this once.", schemas.ref("Secret")),
    path="subscription",
    problems=(404, 503),
)
PREVIEW: Final = _operation(
    "Preview a filter",
    "subscriptions",
    _json("What would have been sent.", schemas.ref("Preview")),
    requestBody=_body(schemas.ref("PreviewRequest"), examples.PREVIEW),
    problems=(413, 422, 503),
)
PREVIEW_ONE: Final = _operation(
    "Preview a subscription",
    "subscriptions",
    _json("What would have been sent.", schemas.ref("Preview")),
    path="subscription",
    query=("since", "limit"),
    problems=(404, 422, 503),
)
DELIVERIES: Final = _operation(
    "What was sent",
    "subscriptions",
    _json("Latest first.", schemas.page("deliveries", "Delivery")),
    path="subscription",
    query=("limit", "before"),
    problems=(404, 422, 503),
)
REDELIVER: Final = _operation(
    "Send a message again",
    "subscriptions",
    _json("It waits to be sent.", schemas.ref("Delivery")),
    path="subscription",
    status_code=202,
    requestBody=_body(schemas.ref("Redelivery"), {"delivery": "msg_…"}),
    problems=(404, 422, 503),
)
HEALTH: Final = _operation(
    "Is it alive?", "operating", _json("It is.", {"type": "object"}), problems=()
)
READY: Final = _operation(
    "Is it ready?",
    "operating",
    _json("It is.", schemas.ref("Readiness")),
    problems=(),
)
READY["responses"][503] = _json("It is not; `log` and `lag` say why.", schemas.ref("Readiness"))
METRICS: Final = _operation(
    "Metrics",
    "operating",
    {"description": "Prometheus text.", "content": {"text/plain": {"schema": schemas.TEXT}}},
    problems=(),
)


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        components = found.setdefault("components", {})
        components["schemas"] = {**components.get("schemas", {}), **schemas.components()}
        components["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Asked for wherever others than this machine can reach the service. "
                "Roles: `read`, `record` (and to record events), `admin` (and subscriptions).",
            }
        }
        found["security"] = [{}, {"token": []}]
        app.openapi_schema = found
    return app.openapi_schema
