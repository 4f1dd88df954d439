"""Whether processes have ended that are not one's own children."""

import os
import select

ENDS_WITHIN_S = 300


def ended(pid: int, within_s: float = ENDS_WITHIN_S) -> bool:
    """Wait until it has; False where that takes longer. One that nobody has buried yet has ended,
    too, though it is still listed."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within_s)[0])
    finally:
        os.close(watched)
