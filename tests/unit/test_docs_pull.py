"""The readers that the docs show, run as they stand there."""

import asyncio
import json
import re
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.unit.making import ENTITY, granted, issued, removed
from tests.unit.serving import Api, served
from tests.unit.streaming import listening

DOCS = Path(__file__).parents[2] / "docs"
PATIENCE_S = 120


async def fill(api: Api, *companies: str) -> None:
    for company in companies:
        await api.record(
            issued("2022-01-01", f"on-{company}", ENTITY, subject=company),
            granted("2022-02-01", f"stop-{company}", ENTITY, subject=company),
            removed("2022-03-01", f"off-{company}", ENTITY, subject=company),
        )


async def lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return [(await process.stdout.readline()).decode().rstrip() for _ in range(count)]


async def test_the_reader_in_python_prints_each_change_once_whatever_happens_to_it(
    tmp_path: Path,
) -> None:
    """It is killed, the service goes, and both come back."""
    program = DOCS / "examples/pull/follow.py"
    place = tmp_path / "place.txt"

    async def begin(url: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(program), url, str(place), "to=removed", "to=enjoined"),
            stdout=asyncio.subprocess.PIPE,
        )

    async def kept(text: str) -> None:
        """Wait until what was printed is kept as over."""
        async with asyncio.timeout(PATIENCE_S):
            while not place.exists() or place.read_text() != text:  # noqa: ASYNC110 - its file
                await asyncio.sleep(0.01)

    async with served(tmp_path / "home") as api:
        await fill(api, "a")
        async with listening(api) as url:
            process = await begin(url)
            assert await lines(process, 2) == [
                "a 2 designated -> enjoined",
                "a 3 enjoined -> removed",
            ]
            await kept("a/3")
            process.kill()
            await process.wait()
            await fill(api, "b")
            process = await begin(url)
            assert [one[:3] for one in await lines(process, 2)] == ["b 2", "b 3"]
            await kept("b/3")
            process.kill()
            await process.wait()


async def test_the_loop_of_pages_reads_all_there_is(tmp_path: Path) -> None:
    """With curl and jq, as the docs have it."""
    text = (DOCS / "alerts-channels.md").read_text()
    (loop,) = re.findall(r"```sh\n(next=.*?)```", text, re.DOTALL)
    async with served(tmp_path) as api:
        await fill(api, "a", "b")
        async with listening(api) as url:
            script = loop.replace("http://127.0.0.1:8080", url).replace("limit=1000", "limit=4")
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", script, stdout=asyncio.subprocess.PIPE
            )
            async with asyncio.timeout(PATIENCE_S):
                out, _ = await process.communicate()
    assert re.findall(r'"cursor":"([^"]+)"', out.decode()) == [
        f"{one}/{n}" for one in "ab" for n in (1, 2, 3)
    ]


async def test_curl_reads_a_stream(tmp_path: Path) -> None:
    text = (DOCS / "alerts-channels.md").read_text()
    (command,) = re.findall(r"```sh\n(curl -N .*?)\n```", text, re.DOTALL)
    async with served(tmp_path) as api:
        await fill(api, "xiaomi")
        async with listening(api) as url:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-c", f"exec {command.replace('http://127.0.0.1:8080', url)}"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            told = "\n".join(await lines(process, 9))
            process.kill()
            await process.wait()
    assert told.startswith("retry: 3000\n\nevent: heartbeat\nid: 0:-1\ndata: {")
    assert 'id: xiaomi/1\ndata: {"cursor":"xiaomi/1","position":"0:0","change":"' in told


PRELUDE = """
globalThis.EventSource = class {
  constructor(path) { this.read(process.argv[1] + path); }
  async read(url) {
    let text = "";
    for await (const piece of (await fetch(url)).body) {
      text += Buffer.from(piece).toString();
      for (let end; (end = text.indexOf("\\n\\n")) >= 0; text = text.slice(end + 2)) {
        const lines = text.slice(0, end).split("\\n");
        const data = lines.find((line) => line.startsWith("data: "));
        if (data && !lines.includes("event: heartbeat")) this.onmessage({ data: data.slice(6) });
      }
    }
  }
};
"""
"""What a browser has, and Node has not."""


async def test_the_lines_for_a_page_hear_what_comes(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node")
    text = (DOCS / "alerts-channels.md").read_text()
    (script,) = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    async with served(tmp_path) as api, listening(api) as url:
        process = await asyncio.create_subprocess_exec(
            *("node", "--eval", PRELUDE + script, url), stdout=asyncio.subprocess.PIPE
        )
        metrics = ""
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            while "standing_streams 1.0" not in metrics:
                metrics = await (await session.get(f"{url}/metrics")).text()
        await fill(api, "acme")
        told: list[str] = []
        while not any("company: 'acme'" in one for one in told):
            told += await lines(process, 1)
        process.kill()
        await process.wait()


async def test_a_topic_of_ntfy_is_read_with_curl(tmp_path: Path) -> None:
    """At a server that keeps what is published, and tells it as ntfy does."""
    text = (DOCS / "alerts-channels.md").read_text()
    (command,) = re.findall(r"^(curl -s ntfy\S+)", text, re.MULTILINE)
    topic = command.split("/")[1]
    kept: list[dict[str, Any]] = []

    async def publish(request: web.Request) -> web.Response:
        kept.append({"event": "message", **(await request.json())})
        return web.json_response(kept[-1])

    async def tell(request: web.Request) -> web.Response:
        mine = [one for one in kept if one["topic"] == request.match_info["topic"]]
        return web.Response(text="".join(f"{json.dumps(one)}\n" for one in mine))

    app = web.Application()
    app.add_routes([web.post("/", publish), web.get("/{topic}/json", tell)])
    async with TestServer(app) as server:
        local = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
        async with served(tmp_path, environment=local) as api:
            channel = {"type": "ntfy", "url": str(server.make_url(f"/{topic}"))}
            made = (await api.client.post("/v1/subscriptions", json={"channel": channel})).json()
            tried = (await api.client.post(f"/v1/subscriptions/{made['id']}/test")).json()
            assert tried["attempts"][0]["outcome"] == "delivered"
        address = str(server.make_url("/")).removeprefix("http://").rstrip("/")
        process = await asyncio.create_subprocess_exec(
            *command.replace("ntfy.sh", address).split(), stdout=asyncio.subprocess.PIPE
        )
        (told,) = await lines(process, 1)
        await process.wait()
    assert json.loads(told)["title"] == "standing: test"


async def test_the_mail_server_of_the_docs_prints_what_it_gets(tmp_path: Path) -> None:
    """A mailbox is asked there, with the settings that stand beside it."""
    text = (DOCS / "alerts-channels.md").read_text()
    (command,) = re.findall(r"(python -m aiosmtpd .*?) &", text)
    settings = dict(re.findall(r"(STANDING_[A-Z_]+)=(\S+)", text.partition(command)[2]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", *command.replace("2525", port).split()[1:]),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await reachable(int(port))
        environment = {**settings, "STANDING_SMTP_PORT": port}
        async with served(tmp_path, environment=environment) as api:
            asked = {"channel": {"type": "email", "to": "officer@desk.example"}}
            made = (await api.client.post("/v1/subscriptions", json=asked)).json()
            assert made["state"] == "unconfirmed"
        told = ""
        while "/mail/confirm/" not in told:
            told += "\n".join(await lines(process, 1))
    finally:
        process.kill()
        await process.wait()


async def reachable(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
