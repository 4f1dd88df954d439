"""The programs of the documentation that verify webhooks take what is sent, and nothing else.

Each is run as a receiver would run it; where a machine lacks what runs one, the summary says so.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alerts.signing import headers, new_secret, told_of
from events.dates import SECOND

HERE = Path(__file__).parents[2] / "docs/examples/webhooks"
BODY = '{"n":1,"name":"小米 § 1237"}\n'.encode()
PROGRAMS = {
    "python": [sys.executable, str(HERE / "verify.py")],
    "node": ["node", str(HERE / "verify.mjs")],
    "shell": ["sh", str(HERE / "verify.sh")],
    "java": ["java", str(HERE / "Verify.java")],
}


def _lacking(name: str) -> str | None:
    """What is not here that runs it."""
    if name == "python":
        return None
    if name == "shell":
        return None if shutil.which("openssl") else "no openssl"
    if shutil.which(name) is None:
        return f"no {name}"
    if name == "java":  # a runtime without a compiler does not run a source file
        modules = subprocess.run(
            ["java", "--list-modules"], check=False, capture_output=True, text=True
        )
        return None if "jdk.compiler" in modules.stdout else "this java has no compiler"
    return None


def says(name: str, key: str, signed: dict[str, str], body: bytes) -> bool:
    """What a program says of a message."""
    said = [signed[f"webhook-{one}"] for one in ("id", "timestamp", "signature")]
    done = subprocess.run(
        [*PROGRAMS[name], key, *said], check=False, input=body, capture_output=True
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == b""
    return done.returncode == 0


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if why := _lacking(name):
        pytest.skip(why)
    return name


@pytest.mark.parametrize("scheme", ["hmac", "ed25519"])
def test_what_was_sent_is_taken_and_nothing_else(program: str, scheme: str) -> None:
    """Also while the secret is changed; not of another, changed on the way, or of long ago."""
    mine, next_, other = (new_secret("ed25519" if scheme == "ed25519" else "hmac") for _ in "123")
    now = time.time_ns() // 1_000
    signed = headers("msg_1", now, BODY, [next_, mine])
    for key in (mine, next_):
        assert says(program, told_of(key), signed, BODY)
    assert not says(program, told_of(other), signed, BODY)
    assert not says(program, told_of(mine), signed, BODY + b" ")
    assert not says(program, told_of(mine), signed | {"webhook-id": "msg_2"}, BODY)
    old = headers("msg_1", now - 3_600 * SECOND, BODY, [mine])
    assert not says(program, told_of(mine), old, BODY)
