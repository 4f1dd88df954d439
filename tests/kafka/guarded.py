"""A broker that asks who one is: users with passwords, certificates, and what each may do."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.broker.ports import any_free
from service.broker.serving import until_serving
from tests.kafka.java import java

_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


@dataclass(frozen=True)
class Guarded:
    """Where it listens, and what proves to be it. `desk` may do everything, `guest` nothing; the
    password of each is its name and `-secret`."""

    inside: str
    """Asks nobody: for making topics."""
    sasl: str
    sasl_ssl: str
    ssl: str
    """Asks for a certificate of the client's."""
    authority: Path
    client: Path
    """The client's key and certificate, which are those of `desk`."""


@contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    """Such a broker until the block ends."""
    inside, sasl, sasl_ssl, plain_ssl, controller = any_free(5)
    authority, server, client = certificates(folder)
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": (
            f"INSIDE://127.0.0.1:{inside},USERS://127.0.0.1:{sasl},BOTH://127.0.0.1:{sasl_ssl},"
            f"CERTS://127.0.0.1:{plain_ssl},CONTROLLER://127.0.0.1:{controller}"
        ),
        "listener.security.protocol.map": (
            "INSIDE:PLAINTEXT,USERS:SASL_PLAINTEXT,BOTH:SASL_SSL,CERTS:SSL,CONTROLLER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "INSIDE",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:desk;User:CN=desk",
        "sasl.enabled.mechanisms": "PLAIN",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": server,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority,
        "listener.name.certs.ssl.client.auth": "required",
    } | {
        f"listener.name.{name}.plain.sasl.jaas.config": (
            f'{_PLAIN} user_desk="desk-secret" user_guest="guest-secret";'
        )
        for name in ("users", "both")
    }
    written = folder / "server.properties"
    written.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    with (folder / "broker.log").open("wb") as log:
        name = ("kafka.tools.StorageTool", "format", "-t", "guarded000000000000000")
        subprocess.run([*java(), *name, "-c", written], check=True, stdout=log, stderr=log)
        with subprocess.Popen([*java(), "kafka.Kafka", written], stdout=log, stderr=log) as broker:
            try:
                asyncio.run(until_serving(f"127.0.0.1:{inside}", 1))
                addresses = [f"127.0.0.1:{port}" for port in (inside, sasl, sasl_ssl, plain_ssl)]
                yield Guarded(*addresses, authority, client)
            finally:
                broker.kill()


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Those of an authority, of the broker, and of a client, the latter two with their keys."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("authority", key, "authority", key)
    authority = folder / "authority.pem"
    authority.write_bytes(_pem(root))
    found = [authority]
    for name in ("broker", "desk"):
        mine = ec.generate_private_key(ec.SECP256R1())
        path = folder / f"{name}.pem"
        path.write_bytes(
            mine.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + _pem(_certificate(name, mine, "authority", key))
        )
        found.append(path)
    one, other, third = found
    return one, other, third


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def called(one: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)])

    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name == by, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
