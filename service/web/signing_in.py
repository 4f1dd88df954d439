"""Signing in, where the service asks for tokens: the token is kept in a cookie that no script reads
and that no other site's page can make a browser send.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from service.api.gate import SIGN_IN, SIGNED_IN
from service.web import guards
from service.web.preferences import back, chosen, ours
from service.web.site import Site, onward

_ELSEWHERE: Final = ("cross-site", "same-site")


class SigningIn:
    """`/sign-in`, `/sign-out` and `/theme`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add("/theme", self.theme, method="POST")
        if site.tokens is not None:
            site.add(SIGN_IN, self.ask)
            site.add(SIGN_IN, self.sign_in, method="POST")
            site.add("/sign-out", self.sign_out, method="POST")

    async def theme(self, request: Request) -> Response:
        """Light, dark, or as the machine has it."""
        response = onward(back(request))
        chosen(response, (await request.form()).get("theme"))
        return response

    async def ask(self, request: Request) -> Response:
        """Ask for the token. Who follows a link from another site comes without a cookie: from
        this page of ours they are sent on once more, and if they are signed in, that is seen."""
        on = ours(request.query_params.get("next", "/"))
        if request.headers.get("sec-fetch-site") in _ELSEWHERE:
            return self._site.page(request, "again.html", on=on)
        return self._form(request, on)

    async def sign_in(self, request: Request) -> Response:
        """Take the token, and go on to where one wanted to."""
        fields = await self._site.form(request)
        on = ours(str(fields.get("next", "/")))
        text = str(fields.get("token", "")).strip()
        tokens = self._site.tokens
        if tokens is None or tokens.verify(text) is None:
            return self._form(request, on, "This is no token that counts here now.", code=403)
        response = onward(on)
        guards.keep(response, SIGNED_IN, text)
        return response

    async def sign_out(self, request: Request) -> Response:
        """Forget the token in this browser."""
        await self._site.form(request)
        response = onward(SIGN_IN)
        guards.keep(response, SIGNED_IN, "", gone=True)
        return response

    def _form(self, request: Request, on: str, wrong: str = "", code: int = 200) -> Response:
        return self._site.page(request, "sign-in.html", code, on=on, wrong=wrong)
