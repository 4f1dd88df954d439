"""What the chapters on alerts tell people to type is typed, and what they show is what is sent."""

import base64
import hmac
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.samples import samples
from alerts.signing import headers as signed_headers
from alerts.signing import new_secret
from alerts.subscriptions import requested
from tests.unit.conftest import Cli
from tests.unit.making import REGISTRY
from tests.unit.test_cli_alerts import Receiver, receiver  # noqa: F401 - a fixture

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = ("alerts", "alerts-channels", "alerts-digests", "alerts-webhooks")
BIN = Path(sys.executable).parent
PATIENCE_S = 120
ELSEWHERE = ("python -m aiosmtpd", "STANDING_SMTP_HOST=", "curl -N", "curl -s ntfy.sh")
"""Run by tests of their own."""
Block = tuple[str, str]


def blocks(language: str) -> list[Block]:
    """The blocks of code in one language, with their chapters."""
    pattern = re.compile(rf"^ *```{language}\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    return [
        (chapter, block)
        for chapter in CHAPTERS
        for block in pattern.findall((DOCS / f"{chapter}.md").read_text())
    ]


def commands() -> list[Block]:
    """Each command of each block, on one line, without what is said of it."""
    found = []
    for chapter, block in blocks("sh"):
        if block.startswith("next="):  # a loop
            continue
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            command = re.sub(r"\s{2,}# .*", "", line).strip()
            if command and not command.startswith(ELSEWHERE):
                found.append((chapter, command))
    return found


COMMANDS = commands()


def test_there_is_something_to_type() -> None:
    """Else the test below would hold of nothing."""
    assert len(COMMANDS) >= 35
    assert {chapter for chapter, _ in COMMANDS} == set(CHAPTERS)


@contextmanager
def serving() -> Iterator[str]:
    """A service on the home of the test; its address without the scheme."""
    with subprocess.Popen(
        [BIN / "standing", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as serves:
        assert serves.stdout is not None
        try:
            yield serves.stdout.readline().split("http://")[1].strip()
        finally:
            serves.send_signal(signal.SIGTERM)


@pytest.fixture
def told(demo: Cli, receiver: Receiver) -> tuple[str, str]:  # noqa: F811 - as above
    """A subscription made of a watchlist, and a message that it was sent."""
    demo.set("STANDING_ALLOW_NETWORKS", "127.0.0.0/8")
    list_ = Path("holdings.csv")
    list_.write_text("name\nXiaomi Corporation\n")
    shutil.copy(list_, "new.csv")
    made = demo("subscribe", "--watchlist", list_, "--webhook", receiver.url, "--json")
    ident = made.json["id"]
    with serving():
        listed = {"list": "us-bis-entity-list", "effective": "2026-01-05"}
        event = {"type": "standing.designation.issued", "subject": "xiaomi", "data": listed}
        assert demo.record(event).code == 0
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = demo("deliveries", ident, "--json").json["deliveries"]
            if found and found[0]["state"] == "delivered":
                return ident, found[0]["delivery"]
    pytest.fail("nothing was delivered")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are read and written lie in a folder of the test."""
    monkeypatch.chdir(tmp_path)


def test_what_is_to_be_typed_works(demo: Cli, told: tuple[str, str]) -> None:
    """Every command, in the order of the chapters; over HTTP as by hand."""
    ident, delivery = told
    with serving() as address:
        for chapter, command in COMMANDS:
            text = re.sub(r"\$?\bID\b", ident, command).replace("msg_…", delivery)
            text = text.replace("localhost:8080", address)
            done = (0, "")
            match shlex.split(text):
                case ["export", *pairs]:
                    for pair in pairs:
                        demo.set(*pair.split("=", 1))
                case ["standing", *arguments]:
                    ran = demo(*arguments)
                    done = (ran.code, ran.err)
                case ["curl", *arguments]:
                    run = subprocess.run(
                        ["curl", "-sS", "--fail-with-body", *arguments],
                        check=False,
                        capture_output=True,
                        text=True,
                    )
                    done = (run.returncode, run.stdout + run.stderr)
                case _:
                    pytest.fail(f"{chapter}: nobody knows how to run {command!r}")
            assert done[0] == 0, (chapter, command, done[1])


@pytest.mark.parametrize(("chapter", "text"), blocks("json"))
def test_what_is_shown_in_json_is_so(chapter: str, text: str) -> None:
    """What is asked for can be; a message has what a message of its type has."""
    shown: Any = json.loads(text)
    if "type" not in shown:
        shown = {key: one for key, one in shown.items() if key not in _OF_A_WATCHLIST}
        requested(shown, REGISTRY)
        return
    (sample,) = [one["body"] for one in samples(REGISTRY) if one["body"]["type"] == shown["type"]]
    assert shown.keys() == sample.keys()
    assert shown["data"].keys() == sample["data"].keys(), chapter


def test_who_subscribes_may_name_what_the_operator_named(demo: Cli) -> None:
    ((_, settings),) = blocks("toml")
    (demo.home / "standing.toml").write_text(textwrap.dedent(settings))
    made = demo("subscribe", "--slack", "desk", "--json")
    assert made.json["channel"] == {"type": "slack", "name": "desk"}


_OF_A_WATCHLIST = ("watchlist", "accept_likely")


def test_the_lines_that_verify_do() -> None:
    """And refuse what was changed on the way."""
    ((_, program),) = blocks("python")
    secret, body = new_secret("hmac"), b'{"n": 1}'
    headers = signed_headers("msg_1", time.time_ns() // 1_000, body, [secret])
    known = {"base64": base64, "hmac": hmac, "headers": headers, "secret": secret}
    exec(program, {**known, "body": body})  # noqa: S102 - the chapter's own
    with pytest.raises(AssertionError):
        exec(program, {**known, "body": body + b" "})  # noqa: S102
