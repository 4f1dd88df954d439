"""Who may send a form: a page of ours, in the browser that was given it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from service.api.gate import SIGN_IN, SIGNED_IN
from service.tokens import Role, Tokens
from tests.unit.serving import Api, problem, served

FORM = "__Host-standing-form"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """The tokens of the folder that is served."""
    return Tokens(tmp_path, lambda: 0)


@asynccontextmanager
async def reached(home: Path) -> AsyncIterator[Api]:
    """As others reach it, over https."""
    async with served(home, tokens=True) as api:
        api.client.base_url = httpx.URL("https://desk.example")
        yield api


async def sealed(api: Api, path: str = SIGN_IN) -> str:
    """The token of the form on a page."""
    text = (await api.client.get(path, headers={"accept": "text/html"})).text
    return re.findall(r'name="form" value="([^"]+)"', text)[0]


async def signed_in(api: Api, tokens: Tokens, role: Role = "read") -> str:
    """Sign in; the token."""
    text, _ = tokens.create(role, "me", owner="desk")
    fields = {"form": await sealed(api), "token": text, "next": "/search?q=a"}
    answer = await api.client.post(SIGN_IN, data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=a")
    kept = answer.headers["set-cookie"].lower()
    assert all(word in kept for word in ("secure", "httponly", "samesite=strict", "path=/"))
    return text


async def test_a_page_asks_who_one_is_and_goes_on(tmp_path: Path, tokens: Tokens) -> None:
    """With its question; what is not for people is asked for as before."""
    async with reached(tmp_path) as api:
        for_people = {"accept": "text/html"}
        answer = await api.client.get("/companies/a?as_of=2021", headers=for_people)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/companies/a%3Fas_of%3D2021"
        problem(await api.client.get("/companies/a"), 401)
        await signed_in(api, tokens)
        assert (await api.client.get("/", headers=for_people)).status_code == 200


async def test_a_form_needs_what_its_page_had(tmp_path: Path, tokens: Tokens) -> None:
    """None, another one, or one without its cookie is refused, and nothing is done."""
    async with reached(tmp_path) as api:
        text, _ = tokens.create("admin", "me")
        seal = await sealed(api)
        for fields in ({}, {"form": ""}, {"form": "x" * 32}, {"form": "é"}):
            answer = await api.client.post(SIGN_IN, data={"token": text, **fields})
            assert (answer.status_code, SIGNED_IN in api.client.cookies) == (422, False)
        api.client.cookies.delete(FORM)
        answer = await api.client.post(SIGN_IN, data={"token": text, "form": seal})
        assert (answer.status_code, SIGNED_IN in api.client.cookies) == (422, False)


async def test_a_wrong_token_signs_nobody_in(tmp_path: Path, tokens: Tokens) -> None:
    """It says so, and the form is there again."""
    async with reached(tmp_path) as api:
        fields = {"form": await sealed(api), "token": "standing_x", "next": "/"}
        answer = await api.client.post(SIGN_IN, data=fields)
        assert (answer.status_code, "no token" in answer.text) == (403, True)
        assert SIGNED_IN not in api.client.cookies


@pytest.mark.parametrize("on", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
async def test_one_is_led_nowhere_else(on: str, tmp_path: Path, tokens: Tokens) -> None:
    """Whatever an address says, one stays here."""
    async with reached(tmp_path) as api:
        text, _ = tokens.create("read", "me")
        fields = {"form": await sealed(api), "token": text, "next": on}
        assert (await api.client.post(SIGN_IN, data=fields)).headers["location"] == "/"


async def test_a_link_from_elsewhere_finds_one_signed_in(tmp_path: Path, tokens: Tokens) -> None:
    """A browser does not send the cookie with it: one is sent on once more, from here."""
    async with reached(tmp_path) as api:
        where = {"accept": "text/html", "sec-fetch-site": "cross-site"}
        answer = await api.client.get(f"{SIGN_IN}?next=/search?q=a", headers=where)
        assert '<meta http-equiv="refresh" content="0; url=/search?q=a">' in answer.text


async def test_a_cookie_writes_only_from_a_page_of_this_site(
    tmp_path: Path, tokens: Tokens
) -> None:
    """It must be said by the browser; a program shows its token itself."""
    async with reached(tmp_path) as api:
        await signed_in(api, tokens, "admin")
        body = {"type": "standing.company.described", "subject": "a", "data": {"name": "A"}}
        problem(await api.client.post("/v1/events", json=body), 401)
        for other in ("cross-site", "same-site"):
            where = {"sec-fetch-site": other}
            problem(await api.client.post("/v1/events", json=body, headers=where), 403)
        here = {"sec-fetch-site": "same-origin", "origin": "https://desk.example"}
        assert (await api.client.post("/v1/events", json=body, headers=here)).status_code == 200


async def test_who_signed_out_or_whose_token_was_revoked_is_out(
    tmp_path: Path, tokens: Tokens
) -> None:
    """At once."""
    async with reached(tmp_path) as api:
        await signed_in(api, tokens)
        fields = {"form": await sealed(api, "/")}
        here = {"sec-fetch-site": "same-origin"}
        answer = await api.client.post("/sign-out", data=fields, headers=here)
        assert (answer.status_code, SIGNED_IN in api.client.cookies) == (303, False)
        await signed_in(api, tokens)
        tokens.revoke(tokens.all()[-1].id)
        problem(await api.client.get("/v1/lists"), 401)


async def test_who_may_not_see_a_page_is_told_on_one(tmp_path: Path, tokens: Tokens) -> None:
    """And who goes where nothing is; programs are told as before."""
    async with reached(tmp_path) as api:
        await signed_in(api, tokens)
        for path, code, words in (
            ("/audit", 403, "Your token may not see this"),
            ("/nowhere", 404, "There is no such page"),
        ):
            answer = await api.client.get(path, headers={"accept": "text/html"})
            assert (answer.status_code, words in answer.text) == (code, True)
            problem(await api.client.get(path), code)
        problem(await api.client.get("/v1/nowhere", headers={"accept": "text/html"}), 404)


async def test_who_is_barred_is_told_which_role_is_needed(tmp_path: Path, tokens: Tokens) -> None:
    """And is led to sign in by another token, and back to where one wanted to go."""
    async with reached(tmp_path) as api:
        await signed_in(api, tokens)
        answer = await api.client.get("/review?kind=name", headers={"accept": "text/html"})
        words = " ".join(answer.text.split())
        assert answer.status_code == 403
        assert "The role <b>record</b> is needed" in words
        assert "The token of <bdi>desk</bdi> has the role <b>read</b>" in words
        assert "standing token create --role record" in words
        assert 'href="/sign-in?next=/review%3Fkind%3Dname"' in words
        assert "Nothing was done" not in words


async def test_a_form_that_one_may_not_send_is_answered_with_a_page(
    tmp_path: Path, tokens: Tokens
) -> None:
    """Also once the token has been revoked. Nothing is done; programs are told as before."""
    async with reached(tmp_path) as api:
        await signed_in(api, tokens)
        at, host = "/operate/release", "https://desk.example"
        here = {"sec-fetch-site": "same-origin", "origin": host, "referer": f"{host}/operate"}
        for code, title, again in (
            (403, "Your token may not do this", "another token"),
            (401, "You are not signed in any more", "Sign in</a>"),
        ):
            head = {**here, "accept": "text/html"}
            answer = await api.client.post(at, data={"company": "a"}, headers=head)
            assert (answer.status_code, title in answer.text) == (code, True)
            assert all(words in answer.text for words in (again, "Nothing was done"))
            assert 'href="/sign-in?next=/operate"' in answer.text
            assert ("www-authenticate" in answer.headers) == (code == 401)
            problem(await api.client.post(at, data={"company": "a"}, headers=here), code)
            for known in tokens.all():
                tokens.revoke(known.id)
