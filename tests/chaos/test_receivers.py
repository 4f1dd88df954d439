"""The checker of receivers finds what it is there for."""

import orjson

from tests.chaos.kafka.receivers import wrongly_told
from tests.contract.alert_twins import Post


def post(sequence: int, *, n: int | None = None, id_: str | None = None, say: str = "") -> Post:
    data = {"company": "acme", "sequence": sequence, "say": say}
    body = orjson.dumps({"n": n or sequence, "data": data})
    return Post("/", {"webhook-id": id_ or f"m{sequence}"}, body)


CHANGES = [{"company": "acme", "sequence": 1}, {"company": "acme", "sequence": 2}]


def test_repeats_by_id_are_no_fault() -> None:
    assert wrongly_told([post(1), post(1), post(2), post(1)], CHANGES) == []


def test_what_is_wrong_is_found() -> None:
    """A loss, another order, a repeat under another id or with other words, nobody's change."""
    assert wrongly_told([post(1)], CHANGES)
    assert wrongly_told([post(2), post(1)], CHANGES)
    assert wrongly_told([post(1), post(2), post(2, id_="other")], CHANGES)
    assert wrongly_told([post(1), post(1, say="else"), post(2)], CHANGES)
    assert wrongly_told([post(1), post(2), post(3)], CHANGES)
    assert wrongly_told([post(1), post(2, n=3)], CHANGES)
