"""Settings: environment variables, then `standing.toml` in the home folder, then defaults."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from alerts import mail_server
from alerts.mail_server import MailServer
from events.errors import Refused
from events.kafka import connection as kafka
from events.kafka.connection import Connection

Origin = Literal["environment", "standing.toml", "default"]

_DEFAULTS: Final[dict[str, str]] = {
    "host": "127.0.0.1",
    "port": "8080",
    "allow_networks": "",
    "lists": "",
    "log": "text",
    "log_level": "info",
    "secret_key": "",
    "notify": "",
    "notify_secret": "",
    "public_url": "",
    **mail_server.DEFAULTS,
    **kafka.DEFAULTS,
}
_OF_A_WATCH: Final = ("every", "url")
_HIDDEN: Final = "********"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may say. `origins` tells where each came from."""

    home: Path
    host: str
    port: int
    allow_networks: tuple[IPv4Network | IPv6Network, ...]
    """Private networks into which alerts may be sent; none by default."""
    lists: Path | None
    """A file of the user's own lists, beside those that ship."""
    log: str
    log_level: str
    secret_key: str = field(repr=False)
    """What subscriptions' secrets are sealed with, where they are on Kafka."""
    notify: str
    """A webhook of the operator's, that is told of receivers that fail for long; empty: none."""
    notify_secret: str = field(repr=False)
    """What it is signed with: `whsec_…`, or empty."""
    public_url: str | None
    """Under which people reach this service: links in what they are told begin with it."""
    mail: MailServer | None
    """By which mails go out."""
    watch: Mapping[str, Mapping[str, str]]
    """The sources that `ingest --watch` asks, each with `every` and `url` where they are said."""
    chat: Mapping[str, str]
    """Hooks of chats by the names that the operator gave them."""
    kafka: Connection | None
    """Where the log is, if not in the home folder."""
    origins: Mapping[str, Origin]

    def shown(self) -> list[dict[str, str]]:
        """Each setting with its value and where it came from, for `standing doctor`."""
        values = {
            "home": str(self.home),
            "host": self.host,
            "port": str(self.port),
            "allow_networks": ",".join(map(str, self.allow_networks)),
            "lists": str(self.lists or ""),
            "log": self.log,
            "log_level": self.log_level,
            "secret_key": _HIDDEN if self.secret_key else "",
            "notify": self.notify,
            "notify_secret": _HIDDEN if self.notify_secret else "",
            "public_url": self.public_url or "",
            **self._shown_of_mail(),
            **self._shown_of_kafka(),
        }
        return [
            {"setting": f"STANDING_{name.upper()}", "value": value, "from": self.origins[name]}
            for name, value in values.items()
        ]

    def _shown_of_mail(self) -> dict[str, str]:
        if self.mail is None:
            return {"smtp_host": ""}
        one = self.mail
        return {
            "smtp_host": one.host,
            "smtp_port": str(one.port),
            "smtp_user": one.user,
            "smtp_password": _HIDDEN if one.password else "",
            "smtp_tls": one.tls,
            "smtp_ca": str(one.ca or ""),
            "smtp_from": one.sender,
        }

    def _shown_of_kafka(self) -> dict[str, str]:
        if self.kafka is None:
            return {"kafka": ""}
        said = {"kafka": self.kafka.servers} | {
            name: getattr(self.kafka, name.removeprefix("kafka_"))
            for name in kafka.DEFAULTS
            if name != "kafka"
        }
        return {
            name: _HIDDEN if value and name in kafka.SECRET else value
            for name, value in said.items()
        }


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read them. Raises `Refused` naming the setting and the place."""
    environment = os.environ if environment is None else environment
    # A slip in one of these would lower the guard without a word.
    known = {f"STANDING_{name.upper()}" for name in kafka.DEFAULTS}
    for name in sorted(environment):
        if name.startswith("STANDING_KAFKA") and name not in known:
            raise Refused.field(name, f"unknown; known are {', '.join(sorted(known))}")
    home = Path(environment.get("STANDING_HOME") or Path.home() / ".standing").expanduser()
    written = _written(home / "standing.toml")
    origins: dict[str, Origin] = {
        "home": "environment" if environment.get("STANDING_HOME") else "default"
    }
    values: dict[str, str] = {}
    for name, default in _DEFAULTS.items():
        variable = f"STANDING_{name.upper()}"
        if variable in environment:
            values[name], origins[name] = environment[variable], "environment"
        elif name in written:
            values[name], origins[name] = str(written[name]), "standing.toml"
        else:
            values[name], origins[name] = default, "default"
    return Settings(
        home,
        values["host"],
        _port(values["port"]),
        _networks(values["allow_networks"]),
        Path(values["lists"]).expanduser() if values["lists"] else None,
        _one_of("STANDING_LOG", values["log"], ("text", "json")),
        _one_of("STANDING_LOG_LEVEL", values["log_level"], ("debug", "info", "warning", "error")),
        values["secret_key"],
        values["notify"],
        values["notify_secret"],
        _site(values["public_url"]),
        MailServer.of(values),
        _watched(written.get("watch", {}), home / "standing.toml"),
        _chats(written.get("chat", {}), home / "standing.toml"),
        Connection.of(values) if values["kafka"].strip() else None,
        origins,
    )


def _written(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused.field(str(path), str(error)) from error
    if unknown := sorted(table.keys() - _DEFAULTS.keys() - {"watch", "chat"}):
        known = ", ".join([*_DEFAULTS, "watch", "chat"])
        raise Refused.field(f"{path}: {unknown[0]}", f"unknown; known are {known}")
    for name in ("allow_networks", "kafka"):
        if isinstance(table.get(name), list):
            table[name] = ",".join(map(str, table[name]))
    return table


def _watched(table: Any, path: Path) -> dict[str, dict[str, str]]:
    """`[watch.ofac-sdn-csv]`, with `every` and `url`."""
    if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
        raise Refused.field(f"{path}: watch", "a table for each source is needed")
    for source, said in table.items():
        for key, value in said.items():
            if key not in _OF_A_WATCH or not isinstance(value, str):
                raise Refused.field(
                    f"{path}: watch.{source}.{key}",
                    f"{value!r}: {' and '.join(_OF_A_WATCH)} are known, and are text",
                )
    return table


def _chats(table: Any, path: Path) -> dict[str, str]:
    """`[chat]`, with a name and a URL on each line."""
    if not isinstance(table, dict) or not all(isinstance(one, str) for one in table.values()):
        raise Refused.field(f"{path}: chat", 'names with URLs are needed: desk = "https://…"')
    return table


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        raise Refused.field("STANDING_PORT", f"{text!r} is no port")
    return int(text)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Refused.field("STANDING_ALLOW_NETWORKS", f"{error}; write 10.0.0.0/8") from error


def _site(text: str) -> str | None:
    if not text:
        return None
    read = urlsplit(text)
    plain = not (read.query or read.fragment or read.username or read.password)
    if read.scheme not in ("http", "https") or not read.hostname or not plain:
        raise Refused.field(
            "STANDING_PUBLIC_URL", f"{text!r} should be an address such as https://alerts.example"
        )
    return text.rstrip("/")


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise Refused.field(name, f"{text!r} should be one of {', '.join(choices)}")
    return text
