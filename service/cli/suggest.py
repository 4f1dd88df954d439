"""Companies that may have been meant by what nobody is called."""

import re
from difflib import get_close_matches

from projections.search import normalise
from projections.store import ProjectionStore
from projections.turn import Taken
from service.compose import MANY, Standing

_MOST = 3
_LOOKED_AT = 50_000


def near(standing: Standing, text: str) -> list[str]:
    """At most three, each as `id (name)`; of the projection as far as it has come, if folding
    the rest of the log would take long or another process does it."""
    end = standing.log.end()
    try:
        with standing.projecting() as (store, projector):
            if end - projector.position < MANY:
                while batch := standing.log.between(projector.position, end, MANY):
                    projector.apply(batch)
            return _near(store, text)
    except Taken:
        store = standing.store()
        try:
            return _near(store, text)
        finally:
            store.close()


def _near(store: ProjectionStore, text: str) -> list[str]:
    found = [company for company, _ in store.search(normalise(text), _MOST)]
    if not found:
        ids = [row.company for row in store.rows(limit=_LOOKED_AT)]
        found = get_close_matches(text.lower(), ids, _MOST)
    if not found:
        for word in re.split(r"[\W_]+", normalise(text)):
            if len(word) > 2:
                found += [company for company, _ in store.search(word, _MOST)]
    told = []
    for company in list(dict.fromkeys(found))[:_MOST]:
        row = store.row(company)
        told.append(f"{company} ({row.name})" if row and row.name else company)
    return told
