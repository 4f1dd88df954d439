"""Signatures, held against the reference verifier of Standard Webhooks."""

import time
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerts.messages import draft, trial
from alerts.signing import PUBLIC, headers, new_secret, public_key, told_of
from events.dates import SECOND
from tests.contract.alert_twins import change


def now() -> int:
    """As the receiver's own verifier counts: a message that is five minutes old is refused."""
    return time.time_ns() // 1_000


BODY = '{"text":"§ 1237, 小米"}'.encode()


def test_a_receiver_with_the_secret_verifies_what_was_sent() -> None:
    secret = new_secret()
    moment = now()
    signed = headers("msg_1", moment, BODY, [secret])
    assert Webhook(secret).verify(BODY, signed) == {"text": "§ 1237, 小米"}
    assert signed["webhook-timestamp"] == str(moment // SECOND)


def test_what_was_changed_on_the_way_does_not_verify() -> None:
    secret = new_secret()
    moment = now()
    signed = headers("msg_1", moment, BODY, [secret])
    for changed in (
        (BODY + b" ", signed),
        (BODY, signed | {"webhook-id": "msg_2"}),
        (BODY, signed | {"webhook-timestamp": str(moment // SECOND - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(*changed)


def test_while_secrets_overlap_either_verifies() -> None:
    new, old = new_secret(), new_secret()
    signed = headers("msg_1", now(), BODY, [new, old])
    for secret in (new, old):
        Webhook(secret).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, signed)


def test_a_secret_is_long_enough_for_the_standard() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(b64decode(secret.removeprefix("whsec_"))) <= 64
    assert secret != new_secret()


def test_a_message_has_one_id_per_subscription_and_change() -> None:
    one, other = change("acme", 1), change("acme", 2)
    ids = {draft(sub, about, b"{}").id for sub in ("sub_1", "sub_2") for about in (one, other)}
    assert len(ids) == 4
    assert draft("sub_1", one, b"{}").id == draft("sub_1", one, b'{"a":1}').id


def test_a_test_message_is_told_apart_from_news() -> None:
    assert b'"type":"standing.test"' in trial("sub_1", now(), "k").body(0)
    assert trial("sub_1", now(), "k").id != trial("sub_1", now(), "l").id


def test_with_ed25519_the_public_key_verifies() -> None:
    """And nothing else does: not another key, nor what was changed."""
    secret, other = new_secret("ed25519"), new_secret("ed25519")
    told = told_of(secret)
    assert told == public_key(secret)
    key = Ed25519PublicKey.from_public_bytes(b64decode(told.removeprefix(PUBLIC)))
    moment = now()
    signed = headers("msg_1", moment, BODY, [secret, other])
    version, _, signature = signed["webhook-signature"].split()[0].partition(",")
    assert version == "v1a"
    what = f"msg_1.{moment // SECOND}.".encode() + BODY
    key.verify(b64decode(signature), what)
    with pytest.raises(InvalidSignature):
        key.verify(b64decode(signature), what + b" ")
    with pytest.raises(InvalidSignature):
        key.verify(b64decode(signed["webhook-signature"].split()[1].partition(",")[2]), what)


def test_a_secret_that_is_shared_has_no_public_key() -> None:
    secret = new_secret()
    assert public_key(secret) is None
    assert told_of(secret) == secret


def test_while_a_scheme_is_changed_a_message_has_a_signature_of_each() -> None:
    """A verifier of the shared secret passes over the other's."""
    shared, private = new_secret(), new_secret("ed25519")
    signed = headers("msg_1", now(), BODY, [private, shared])
    assert [one.partition(",")[0] for one in signed["webhook-signature"].split()] == ["v1a", "v1"]
    assert Webhook(shared).verify(BODY, signed)
