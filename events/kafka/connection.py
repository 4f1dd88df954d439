"""How to reach Kafka: what an operator says of it, under the names that Kafka's clients use."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from events.errors import Refused

DEFAULTS: Final[dict[str, str]] = {
    "kafka": "",
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_mechanism": "PLAIN",
    "kafka_sasl_username": "",
    "kafka_sasl_password": "",
    "kafka_ssl_cafile": "",
    "kafka_ssl_certfile": "",
    "kafka_ssl_keyfile": "",
    "kafka_ssl_password": "",
}
"""Every setting about Kafka, with what holds where nothing is said."""
SECRET: Final = frozenset({"kafka_sasl_password", "kafka_ssl_password"})
"""Those of them that are never shown."""

_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?", re.ASCII)
_REQUEST_MS: Final = 10_000
"""A request that a broker has not answered by then is sent again, perhaps to another."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Brokers to begin with, and how to prove who one is to them."""

    servers: str
    """`HOST:PORT`, separated by commas."""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ssl_cafile: str = ""
    """Certificates of authorities in PEM; those of the operating system where there is none."""
    ssl_certfile: str = ""
    """The client's own certificate in PEM, where the brokers ask for one."""
    ssl_keyfile: str = ""
    ssl_password: str = field(default="", repr=False)
    """Opens an encrypted key file."""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Connection":
        """Check what the settings say, keyed as in `DEFAULTS`. Raises `Refused` by setting."""
        servers = ",".join(part.strip() for part in values["kafka"].split(",") if part.strip())
        for server in servers.split(","):
            match = _SERVER.fullmatch(server)
            if not match or not 0 < int(match[1] or 9092) <= 65_535:
                raise _refused("kafka", f"{server!r} is no server; write HOST:PORT,HOST:PORT")
        parts = {key.removeprefix("kafka_"): values[key] for key in DEFAULTS if key != "kafka"}
        found = cls(servers, **parts)
        found._check()
        return found

    def _check(self) -> None:
        _one_of("kafka_security_protocol", self.security_protocol, _PROTOCOLS)
        _one_of("kafka_sasl_mechanism", self.sasl_mechanism, _MECHANISMS)
        if self.security_protocol.startswith("SASL"):
            for name in ("sasl_username", "sasl_password"):
                if not getattr(self, name):
                    raise _refused(f"kafka_{name}", f"{self.security_protocol} needs it")
        elif self.sasl_username or self.sasl_password:
            raise _unused("sasl_username", self.security_protocol, "SASL_SSL or SASL_PLAINTEXT")
        if not self.security_protocol.endswith("SSL"):
            for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password"):
                if getattr(self, name):
                    raise _unused(name, self.security_protocol, "SSL or SASL_SSL")
        elif self.ssl_keyfile and not self.ssl_certfile:
            raise _refused("kafka_ssl_certfile", "a key without its certificate proves nothing")

    def options(self) -> dict[str, Any]:
        """What every client of aiokafka is made with. Raises `Refused` where a certificate
        cannot be read."""
        plain = self.security_protocol.startswith("SASL")
        return {
            "bootstrap_servers": self.servers,
            "client_id": "standing",
            "request_timeout_ms": _REQUEST_MS,
            "security_protocol": self.security_protocol,
            "ssl_context": self._ssl() if self.security_protocol.endswith("SSL") else None,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username if plain else None,
            "sasl_plain_password": self.sasl_password if plain else None,
        }

    def _ssl(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile or None)
        except (OSError, ssl.SSLError) as error:
            raise _refused("kafka_ssl_cafile", f"{self.ssl_cafile}: {error}") from error
        if self.ssl_certfile:
            try:
                # Given always: without one, OpenSSL would ask on the terminal.
                context.load_cert_chain(
                    self.ssl_certfile, self.ssl_keyfile or None, self.ssl_password
                )
            except (OSError, ssl.SSLError) as error:
                raise _refused("kafka_ssl_certfile", f"{self.ssl_certfile}: {error}") from error
        return context


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> None:
    if text not in choices:
        raise _refused(name, f"{text!r} should be one of {', '.join(choices)}")


def _unused(name: str, protocol: str, needed: str) -> Refused:
    return _refused(
        f"kafka_{name}",
        f"STANDING_KAFKA_SECURITY_PROTOCOL is {protocol}, which makes no use of it; {needed} does",
    )


def _refused(name: str, detail: str) -> Refused:
    return Refused.field(f"STANDING_{name.upper()}", detail)
