"""The shapes of what is answered about subscriptions, and of who did what to
them, as OpenAPI components."""

from typing import Final, get_args

from alerts.subscriptions import Shown
from projections.blocks import ANY, COUNT, MANY, TEXT, TIME, TRUTH, Schema, or_null, structure, told
from service.api.schemas import many, ref
from service.watchlist import OUTCOMES

_ROWS: Final[dict[str, Schema]] = {
    "csv": told(TEXT, "With a heading, as screening reads it."),
    "holdings": {"type": "array", "items": {"type": "object"}, "maxItems": 10_000},
    "names": {**MANY, "maxItems": 10_000},
}
_LIKELY: Final[dict[str, Schema]] = {
    "accept_likely": told({**TRUTH, "default": False}, "Also take what is likely."),
}
LISTED: Final[dict[str, Schema]] = {
    "watchlist": told(
        {"type": "object", "properties": _ROWS, "maxProperties": 1},
        "Companies by names or identifiers: one of these.",
    ),
    **_LIKELY,
}
PAUSING: Final[dict[str, Schema]] = {
    "paused": told(TRUTH, "Whether it is to wait."),
    "missed": told({"enum": ["send", "skip"], "default": "send"}, "What it missed meanwhile."),
}

ANSWERS: Final[dict[str, Schema]] = {
    "Subscription": structure(
        {
            "id": TEXT,
            "owner": TEXT,
            "created": TIME,
            "filter": ANY,
            "state": {"enum": list(get_args(Shown))},
        }
    ),
    "WatchlistRequest": {
        "type": "object",
        "properties": {
            **_ROWS,
            "again": told({"const": True}, "Instead: the rows that it has, looked for again."),
            **_LIKELY,
        },
    },
    "WatchlistRow": structure(
        {
            "row": told(COUNT, "Of CSV, the line it begins on; else which one, from 1."),
            "input": told(ANY, "What was understood of it."),
            "outcome": {"enum": list(OUTCOMES)},
            "taken": told(TRUTH, "Whether its company is among those of the filter."),
            "company": or_null(TEXT),
        }
    ),
    "Watchlist": structure(
        {
            "resolved": told(TIME, "When."),
            "accept_likely": TRUTH,
            "counts": told(ANY, "Rows, by outcome."),
            "companies": told(COUNT, "Taken, each counted once."),
            "rows": many("WatchlistRow"),
        }
    ),
    "NewSubscription": structure(
        {"id": TEXT}, maybe={"secret": told(TEXT, "Of a webhook: `whsec_…`, this once.")}
    ),
    "Secret": structure({"secret": TEXT}),
    "Redelivery": structure({"delivery": TEXT}),
    "Recovery": structure({"since": TEXT}),
    "Delivery": structure(
        {
            "delivery": told(TEXT, "Its id, the same at every attempt."),
            "subscription": TEXT,
            "company": or_null(TEXT),
            "n": told(COUNT, "Gapless per subscription and company."),
            "change": TEXT,
            "type": TEXT,
            "state": TEXT,
            "attempts": {"type": "array", "items": ANY},
        },
        maybe={
            "held_until": or_null(TIME, "When the quiet hours end that hold it now."),
            "message": told(ANY, "Of one that is asked for alone: what it said."),
        },
    ),
    "Preview": structure(
        {
            "count": COUNT,
            "companies": COUNT,
            "by": told(ANY, "Counts, by kind, list and month."),
            "loaded": told(COUNT, "How many more with loaded history, which is not told unasked."),
            "messages": told({"type": "array", "items": ANY}, "The first of them."),
        }
    ),
    "PreviewRequest": {
        "type": "object",
        "properties": {
            "filter": ref("Filter"),
            "since": {**TEXT, "default": "P1Y"},
            "backfill": {**TRUTH, "default": False},
            "limit": COUNT,
        },
    },
    "Act": structure(
        {
            "seq": COUNT,
            "at": TIME,
            "owner": TEXT,
            "token": or_null(TEXT, "The id of the token that was shown, if one was."),
            "action": TEXT,
            "object": TEXT,
            "detail": or_null(TEXT),
        }
    ),
}
