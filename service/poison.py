"""Which event of a parked company cannot be folded."""

from events.companies import members
from events.log import Record
from projections.dossier import Dossier
from projections.readers import Readers
from service.standing import Standing


def poison(standing: Standing, readers: Readers, company: str) -> Record | None:
    """The first event with which the company can be folded no more; None where all of them can be,
    so that what is wrong lies elsewhere: in a merge, say."""
    number = standing.home(company) if standing.partitions > 1 else 0
    archive = standing.whole.parts[number]
    records = archive.of_subjects(
        members(readers.readers[number].merged(), company), to=archive.end()
    )

    def folds(count: int) -> bool:
        try:
            Dossier(company, standing.registry, records[:count])
        except Exception:  # noqa: BLE001 - whatever is wrong with it: that is what is asked
            return False
        return True

    if folds(len(records)):
        return None
    good, bad = 0, len(records)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if folds(middle) else (good, middle)
    return records[bad - 1]
