"""A receiver of webhooks in a process of its own: `python -m tests.bench.hook_receiver` prints its
URL, and what it was told once its standard input is closed: of each message when it first came, in
nanoseconds of the machine's steady clock, and which events caused it.
"""

import asyncio
import json
import sys
from time import perf_counter_ns

from aiohttp import web


async def main() -> None:
    """Serve until standard input ends."""
    came: dict[str, tuple[int, bytes]] = {}

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        came.setdefault(request.headers["webhook-id"], (perf_counter_ns(), body))
        return web.Response(status=204)

    async def count(_: web.Request) -> web.Response:
        return web.json_response(len(came))

    app = web.Application()
    app.add_routes([web.post("/", take), web.get("/count", count)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    told = ((now, json.loads(body)["data"]) for now, body in came.values())
    print(json.dumps([(now, change["change"], change["cause"]) for now, change in told]))


if __name__ == "__main__":
    asyncio.run(main())
