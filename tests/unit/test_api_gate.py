"""Who is let in: tokens, other names of this machine, and pages of other sites."""

import base64
from pathlib import Path

import httpx
import pytest

from events.dates import DAY
from events.errors import Refused, StoreError
from service.tokens import Tokens
from tests.unit.making import issued
from tests.unit.serving import Api, described, problem, served

NOW = 1_700_000_000_000_000


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Tokens in the folder that is served."""
    return Tokens(tmp_path, lambda: NOW)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


# --- the file -------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash(tokens: Tokens) -> None:
    """Nothing in the file is the token; only its owner may read it."""
    text, made = tokens.create("read", "desk")
    assert text not in tokens.path.read_text()
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    assert tokens.verify(text) == made
    assert text not in str(made.shown())
    assert made.shown()["role"] == "read"


def test_another_process_sees_what_was_made_and_revoked(tokens: Tokens, tmp_path: Path) -> None:
    """At once."""
    other = Tokens(tmp_path, lambda: NOW)
    assert other.all() == ()
    text, made = tokens.create("record", "feed")
    assert other.verify(text) == made
    other.revoke(made.id)
    assert tokens.verify(text) is None
    with pytest.raises(Refused, match="no token"):
        tokens.revoke(made.id)


def test_a_token_expires(tmp_path: Path) -> None:
    """And is listed all the same."""
    now = NOW
    tokens = Tokens(tmp_path, lambda: now)
    text, made = tokens.create("read", "for a day", NOW + DAY)
    assert tokens.verify(text) == made
    now += DAY
    assert tokens.verify(text) is None
    assert (tokens.usable(), tokens.all()) == ((), (made,))
    with pytest.raises(Refused, match="has passed"):
        tokens.create("read", "late", NOW)


@pytest.mark.parametrize("text", ["", "standing_", "nonsense", "\udcff", "x" * 10_000])
def test_what_is_no_token_is_none(text: str, tokens: Tokens) -> None:
    """Whatever it is."""
    tokens.create("admin", "a")
    assert tokens.verify(text) is None


def test_a_file_that_others_may_read_is_not_trusted(tokens: Tokens, tmp_path: Path) -> None:
    """Nor one that is damaged."""
    tokens.create("admin", "a")
    tokens.path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        Tokens(tmp_path, lambda: NOW).all()
    tokens.path.chmod(0o600)
    tokens.path.write_text("{}")
    with pytest.raises(StoreError, match="restore it"):
        Tokens(tmp_path, lambda: NOW).all()


def test_an_unknown_role_is_refused(tokens: Tokens) -> None:
    """By name."""
    with pytest.raises(Refused, match="role"):
        tokens.create("root", "a")


# --- where others can reach it --------------------------------------------------------------------


async def test_without_a_token_there_is_no_answer(tmp_path: Path) -> None:
    """Neither from the API nor from the pages; only whether it is alive and ready."""
    async with served(tmp_path, tokens=True) as api:
        for path in ("/", "/companies/acme", "/v1/lists", "/metrics", "/openapi.json", "/no/such"):
            answer = await api.client.get(path)
            problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        problem(await api.client.post("/v1/events", json=issued("2022-01-01")), 401)
        assert (await api.get("/healthz")) == {"status": "ok"}
        assert (await api.get("/readyz")) == {"ready": True}


async def test_each_role_may_do_what_those_before_it_may(tmp_path: Path, tokens: Tokens) -> None:
    """Read, record, administer."""
    requests = [
        ("GET", "/v1/lists", None),
        ("GET", "/companies/acme", None),
        ("POST", "/v1/screen", {"names": ["Acme"]}),
        ("GET", "/v1/subscriptions", None),
        ("POST", "/v1/subscriptions", {"channel": {"type": "webhook", "url": "https://a.example"}}),
        ("GET", "/v1/review", None),
        ("POST", "/v1/events", described(name="Acme")),
        ("GET", "/v1/audit", None),
    ]
    allowed = {"read": 5, "record": 7, "admin": 8}
    async with served(tmp_path, tokens=True) as api:
        for role, count in allowed.items():
            text, _ = tokens.create(role, role)
            for number, (method, path, body) in enumerate(requests):
                answer = await api.client.request(method, path, json=body, headers=bearer(text))
                if number < count:
                    assert answer.status_code not in (401, 403), (role, path)
                else:
                    problem(answer, 403)


async def test_a_token_that_is_revoked_counts_no_more(tmp_path: Path, tokens: Tokens) -> None:
    """From the next request on."""
    async with served(tmp_path, tokens=True) as api:
        text, made = tokens.create("read", "desk")
        assert (await api.client.get("/v1/lists", headers=bearer(text))).status_code == 200
        tokens.revoke(made.id)
        problem(await api.client.get("/v1/lists", headers=bearer(text)), 401)


async def test_a_browser_may_give_it_as_a_password_to_read(tmp_path: Path, tokens: Tokens) -> None:
    """It asks its user for it; to write, that is not taken, as other sites could make use of it."""
    async with served(tmp_path, tokens=True) as api:
        text, _ = tokens.create("admin", "me")
        answer = await api.client.get("/v1/lists", headers={"accept": "text/html"})
        assert answer.headers["www-authenticate"].startswith("Basic")
        given = httpx.BasicAuth("anybody", text)
        assert (await api.client.get("/", auth=given)).status_code == 200
        problem(await api.client.post("/v1/events", json=described(name="A"), auth=given), 401)
        for nonsense in ("Basic !", "Basic", "Basic " + base64.b64encode(b"\xff").decode()):
            headers = {"authorization": nonsense}
            problem(await api.client.get("/", headers=headers), 401)


async def test_tokens_that_cannot_be_read_let_nobody_in(tmp_path: Path, tokens: Tokens) -> None:
    """503."""
    async with served(tmp_path, tokens=True) as api:
        text, _ = tokens.create("admin", "me")
        tokens.path.chmod(0o666)
        problem(await api.client.get("/v1/lists", headers=bearer(text)), 503)


# --- on this machine alone ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"]
)
async def test_a_name_of_this_machine_is_served(host: str, tmp_path: Path) -> None:
    """Without a token."""
    async with served(tmp_path) as api:
        answer = await api.client.get("/v1/lists", headers={"host": host})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[::1", "127.0.0.1.nip.io"]
)
async def test_a_name_that_another_site_has_pointed_here_is_not(host: str, tmp_path: Path) -> None:
    """DNS rebinding: the browser's user would be read out by that site's page."""
    async with served(tmp_path) as api:
        for method, path in (("GET", "/v1/lists"), ("POST", "/v1/events"), ("GET", "/")):
            answer = await api.client.request(method, path, headers={"host": host})
            problem(answer, 421)
        assert (await api.client.get("/readyz", headers={"host": host})).json() == {"ready": True}


async def _posted(api: Api, headers: dict[str, str]) -> httpx.Response:
    return await api.client.post("/v1/events", json=described(name="Acme"), headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_page_of_another_site_cannot_write(headers: dict[str, str], tmp_path: Path) -> None:
    """A form needs no leave to be sent; nothing is done."""
    async with served(tmp_path) as api:
        problem(await _posted(api, headers), 403)
        assert (await api.get("/v1/events"))["events"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_programs_and_pages_of_its_own_can(headers: dict[str, str], tmp_path: Path) -> None:
    """Programs say nothing of a site."""
    async with served(tmp_path) as api:
        assert (await _posted(api, headers)).status_code == 200


async def test_no_other_site_may_read_and_nothing_is_guessed(tmp_path: Path) -> None:
    """No leave for other origins; types are as told."""
    async with served(tmp_path) as api:
        answer = await api.client.get("/v1/lists", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        page = await api.client.get("/")
        assert "default-src 'none'" in page.headers["content-security-policy"]
