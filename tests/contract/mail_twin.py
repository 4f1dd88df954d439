"""A real mail server on loopback, which answers as it is told to."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.mail_server import MailServer, Tls

Says = Callable[[SMTP], Awaitable[str]]
USER, PASSWORD = "standing", "hunter2"


def saying(text: str) -> Says:
    async def says(_: SMTP) -> str:
        return text

    return says


fine = saying("250 OK")


@dataclass
class Post:
    """A mail as it came."""

    sender: str
    to: list[str]
    raw: bytes
    over_tls: bool
    authenticated: bool

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[return-value]

    def part(self, subtype: str) -> str:
        found = self.mail.get_body((subtype,))
        assert found is not None
        return str(found.get_content())


_NOWHERE = MailServer("127.0.0.1", 0, "alerts@standing.example", "none")


@dataclass
class MailHouse:
    """The server: what came, and what it says to a recipient and to a mail."""

    to_recipient: Says = fine
    to_mail: Says = fine
    posts: list[Post] = field(default_factory=list)
    connections: int = 0
    open: list[SMTP] = field(default_factory=list)
    more: asyncio.Condition = field(default_factory=asyncio.Condition)
    server: MailServer = _NOWHERE

    async def handle_RCPT(  # noqa: N802 - as the library calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self.to_recipient(server)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(  # noqa: N802 - likewise
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        said = await self.to_mail(server)
        if said.startswith("250"):
            raw, sender = envelope.original_content or b"", envelope.mail_from or ""
            tls, known = session.ssl is not None, session.authenticated or False
            async with self.more:
                self.posts.append(Post(sender, list(envelope.rcpt_tos), raw, tls, known))
                self.more.notify_all()
        return said

    async def count(self, number: int) -> list[Post]:
        """Wait until so many came."""
        async with self.more:
            await self.more.wait_for(lambda: len(self.posts) >= number)
        return self.posts

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead here."""
        return {
            "STANDING_SMTP_HOST": self.server.host,
            "STANDING_SMTP_PORT": str(self.server.port),
            "STANDING_SMTP_TLS": self.server.tls,
            "STANDING_SMTP_FROM": self.server.sender,
            "STANDING_PUBLIC_URL": "https://alerts.example",
        }


@asynccontextmanager
async def mail_house(
    folder: Path | None = None, tls: Tls = "none", **says: Says
) -> AsyncIterator[MailHouse]:
    """With `tls`, the server's certificate is kept in the folder, and a password is asked for."""
    house = MailHouse(**says)
    secured: ssl.SSLContext | None = None
    more: dict[str, Any] = {"hostname": "mail.example"}
    if tls != "none":
        assert folder is not None
        secured = certified(folder)
        more |= {"auth_required": True, "authenticator": _known}
    if tls == "starttls":
        more |= {"tls_context": secured, "require_starttls": True}
    elif tls == "implicit":
        more |= {"auth_require_tls": False}  # as it is below what it looks at

    def connected() -> SMTP:
        house.connections += 1
        with warnings.catch_warnings():  # that a password is asked for below its own TLS
            warnings.simplefilter("ignore")
            house.open.append(SMTP(house, **more))
        return house.open[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connected, "127.0.0.1", 0, ssl=secured if tls == "implicit" else None
    )
    port = server.sockets[0].getsockname()[1]
    who = (USER, PASSWORD, folder / "mail.pem") if folder and tls != "none" else ("", "", None)
    house.server = MailServer("127.0.0.1", port, "alerts@standing.example", tls, *who)
    try:
        yield house
    finally:
        server.close()
        for one in house.open:
            if one.transport is not None:
                one.transport.abort()


def _known(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=False)


def certified(folder: Path) -> ssl.SSLContext:
    """A server's certificate for this machine, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
