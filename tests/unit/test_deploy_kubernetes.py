"""The manifests: what Kubernetes takes, of pods that have the rights they need and no others."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.unit.conftest import Cli

Json = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
VERSIONS = ["1.30", "1.37"]
"""The oldest that the operator of Kafka runs on, and the newest whose schemas are here."""
ROLES = ["standing-alerts", "standing-api", "standing-projections"]


def resources() -> list[Json]:
    """All of them."""
    return [one for path in FILES for one in yaml.safe_load_all(path.read_text())]


def of(kind: str) -> dict[str, Json]:
    """Those of one kind, by name."""
    return {one["metadata"]["name"]: one for one in resources() if one["kind"] == kind}


OURS = [one for one in resources() if "strimzi" not in one["apiVersion"]]


def pod(role: str) -> Json:
    """The pod of a role, as its Deployment makes it."""
    found: Json = of("Deployment")[role]["spec"]["template"]
    return found


def container(role: str) -> Json:
    """The only one in it."""
    (found,) = pod(role)["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "resource", OURS, ids=lambda one: f"{one['kind']}/{one['metadata']['name']}"
)
def test_kubernetes_takes_it(resource: Json, version: str) -> None:
    """Field by field: one that it does not know is wrong. Strimzi's are tested beside Kafka."""
    assert kubernetes_validate.validate(resource, version, strict=True) == version


def test_a_slip_would_be_found() -> None:
    """Else the test above would hold of anything."""
    deployment = of("Deployment")["standing-api"]
    deployment["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="enableServiceLink"):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_kustomize_is_told_of_every_file() -> None:
    """And of no other."""
    told = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert sorted(told["resources"]) == [path.name for path in FILES]
    assert told["namespace"] in of("Namespace")
    assert {one["name"] for one in told["images"]} == {container(role)["image"] for role in ROLES}


def test_names_are_used_once() -> None:
    """Among resources of a kind."""
    names = [(one["kind"], one["metadata"]["name"]) for one in resources()]
    assert len(names) == len(set(names))


def test_the_roles_are_these() -> None:
    """So that the tests below are of all of them."""
    assert sorted(of("Deployment")) == ROLES


@pytest.mark.parametrize("role", ["standing-alerts", "standing-api", "standing-projections"])
def test_the_program_has_the_command(role: str, cli: Cli) -> None:
    """With these options; those of a command are read before its help is printed."""
    assert cli(*container(role)["args"], "--help").code == 0


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_is_restricted(role: str) -> None:
    """As the restricted Pod Security Standard has it, and no token of Kubernetes' is within."""
    spec, inside = pod(role)["spec"], container(role)["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["readOnlyRootFilesystem"] is True
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == role
    assert of("ServiceAccount")[role]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("role", ROLES)
def test_kubernetes_does_not_slip_settings_in(role: str) -> None:
    """Its variables for a service `standing-kafka-…` begin with STANDING_KAFKA, which refuses
    what it does not know."""
    assert pod(role)["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_comes_to_kafka_as_itself(role: str) -> None:
    """With the password that Strimzi makes for the user of its name, and the authority of the
    cluster."""
    users, (cluster,) = of("KafkaUser"), of("Kafka")
    said = {one["name"]: one for one in container(role)["env"]}
    assert said["STANDING_KAFKA_SASL_USERNAME"]["value"] == role
    assert role in users
    password = said["STANDING_KAFKA_SASL_PASSWORD"]["valueFrom"]["secretKeyRef"]
    assert password == {"name": role, "key": "password"}
    secrets = {
        one["secret"]["secretName"] for one in pod(role)["spec"]["volumes"] if "secret" in one
    }
    assert f"{cluster}-cluster-ca-cert" in secrets
    settings = of("ConfigMap")["standing-settings"]["data"]
    assert settings["STANDING_KAFKA"] == f"{cluster}-kafka-bootstrap:9093"


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        ("standing-api", {"tokens.json", "alerts.key"}),
        ("standing-alerts", {"alerts.key"}),
        ("standing-projections", None),
    ],
)
def test_a_pod_has_the_keys_that_it_needs(role: str, keys: set[str] | None) -> None:
    """Where entrypoint.sh takes them from."""
    volumes = {one["name"]: one for one in pod(role)["spec"]["volumes"]}
    mounts = {one["name"]: one["mountPath"] for one in container(role)["volumeMounts"]}
    assert mounts["home"] == "/var/lib/standing"
    assert mounts.get("keys") == (None if keys is None else "/etc/standing/keys")
    if keys is not None:
        assert {one["path"] for one in volumes["keys"]["secret"]["items"]} == keys


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_is_asked_how_it_is(role: str) -> None:
    """Alive by /healthz, ready by /readyz, on the port at which it serves."""
    inside = container(role)
    port = of("ConfigMap")["standing-settings"]["data"]["STANDING_PORT"]
    assert inside["ports"] == [{"name": "http", "containerPort": int(port)}]
    assert {name: inside[name]["httpGet"] for name in inside if name.endswith("Probe")} == {
        "startupProbe": {"path": "/healthz", "port": "http"},
        "livenessProbe": {"path": "/healthz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }
    if inside["args"][0] == "worker":
        assert inside["args"][2:] == ["--port", port]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_survives_the_loss_of_a_pod(role: str) -> None:
    """There are two, and one stays while machines are emptied."""
    deployment, budget = of("Deployment")[role]["spec"], of("PodDisruptionBudget")[role]["spec"]
    assert deployment["replicas"] == 2
    assert budget["minAvailable"] == 1
    labels = pod(role)["metadata"]["labels"].items()
    for selector in (deployment["selector"], budget["selector"]):
        assert selector["matchLabels"].items() <= labels


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_says_what_it_needs(role: str) -> None:
    """Memory is bounded; a processor that is idle may be used."""
    needs = container(role)["resources"]
    assert set(needs["requests"]) == {"cpu", "memory"}
    assert set(needs["limits"]) == {"memory"}
    homes = [one for one in pod(role)["spec"]["volumes"] if "emptyDir" in one]
    assert all("sizeLimit" in one["emptyDir"] for one in homes)


def test_the_service_leads_to_the_api() -> None:
    """And to nothing else."""
    (service,) = of("Service").values()
    matching = [
        role
        for role in ROLES
        if service["spec"]["selector"].items() <= pod(role)["metadata"]["labels"].items()
    ]
    assert matching == ["standing-api"]
