"""The shapes of what is derived from the log: a standing, a change, a rejection; for the schemas
of the topics and for the description of the HTTP interface."""

from typing import Final, get_args

from events import vocabulary as words
from projections.blocks import (
    ANY,
    COUNT,
    MANY,
    NULL,
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
    word,
)

POSITION: Final = told(
    {"type": "string", "pattern": "^[0-9]+:-?[0-9]+$"}, "Where in the log: `partition:offset`."
)
STATUS: Final = one_of(words.STATUSES)
KIND: Final = word(words.RESTRICTION_KINDS)
KINDS: Final = array(KIND)
FROM: Final = told(TIME, "Inclusive.")
UNTIL: Final = or_null(TIME, "Exclusive; null where no end is known.")
HOW: Final = or_null(word(get_args(words.RemovalHow)), "How it was removed.")
OWNERSHIP: Final = told({"const": "not_evaluated"}, "The 50 % and affiliates rules.")
READING: Final = structure({"status": STATUS, "how": HOW, "restrictions": KINDS})
_REFERENCE: Final = structure({"scheme": TEXT, "id": TEXT}, "A source's own key of the entry.")
_OVERALL: Final = structure({"status": STATUS, "restrictions": KINDS})
_INTERVAL: Final = structure(
    {"from": or_null(TIME), "until": UNTIL, "before": READING, "after": READING}
)
_SEQUENCE: Final = told(COUNT, "Of the company's latest change; 0 before the first.")
_SCOPE: Final = told(
    {"anyOf": [{"const": "all"}, KINDS]}, "What it stops: `all`, or kinds of restriction."
)

LISTS_OWN: Final[dict[str, Schema]] = {
    "list": TEXT,
    "list_version": told(TEXT, "Of the list's rules."),
}
LISTS_STANDING: Final[dict[str, Schema]] = {
    "status": STATUS,
    "since": or_null(TIME, "When this status began."),
    "until": or_null(TIME, "When it ends; null where no end is known."),
    "how": HOW,
    "next": or_null(
        structure({"at": TIME, "status": STATUS, "restrictions": KINDS}),
        "The next known flip of status or restrictions.",
    ),
    "episode": told(COUNT, "Counted from 1; 0 before the first."),
    "pending_removal": told(TRUTH, "A removal is announced, without effect yet."),
    "restrictions": told(array(ref("RestrictionTold")), "In force."),
    "upcoming": told(array(ref("RestrictionTold")), "Known to come into force."),
    "references": told(array(_REFERENCE), "Of the listings that are open."),
    "listings": told(
        array(
            structure(
                {
                    "reference": or_null(_REFERENCE),
                    "since": TIME,
                    "expires": or_null(TIME),
                    "event": told(TEXT, "The id of the designation."),
                }
            )
        ),
        "Those that are open.",
    ),
    "injunctions": told(
        array(structure({"injunction": TEXT, "scope": _SCOPE, "expires": or_null(TIME)})),
        "Those that are active.",
    ),
    "cause": or_null(TEXT, "The event to which the status is owed."),
    "anomalies": told(
        array(structure({"event": TEXT, "why": TEXT})), "Events that fit nowhere; the first 100."
    ),
    "anomalies_count": COUNT,
}
STANDING: Final[dict[str, Schema]] = {
    "status": told(STATUS, "The strongest of its lists."),
    "restrictions": told(array(ref("RestrictionOverall")), "The union in force."),
    "upcoming": array(ref("RestrictionOverall")),
    "ownership": OWNERSHIP,
}
SHAPES: Final[dict[str, Schema]] = {
    "RestrictionTold": structure(
        {
            "kind": KIND,
            "basis": told(TEXT, "The law that it comes from."),
            "from": FROM,
            "until": UNTIL,
            "events": told(MANY, "The designations that bring it."),
        }
    ),
    "RestrictionOverall": structure(
        {"kind": KIND, "lists": MANY, "events": MANY, "from": told(TIME, "The earliest.")}
    ),
    "ChangeTold": structure(
        {
            "change": told(TEXT, "Its id, the same on every reading of the log."),
            "company": TEXT,
            "list": or_null(TEXT, "Null where the event names none."),
            "sequence": told(
                {"type": "integer", "minimum": 1}, "The company's, gapless from 1: a gap is a loss."
            ),
            "kind": one_of(words.CHANGE_KINDS),
            "from": told(READING, "What the list said before."),
            "to": told(READING, "What the list says now."),
            "overall": told(
                structure({"before": _OVERALL, "after": _OVERALL}), "Over all lists of the company."
            ),
            "effective": or_null(TIME, "When it has legal effect."),
            "announced": or_null(TIME, "When the public could first know of it."),
            "recorded": told(TIME, "When the log took it in; of a flip, the moment of the flip."),
            "cause": told(MANY, "The events to which it is owed."),
            "backfill": told(TRUTH, "History that was loaded, and no news."),
        },
        maybe={
            "intervals": told(
                array(_INTERVAL),
                "Of a correction: the past that reads differently now; the first 100.",
            ),
            "intervals_count": COUNT,
            "flips": told(
                structure({"before": array(ref("FlipTold")), "after": array(ref("FlipTold"))}),
                "Of a schedule: the flips to come, as they were and as they are.",
            ),
        },
    ),
    "FlipTold": structure(
        {"at": or_null(TIME), "status": STATUS, "how": HOW, "restrictions": KINDS}
    ),
}
_BEYOND: Final = {
    "place": told(
        structure(
            {
                "position": told(POSITION, "Of the record on reading which it was told."),
                "moment": or_null(TIME, "Of a flip at that position; null: behind all of them."),
                "revisions": told(COUNT, "Behind so many revisions of the rules there."),
            }
        ),
        "Where it stands in the order of its partition's changes, before company and sequence.",
    ),
    "country": or_null(TEXT, "Of the company, as it was known when this was told."),
    "former_ids": told(MANY, "Of the company, as they were known when this was told."),
}
_NAME: Final = or_null(TEXT, "Of the company, as it was known when this was told.")
_REST: Final = told(
    structure(
        {
            "intervals": array(_INTERVAL),
            "before": array(ref("FlipTold")),
            "after": array(ref("FlipTold")),
        }
    ),
    "The intervals and flips behind the first 100, up to 900 more of each; left out where there "
    "are none.",
)
_CAUSES: Final = told(
    array(
        structure(
            {
                "event": TEXT,
                "type": TEXT,
                "text": or_null(TEXT, "What it says in words."),
                "sources": told(array({"type": "object"}), "Where it was read, up to 10."),
            }
        )
    ),
    "The events of `cause`, as they were known when this was told, as far as there is room; left "
    "out where it comes from other rules.",
)
CHANGE_MESSAGE: Final = {
    **SHAPES["ChangeTold"],
    "properties": {
        **SHAPES["ChangeTold"]["properties"],
        **_BEYOND,
        "name": _NAME,
        "rest": _REST,
        "causes": _CAUSES,
    },
    "required": [*SHAPES["ChangeTold"]["required"], *_BEYOND],
}
"""The change as HTTP and webhooks have it, and what only the topic says."""
STATUS_SHAPES: Final[dict[str, Schema]] = {
    "CompanyStanding": structure(
        {
            "company": TEXT,
            "position": told(POSITION, "Of the last record of its partition that was folded."),
            "name": or_null(TEXT),
            "as_of": told(TIME, "When that record was taken in."),
            "announced_by": told(NULL, "No cut-off: everything."),
            "known_at": told(NULL, "No cut-off: everything."),
            "sequence": _SEQUENCE,
            **STANDING,
            "lists": told(array(ref("ListStanding")), "Those with an event that counts."),
        },
        "The standing of a company. Coverage of the lists is not part of it.",
    ),
    "CompanyMerged": structure(
        {
            "company": TEXT,
            "position": POSITION,
            "sequence": _SEQUENCE,
            "merged_into": told(TEXT, "The company that it counts for, which may be merged, too."),
        },
        "The id counts for another.",
    ),
    "CompanyParked": structure(
        {
            "company": TEXT,
            "position": POSITION,
            "sequence": _SEQUENCE,
            "parked": told(TEXT, "Why nothing can be said: an event that cannot be folded."),
        },
        "Nothing is said of the company, rather than something wrong. It is no clearance.",
    ),
    "ListStanding": structure({**LISTS_OWN, **LISTS_STANDING}),
}
REJECTED: Final = structure(
    {
        "position": told(POSITION, "Of the record in `standing.events.v1`."),
        "subject": or_null(TEXT, "Null where it could not be read."),
        "id": or_null(TEXT, "The event's; null where it could not be read."),
        "errors": array(structure({"field": told(TEXT, 'Dotted; "" is all.'), "detail": TEXT})),
        "event": or_null(ANY, "The event as it was read; null where it is no event."),
        "raw": or_null(
            {"type": "string", "contentEncoding": "base64"},
            "The value as it was, where it is no event or is too large; its first 500,000 bytes.",
        ),
        "raw_size": or_null(COUNT, "How many bytes it has."),
    },
    "A record of the log that does not count.",
)
CLAIM: Final = structure(
    {
        "writer": told(TEXT, "Its transactional id."),
        "partition": told(COUNT, "Of every topic that is made of the events."),
    },
    "A worker may write of this partition. Kept by the workers for each other.",
)
