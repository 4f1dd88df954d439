"""The receivers that the docs show, run as somebody would use them, on what is really sent."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.contract.mail_twin import mail_house
from tests.unit.making import ENTITY, issued, removed
from tests.unit.serving import Api, described, served
from tests.unit.streaming import listening

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
AT = "/v1/subscriptions"
LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
ORDER = {"url": "https://court.example/order", "title": "Final order"}
PATIENCE_S = 120


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, list[str]]:
    """A program's end, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, out.decode().splitlines()


@asynccontextmanager
async def receiver(key: str, port: int, seen: Path) -> AsyncIterator[asyncio.StreamReader]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLES / "webhooks/receiver.py"), key, str(port), str(seen)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            while True:
                try:
                    forged = await session.post(f"http://127.0.0.1:{port}/", data=b"{}")
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
                    continue
                assert forged.status == 401
                break
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def line(out: asyncio.StreamReader) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return (await out.readline()).decode().rstrip()


async def test_the_receiver_of_webhooks_takes_each_once_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    """By a public key; also after it was started again."""
    port, seen = free_port(), tmp_path / "seen.db"
    channel = {
        "type": "webhook",
        "url": f"http://127.0.0.1:{port}/",
        "signature": "ed25519",
    }
    async with served(tmp_path / "home", environment=LOOPBACK) as api:
        made = (await api.client.post(AT, json={"channel": channel})).json()
        at = f"{AT}/{made['id']}"
        async with receiver(made["secret"], port, seen) as out:
            assert (await api.client.post(f"{at}/test")).json()["attempts"][0]["status"] == 204
            assert await line(out) == "0 standing.test"
            await api.record(issued("2022-01-01", "on", ENTITY, sources=[ORDER]))
            change = f"1 acme {ENTITY} not_listed -> designated {ORDER['url']}"
            assert await line(out) == change
            await arrived(api, at, 1)
        async with receiver(made["secret"], port, seen) as out:
            assert (
                await api.client.post(f"{at}/recover", json={"since": "2000"})
            ).status_code == 202
            await arrived(api, at, 2)  # taken again, and dropped
            await api.record(removed("2022-02-01", "off", ENTITY))
            assert (await line(out)).startswith("2 acme")
        (tmp_path / "other.db").touch()
        async with receiver(made["secret"], port, tmp_path / "other.db") as out:
            (latest, *_) = (await api.get(f"{at}/deliveries"))["deliveries"]
            again = {"delivery": latest["delivery"]}
            assert (await api.client.post(f"{at}/redeliver", json=again)).status_code == 202
            assert await line(out) == "1 missing before 2: standing deliveries, redeliver"


async def arrived(api: Api, at: str, attempts: int) -> None:
    """Wait until the message of the change was taken so often."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = (await api.get(f"{at}/deliveries"))["deliveries"]
            of_changes = [one for one in found if one["n"] == 1]
            if of_changes and of_changes[0]["attempts_count"] >= attempts:
                return


async def test_the_program_that_takes_mails_believes_its_own_server_alone(tmp_path: Path) -> None:
    program, seen = EXAMPLES / "mail/take.py", tmp_path / "seen.txt"
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        channel = {"type": "email", "to": "officer@desk.example"}
        made = (await api.client.post(AT, json={"channel": channel})).json()
        asked = (await house.count(1))[0].part("plain")
        link = next(part for part in asked.split() if "/mail/confirm/" in part)
        await api.client.post(link.removeprefix("https://alerts.example"))
        await api.record(described("acme", name="Acme AG"), issued("2022-01-01", "on", ENTITY))
        raw = (await house.count(2))[1].raw
    here = ("mx.desk.example", "alerts.example", made["id"], seen)
    passed = b"mx.desk.example; dkim=pass header.d=alerts.example header.s=1"
    signed = b"Authentication-Results: " + passed + b"\r\n" + raw
    code, told = await run(program, *here, stdin=signed)
    assert (code, len(told)) == (0, 1)
    assert told[0].startswith("Acme AG: not listed → designated")
    assert told[0].endswith("https://alerts.example/companies/acme")
    assert await run(program, *here, stdin=signed) == (0, [])  # it came before
    other = ("mx.desk.example", "alerts.example", "sub_other", seen)
    assert (await run(program, *other, stdin=signed))[0] == 1
    for wrong in (
        b"",
        b"Authentication-Results: " + passed.replace(b"pass", b"fail") + b"\r\n",
        b"Authentication-Results: " + passed.replace(b"=alerts", b"=evil.alerts") + b"\r\n",
        b"Authentication-Results: mx.evil.example; " + passed.partition(b"; ")[2] + b"\r\n",
        b"Authentication-Results: mx.evil.example; none\r\nAuthentication-Results: "
        + passed
        + b"\r\n",
    ):
        assert (await run(program, *here, stdin=wrong + raw))[0] == 1, wrong


async def test_the_reader_of_feeds_prints_what_is_new_once(tmp_path: Path) -> None:
    """Also what lies some pages back."""
    program, known = EXAMPLES / "pull/feed.py", tmp_path / "known.json"
    async with served(tmp_path / "home") as api, listening(api) as url:
        feed = f"{url}/feeds/changes.atom?limit=2"
        assert await run(program, feed, known) == (0, [])
        for number in range(5):
            await api.record(issued("2022-01-01", f"e{number}", ENTITY, subject=f"c{number}"))
        code, told = await run(program, feed, known)
        assert code == 0
        assert [one.partition(":")[0] for one in told] == [f"c{number}" for number in range(5)]
        assert told[0].endswith(f"{url}/companies/c0")
        assert await run(program, feed, known) == (0, [])
        await api.record(removed("2022-02-01", "off", ENTITY, subject="c0"))
        _, told = await run(program, feed, known)
        assert [one.partition(":")[0] for one in told] == ["c0"]


async def test_the_program_that_reads_the_csv_says_what_did_not_arrive(tmp_path: Path) -> None:
    program = EXAMPLES / "pull/sent.py"
    port = free_port()  # nobody listens there
    async with served(tmp_path, environment=LOOPBACK) as api:
        channel = {"type": "webhook", "url": f"http://127.0.0.1:{port}/"}
        made = (await api.client.post(AT, json={"channel": channel})).json()
        at = f"{AT}/{made['id']}/deliveries"
        assert await run(program, stdin=(await api.client.get(f"{at}.csv")).content) == (0, [])
        await api.record(issued("2022-01-01", "on", ENTITY))
        text = ""
        async with asyncio.timeout(PATIENCE_S):
            while "cannot connect" not in text:
                text = (await api.client.get(f"{at}.csv")).text
        code, (told,) = await run(program, stdin=text.encode())
        assert code == 1
        assert " acme 1 pending " in told
        assert "cannot connect" in told
