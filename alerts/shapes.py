"""The shapes of subscriptions and deliveries, for the schemas of their topics."""

from typing import Final

from projections.blocks import (
    ANY,
    COUNT,
    MANY,
    TEXT,
    TIME,
    TRUTH,
    Schema,
    array,
    one_of,
    or_null,
    ref,
    structure,
    told,
)
from projections.shapes import POSITION

_FILTER: Final = structure(
    {},
    "Which changes are meant. What is absent means any, an empty list none.",
    maybe=dict.fromkeys(
        (
            *("companies", "lists", "countries", "from", "to", "kinds"),
            *("restrictions", "gained", "lost"),
        ),
        MANY,
    ),
)
PLACE: Final = structure(
    {
        "position": POSITION,
        "moment": or_null(TIME, "Of a flip at that position; null: behind all of them."),
        "revisions": told(COUNT, "Behind so many revisions of the rules there."),
        "company": TEXT,
        "sequence": COUNT,
    },
    "A place in the order of all changes.",
)
SUBSCRIPTION: Final[Schema] = structure(
    {
        "id": TEXT,
        "owner": told(TEXT, "Whose it is."),
        "created": TIME,
        "filter": _FILTER,
        "channel": structure(
            {"type": TEXT},
            "How it is told.",
            maybe={
                **dict.fromkeys(("url", "to", "name", "signature"), TEXT),
                "rate": or_null({"type": "number"}),
            },
        ),
        "cadence": TEXT,
        "start": told(TEXT, "As it was asked for."),
        "label": or_null(TEXT),
        "backfill": told(TRUTH, "Whether history that was loaded is told."),
        "remind": MANY,
        "expires": or_null(TEXT, "A date: nothing is told that is recorded behind it."),
        "state": one_of(("active", "failing", "disabled")),
        "disabled": or_null(TEXT, "Why nothing is sent any more."),
        "failing_since": or_null(TIME, "When the failures began that no success has followed."),
        "paused_since": or_null(TIME, "Since when nothing is to be sent; it keeps its place."),
        "secrets": told(
            {"type": "string", "contentEncoding": "base64"},
            "Sealed: of use only with the key that they were sealed under.",
        ),
        "overlap": or_null(TIME, "Until then the secret before the newest signs as well."),
        "after": told(ref("Place"), "Only what stands behind it is sent,"),
        "since": or_null(TIME, "and only what was recorded then or later."),
        "behind": or_null(ref("Place"), "How far it was read, where it lags behind the others."),
        "places": told(array(ref("Place")), "`after`, of each partition of the events."),
        "rotated": or_null(TIME, "When the newest secret was made; null: with the subscription."),
        "revised": or_null(TIME, "When it was last asked to be otherwise; null: never."),
        "watchlist": or_null(
            {"type": "string", "contentEncoding": "base64"},
            "The report of the watchlist that its companies are from: JSON, compressed with zlib.",
        ),
        "notify": or_null(TEXT, "The subscription that is told when this one's receiver fails."),
        "enabled": or_null(TIME, "When it was last enabled again, after it was disabled."),
    },
    "A subscription, with what is needed to go on with it.",
    maybe={
        "confirmed": or_null(TIME, "When the owner of the mailbox agreed, if it goes to one."),
        "digest": or_null(
            structure({"time_zone": TEXT, "at": TEXT, "weekday": TEXT, "empty": TRUTH}),
            "When digests come.",
        ),
        "quiet": or_null(
            structure(
                {"time_zone": TEXT, "from": TEXT, "to": TEXT, "days": MANY},
                maybe={"except": or_null(ANY, "What does not wait.")},
            ),
            "When nothing is sent.",
        ),
        "heartbeat": or_null(TEXT, "How often it is told that all is well."),
    },
)
DELIVERY: Final[Schema] = structure(
    {
        "delivery": told(TEXT, "The message's id, the same at every attempt."),
        "subscription": TEXT,
        "company": or_null(TEXT, "Null in a digest, a heartbeat and a test message."),
        "n": told(COUNT, "Gapless from 1 per subscription and company; 0 in a test message."),
        "change": told(TEXT, "The id of the change that it tells, or what it is about instead."),
        "type": TEXT,
        "attempt": told({"type": "integer", "minimum": 1}, "Counted from 1."),
        "at": told(TIME, "When the attempt began."),
        "outcome": one_of(("delivered", "failed")),
        "status": or_null({"type": "integer"}, "What the receiver answered, if it did."),
        "error": or_null(TEXT),
        "latency_ms": {"type": "number", "minimum": 0},
        "state": told(
            one_of(("delivered", "pending", "failed", "abandoned", "test")),
            "Of the message after it; `pending` is tried again.",
        ),
        "since": told(TIME, "When the message began to wait."),
        "due": or_null(TIME, "When it is tried again, where it is."),
        "stands": or_null(POSITION, "Where the change stands in `standing.changes.v1`."),
        "request": or_null(
            {"type": "object"},
            "What was sent: address, headers without secrets, and of the body its size and digest.",
        ),
        "answer": or_null(
            {"type": "object"},
            "What came back, if anything: headers of use to who "
            "looks for what went wrong, and the first bytes.",
        ),
    },
    "An attempt to deliver a message, and its outcome.",
    maybe={
        "message": told(
            {"type": "object"},
            "What was sent, at the first attempt of what no change brings: so that it can be sent "
            "again.",
        )
    },
)
SHAPES: Final[dict[str, Schema]] = {"Place": PLACE}
_TRIED: Final = structure(
    {
        "delivery": TEXT,
        "attempts": COUNT,
        "earlier": told(COUNT, "How many of them were before it was to be delivered again."),
        "since": told(TIME, "When it began to wait."),
        "due": or_null(TIME, "When it is tried next, where it is the first that waits."),
    }
)
_TIMED: Final = structure(
    {},
    "What is remembered of messages that time brings, and no change.",
    maybe={
        "to": told(TIME, "Where the window of the latest digest ended."),
        "marks": told(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "By partition, the offset in the changes up to which digests told.",
        ),
        "beat": told(TIME, "When the latest heartbeat was due."),
        "reminded": told(
            array(
                structure(
                    {
                        "list": TEXT,
                        "at": TIME,
                        "status": TEXT,
                        "restrictions": MANY,
                        "seconds": told(COUNT, "How long before it."),
                    }
                )
            ),
            "Of which flips to come a reminder was made.",
        ),
    },
)
PROGRESS_SHAPES: Final[dict[str, Schema]] = {
    "ProgressRead": structure(
        {
            "subscription": or_null(TEXT, "Null: every subscription that is said nothing else of."),
            "read": or_null(
                {"type": "integer", "minimum": -1},
                "Everything up to this offset in the changes was told; null: as everybody's.",
            ),
        },
        "How far a partition of the changes was told.",
    ),
    "ProgressQueue": structure(
        {
            "subscription": TEXT,
            "company": TEXT,
            "n": told(COUNT, "Of the last message that is over."),
            "sequence": told(COUNT, "Of the change that it told."),
            "waiting": told(array(_TRIED), "Messages behind it that were tried."),
        },
        "What a subscription was told of a company.",
        maybe={
            "timed": _TIMED,
            "delivered": told(TIME, "When the receiver last took one of them."),
        },
    ),
    "ProgressMade": structure(
        {
            "subscription": TEXT,
            "company": TEXT,
            "n": told(COUNT, "Its own."),
            "sequence": told(COUNT, "Of the last change that is told before it."),
            "waiting": told(array(_TRIED), "None."),
            "delivery": TEXT,
            "change": told(TEXT, "What it is about, in place of a change."),
            "type": TEXT,
            "at": TIME,
            "urgent": told(TRUTH, "Whether quiet hours do not hold it up."),
            "data": told(ANY, "As it is sent."),
        },
        "A message that time brought: a digest, reminder or heartbeat. It stands until it is over.",
    ),
    "DeliveryAsked": structure(
        {
            "delivery": TEXT,
            "subscription": TEXT,
            "company": TEXT,
            "n": COUNT,
            "change": TEXT,
            "offset": told(COUNT, "Of the change in its partition; 0 where none brought it."),
            "attempts": told(COUNT, "So far."),
            "asked": TIME,
        },
        "A message is to be delivered again. It stands until it was.",
        maybe={
            "message": told({"type": "object"}, "What was sent, where no change brought it."),
        },
    ),
    "ProgressNotice": structure(
        {
            "notice": TEXT,
            "subscription": told(TEXT, "Whose receiver fails."),
            "read": or_null({"type": "integer", "minimum": -1}, "Null."),
            "to": told(TEXT, "The subscription that is told of it; empty: the operator."),
            "type": TEXT,
            "at": TIME,
            "attempts": COUNT,
            "due": or_null(TIME, "When it is tried next; null: it is over."),
            "error": or_null(TEXT),
            "message": told({"type": "object"}, "As it is sent."),
        },
        "What is told elsewhere of a receiver that fails. It stands until the next of its kind.",
    ),
}
