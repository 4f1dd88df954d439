"""A Kafka that asks who one is: the right credentials get in, the wrong ones are told why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.log import KafkaEventLog
from service.settings import load_settings
from tests.contract.event_log_suite import everything, ids, let_in
from tests.kafka.guarded import Guarded, guarded
from tests.kafka.logs import decided, make
from tests.unit.making import issued


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One for all of these."""
    with guarded(tmp_path_factory.mktemp("guarded")) as broker:
        yield broker


def connection(home: Path, **said: str) -> Connection:
    """As an operator's settings say."""
    told = {f"STANDING_KAFKA_{name.upper()}": value for name, value in said.items() if name != "to"}
    found = load_settings({"STANDING_HOME": str(home), "STANDING_KAFKA": said["to"], **told}).kafka
    assert found is not None
    return found


def user(name: str, password: str | None = None) -> dict[str, str]:
    """What to say of oneself."""
    return {"sasl_username": name, "sasl_password": password or f"{name}-secret"}


def ways_in(broker: Guarded) -> dict[str, dict[str, str]]:
    """Every way in which the desk may come."""
    authority, client = str(broker.authority), str(broker.client)
    return {
        "SASL_PLAINTEXT": {"to": broker.sasl, **user("desk")},
        "SASL_SSL": {"to": broker.sasl_ssl, "ssl_cafile": authority, **user("desk")},
        "SSL": {"to": broker.ssl, "ssl_cafile": authority, "ssl_certfile": client},
    }


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL", "SSL"])
async def test_who_may_come_in_appends_and_reads(
    broker: Guarded, tmp_path: Path, topic: str, protocol: str
) -> None:
    """Also atomically."""
    await make(broker.inside, topic)
    to = connection(tmp_path, security_protocol=protocol, **ways_in(broker)[protocol])
    log = KafkaEventLog(to, topic)
    await log.append(let_in(issued("2021", "a")))
    await log.append(let_in(issued("2021", "b")), atomic=True)
    await decided(Connection(broker.inside), topic)
    assert ids(await everything(log)) == ["a", "b"]
    await log.close()


async def refusal(to: Connection, topic: str) -> str:
    """What is said when an event is appended. Neither hangs nor tells a secret."""
    log = KafkaEventLog(to, topic, patience=20)
    with pytest.raises(StoreError) as refused:
        await log.append(let_in(issued("2021", "a")))
    await log.close()
    assert "secret" not in str(refused.value)
    return str(refused.value)


async def test_a_wrong_password_is_told(broker: Guarded, tmp_path: Path, topic: str) -> None:
    """As the broker says it."""
    wrong = user("desk", "not-the-secret")
    to = connection(tmp_path, to=broker.sasl, security_protocol="SASL_PLAINTEXT", **wrong)
    assert "Authentication failed" in await refusal(to, topic)


async def test_a_broker_with_a_certificate_of_unknown_origin_is_not_trusted(
    broker: Guarded, tmp_path: Path, topic: str
) -> None:
    """Nothing is sent to it, the password least of all."""
    to = connection(tmp_path, to=broker.sasl_ssl, security_protocol="SASL_SSL", **user("desk"))
    assert "CERTIFICATE_VERIFY_FAILED" in await refusal(to, topic)


async def test_who_brings_no_certificate_is_told(
    broker: Guarded, tmp_path: Path, topic: str
) -> None:
    """In time, though the broker just hangs up."""
    said = {"to": broker.ssl, "ssl_cafile": str(broker.authority), "security_protocol": "SSL"}
    assert broker.ssl in await refusal(connection(tmp_path, **said), topic)


async def test_who_says_nothing_of_himself_is_told(
    broker: Guarded, tmp_path: Path, topic: str
) -> None:
    """A broker that waits for a password hangs up on a question."""
    assert broker.sasl in await refusal(connection(tmp_path, to=broker.sasl), topic)


async def test_who_may_not_see_the_topic_is_told(
    broker: Guarded, tmp_path: Path, topic: str
) -> None:
    """It looks missing to him."""
    await make(broker.inside, topic)
    to = connection(tmp_path, to=broker.sasl, security_protocol="SASL_PLAINTEXT", **user("guest"))
    assert f"no topic {topic}, or not for this user" in await refusal(to, topic)
