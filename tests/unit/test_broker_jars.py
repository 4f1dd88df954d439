"""The jars of a local Kafka: only the locked ones, all of them or none."""

import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from service.broker.jars import NoJars, fetched, locked

JARS = {"org.example:one:1.0": b"the first", "org.example.deep:two:2.1": b"the second"}
LOCKED = {one: hashlib.sha256(held).hexdigest() for one, held in JARS.items()}


class Repository:
    """A Maven repository on this machine, and what it was asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        for coordinate, held in JARS.items():
            self.path(coordinate).parent.mkdir(parents=True)
            self.path(coordinate).write_bytes(held)

    def path(self, coordinate: str) -> Path:
        """Where a jar of it is."""
        group, artifact, version = coordinate.split(":")
        return self.root.joinpath(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


class Handler(SimpleHTTPRequestHandler):
    """Serves it."""

    def __init__(self, *arguments: Any, repository: Repository, **others: Any) -> None:
        self.repository = repository
        super().__init__(*arguments, directory=str(repository.root), **others)

    def log_request(self, *_: object) -> None:
        self.repository.asked.append(self.path)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The only repository that there is, as jgo's own settings name it."""
    made = Repository(tmp_path / "remote")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, repository=made)) as server:
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def test_they_are_fetched_once(repository: Repository, tmp_path: Path) -> None:
    """And told of one by one."""
    counted: list[int] = []
    place = fetched(LOCKED, tmp_path / "cache", counted.append)
    assert {one.name: one.read_bytes() for one in place.iterdir()} == {
        "one-1.0.jar": b"the first",
        "two-2.1.jar": b"the second",
    }
    assert counted == [1, 1]
    repository.asked.clear()
    assert fetched(LOCKED, tmp_path / "cache") == place
    assert repository.asked == []


def test_a_jar_with_another_hash_is_refused(repository: Repository, tmp_path: Path) -> None:
    """Nothing is kept, and what was fetched later is whole."""
    wrong = repository.path("org.example:one:1.0")
    wrong.write_bytes(b"the worst")
    with pytest.raises(NoJars, match=r"org\.example:one:1\.0 is not the jar that is locked"):
        fetched(LOCKED, tmp_path / "cache")
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["fetching.lock"]
    wrong.write_bytes(b"the first")
    assert len(list(fetched(LOCKED, tmp_path / "cache").iterdir())) == 2


def test_a_jar_that_is_nowhere_is_told(repository: Repository, tmp_path: Path) -> None:
    """By its name."""
    repository.path("org.example.deep:two:2.1").unlink()
    with pytest.raises(NoJars, match=r"org\.example\.deep:two:2\.1 could not be fetched"):
        fetched(LOCKED, tmp_path / "cache")
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["fetching.lock"]


def test_no_repository_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one error, not as a traceback."""
    settings = tmp_path / "jgo.conf"
    settings.write_text("[repositories]\ncentral = http://127.0.0.1:1\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    with pytest.raises(NoJars, match="could not be fetched"):
        fetched(LOCKED, tmp_path / "cache")


def test_who_wants_them_at_once_waits_for_one(repository: Repository, tmp_path: Path) -> None:
    """Each jar crosses the net once."""
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(lambda _: fetched(LOCKED, tmp_path / "cache"), range(4)))
    assert len(places) == 1
    assert len([one for one in repository.asked if one.endswith(".jar")]) == 2


def test_half_a_fetch_is_cleared_away(repository: Repository, tmp_path: Path) -> None:
    """A process that was killed leaves a part behind; a jar that was taken out comes back."""
    left = tmp_path / "cache" / ".part-killed"
    left.mkdir(parents=True)
    place = fetched(LOCKED, tmp_path / "cache")
    assert not left.exists()
    (place / "one-1.0.jar").unlink()
    assert {one.name for one in fetched(LOCKED, tmp_path / "cache").iterdir()} == {
        "one-1.0.jar",
        "two-2.1.jar",
    }


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its place."""
    (tmp_path / "cache").touch()
    with pytest.raises(NoJars, match=r"cannot be kept in .*cache"):
        fetched(LOCKED, tmp_path / "cache")


def test_the_lock_names_jars_and_hashes_and_no_place() -> None:
    """Where they come from is for whoever installs to say."""
    jars = locked()
    assert "org.apache.kafka:kafka_2.13:4.3.0" in jars
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in jars.values())
    names = ["-".join(one.split(":")[1:]) for one in jars]
    assert len(set(names)) == len(names)
    text = (files("service.broker") / "jars.toml").read_text()
    assert "://" not in text
    assert not re.search(r"\b(repo|mirror|www)\b|\.(com|net)/", text)
