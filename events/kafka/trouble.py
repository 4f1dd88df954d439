"""What Kafka says, as a `StoreError` that tells which brokers, what, and what to do about it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import collect_hosts, create_conn

from events.errors import StoreError
from events.kafka.connection import Connection

# Kafka's own, a name that has no address, a time that ran out.
KAFKA_ERRORS: Final = (errors.KafkaError, OSError, TimeoutError)

_HINTS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (
        errors.TopicAuthorizationFailedError,
        "this user may not use the topic; allow it to read, write and describe it",
    ),
    (
        errors.TransactionalIdAuthorizationFailed,
        "this user may not write atomically; allow it transactional ids that begin with standing-",
    ),
    (errors.ClusterAuthorizationFailedError, "this user may not write idempotently; allow it"),
    (
        errors.MessageSizeTooLargeError,
        "the topic takes no message of this size; raise its max.message.bytes to 1048588",
    ),
    (
        errors.OffsetOutOfRangeError,
        "the topic does not hold this position any more; whoever reads it must begin anew",
    ),
    (errors.CorruptRecordException, "a batch came damaged; check the disks of the brokers"),
    (TimeoutError, "no answer in time; see whether brokers, and enough of their replicas, are up"),
    (errors.KafkaTimeoutError, "no answer in time; see whether the brokers are up"),
)


@contextmanager
def trouble(connection: Connection, topic: str, so: str = "") -> Iterator[None]:
    """Raise what Kafka raises as `StoreError`. `so` says what that means for the caller."""
    try:
        yield
    except KAFKA_ERRORS as error:
        raise StoreError(said(connection, topic, error, so)) from error


def said(connection: Connection, topic: str, error: BaseException, so: str = "") -> str:
    """One line about an error."""
    hint = next((hint for kind, hint in _HINTS if isinstance(error, kind)), "")
    what = "" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    parts = [one for one in (" ".join(what.split()), hint, so) if one]
    return f"Kafka at {connection.servers}, topic {topic}: {'; '.join(parts)}"


async def why_not(connection: Connection) -> str:
    """Why none of the servers can be reached: aiokafka tells its log, and not its caller."""
    return await unreachable(connection.options())


async def unreachable(options: Mapping[str, Any]) -> str:
    """As `why_not`, of what every client of aiokafka is made with."""
    options = dict(options)
    servers = collect_hosts(options.pop("bootstrap_servers"))
    found: list[str] = []
    for host, port, _ in servers:
        try:
            reached = await create_conn(host, port, **options)
        except KAFKA_ERRORS as error:
            found.append(f"{host}:{port}: {error or type(error).__name__}")
        else:
            reached.close()
    return "; ".join(found)
