"""The broker that the tests of rights share."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.kafka.attempts import command, furnish
from tests.kafka.roles import Roles, roles


@pytest.fixture(scope="session")
def roled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """A broker that knows the users of the deployment, with the topics that `standing topics
    apply` makes, one of somebody else's, and a message in each."""
    with roles(tmp_path_factory.mktemp("roles")) as broker:
        made = command(broker.settings("standing-topics"), "topics", "apply", "--partitions", "2")
        assert made.returncode == 0, made.stderr
        asyncio.run(furnish(broker))
        yield broker
