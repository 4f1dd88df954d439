"""Signatures, held against the reference verifier of Standard Webhooks."""

import time
from base64 import b64decode

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerts.messages import draft, trial
from alerts.signing import headers, new_secret
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
