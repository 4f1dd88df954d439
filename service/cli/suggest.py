"""Companies that may have been meant by what nobody is called."""

import re
from contextlib import suppress
from difflib import get_close_matches

from projections.search import normalise
from projections.stores import Stores
from projections.turn import Taken
from service.compose import MANY, Embedded, Standing

_MOST = 3
_LOOKED_AT = 50_000


def near(standing: Standing, text: str) -> list[str]:
    """At most three, each as `id (name)`; of the projection as far as it has come, if folding
    the rest of the log would take long or another process does it."""
    if isinstance(standing, Embedded):
        _fold_little(standing)
    stores = standing.store()
    try:
        return _near(stores, text)
    finally:
        stores.close()


def _fold_little(standing: Embedded) -> None:
    end = standing.log.end()
    with suppress(Taken), standing.projecting() as (_, projector):
        if end - projector.position < MANY:
            while batch := standing.log.between(projector.position, end, MANY):
                projector.apply(batch)


def _near(store: Stores, text: str) -> list[str]:
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
