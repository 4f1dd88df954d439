"""What does not fit in the stories of companies, where each partition knows that of its own."""

from collections.abc import Callable, Sequence

Found = Callable[[str, str], Sequence[str]]
"""From a company and a list."""


class Misfits:
    """Call it with a company and a list, as a `Teller` does. Of companies whose partitions others
    see to, nothing is known."""

    def __init__(self) -> None:
        self._of: dict[int, Found] = {}

    def __call__(self, company: str, list_id: str) -> Sequence[str]:
        """In words."""
        return next((some for one in self._of.values() if (some := one(company, list_id))), ())

    def join(self, partition: int, found: Found) -> None:
        """Somebody sees to a partition."""
        self._of[partition] = found

    def leave(self, partition: int, found: Found) -> None:
        """And does not any more; another may by now."""
        if self._of.get(partition) == found:
            del self._of[partition]
