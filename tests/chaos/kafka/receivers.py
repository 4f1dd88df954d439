"""Whether receivers were told what they asked for: every change, in order, repeats by their id."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.contract.alert_twins import Post

Json = dict[str, Any]


def wrongly_told(posts: Sequence[Post], changes: Iterable[Json]) -> list[str]:
    """What is wrong with what one receiver was told, in words, where `changes` are those that its
    one subscription asks for. A repeat may come at any time, under the id of the first."""
    first: dict[str, Post] = {}
    by_company: dict[str, list[Json]] = defaultdict(list)
    wrong: list[str] = []
    for post in posts:
        id_ = post.headers["webhook-id"]
        if first.setdefault(id_, post).message["data"] != post.message["data"]:
            wrong.append(f"{id_}: a repeat says something else")
        if first[id_] is post:
            by_company[post.message["data"]["company"]].append(post.message)
    wanted: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        wanted[change["company"]].append(change["sequence"])
    for company in wanted.keys() | by_company.keys():
        told = by_company.get(company, [])
        sequences = [one["data"]["sequence"] for one in told]
        want = sorted(set(wanted.get(company, [])))
        if sequences != want:
            wrong.append(f"{company}: missing or out of order: told {sequences}, not {want}")
        numbers = [one["n"] for one in told]
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"{company}: numbered {numbers}")
    return wrong
