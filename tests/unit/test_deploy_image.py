"""The image, the compose files that use it, and the alert rules."""

import json
import os
import re
import stat
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from jsonschema import Draft202012Validator

from alerts.vault import Vault
from service.metrics import NAMES, Metrics
from service.tokens import Tokens
from tests.unit.composing import composed

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "image" / "Dockerfile"
BIN = Path(sys.executable).parent


def run(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a program, and have what it prints."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def instructions(name: str) -> list[str]:
    """What stands behind an instruction of the Dockerfile."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    """No rule is switched off."""
    done = run("hadolint", DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint ignore" not in DOCKERFILE.read_text()


def test_the_image_runs_as_nobody_in_particular() -> None:
    """Under the number that the manifests have too, since Kubernetes cannot tell from a name
    whether it is root."""
    assert instructions("USER") == ["10001:10001"]


def test_packages_are_installed_by_their_hashes() -> None:
    """And as wheels, as there is no compiler; standing itself is built, without any others."""
    installs = re.findall(r"pip install ([^&]*)", " && ".join(instructions("RUN")))
    assert len(installs) == 3
    for one in installs:
        if "--no-deps" in one:
            # What builds it is one of those as well.
            assert "--no-build-isolation" in one
        else:
            assert "--require-hashes" in one
            assert "--only-binary :all:" in one


def test_the_image_is_of_a_python_that_is_tested() -> None:
    """The oldest that the program runs on; both stages are of the same."""
    stages = {one.split()[0] for one in instructions("FROM")}
    (image,) = stages
    assert image.startswith("python:3.11-slim-")


def test_what_is_copied_is_let_in() -> None:
    """And what is let in is copied: .dockerignore names the same."""
    let_in = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source.rstrip("/")
        for one in instructions("COPY")
        if not one.startswith("--from")
        for source in one.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / one).exists() for one in copied)
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


def test_every_package_is_copied() -> None:
    """One that is added is added there."""
    (packages,) = re.findall(
        r"^include = (\[.*\"service\*\"\])", (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    copied = " ".join(instructions("COPY"))
    assert all(f"{one.rstrip('*')}/ " in copied for one in yaml.safe_load(packages))


def test_keys_are_taken_for_this_user_alone(tmp_path: Path) -> None:
    """However they are mounted, and nothing else that lies there; then standing is started."""
    keys, home = tmp_path / "keys", tmp_path / "home"
    keys.mkdir()
    home.mkdir()
    for name in ("tokens.json", "alerts.key", "log.db"):
        (keys / name).write_text(name)
        (keys / name).chmod(0o644)
    entrypoint = DEPLOY / "image" / "entrypoint.sh"
    done = run("/bin/sh", entrypoint, "--version", KEYS=str(keys), STANDING_HOME=str(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("standing ")
    assert {one.name: one.read_text() for one in home.iterdir()} == {
        "tokens.json": "tokens.json",
        "alerts.key": "alerts.key",
    }
    assert {stat.S_IMODE(one.stat().st_mode) for one in home.iterdir()} == {0o600}


def test_without_keys_it_starts_as_well(tmp_path: Path) -> None:
    """A role that needs none has none."""
    entrypoint = DEPLOY / "image" / "entrypoint.sh"
    done = run("/bin/sh", entrypoint, "--version", KEYS=str(tmp_path), STANDING_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


# --- compose ----------------------------------------------------------------------------------


def slips(compose: dict[str, Any]) -> list[str]:
    """What the schema of the Compose Specification has against it."""
    within = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    schema = Path(str(distribution("check-jsonschema").locate_file(within)))
    validator = Draft202012Validator(json.loads(schema.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose)]


@pytest.mark.parametrize("name", ["compose.yaml", "compose.three.yaml"])
def test_a_compose_file_is_one(name: str) -> None:
    """Field by field."""
    assert slips(composed(name)) == []


def test_a_slip_would_be_found() -> None:
    """Else the test above would hold of anything."""
    wrong = composed("compose.yaml")
    wrong["services"]["api"]["restrat"] = "always"
    assert any("restrat" in slip for slip in slips(wrong))


def test_the_keys_are_made_once(tmp_path: Path) -> None:
    """As compose has them made: such as standing takes, and the second time they stay."""
    home, keys = tmp_path / "home", tmp_path / "keys"
    home.mkdir()
    keys.mkdir()
    service = composed("compose.yaml")["services"]["keys"]
    (script,) = service["command"]
    for _ in range(2):
        command = [*service["entrypoint"], f"cd {keys}\n{script}".replace("$$", "$")]
        done = run(*command, STANDING_HOME=str(home))
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ""
    vault = Vault(keys / "alerts.key", create=False)
    assert vault.unlock(vault.lock(("secret",))) == ("secret",)
    assert [one.role for one in Tokens(keys, lambda: 0).usable()] == ["admin"]


def test_nothing_is_reached_from_other_machines() -> None:
    """Kafka asks nobody who he is there."""
    for name in ("compose.yaml", "compose.three.yaml"):
        for service in composed(name)["services"].values():
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_compose_runs_what_the_manifests_run() -> None:
    """The same commands, twice each, of the same image."""
    for role in ("projections", "alerts", "api"):
        service = composed("compose.yaml")["services"][role]
        (deployment,) = [
            one
            for one in yaml.safe_load_all((DEPLOY / "kubernetes" / f"{role}.yaml").read_text())
            if one["kind"] == "Deployment"
        ]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert service["command"] == container["args"]
        assert service["deploy"]["replicas"] == deployment["spec"]["replicas"]
        assert service["image"].partition(":")[0] == container["image"]


def test_the_image_has_the_version_of_the_program() -> None:
    """In compose and on Kubernetes."""
    (version,) = re.findall(
        r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    told = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    assert [one["newTag"] for one in told["images"]] == [version]
    assert composed("compose.yaml")["x-role"]["image"] == f"standing:{version}"


# --- what is watched --------------------------------------------------------------------------


class Idle:
    """A service of which there is nothing to tell."""

    def gauges(self) -> list[tuple[str, float, dict[str, str]]]:
        """Every one that there is."""
        return [(name, 0.0, {}) for name in NAMES if name not in _COUNTED]

    def skipped(self) -> int:
        """None."""
        return 0


_COUNTED = {
    "standing_http_requests",
    "standing_http_request_seconds",
    "standing_events",
    "standing_skipped_events",
}


def test_the_alert_rules_name_what_is_measured() -> None:
    """As the page for scrapers has it, and in the language of Prometheus."""
    metrics = Metrics(Idle())
    metrics.answered("/v1/status", "GET", 200, 0.1)
    measured = set(re.findall(r"^(standing_\w+)", metrics.page().decode(), re.MULTILINE))
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())["groups"]
    for rule in group["rules"]:
        promql_parser.parse(rule["expr"])
        named = set(re.findall(r"standing_\w+", rule["expr"]))
        assert named, rule["alert"]
        assert named <= measured, rule["alert"]


def test_every_alert_is_in_the_runbook() -> None:
    """With what to do about it."""
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())["groups"]
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    assert [one["alert"] for one in group["rules"] if f"`{one['alert']}`" not in runbook] == []
