"""A watchlist: rows of names and identifiers, and the companies that they are.

What is sure is taken; what is not is told, with whom it may be, and left to the person. Nothing is
dropped in silence.
"""

import io
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

import orjson

from events.dates import Instant, show
from events.errors import Problem, Refused
from projections.screening import Holding, Index, Match
from service.holdings import Line, Sheet, meaning, read_csv, read_json

MOST: Final = 10_000
"""Rows."""
OUTCOMES: Final = ("matched", "likely", "several", "not_found")
_ASKED: Final = ("csv", "holdings", "names")
_CANDIDATES: Final = 5
_CUT: Final = 200
_LARGEST: Final = 400_000
"""Bytes of a report as it is packed: what a message of Kafka has room for."""

Report = dict[str, Any]


def read_watchlist(given: Any, field: str = "watchlist") -> Sheet:
    """Rows as they are sent: `{"csv": …}`, `{"names": […]}` or `{"holdings": […]}`. Raises
    `Refused` by row and field."""
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in _ASKED:
        raise Refused.field(field, 'is no object with one of "csv", "holdings" and "names"')
    if "csv" not in given:
        return read_json(given, MOST)
    inner = f"{field}.csv" if field else "csv"
    if not isinstance(given["csv"], str):
        raise Refused.field(inner, "is no text")
    return read_csv(io.BytesIO(given["csv"].encode()), inner)


def once_more(report: Mapping[str, Any]) -> Sheet:
    """The rows of a report, to be looked for again: whom nobody knew then may be known by now."""
    rows = [(one["row"], one["input"]) for one in report["rows"]]
    headings = dict.fromkeys(key for _, said in rows for key in said)
    return Sheet(tuple(headings), (Line(row, said, Holding(**said)) for row, said in rows))


def relooked(report: Report, index: Index, now: Instant) -> tuple[Report, list[dict[str, Any]]]:
    """The report, with the rows looked for again that were not taken; and those of them that say
    something else than they did, each with when that was `found`."""
    again = {one.row: one for one in once_more(report).lines}
    rows, moved = [], []
    for row in report["rows"]:
        if not row["taken"]:
            new = _row(again[row["row"]], index, likely=report["accept_likely"])
            if (new["outcome"], new["taken"]) != (row["outcome"], row["taken"]):
                row = {**new, "found": show(now)}  # noqa: PLW2901 - it is another row now
                moved.append(row)
        rows.append(row)
    return _report(rows, report["resolved"], likely=report["accept_likely"]), moved


def by_reference(sheet: Sheet) -> bool:
    """Whether it may name companies by a source's own id."""
    return any(meaning(one) == "identifier" for one in sheet.headings)


def resolved(sheet: Sheet, index: Index, now: Instant, *, likely: bool) -> Report:
    """Who the rows are; with `likely`, what is likely is taken as well. Raises `Refused` where
    nothing can be taken and nothing waits to be: where each row needs a person, with why."""
    lines = list(islice(sheet.lines, MOST + 1))
    if len(lines) > MOST:
        raise Refused.field("watchlist", f"takes at most {MOST:,} rows")
    rows = [_row(line, index, likely=likely) for line in lines]
    if not rows:
        raise Refused.field("watchlist", "has no row")
    if not any(one["taken"] or one["outcome"] == "not_found" for one in rows):
        raise Refused(*map(_not_taken, rows))
    return _report(rows, show(now), likely=likely)


def _report(rows: list[dict[str, Any]], when: str, *, likely: bool) -> Report:
    counts = Counter(one["outcome"] for one in rows)
    return {
        "resolved": when,
        "accept_likely": likely,
        "counts": {"rows": len(rows), **{name: counts[name] for name in OUTCOMES}},
        "companies": len(companies({"rows": rows})),
        "rows": rows,
    }


def companies(report: Mapping[str, Any]) -> list[str]:
    """Those that were taken, each once."""
    return list(dict.fromkeys(one["company"] for one in report["rows"] if one["taken"]))


def packed(report: Report) -> bytes:
    """To be kept. Raises `Refused` where it is too large for that."""
    found = zlib.compress(orjson.dumps(report), level=9)
    if len(found) > _LARGEST:
        raise Refused.field("watchlist", "is too large to be kept; make several subscriptions")
    return found


def unpacked(kept: bytes) -> Report:
    """As it was."""
    found: Report = orjson.loads(zlib.decompress(kept))
    return found


def _row(line: Line, index: Index, *, likely: bool) -> dict[str, Any]:
    found = index.find(line.holding)
    outcome = _outcome(found)
    taken = outcome == "matched" or (likely and outcome == "likely")
    said = zip(line.holding._fields, line.holding, strict=True)
    told: dict[str, Any] = {
        "row": line.row,
        "input": {key: value[:_CUT] for key, value in said if value},
        "outcome": outcome,
        "taken": taken,
        "company": found[0].company if outcome in ("matched", "likely") else None,
    }
    if found and outcome != "matched":
        told["candidates"] = [_told(one, index) for one in found[:_CANDIDATES]]
        told["candidates_count"] = len(found)
    elif found:
        told |= _told(found[0], index)
    return told


def _outcome(found: Sequence[Match]) -> str:
    if not found:
        return "not_found"
    sure = [one for one in found if one.how == "exact"] or list(filter(_sure, found))
    if sure:
        return "matched" if sure == found[:1] else "several"
    best = [one for one in found if (one.how, one.score) == (found[0].how, found[0].score)]
    return "likely" if len(best) == 1 else "several"


def _sure(match: Match) -> bool:
    """An identifier that one company alone has, or a name that is the same word for word."""
    return match.how == "strong" and (match.by not in ("name", "alias") or match.score >= 1)


def _told(match: Match, index: Index) -> dict[str, Any]:
    return {
        "company": match.company,
        "name": index.described(match.company)["name"],
        "match": match.how,
        "score": round(match.score, 4),
        "by": match.by,
        "matched": match.matched[:_CUT],
    }


def _not_taken(row: Mapping[str, Any]) -> Problem:
    field = f"watchlist.{row['row']}"
    may_be = ", ".join(one["company"] for one in row.get("candidates", ()))
    if row["outcome"] == "likely":
        return Problem(field, f"may be {may_be}; accept what is likely, or name the company")
    return Problem(field, f"may be {may_be}; name the one that is meant in a column company")
