"""When a message is tried again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channel import Outcome
from alerts.retry import FIRST, GIVE_UP, LONGEST, Verdict, delay, judge, retry_after
from events.dates import DAY, SECOND

NOW = int(datetime(2021, 3, 12, 10, 0, 0, tzinfo=UTC).timestamp()) * SECOND
FAILED = Outcome(delivered=False, status=500)


def test_waits_grow_from_seconds_to_hours() -> None:
    waits = [delay(attempt, 0.0) // SECOND for attempt in range(1, 11)]
    assert waits == [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 21_600, 21_600]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_chance_makes_a_wait_longer_by_a_fifth_at_most(attempt: int, draw: float) -> None:
    plain = delay(attempt, 0.0)
    assert FIRST <= plain <= delay(attempt, draw) <= plain * 1.2


@pytest.mark.parametrize("status", [None, 302, 400, 401, 404, 429, 500, 503])
def test_whatever_went_wrong_is_tried_again(status: int | None) -> None:
    verdict = judge(1, Outcome(delivered=False, status=status), 0, 0.0)
    assert verdict == Verdict("pending", FIRST)


def test_a_receiver_that_is_gone_is_not_tried_again() -> None:
    assert judge(1, Outcome(delivered=False, status=410, gone=True), 0, 0.0).state == "gone"


def test_a_delivered_message_is_done() -> None:
    assert judge(9, Outcome(delivered=True, status=204), GIVE_UP, 0.0) == Verdict("delivered")


def test_after_three_days_a_message_is_given_up() -> None:
    assert judge(20, FAILED, GIVE_UP - 1, 0.0).state == "pending"
    assert judge(20, FAILED, GIVE_UP, 0.0).state == "failed"


def test_a_receiver_may_ask_for_a_longer_wait_up_to_a_limit() -> None:
    def wait(asked: int) -> int:
        return judge(1, Outcome(delivered=False, status=429, retry_after=asked), 0, 0.0).delay

    assert wait(1 * SECOND) == FIRST
    assert wait(120 * SECOND) == 120 * SECOND
    assert wait(30 * DAY) == LONGEST


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("120", 120 * SECOND),
        (" 0 ", 0),
        ("9" * 400, 999_999_999 * SECOND),
        ("Fri, 12 Mar 2021 10:01:30 GMT", 90 * SECOND),
        ("Fri, 12 Mar 2021 10:01:30 -0000", 90 * SECOND),
        ("Fri, 12 Mar 2021 09:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("Fri, 99 Mar 2021 10:01:30 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, wait: int | None) -> None:
    assert retry_after(header, NOW) == wait
