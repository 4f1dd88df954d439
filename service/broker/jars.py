"""The jars of Kafka: fetched once, each compared with the hash that is locked in `jars.toml`.

Jgo could lock too, but its lock leaves a time in the file and is not compared with what is fetched;
so it only fetches here. It downloads straight into the folder that it is given, so that folder is
ours alone, and takes its name when every jar in it is the right one.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from events.errors import StandingError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

_AT_ONCE: Final = 8
_READ_WITHIN_S: Final = 60
_PART: Final = ".part-"


class NoJars(StandingError):
    """The jars of Kafka are not here and could not be fetched."""


def locked() -> dict[str, str]:
    """What is locked: `group:artifact:version` to the SHA-256 of its jar."""
    told = tomllib.loads((files("service.broker") / "jars.toml").read_text())
    return {str(one): str(digest) for one, digest in told["sha256"].items()}


def cache() -> Path:
    """Where fetched jars are kept for every home on this machine."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "standing" / "kafka"


def fetched(
    jars: dict[str, str] | None = None,
    within: Path | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Path:
    """The folder with all these jars (by default the locked ones) and nothing else, fetched if it
    is not there yet; `advance` is called with 1 for each. Processes that want it at once wait for
    one of them. Raises `NoJars`."""
    jars = locked() if jars is None else jars
    within = cache() if within is None else within
    place = within / _digest(jars)
    if _complete(place, jars):
        return place
    try:
        within.mkdir(parents=True, exist_ok=True)
        with _only_one(within):
            if not _complete(place, jars):
                _fetch(jars, place, advance)
    except OSError as error:
        raise NoJars(
            f"the jars of Kafka cannot be kept in {within}: {error.strerror or error}"
        ) from error
    return place


def _digest(jars: dict[str, str]) -> str:
    told = "\n".join(f"{one} {digest}" for one, digest in sorted(jars.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _name(coordinate: str) -> str:
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"


def _complete(place: Path, jars: dict[str, str]) -> bool:
    return place.is_dir() and {one.name for one in place.iterdir()} == set(map(_name, jars))


@contextmanager
def _only_one(within: Path) -> Iterator[None]:
    with (within / "fetching.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in within.glob(f"{_PART}*"):  # of a process that was killed
            shutil.rmtree(left)
        yield


def _fetch(jars: dict[str, str], place: Path, advance: Callable[[int], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=_PART, dir=place.parent) as part:
        lib = Path(part, "lib")
        lib.mkdir()
        context = maven(Path(part, "repository"))

        def one(coordinate: str) -> None:
            jar = _download(context, coordinate)
            with jar.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != jars[coordinate]:
                raise NoJars(
                    f"{coordinate} is not the jar that is locked: its SHA-256 is {found}, not "
                    f"{jars[coordinate]}; nothing of it was kept"
                )
            jar.rename(lib / _name(coordinate))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(one, jars):
                advance(1)
        if place.exists():  # somebody took jars out of it
            shutil.rmtree(place)
        lib.rename(place)


def _download(context: "MavenContext", coordinate: str) -> Path:
    """Whatever jgo raises says what it was about, with the address that it asked."""
    group, artifact, version = coordinate.split(":")
    jar = context.project(group, artifact).at_version(version).artifact()
    try:
        return Path(jar.resolve())
    except (OSError, RuntimeError) as error:
        raise NoJars(f"{coordinate} could not be fetched: {error}") from error


def maven(repository: Path) -> "MavenContext":
    """Jgo as its own settings have it (mirrors, proxies), downloading into this folder. Raises
    `NoJars` where it is not installed."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415  an optional extra
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415
    except ImportError as error:
        raise NoJars(
            "the jars of Kafka are not here yet, and fetching them needs the package jgo: "
            "pip install 'standing[kafka-local]'"
        ) from error
    logging.getLogger("jgo").setLevel(logging.ERROR)
    settings: Any = GlobalSettings.load()
    return MavenContext(
        resolver=PythonResolver(),
        repo_cache=repository,
        remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
        timeout=_READ_WITHIN_S,
    )
