"""A broker as a cluster in production is: TLS, SCRAM-SHA-512, and each user with the rights that
`deploy/kubernetes/users.yaml` gives it, and no others."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from service.broker.ports import any_free
from service.broker.serving import until_serving
from tests.kafka.guarded import certificates
from tests.kafka.java import java

USERS = Path(__file__).parents[2] / "deploy" / "kubernetes" / "users.yaml"
OPERATOR = "operator"
"""Who may do everything. The password of each user is its name and `-secret`."""

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
# The numbers of org.apache.kafka.common.{resource.ResourceType, resource.PatternType,
# acl.AclOperation}, on the left the names that Strimzi has for them.
_KINDS = {"topic": 2, "group": 3, "cluster": 4, "transactionalId": 5}
_PATTERNS = {"literal": 3, "prefix": 4}
_OPERATIONS = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Delete": 6,
    "Alter": 7,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
_ALLOW = 3


class Right(NamedTuple):
    """What a user may do."""

    user: str
    kind: str
    name: str
    pattern: str
    operation: str


def declared() -> list[Right]:
    """The rights of all users."""
    return [
        Right(user["metadata"]["name"], resource["type"], resource["name"], pattern, operation)
        for user in yaml.safe_load_all(USERS.read_text())
        for acl in user["spec"]["authorization"]["acls"]
        for resource in [acl["resource"]]
        for pattern in [resource["patternType"]]
        for operation in acl["operations"]
    ]


@dataclass(frozen=True)
class Roles:
    """Where it listens, and who vouches for it."""

    address: str
    authority: Path
    log: Path

    def settings(self, user: str, password: str | None = None) -> dict[str, str]:
        """What an operator says to come as this user."""
        return {
            "STANDING_KAFKA": self.address,
            "STANDING_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "STANDING_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "STANDING_KAFKA_SASL_USERNAME": user,
            "STANDING_KAFKA_SASL_PASSWORD": password or f"{user}-secret",
            "STANDING_KAFKA_SSL_CAFILE": str(self.authority),
        }

    def options(self, user: str) -> dict[str, Any]:
        """What a client of aiokafka is made with to come as this user."""
        return {
            "bootstrap_servers": self.address,
            "security_protocol": "SASL_SSL",
            "ssl_context": ssl.create_default_context(cafile=self.authority),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": user,
            "sasl_plain_password": f"{user}-secret",
        }


@contextmanager
def roles(folder: Path) -> Iterator[Roles]:
    """Such a broker until the block ends."""
    inside, outside, controller = any_free(3)
    authority, server, _ = certificates(folder)
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": (
            f"INSIDE://127.0.0.1:{inside},TLS://127.0.0.1:{outside},"
            f"CONTROLLER://127.0.0.1:{controller}"
        ),
        "listener.security.protocol.map": "INSIDE:PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # The broker itself comes without a name, over the listeners that nobody else knows of.
        "super.users": f"User:ANONYMOUS;User:{OPERATOR}",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.tls.scram-sha-512.sasl.jaas.config": _SCRAM,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": server,
    }
    written = folder / "server.properties"
    written.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    with (folder / "broker.log").open("wb") as log:
        name = ("kafka.tools.StorageTool", "format", "-t", "roles00000000000000000")
        users = [
            f"--add-scram=SCRAM-SHA-512=[name={user},password={user}-secret]"
            for user in (OPERATOR, *sorted({right.user for right in declared()}))
        ]
        subprocess.run([*java(), *name, "-c", written, *users], check=True, stdout=log, stderr=log)
        with subprocess.Popen([*java(), "kafka.Kafka", written], stdout=log, stderr=log) as broker:
            try:
                asyncio.run(until_serving(f"127.0.0.1:{inside}", 1))
                found = Roles(f"127.0.0.1:{outside}", authority, folder / "broker.log")
                asyncio.run(give(found, declared()))
                yield found
            finally:
                broker.kill()


async def give(broker: Roles, rights: list[Right]) -> None:
    """Have the broker know these rights."""
    client = AIOKafkaClient(**broker.options(OPERATOR))
    try:
        await client.bootstrap()
        for right in rights:
            asked = CreateAclsRequest(
                _KINDS[right.kind],
                right.name,
                _PATTERNS[right.pattern],
                f"User:{right.user}",
                "*",
                _OPERATIONS[right.operation],
                _ALLOW,
            )
            answer = await client.send(client.get_random_node(), asked)
            for code, message in answer.creation_responses:
                if code:
                    raise for_code(code)(f"{right}: {message}")
    finally:
        await client.close()
