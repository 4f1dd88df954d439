"""Compose files, as tests read them."""

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


class _Compose(yaml.SafeLoader):
    """YAML with the tags that compose has of its own."""


_Compose.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def composed(name: str) -> dict[str, Any]:
    """A compose file of deploy/."""
    found: dict[str, Any] = yaml.load((DEPLOY / name).read_text(), _Compose)  # noqa: S506  a SafeLoader
    return found
