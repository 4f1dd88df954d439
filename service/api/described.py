"""What /openapi.json says of each route, beside its docstring: parameters, answers, examples."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from alerts.changing import FIXED
from alerts.subscriptions import Filter, Request
from events.models import EVENT_MODELS
from events.schemas import components as event_components
from events.schemas import short
from projections import blocks
from service.api import change_shapes, review_shapes, schemas, shapes, subscription_shapes
from service.api.subscription_shapes import LISTED, PAUSING

_Operation = dict[str, Any]
JSON: Final = "application/json"
LINES: Final = "application/jsonl"

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
        "answers with a 308 to it.\n\n"
        "**Topics** in Kafka, and their messages, are described at `/asyncapi.json`."
    ),
    "openapi_tags": [
        {
            "name": "status",
            "description": "What a company's standing is, was, and was known to be.",
        },
        {"name": "companies", "description": "Who the companies are."},
        {"name": "screening", "description": "Whom holdings may be, and how those stand."},
        {"name": "review", "description": "What nothing here decides by itself."},
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
    "list": ("Only these lists, the overall status included.", blocks.MANY, ["us-dod-ccmc"]),
    "as_of": (
        "What has legal effect by then: the end of a day, month or year. By default now.",
        blocks.TEXT,
        "2021-04-01",
    ),
    "announced_by": (
        "Only what the public could know by then. By default everything.",
        blocks.TEXT,
        "2021-05-25",
    ),
    "known_at": (
        "Only what this log held by then: a date, or a position such as `0:41`. By default all.",
        blocks.TEXT,
        "0:41",
    ),
    "at_least": (
        "Wait, up to 30 seconds, until everything up to this position can be read.",
        blocks.TEXT,
        "0:41",
    ),
    "q": (
        "A name, alias, identifier or id, or a part of one, in any script.",
        blocks.TEXT,
        "小米",
    ),
    "after": ("Go on behind this: the `next` of the page before.", blocks.TEXT, None),
    "skip": ("Leave out what waited, and what was told meanwhile.", blocks.TRUTH, None),
    "limit": ("At most so many.", blocks.COUNT, None),
    "company": ("Only this company's.", blocks.TEXT, "xiaomi"),
    "companies": ("Only these companies'.", blocks.MANY, ["xiaomi"]),
    "country": ("Only of companies of these countries: CN.", blocks.MANY, None),
    "from": ("Only where the list's status was one of these.", blocks.MANY, None),
    "to": ("Only where the list's status is one of these now.", blocks.MANY, ["removed"]),
    "restriction": ("Only what brings or takes away one of these.", blocks.MANY, None),
    "gained": ("Only what brings one of these.", blocks.MANY, None),
    "lost": ("Only what takes one of these away.", blocks.MANY, None),
    "back": ("Go back before this: the link `next` has it.", blocks.TEXT, None),
    "backfilled": (
        "Whether history that was loaded counts.",
        {"type": "boolean", "default": True},
        None,
    ),
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
    "min_score": (
        "How like a name must be at least.",
        {"type": "number", "minimum": 0.5, "maximum": 1, "default": 0.7},
        None,
    ),
    "since": (
        "A span back from now, by default `P1Y`; or `beginning`, a position, or a date.",
        blocks.TEXT,
        "2021-01-01",
    ),
    "accept_likely": (
        "Also take those of which one company's name is more alike than any other's.",
        {"type": "boolean", "default": False},
        None,
    ),
    "object": ("Only what was done to it.", blocks.TEXT, "sub_0123456789abcdef01234567"),
    "before": ("Go on before this: the `next` of the page before.", blocks.COUNT, None),
}

_NAMED: Final = {"companies": "company", "backfilled": "backfill", "back": "before"}
"""Parameters of one name that mean something else elsewhere."""


def operation(
    summary: str,
    tag: str,
    answer: dict[str, Any],
    *,
    path: str | tuple[str, ...] = (),
    query: Sequence[str] = (),
    problems: Sequence[int] = (422, 503),
    **more: Any,
) -> _Operation:
    """The arguments of a route. `answer` is its success as OpenAPI has it."""
    parameters = [_in_path(one) for one in ((path,) if isinstance(path, str) else path)]
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
        "delivery": ("The message's id.", "msg_0b7cbb4c-6a0e-5d0b-8f0e-2d8a1f9f9a55"),
        "question": ("The question's id.", "same-0f0c2c9e-7c5f"),
        "subscription": ("The subscription's id.", "sub_0123456789abcdef01234567"),
    }[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": blocks.TEXT,
        "example": example,
    }


def _in_query(name: str) -> dict[str, Any]:
    text, schema, example = _PARAMETERS[name]
    name = _NAMED.get(name, name)
    shown = {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
    return {**shown, "example": example} if example is not None else shown


def _problem(code: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[code],
        "content": {"application/problem+json": {"schema": schemas.ref("Problem")}},
    }


def told(description: str, schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"schema": schema, **({"example": example} if example is not None else {})}
    return {"description": description, "content": {JSON: content}}


def sent(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": schema, "example": example}}}


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
        kept = found.setdefault("components", {})
        kept["schemas"] = {**kept.get("schemas", {}), **components()}
        kept["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Asked for wherever others than this machine can reach the service. "
                "Roles: `read`, `record` (and to record events), `admin` (and everybody's "
                "subscriptions). A token belongs to an owner, who sees his own subscriptions.",
            }
        }
        found["security"] = [{}, {"token": []}]
        app.openapi_schema = found
    return app.openapi_schema


def components() -> dict[str, Any]:
    """All of them, with the events and subscriptions as their models have them."""
    defined = event_components(schemas.AT, Filter, Request)
    asked = defined.pop(Request.__name__)
    fields = asked["properties"]
    wishes = {name: one for name, one in fields.items() if name not in FIXED}
    defined["SubscriptionRequest"] = {**asked, "properties": {**fields, **LISTED}}
    defined["SubscriptionWish"] = {"type": "object", "properties": {**wishes, **PAUSING}}
    defined["Event"] = {
        "description": "A CloudEvent 1.0 in structured JSON. `type`, `subject` and `data` are "
        "needed; the rest is filled in.",
        "oneOf": [schemas.ref(short(name)) for name in EVENT_MODELS],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: schemas.AT + short(name) for name in EVENT_MODELS},
        },
    }
    for part in (shapes, change_shapes, review_shapes, subscription_shapes):
        defined |= part.ANSWERS
    return dict(sorted(defined.items()))
