"""JSON Schemas as files: those that ship, and those that were ever released."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

RELEASED: Final = "released"


class SchemaFiles:
    """The folder `schemas` of a package, a file for each schema that `made` gives by its name.

    With a version, `write` keeps them under `released/<version>/` as well: what was promised then.
    """

    def __init__(self, package: str, made: Callable[[], dict[str, dict[str, Any]]]) -> None:
        self._here = files(package).joinpath("schemas")
        self._made = made

    def generated(self) -> dict[str, bytes]:
        """By name, what the code gives now, as the file holds it."""
        return {
            name: orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n"
            for name, schema in self._made().items()
        }

    def content(self, name: str) -> bytes:
        """The file of a schema as it ships. Raises `FileNotFoundError` where there is none."""
        return self._here.joinpath(f"{name}.json").read_bytes()

    def shipped(self, name: str) -> dict[str, Any]:
        """A schema as it ships. Raises `FileNotFoundError` where there is none."""
        found: dict[str, Any] = orjson.loads(self.content(name))
        return found

    def released(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every schema that was ever released: version, name, schema."""
        for version in sorted(self._here.joinpath(RELEASED).iterdir(), key=lambda one: one.name):
            for file in sorted(version.iterdir(), key=lambda one: one.name):
                yield version.name, file.name.removesuffix(".json"), orjson.loads(file.read_bytes())

    def write(self, folder: Path) -> None:
        """Write what the code gives now, one file each."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.generated().items():
            folder.joinpath(f"{name}.json").write_bytes(content)

    def renew(self, source: Path, versions: list[str]) -> None:
        """Write them beside a module's `source`, and once more for each version that is being
        released."""
        here = source.with_name("schemas")
        self.write(here)
        for version in versions:
            self.write(here / RELEASED / version)
