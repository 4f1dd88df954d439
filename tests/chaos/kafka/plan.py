"""How long to go on, what everything is drawn from, and what was counted."""

import os
from collections import Counter
from secrets import randbits
from typing import Final

LONG: Final = os.environ.get("STANDING_CHAOS") == "long"
"""For hundreds of kills, which takes the better part of an hour; else for a few minutes."""
SEED: Final = int(os.environ.get("STANDING_CHAOS_SEED") or randbits(32))
"""Given again, the same is recorded, and the same happens to whoever folds it."""
figures: Final[list[str]] = []
"""What is told of a run at its end."""
killed: Final[Counter[str]] = Counter()
"""How many were killed to see what becomes of it, workers and brokers."""
