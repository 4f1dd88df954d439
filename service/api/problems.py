"""What goes wrong, as RFC 9457 problem details: every error of this service has one shape.

`type` names the kind of problem for programs, `errors` each field that is wrong, `detail` says it
to a person.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from alerts.opened import UnknownSubscription
from alerts.outbox import UnknownDelivery
from events.errors import Conflict, Problem, Refused, StoreError, UnknownCompany
from projections.reader import Parked
from service.api.answers import NotAcceptable
from service.api.body import MOST_BYTES, TooLarge
from service.review import UnknownQuestion
from service.standing import Filling

PROBLEM: Final = "application/problem+json"
MOST_ERRORS: Final = 100

_log = logging.getLogger("standing.api")
_TITLES: Final = {
    "refused": "The request says something that is not taken",
    "conflict": "The log has this id with other content",
    "unknown-company": "Unknown company",
    "unknown-list": "Unknown list",
    "unknown-subscription": "Unknown subscription",
    "unknown-delivery": "Unknown delivery",
    "unknown-question": "Unknown question",
    "parked": "The company's events cannot be folded",
    "too-large": "The body is too large",
    "not-yet": "The position was not reached in time",
    "token-needed": "A token is needed",
    "role-needed": "The token may not do this",
    "foreign-host": "This address is not served under that name",
    "cross-site": "Another site sent this",
    "not-acceptable": "No format that is asked for is served here",
    "too-many-streams": "No more streams are served here",
    "store": "The store cannot be used",
    "filling": "This replica has not read the log yet",
    "failed": "The service failed",
}


class NotYet(Exception):
    """A position that was asked for has not come in time."""


def problem(
    status: int,
    kind: str,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem as an answer. `more` are members of its own."""
    body = {
        "type": f"urn:standing:problem:{kind}",
        "title": _TITLES.get(kind) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors[:MOST_ERRORS]),
        **more,
    }
    if len(errors) > MOST_ERRORS:
        body["errors_count"] = len(errors)
    return Response(orjson.dumps(body), status, headers, PROBLEM)


def told(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as `errors` has them."""
    return [{"field": one.field, "detail": one.detail} for one in problems]


def refused(error: Refused) -> Response:
    """422, or 409 for what the log has otherwise."""
    conflict = isinstance(error, Conflict)
    status, kind = (409, "conflict") if conflict else (422, "refused")
    return problem(status, kind, str(error), told(error.problems))


def unknown_company(company: str) -> Response:
    """404, which is not an all-clear."""
    return problem(
        404,
        "unknown-company",
        f"The log has no event about {company!r}, as far as the question looks back. That is not "
        "the same as not_listed: nothing is known of it.",
        [{"field": "company", "detail": f"unknown company {company!r}"}],
    )


def handle(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return refused(error)


async def _unknown_company(_: Request, error: Exception) -> Response:
    return unknown_company(getattr(error, "company", ""))


async def _parked(_: Request, error: Exception) -> Response:
    return problem(503, "parked", f"{error}. Nothing is said of it meanwhile.")


async def _not_yet(_: Request, error: Exception) -> Response:
    errors = [{"field": "at_least", "detail": str(error)}]
    return problem(504, "not-yet", f"at_least: {error}", errors)


async def _too_large(_: Request, __: Exception) -> Response:
    detail = f"At most {MOST_BYTES:,} bytes are taken at once; send it in pieces."
    # What of it has not been read stays unread, and would be taken for the next request.
    return problem(413, "too-large", detail, headers={"connection": "close"})


async def _not_acceptable(_: Request, error: Exception) -> Response:
    return problem(406, "not-acceptable", str(error))


async def _unknown_subscription(_: Request, error: Exception) -> Response:
    return problem(404, "unknown-subscription", str(error))


async def _unknown_delivery(_: Request, error: Exception) -> Response:
    return problem(404, "unknown-delivery", str(error))


async def _unknown_question(_: Request, error: Exception) -> Response:
    return problem(404, "unknown-question", str(error))


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


async def _store(_: Request, error: Exception) -> Response:
    _log.error("store: %s", error)
    return problem(503, "store", str(error), headers={"retry-after": "5"})


async def _filling(_: Request, error: Exception) -> Response:
    return problem(503, "filling", str(error), headers={"retry-after": "5"})


async def _invalid(_: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [
        {"field": ".".join(str(part) for part in one["loc"][1:]), "detail": one["msg"]}
        for one in found
    ]
    return problem(
        422, "refused", "; ".join(f"{e['field']}: {e['detail']}" for e in errors), errors
    )


async def http_error(request: Request, error: Exception) -> Response:
    """No such address, or not by that method."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"{request.scope['path']} is no address of this service; see /openapi.json"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not served at {request.scope['path']}"
    else:
        detail = str(error.detail)
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(error.status_code, kind, detail, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return problem(500, "failed", "An error of ours; it was logged. Nothing half was written.")


_HANDLERS: Final[dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    Refused: _refused,
    UnknownCompany: _unknown_company,
    UnknownSubscription: _unknown_subscription,
    UnknownDelivery: _unknown_delivery,
    UnknownQuestion: _unknown_question,
    Parked: _parked,
    NotYet: _not_yet,
    TooLarge: _too_large,
    NotAcceptable: _not_acceptable,
    ClientDisconnect: _gone,
    Filling: _filling,
    StoreError: _store,
    RequestValidationError: _invalid,
    HTTPException: http_error,
    Exception: _failed,
}
