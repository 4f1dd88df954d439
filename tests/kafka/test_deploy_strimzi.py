"""What is said to Strimzi is what Strimzi understands, and what standing declares."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from events.kafka.topics import COPIES, PARTITIONS, TOPICS
from service.broker.jars import locked
from tests.kafka.roles import declared
from tests.kafka.strimzi import schemas

Json = dict[str, Any]
KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"


def resources() -> list[Json]:
    """All that is Strimzi's."""
    return [
        one
        for path in sorted(KUBERNETES.glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
        if one["apiVersion"].startswith("kafka.strimzi.io/")
    ]


def named(one: Json) -> str:
    """What a test of it is called."""
    return f"{one['kind']}/{one['metadata']['name']}"


@pytest.mark.parametrize("resource", resources(), ids=named)
def test_a_resource_is_one_of_strimzi(resource: Json) -> None:
    """Field by field; it belongs to the one cluster there is."""
    assert resource["apiVersion"] == "kafka.strimzi.io/v1"
    wrong = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schemas()[resource["kind"]]).iter_errors(resource)
    ]
    assert wrong == []
    if resource["kind"] != "Kafka":
        assert resource["metadata"]["labels"] == {"strimzi.io/cluster": "standing"}


def test_a_slip_would_be_found() -> None:
    """Else the test above would hold of anything."""
    (kafka,) = [one for one in resources() if one["kind"] == "Kafka"]
    kafka["spec"]["kafka"]["listeners"][0]["tsl"] = True
    kafka["spec"]["kafka"]["authorization"]["type"] = "none"
    wrong = {
        error.json_path for error in Draft202012Validator(schemas()["Kafka"]).iter_errors(kafka)
    }
    assert wrong == {"$.spec.kafka.listeners[0]", "$.spec.kafka.authorization.type"}


def test_the_topics_are_those_that_standing_declares() -> None:
    """With as many copies as there are brokers."""
    found = {
        one["metadata"]["name"]: one["spec"] for one in resources() if one["kind"] == "KafkaTopic"
    }
    written = {
        name: spec | {"config": {key: _as_kafka(value) for key, value in spec["config"].items()}}
        for name, spec in found.items()
    }
    assert written == {
        topic.name: {
            "partitions": PARTITIONS,
            "replicas": COPIES,
            "config": topic.config(COPIES),
        }
        for topic in TOPICS
    }


def _as_kafka(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_cluster_can_keep_what_is_asked_of_it() -> None:
    """As many brokers as there are copies, each on a machine of its own, of the Kafka that is
    tested; nobody comes without a password, or unseen by the authorizer."""
    (kafka,) = [one["spec"]["kafka"] for one in resources() if one["kind"] == "Kafka"]
    (version,) = [one.split(":")[2] for one in locked() if ":kafka_2.13:" in one]
    assert kafka["version"] == version
    (listener,) = kafka["listeners"]
    assert (listener["tls"], listener["authentication"]) == (True, {"type": "scram-sha-512"})
    assert kafka["authorization"] == {"type": "simple"}
    assert kafka["config"]["auto.create.topics.enable"] is False
    (brokers,) = [
        one["spec"]
        for one in resources()
        if one["kind"] == "KafkaNodePool" and one["spec"]["roles"] == ["broker"]
    ]
    assert brokers["replicas"] == COPIES
    assert "podAntiAffinity" in brokers["template"]["pod"]["affinity"]


SHORT = {"R": {"Describe", "Read"}, "W": {"Describe", "Write"}, "C": {"DescribeConfigs"}}


def test_the_rights_are_those_that_the_page_tells_of() -> None:
    """Cell by cell, but for who makes the topics, of whom a sentence tells."""
    page = (KUBERNETES.parents[1] / "docs" / "deploying.md").read_text()
    head, _, *rows = re.findall(r"^\|.*\|$", page.partition("### Who may do what")[2], re.MULTILINE)
    columns = [one.strip() for one in head.strip("|").split("|")][1:]
    told = set()
    for row in rows[: rows.index(next(one for one in rows if "consumer`" in one)) + 1]:
        user, *cells = (one.strip(" `") for one in row.strip("|").split("|"))
        for column, cell in zip(columns, cells, strict=True):
            told |= {(user, *right) for right in _meant(column, cell)}
    assert told == {one for one in declared() if one.user != "standing-topics"}


def _meant(column: str, cell: str) -> set[tuple[str, ...]]:
    if column == "group":
        rights = {("group", cell, "literal", one) for one in ("Describe", "Read")}
    elif column == "transactional ids":
        kind, name = "transactionalId", cell.removesuffix("*")
        rights = {(kind, name, "prefix", one) for one in ("Describe", "Write")}
    else:
        operations = {one for letter in cell.split() for one in SHORT[letter]}
        rights = {("topic", f"standing.{column}.v1", "literal", one) for one in operations}
    return rights if cell else set()
