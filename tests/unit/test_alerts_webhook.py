"""Webhooks against real receivers on loopback, well-behaved and not."""

import asyncio
import gzip
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256

import orjson
import pytest
from aiohttp import ClientTimeout, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from alerts.channel import Outcome, Parcel
from alerts.egress import Egress
from alerts.posting import MOST
from alerts.signing import new_secret, public_key
from alerts.targets import WebhookTarget
from alerts.webhook import WebhookChannel
from events.dates import SECOND
from tests.contract.alert_twins import (
    LOOPBACK,
    ManualClock,
    answering,
    raw_server,
    receiving,
)

SECRET = new_secret()


@pytest.fixture
async def channel() -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel(Egress(LOOPBACK), ManualClock(), timeout=ClientTimeout(total=120))
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[WebhookChannel]:
    """One that leaves soon, for receivers that never come to an end."""
    made = WebhookChannel(Egress(LOOPBACK), ManualClock(), timeout=ClientTimeout(total=0.5))
    yield made
    await made.close()


async def send(channel: WebhookChannel, url: str) -> Outcome:
    # Of now: the receiver's verifier refuses what is five minutes old.
    parcel = Parcel("msg_1", ManualClock().now, b'{"n":1}', (SECRET,))
    return await channel.send(WebhookTarget(type="webhook", url=url), parcel)


async def test_a_receiver_verifies_what_it_gets(channel: WebhookChannel) -> None:
    async with receiving() as receiver:
        assert (await send(channel, receiver.url + "/hook")).delivered
        post = receiver.posts[0]
        assert post.path == "/hook"
        assert Webhook(SECRET).verify(post.body, post.headers) == {"n": 1}
        assert post.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_is_delivered(channel: WebhookChannel, status: int) -> None:
    async with receiving(answering(status)) as receiver:
        assert (await send(channel, receiver.url)).delivered


async def test_an_error_is_told_with_what_the_receiver_said(channel: WebhookChannel) -> None:
    async with receiving(answering(503, **{"Retry-After": "7"})) as receiver:
        outcome = await send(channel, receiver.url)
    assert outcome.error == "answered 503 Service Unavailable: this is 503"
    assert outcome.retry_after == 7 * SECOND


async def test_a_redirect_is_not_followed(channel: WebhookChannel) -> None:
    async with receiving() as other, receiving(answering(307, Location=other.url)) as receiver:
        outcome = await send(channel, receiver.url)
        assert (outcome.delivered, outcome.status) == (False, 307)
        assert other.posts == []


async def test_a_receiver_that_hangs_is_left(hasty: WebhookChannel) -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with receiving(hang) as receiver:
        outcome = await send(hasty, receiver.url)
        never.set()
    assert (outcome.delivered, outcome.error) == (False, "no answer within 0.5 s")


async def test_a_connection_that_is_reset_is_an_outcome(channel: WebhookChannel) -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with raw_server(reset) as url:
        outcome = await send(channel, url)
    assert not outcome.delivered
    assert outcome.status is None
    assert outcome.error


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
async def test_a_success_with_a_broken_body_is_a_success(
    channel: WebhookChannel, answer: bytes
) -> None:
    async def lie(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with raw_server(lie) as url:
        assert (await send(channel, url)).delivered


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP ready\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_http_is_an_outcome(channel: WebhookChannel, answer: bytes) -> None:
    async def lie(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with raw_server(lie) as url:
        outcome = await send(channel, url)
    assert not outcome.delivered
    assert outcome.error


async def test_of_an_endless_answer_only_the_beginning_is_read(channel: WebhookChannel) -> None:
    sent = 0
    closed = asyncio.Event()

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * MOST)
                sent += MOST
                await writer.drain()
        except ConnectionError:
            closed.set()

    async with raw_server(endless) as url:
        assert (await send(channel, url)).delivered
        await closed.wait()
    assert sent < 1000 * MOST


async def test_a_packed_answer_is_not_unpacked(channel: WebhookChannel) -> None:
    bomb = gzip.compress(b"x" * 10_000_000)

    async def pack(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500, body=bomb, headers={"Content-Encoding": "gzip"})

    async with receiving(pack) as receiver:
        outcome = await send(channel, receiver.url)
    assert outcome.error is not None
    assert "xxx" not in outcome.error


async def test_cookies_are_not_kept(channel: WebhookChannel) -> None:
    async with receiving(answering(200, **{"Set-Cookie": "who=me"})) as receiver:
        await send(channel, receiver.url)
        await send(channel, receiver.url)
        assert "Cookie" not in receiver.posts[1].headers


async def test_proxies_of_the_environment_are_not_used(
    channel: WebhookChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy, receiving() as receiver:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert (await send(channel, receiver.url)).delivered
        assert proxy.posts == []


async def test_a_closed_port_and_an_address_inside_are_told_apart() -> None:
    async with receiving() as receiver:
        url = receiver.url
        careful = WebhookChannel(Egress(), ManualClock())
        forbidden = await send(careful, url)
        await careful.close()
    assert "not an address that alerts may be sent to" in (forbidden.error or "")
    channel = WebhookChannel(Egress(LOOPBACK), ManualClock())
    closed = await send(channel, url)
    await channel.close()
    assert (
        "refused" in (closed.error or "").lower()
        or "connect call failed" in (closed.error or "").lower()
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://", "::"])
async def test_a_url_that_cannot_be_is_an_outcome(channel: WebhookChannel, url: str) -> None:
    outcome = await send(channel, url)
    assert not outcome.delivered
    assert outcome.error


async def test_headers_without_end_are_left(channel: WebhookChannel) -> None:
    """One long field, or very many short ones."""
    sent = 0

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"X-More: and more\r\n" * 100)
                sent += 100
                await writer.drain()

    async with raw_server(endless) as url:
        outcome = await send(channel, url)
    assert not outcome.delivered
    assert outcome.error


async def test_an_answer_that_comes_drop_by_drop_is_left(hasty: WebhookChannel) -> None:
    """Each byte within the time, all of them never."""

    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)

    async with raw_server(slowly) as url:
        outcome = await send(hasty, url)
    assert (outcome.delivered, outcome.error) == (False, "no answer within 0.5 s")


async def test_a_success_whose_body_comes_drop_by_drop_is_a_success(
    channel: WebhookChannel,
) -> None:
    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with raw_server(slowly) as url:
        outcome = await send(channel, url)
    assert (outcome.delivered, outcome.status) == (True, 200)


async def test_provisional_answers_without_end_are_left(hasty: WebhookChannel) -> None:
    async def never_done(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)

    async with raw_server(never_done) as url:
        outcome = await send(hasty, url)
    assert not outcome.delivered
    assert outcome.error


async def test_what_was_sent_and_answered_is_told_without_signatures(
    channel: WebhookChannel,
) -> None:
    async with receiving(answering(500, **{"X-Request-Id": "r-1"})) as receiver:
        outcome = await send(channel, receiver.url + "/hook")
    assert outcome.details is not None
    request, answer = outcome.details["request"], outcome.details["answer"]
    assert request["url"] == f"{receiver.url}/hook"
    assert request["body_bytes"] == 7
    assert request["body_sha256"] == sha256(b'{"n":1}').hexdigest()
    assert set(request["headers"]) == {"content-type", "webhook-id", "webhook-timestamp"}
    assert answer["headers"]["x-request-id"] == "r-1"
    assert answer["body"] == "this is 500"
    assert "whsec" not in str(outcome.details)


async def test_an_attempt_that_reached_nobody_tells_what_was_sent() -> None:
    async with receiving() as receiver:
        url = receiver.url
    channel = WebhookChannel(Egress(LOOPBACK), ManualClock())
    outcome = await send(channel, url)
    await channel.close()
    assert outcome.details is not None
    assert list(outcome.details) == ["request"]


@pytest.mark.parametrize(
    ("status", "headers", "throttled"),
    [
        (429, {}, True),
        (429, {"Retry-After": "7"}, True),
        (503, {"Retry-After": "7"}, True),
        (503, {}, False),
        (500, {"Retry-After": "7"}, False),
    ],
)
async def test_who_has_too_much_to_do_says_so(
    channel: WebhookChannel, status: int, headers: dict[str, str], throttled: bool
) -> None:
    async with receiving(answering(status, **headers)) as receiver:
        assert (await send(channel, receiver.url)).throttled is throttled


async def test_with_ed25519_a_receiver_needs_the_public_key_alone(channel: WebhookChannel) -> None:
    secret = new_secret("ed25519")
    parcel = Parcel("msg_1", ManualClock().now, b'{"n":1}', (secret,))
    async with receiving() as receiver:
        await channel.send(WebhookTarget(type="webhook", url=receiver.url), parcel)
        post = receiver.posts[0]
    known = public_key(secret)
    assert known is not None
    key = Ed25519PublicKey.from_public_bytes(b64decode(known.removeprefix("whpk_")))
    version, _, signature = post.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode()
    key.verify(b64decode(signature), signed + post.body)


async def test_an_answer_in_no_writing_is_told_as_far_as_it_can_be(channel: WebhookChannel) -> None:
    async def mumble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 \xff\xfe\r\nServer: \xff\r\nContent-Length: 1\r\n\r\n\xff")
        await writer.drain()

    async with raw_server(mumble) as url:
        outcome = await send(channel, url)
    assert outcome.status == 500
    assert orjson.dumps([outcome.error, outcome.details])
