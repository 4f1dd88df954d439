"""The messages of the topics of subscriptions and deliveries."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts import topics
from alerts.channel import Outcome
from alerts.outbox import Ended
from alerts.places import BEGINNING, Place, behind
from alerts.retry import Verdict
from alerts.roster import joined
from alerts.subscriptions import Start, Subscription, requested
from alerts.topics import Attempt, Kept
from alerts.vault import Vault
from events.dates import SECOND, show
from tests.contract.alert_twins import asked
from tests.unit.making import REGISTRY
from tests.unit.topic_messages import Json, header, read

NOW = 1_700_000_000 * SECOND
SUBSCRIPTIONS, DELIVERIES = "standing.subscriptions.v1", "standing.deliveries.v1"
FLIP: Place = (41, NOW + 7, "acme", 3)


FROM_THE_BEGINNING = Start(BEGINNING)


def subscription(start: Start = FROM_THE_BEGINNING, **state: Any) -> Subscription:
    wanted = asked() | {
        "filter": {"companies": ["acme"], "kinds": ["changed"], "from": [], "to": ["removed"]},
        "label": "desk",
        "backfill": True,
    }
    return Subscription("sub_1", NOW, requested(wanted, REGISTRY), start, **state)


def value(message: topics.Message) -> bytes:
    assert message.value is not None
    return message.value


# --- subscriptions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [
        Kept(subscription(), b"sealed"),
        Kept(subscription(Start(behind(41))), b"\x00\xff", NOW + 1, behind(40)),
        Kept(subscription(Start(behind(41, revisions=2), NOW)), b"sealed", NOW, FLIP),
        Kept(subscription(disabled="the receiver answered 410 Gone", failing=NOW), b"sealed"),
        Kept(
            subscription(owner="desk-a", paused=NOW, revised=NOW + 1), b"sealed", watchlist=b"\x00z"
        ),
    ],
    ids=["new", "behind", "after the rules were revised", "disabled", "paused"],
)
def test_a_subscription_goes_on_elsewhere_as_it_was(kept: Kept) -> None:
    message = topics.subscription(kept, NOW)
    read(SUBSCRIPTIONS, message)
    assert topics.read_subscription(value(message)) == kept


def test_a_subscription_is_told_as_the_api_shows_it() -> None:
    one = subscription()
    message = topics.subscription(Kept(one, b"sealed"), NOW)
    said = read(SUBSCRIPTIONS, message)
    assert one.shown().items() <= said.items()
    assert message.key == b"sub_1"
    assert header(message, "type") == "standing.subscription.current"
    assert header(message, "subject") == "sub_1"
    assert header(message, "time") == show(NOW)


def test_places_have_no_number_that_a_reader_of_json_may_round() -> None:
    said = read(SUBSCRIPTIONS, topics.subscription(Kept(subscription(), b"", behind=FLIP), NOW))
    assert said["after"] == {
        "position": "0:-1",
        "moment": None,
        "revisions": 0,
        "company": "~",
        "sequence": 0,
    }
    assert said["behind"]["moment"] == show(NOW + 7)


def test_secrets_stay_sealed(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "alerts.key", create=True)
    sealed = vault.lock(("whsec_c2VjcmV0",))
    message = topics.subscription(Kept(subscription(), sealed), NOW)
    assert b"whsec" not in value(message)
    assert vault.unlock(topics.read_subscription(value(message)).sealed) == ("whsec_c2VjcmV0",)


def test_what_a_later_version_adds_is_passed_over() -> None:
    kept = Kept(subscription(), b"sealed")
    later = orjson.loads(value(topics.subscription(kept, NOW))) | {"colour": "red"}
    assert topics.read_subscription(orjson.dumps(later)) == kept


def test_what_an_earlier_version_wrote_is_the_operators_and_not_paused() -> None:
    kept = Kept(subscription(), b"sealed")
    said = orjson.loads(value(topics.subscription(kept, NOW)))
    for name in ("owner", "expires", "paused_since", "revised", "watchlist"):
        del said[name]
    assert topics.read_subscription(orjson.dumps(said)) == kept


def test_the_newest_wish_counts_whichever_was_written_last() -> None:
    """With its watchlist; what is disabled stays so."""
    wished = Kept(subscription(paused=NOW, revised=NOW), b"old", watchlist=b"new")
    ignorant = Kept(subscription(disabled="gone"), b"new", rotated=NOW, watchlist=b"old")
    for first, then in ((wished, ignorant), (ignorant, wished)):
        found = joined(first, then)
        one = found.subscription
        assert (one.paused, one.revised, one.disabled) == (NOW, NOW, "gone")
        assert (found.sealed, found.watchlist) == (b"new", b"new")


def test_a_subscription_that_is_removed_leaves_a_tombstone() -> None:
    assert topics.removed("sub_1") == topics.Message(b"sub_1", None)


def test_the_id_follows_from_what_is_said() -> None:
    ids = [
        header(topics.subscription(kept, NOW), "id")
        for kept in (
            Kept(subscription(), b"a"),
            Kept(subscription(), b"a"),
            Kept(subscription(), b"b"),
            Kept(subscription(), b"a", behind=FLIP),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


# --- deliveries -----------------------------------------------------------------------------------


def attempt(outcome: Outcome, state: str, number: int = 1, company: str = "acme") -> Attempt:
    verdict = Verdict("delivered" if outcome.delivered else "pending")
    ended = Ended("msg_1", NOW, 12_345, outcome, verdict)
    return Attempt("sub_1", company, 4, "c1", "standing.status.changed", number, ended, state, NOW)


def test_an_attempt_is_told_with_its_outcome() -> None:
    message = topics.delivery(attempt(Outcome(delivered=True, status=204), "delivered"))
    assert read(DELIVERIES, message) == {
        "delivery": "msg_1",
        "subscription": "sub_1",
        "company": "acme",
        "n": 4,
        "change": "c1",
        "type": "standing.status.changed",
        "attempt": 1,
        "at": show(NOW),
        "outcome": "delivered",
        "status": 204,
        "error": None,
        "latency_ms": 12.345,
        "state": "delivered",
        "since": show(NOW),
        "due": None,
        "stands": None,
        "request": None,
        "answer": None,
    }
    assert message.key == b"sub_1"
    assert header(message, "type") == "standing.delivery.attempted"


def test_a_failure_is_told_with_its_reason() -> None:
    failed = Outcome(delivered=False, error="TimeoutError: 10 s")
    said: Json = read(DELIVERIES, topics.delivery(attempt(failed, "pending", 2)))
    assert (said["outcome"], said["status"], said["error"], said["attempt"]) == (
        "failed",
        None,
        "TimeoutError: 10 s",
        2,
    )


def test_a_test_message_is_about_no_company() -> None:
    trial = attempt(Outcome(delivered=True, status=200), "test", company="")
    assert read(DELIVERIES, topics.delivery(trial))["company"] is None


def test_the_id_follows_from_message_and_attempt() -> None:
    ok = Outcome(delivered=True)
    one, again, other = (
        header(topics.delivery(attempt(ok, "delivered", number)), "id") for number in (1, 1, 2)
    )
    assert one == again != other
