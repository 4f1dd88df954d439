"""The application: every route, behind one gate, with every error told alike."""

from typing import Final

import orjson
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.api import described, promises
from service.api.answers import JSON
from service.api.asking import Asking
from service.api.at_once import AtOnce
from service.api.audited import Audited, Audits
from service.api.changes import Changes
from service.api.companies import Companies
from service.api.deliveries import Deliveries
from service.api.events import Events
from service.api.everyone import Everyone
from service.api.feeds import Feeds
from service.api.gate import Gate
from service.api.lists import Lists
from service.api.looking import Looking
from service.api.mail import MailLinks
from service.api.operating import Operating
from service.api.problems import handle
from service.api.review import Reviewing
from service.api.screening import Screen
from service.api.streams import BEAT_S, MOST, Streams
from service.api.subscriptions import Subscriptions
from service.api.watchlists import Watchlists
from service.audit import Audit
from service.deciding import Queue
from service.standing import Service
from service.tokens import Tokens
from service.web.pages import Shared, add_pages
from service.web.site import Site

PATIENCE_S: Final = 30.0


def create_app(
    service: Service,
    *,
    tokens: Tokens | None = None,
    patience_s: float = PATIENCE_S,
    beat_s: float = BEAT_S,
    most_streams: int = MOST,
) -> FastAPI:
    """The HTTP side of a running standing.

    Without `tokens`, whoever reaches it may do everything, but only under a name of this machine.
    A read that waits for a position waits at most `patience_s` seconds; streams tell every `beat_s`
    seconds that they live, and there are `most_streams` of them at most.
    """
    # No pages of documentation with scripts from elsewhere: /openapi.json, and nothing else.
    app = FastAPI(**described.API, openapi_url=None, docs_url=None, redoc_url=None)
    asking = Asking(service, patience_s)
    looking = Looking(service, patience_s)
    streams = Streams(service, asking, looking, beat_s=beat_s, most=most_streams)
    app.state.streams = streams
    operating = Operating(service, streams)
    companies = Companies(asking)
    watchlists = Watchlists(service)
    audit = Audit(service.standing.settings.home, service.standing.clock)
    queue = Queue(service)
    site = Site(service, asking, tokens)
    add_pages(site, Shared(looking, queue, operating, streams))
    parts: list[APIRouter] = [
        companies.router,
        Events(service, asking, operating.metrics).router,
        Everyone(service, asking).router,
        Screen(service, asking).router,
        Reviewing(queue, asking).router,
        Changes(service, asking, looking).router,
        streams.router,
        Feeds(service, asking, looking).router,
        Lists(service).router,
        Subscriptions(service, watchlists).router,
        watchlists.router,
        Deliveries(service).router,
        Audits(audit).router,
        MailLinks(service.desk, site).router,
        operating.router,
        site.router,
    ]
    for part in parts:
        # Not `include_router`, which puts a second look-up before each of their routes.
        app.router.routes.extend(part.routes)
    app.router.add_route("/openapi.json", _openapi, include_in_schema=False)
    app.router.routes.extend(promises.routes())
    handle(app)
    app.add_exception_handler(HTTPException, site.lost)
    app.add_middleware(AtOnce, asking=asking, route=companies.status_route)
    app.add_middleware(Audited, audit=audit)
    app.add_middleware(Gate, metrics=operating.metrics, tokens=tokens, bar=site.barred)
    app.openapi = lambda: described.openapi(app)  # type: ignore[method-assign]
    return app


async def _openapi(request: Request) -> Response:
    schema = request.app.openapi()
    return Response(orjson.dumps(schema, option=orjson.OPT_INDENT_2), media_type=JSON)
