"""How far everybody was told, as messages, and who subscribed, as they tell it."""

from dataclasses import replace

import orjson
import pytest

from alerts import progress, topics
from alerts.places import BEGINNING, behind
from alerts.progress import EVERYBODY, Asked, Progress, Queue, Tried
from alerts.roster import Roster
from alerts.subscriptions import Start, Subscription, requested, started
from alerts.topics import Kept
from events.dates import SECOND
from events.errors import Refused
from projections.messages import Message
from tests.contract.alert_twins import asked
from tests.unit.making import REGISTRY
from tests.unit.topic_messages import header, read

NOW = 1_700_000_000 * SECOND
TOPIC = "standing.progress.v1"
QUEUE = Queue(
    "sub_1", "acme", 7, 9, (Tried("msg_8", 3, 1, NOW, NOW + 5), Tried("m", 1, 0, 1, None))
)
ASKED = Asked("msg_1", "sub_1", "acme", 1, "c1", 41, 2, NOW)
KEPT = Kept(Subscription("sub_1", NOW, requested(asked(), REGISTRY), Start(BEGINNING)), b"first")


def take(found: Progress, message: Message) -> None:
    kind = header(message, "type") if message.headers else ""
    found.take(message.key.decode(), kind, message.value)


def test_progress_is_read_as_it_was_told() -> None:
    found = Progress()
    for message in (
        progress.read(EVERYBODY, 41, NOW),
        progress.read("sub_1", None, NOW),
        progress.queue(QUEUE, NOW),
        progress.asked(ASKED),
    ):
        read(TOPIC, message)
        take(found, message)
    assert found == Progress(
        {EVERYBODY: 41, "sub_1": None}, {"sub_1/acme": QUEUE}, {"msg_1": ASKED}
    )


def test_what_is_over_is_forgotten_and_what_is_not_known_passed_over() -> None:
    found = Progress()
    take(found, progress.queue(QUEUE, NOW))
    take(found, progress.asked(ASKED))
    found.take("sub_1", "standing.progress.mood", b"{}")
    for key in ("sub_1/acme", "msg_1", "nobody"):
        take(found, progress.over(key))
    assert found == Progress()


# --- who subscribed -------------------------------------------------------------------------------


def told(roster: Roster, kept: Kept | None) -> None:
    value = None if kept is None else topics.subscription(kept, NOW).value
    roster.take("sub_1", value)


def test_the_newest_secret_counts_whoever_wrote_last() -> None:
    newer = replace(KEPT, sealed=b"second", overlap=NOW, rotated=NOW)
    roster = Roster()
    for one in (KEPT, newer, KEPT):
        told(roster, one)
    assert roster.kept == {"sub_1": newer}
    assert roster.amiss == {"sub_1"}
    told(roster, newer)
    assert roster.amiss == set()


def test_who_is_disabled_stays_so() -> None:
    gone = replace(KEPT, subscription=replace(KEPT.subscription, disabled="410"))
    roster = Roster()
    for one in (KEPT, gone, KEPT):
        told(roster, one)
    assert [one.subscription.disabled for one in roster.living()] == ["410"]
    assert roster.amiss == {"sub_1"}


def test_who_was_removed_does_not_come_back() -> None:
    roster = Roster()
    for one in (KEPT, None, KEPT):
        told(roster, one)
    assert not list(roster.living())
    assert (roster.gone, roster.amiss) == ({"sub_1"}, {"sub_1"})
    told(roster, None)
    assert roster.amiss == set()


# --- starts in several partitions -----------------------------------------------------------------

HEADS = [behind(41), behind(-1), behind(7, 2)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("now", HEADS),
        ("beginning", [BEGINNING] * 3),
        ("0:40,1:-1,2:7", [behind(40), behind(-1), behind(7)]),
    ],
)
def test_a_start_has_a_place_in_every_partition(text: str, places: list[object]) -> None:
    found = started(text, HEADS)
    assert [found.within(number).after for number in range(3)] == places
    kept = replace(KEPT, subscription=replace(KEPT.subscription, start=found))
    message = topics.subscription(kept, NOW)
    said = read("standing.subscriptions.v1", message)
    assert [one["position"].partition(":")[0] for one in said["places"]] == ["0", "1", "2"]
    assert topics.read_subscription(message.value or b"") == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [("0:1", "partitions 0 to 2"), ("0:1,1:0,2:7", "behind the end of the log, 0:41,1:-1,2:7")],
)
def test_a_start_that_is_not_there_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        started(text, HEADS)


def test_a_subscription_of_before_there_were_partitions_is_read() -> None:
    said = orjson.loads(topics.subscription(KEPT, NOW).value or b"")
    for name in ("places", "rotated"):
        del said[name]
    assert topics.read_subscription(orjson.dumps(said)) == KEPT
