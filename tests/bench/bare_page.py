"""The peer of the pages: Starlette with one page that is there already, which it packs."""

import gzip

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PAGE = ("<!doctype html><title>bare</title>" + "<p>A paragraph.</p>" * 8_000).encode()


async def page(_: Request) -> Response:
    """150 kB of HTML."""
    headers = {"content-encoding": "gzip"}
    return Response(gzip.compress(_PAGE, 4), headers=headers, media_type="text/html")


app = Starlette(routes=[Route("/companies/{company}", page)])
