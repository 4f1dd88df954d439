"""Setting single settings of a topic (KIP-339), which aiokafka 0.14 has no request for.

Its `alter_configs` sends the older request, which takes away every setting that is not named: also
those that an operator made, or makes at the same time.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

_KEY: Final = 44
_TOPIC: Final = 2
_SET: Final = 0


class _Answer(Response):  # type: ignore[misc] # untyped
    API_KEY = _KEY
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class _Question(RequestStruct):  # type: ignore[misc] # untyped
    API_KEY = _KEY
    API_VERSION = 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(
                        ("name", String("utf-8")),
                        ("config_operation", Int8),
                        ("value", String("utf-8")),
                    ),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Altering(Request[_Question]):  # type: ignore[misc] # untyped
    API_KEY = _KEY

    def __init__(self, topic: str, settings: Mapping[str, str]) -> None:
        self._resources = [
            (_TOPIC, topic, [(name, _SET, value) for name, value in settings.items()])
        ]

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(self._resources, False)


async def alter(options: Mapping[str, Any], topic: str, settings: Mapping[str, str]) -> None:
    """Set these settings of a topic, and leave the others. `options` is what a client of aiokafka
    is made with. Raises aiokafka's errors."""
    client = AIOKafkaClient(**options)
    try:
        await client.bootstrap()
        answer = await client.send(client.get_random_node(), _Altering(topic, settings))
    finally:
        await client.close()
    for code, message, _kind, name in answer.responses:
        if code:
            raise for_code(code)(f"{name}: {message}")
