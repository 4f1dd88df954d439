"""`standing serve` over Kafka that comes to the middle of what it reads first, says so, and goes no
further: to be killed there. `python -m tests.kafka.interrupted_replica`."""

import sys
from collections.abc import Sequence
from threading import Event

from events.kafka.first import Sifted
from events.log import Record
from projections.held import Held
from service import replica
from service.cli.main import main

MIDDLE = "some of it is kept"


class HeldUp(Held):
    """Keeps what comes first, whichever partition that is of."""

    def take(self, records: Sequence[Record], last: int) -> Sifted:
        """See `Held`."""
        sifted = super().take(records, last)
        print(MIDDLE, flush=True)  # noqa: T201
        Event().wait()
        return sifted


if __name__ == "__main__":
    setattr(replica, "Held", HeldUp)  # noqa: B010 - so that what is replaced is seen to be
    sys.exit(main(["serve", "--port", "0"]))
