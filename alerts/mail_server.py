"""The mail server that an operator names, and who mails are from."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, get_args

from events.errors import Refused

Tls = Literal["starttls", "implicit", "none"]

DEFAULTS: Final[dict[str, str]] = {
    "smtp_host": "",
    "smtp_port": "",
    "smtp_user": "",
    "smtp_password": "",
    "smtp_tls": "starttls",
    "smtp_ca": "",
    "smtp_from": "",
}
"""The settings, without `STANDING_` before them."""
_PORTS: Final[dict[Tls, int]] = {"starttls": 587, "implicit": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    sender: str
    """The address that mails are from, and that what cannot be delivered goes back to."""
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    """Certificates to trust instead of the system's."""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "MailServer | None":
        """Out of the settings; None where no server is named. Raises `Refused` naming the
        setting."""
        if not values["smtp_host"]:
            return None
        tls = _tls(values["smtp_tls"])
        port = values["smtp_port"] or str(_PORTS[tls])
        if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= 65_535):
            raise Refused.field("STANDING_SMTP_PORT", f"{port!r} is no port")
        user, password = values["smtp_user"], values["smtp_password"]
        if bool(user) != bool(password):
            raise Refused.field("STANDING_SMTP_USER", "needs STANDING_SMTP_PASSWORD, and that it")
        if user and tls == "none" and not _here(values["smtp_host"]):
            raise Refused.field(
                "STANDING_SMTP_TLS", "is none, which would send the password for all to read"
            )
        if not values["smtp_from"]:
            raise Refused.field("STANDING_SMTP_FROM", "is missing: the address that mails are from")
        # Commands that only ask do not wait for it.
        from alerts.targets import mailbox  # noqa: PLC0415

        try:
            sender = mailbox(values["smtp_from"])
        except ValueError as error:
            raise Refused.field("STANDING_SMTP_FROM", str(error)) from None
        ca = Path(values["smtp_ca"]).expanduser() if values["smtp_ca"] else None
        return cls(values["smtp_host"], int(port), sender, tls, user, password, ca)

    @property
    def trust(self) -> ssl.SSLContext:
        """How its certificate is verified. Raises `Refused` where there is no such file."""
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise Refused.field("STANDING_SMTP_CA", f"{self.ca}: {error}") from None


def _tls(text: str) -> Tls:
    for one in get_args(Tls):
        if text == one:
            found: Tls = one
            return found
    raise Refused.field("STANDING_SMTP_TLS", f"{text!r} should be one of {', '.join(_PORTS)}")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
