"""What an operator says of Kafka: read, checked by name, shown without its secrets."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from events.errors import Refused
from events.kafka.connection import DEFAULTS, Connection
from service.settings import Settings, load_settings
from tests.unit.conftest import Cli
from tests.unit.making import issued

SASL = {
    "STANDING_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "STANDING_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "STANDING_KAFKA_SASL_USERNAME": "desk",
    "STANDING_KAFKA_SASL_PASSWORD": "rosebud",
}


def loaded(home: Path, **said: str) -> Settings:
    """Settings from this environment."""
    return load_settings({"STANDING_HOME": str(home), "STANDING_KAFKA": "a:9092", **said})


def connection(home: Path, **said: str) -> Connection:
    """The connection of these settings."""
    found = loaded(home, **said).kafka
    assert found is not None
    return found


def test_without_servers_the_log_is_embedded(tmp_path: Path) -> None:
    """The default."""
    assert load_settings({"STANDING_HOME": str(tmp_path)}).kafka is None
    assert loaded(tmp_path, STANDING_KAFKA=" ").kafka is None


def test_servers_are_all_that_has_to_be_said(tmp_path: Path) -> None:
    """A broker in a closed network."""
    found = connection(tmp_path, STANDING_KAFKA=" one:9092, two:9093 ,")
    assert found == Connection("one:9092,two:9093")
    options = found.options()
    assert options["bootstrap_servers"] == "one:9092,two:9093"
    assert options["security_protocol"] == "PLAINTEXT"
    assert options["ssl_context"] is None
    assert options["sasl_plain_username"] is None


def test_a_user_and_password_are_passed_on(tmp_path: Path) -> None:
    """Under the names that the client has for them."""
    options = connection(tmp_path, **SASL).options()
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("desk", "rosebud")


def test_certificates_are_checked_against_the_systems_own_or_a_file(tmp_path: Path) -> None:
    """And the name in them, always."""
    context = connection(tmp_path, STANDING_KAFKA_SECURITY_PROTOCOL="SSL").options()["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE"])
def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """With its file."""
    setting = f"STANDING_KAFKA_SSL_{name}"
    said = {"STANDING_KAFKA_SECURITY_PROTOCOL": "SSL", setting: str(tmp_path / "none.pem")}
    with pytest.raises(Refused, match=f"{setting}: .*none.pem"):
        connection(tmp_path, **said).options()


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"STANDING_KAFKA": "kafka://a"}, "STANDING_KAFKA", "write HOST:PORT"),
        ({"STANDING_KAFKA": "a:99999"}, "STANDING_KAFKA", "write HOST:PORT"),
        ({"STANDING_KAFKA": ","}, "STANDING_KAFKA", "write HOST:PORT"),
        ({**SASL, "STANDING_KAFKA_SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL", "SASL_SSL"),
        ({**SASL, "STANDING_KAFKA_SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM", "SCRAM-SHA-512"),
        ({**SASL, "STANDING_KAFKA_SASL_PASSWORD": ""}, "SASL_PASSWORD", "SASL_PLAINTEXT needs it"),
        ({**SASL, "STANDING_KAFKA_SASL_USERNAME": ""}, "SASL_USERNAME", "needs it"),
        ({"STANDING_KAFKA_SASL_USERNAME": "desk"}, "SASL_USERNAME", "no use of it"),
        ({"STANDING_KAFKA_SSL_CAFILE": "ca.pem"}, "SSL_CAFILE", "no use of it"),
        (
            {"STANDING_KAFKA_SECURITY_PROTOCOL": "SSL", "STANDING_KAFKA_SSL_KEYFILE": "k"},
            "SSL_CERTFILE",
            "without its certificate",
        ),
        ({"STANDING_KAFKA_SASL_USER": "desk"}, "SASL_USER", "unknown; known are"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(
    tmp_path: Path, said: dict[str, str], field: str, why: str
) -> None:
    """Before anything is connected: a slip must not lower the guard without a word."""
    with pytest.raises(Refused) as refused:
        loaded(tmp_path, **said)
    (problem,) = refused.value.problems
    assert problem.field.endswith(field)
    assert why in problem.detail


def test_settings_of_kafka_may_stand_in_the_file(tmp_path: Path) -> None:
    """Servers also as a list; what the environment says comes first."""
    (tmp_path / "standing.toml").write_text(
        'kafka = ["one:9092", "two:9092"]\nkafka_security_protocol = "SASL_SSL"\n'
        'kafka_sasl_username = "desk"\nkafka_sasl_password = "rosebud"\n'
    )
    found = load_settings({"STANDING_HOME": str(tmp_path), "STANDING_KAFKA_SASL_USERNAME": "me"})
    assert found.kafka is not None
    assert found.kafka.servers == "one:9092,two:9092"
    assert found.kafka.sasl_username == "me"
    assert found.origins["kafka"] == "standing.toml"
    assert found.origins["kafka_sasl_username"] == "environment"


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither to an operator nor in a traceback."""
    settings = loaded(tmp_path, **SASL)
    shown = {one["setting"]: one for one in settings.shown()}
    assert {f"STANDING_{name.upper()}" for name in DEFAULTS} <= shown.keys()
    assert shown["STANDING_KAFKA_SASL_PASSWORD"] == {
        "setting": "STANDING_KAFKA_SASL_PASSWORD",
        "value": "********",
        "from": "environment",
    }
    assert shown["STANDING_KAFKA_SSL_PASSWORD"]["value"] == ""
    assert "rosebud" not in repr(settings)


# --- commands ---------------------------------------------------------------------------------


def test_a_command_that_works_on_the_home_folder_says_so(cli: Cli) -> None:
    """By its name, and touches nothing: what stands there would be another log."""
    cli.set("STANDING_KAFKA", "127.0.0.1:1")
    done = cli("demo", "--no-serve")
    assert done.code == 1
    assert "STANDING_KAFKA: `standing demo` works on the store" in done.err
    assert not cli.home.exists()


@pytest.mark.parametrize(
    "arguments",
    [("status", "acme"), ("replay", "--as-of", "2021"), ("rebuild",), ("verify",), ("serve",)],
    ids=lambda arguments: arguments[0],
)
def test_a_replica_that_cannot_be_filled_is_told_in_one_line(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    """Nothing is answered from a folder into which nothing was read."""
    cli.set("STANDING_KAFKA", "127.0.0.1:1")
    done = cli(*arguments)
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith("standing: Kafka at 127.0.0.1:1, topic standing.events.v1: ")
    assert "Connect call failed" in line


@pytest.mark.parametrize("command", ["record", "export"])
def test_a_broker_that_is_not_there_is_told_in_one_line(cli: Cli, command: str) -> None:
    """With its address and the reason."""
    cli.set("STANDING_KAFKA", "127.0.0.1:1")
    done = cli.record(issued("2021")) if command == "record" else cli("export")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith("standing: Kafka at 127.0.0.1:1, topic standing.events.v1: ")
    assert "Connect call failed" in line
    assert not cli.home.exists()


def test_doctor_tells_of_a_broker_that_is_not_there(cli: Cli) -> None:
    """Beside the settings, of which none is secret any more."""
    for name, value in {"STANDING_KAFKA": "127.0.0.1:1", **SASL}.items():
        cli.set(name, value)
    done = cli("doctor", "--json")
    assert done.code == 1
    checks: dict[str, Any] = {one["check"]: one for one in done.json["checks"]}
    assert not checks["kafka"]["ok"]
    assert "store" not in checks
    assert "rosebud" not in done.out
