"""Takes webhooks and prints each message once: `receiver.py KEY PORT SEEN`, with the key `whsec_…`
or `whpk_…` of the subscription, and a file that remembers what was taken.

Put something in front of it that speaks TLS. What is to be done with a message is done in `work`.
"""

import json
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from verify import verify

LARGEST = 5_000_000


class Seen:
    """The ids of what was taken, and how far `n` has come in each queue."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(
            "CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);"
            "CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, n INTEGER)"
        )

    def take(self, ident: str, queue: str, n: int) -> int | None:
        """How many messages are missing before this one; None where it was taken before."""
        with self._db:
            if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (ident,)).rowcount == 0:
                return None
            row = self._db.execute("SELECT n FROM queues WHERE name = ?", (queue,)).fetchone()
            before = row[0] if row else 0
            self._db.execute("REPLACE INTO queues VALUES (?, ?)", (queue, max(n, before)))
        return max(n - before - 1, 0)


def work(message: dict[str, Any]) -> None:
    """A change is told in a line; of what else comes, its type."""
    data = message["data"]
    if message["type"].startswith("standing.status."):
        was, now = data["from"]["status"], data["to"]["status"]
        why = "; ".join(one["url"] for each in data["causes"] for one in each["sources"])
        print(message["n"], data["company"], data["list"], was, "->", now, why, flush=True)
    else:
        print(message["n"], message["type"], flush=True)


class Receiver(BaseHTTPRequestHandler):
    """One at a time, which keeps the order."""

    key: str
    seen: Seen

    def do_POST(self) -> None:
        """204 for what is genuine, also again; 401 for what is not."""
        size = int(self.headers.get("content-length") or 0)
        if not 0 < size <= LARGEST:
            self.send_error(413)
            return
        body = self.rfile.read(size)
        said = [self.headers.get(f"webhook-{one}", "") for one in ("id", "timestamp", "signature")]
        genuine = verify(self.key, *said, body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine:
            self.taken(said[0], json.loads(body))

    def taken(self, ident: str, message: dict[str, Any]) -> None:
        """Work it off, unless it came before. `n` 0 is of what stands in no queue: a test."""
        n = message["n"]
        kind = "" if message["data"].get("company") else message["type"]
        missing = self.seen.take(ident, message["data"].get("company") or kind, n)
        if missing:
            print(f"{missing} missing before {n}: standing deliveries, redeliver", flush=True)
        if missing is not None:
            work(message)

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    Receiver.key, Receiver.seen = sys.argv[1], Seen(sys.argv[3])
    HTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver).serve_forever()
