"""The queue of review as a whole: here is said who asks."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.disputed import Disputed, Heard
from service.doubles import Doubles
from service.proposed import Proposed
from service.review import Review
from service.standing import Standing


@contextmanager
def reviewing(standing: Standing, heard: Heard | None = None) -> Iterator[Review]:
    """The queue of a standing. It is as it was last: `refresh` brings it up to date. Who asks again
    and again keeps what was heard."""
    disputed = Disputed(standing, heard or Heard())
    review = Review([disputed, Doubles(standing), Proposed(standing)])
    try:
        yield review
    finally:
        review.close()
