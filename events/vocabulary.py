"""The closed words of the field: what may stand in an event, in a rule and in an answer.

Everything here is part of the promise to readers of the topics: a word is added with a new minor
version and never changes its meaning.
"""

from typing import Final, Literal, get_args

RestrictionKind = Literal[
    "investment.purchase",
    "investment.sale",
    "investment.hold",
    "export.license",
    "export.statement",
    "export.denied",
    "procurement.direct",
    "procurement.indirect",
    "property.blocked",
    "debt-equity",
    "correspondent-account",
    "other",
]
RESTRICTION_KINDS: Final[tuple[str, ...]] = get_args(RestrictionKind)

Status = Literal["designated", "enjoined", "scheduled", "removed", "not_listed"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)
"""Strongest first: a company's overall status is the first of these that one of its lists has."""

ChangeKind = Literal["changed", "corrected", "scheduled", "noted"]
CHANGE_KINDS: Final[tuple[str, ...]] = get_args(ChangeKind)

CompanyKind = Literal["company", "person", "vessel", "aircraft", "unknown"]
EffectiveBasis = Literal["stated", "observed", "baseline"]
InjunctionForm = Literal["tro", "preliminary", "permanent", "stay", "administrative"]
InjunctionEnd = Literal["dissolved", "reversed", "stayed", "expired", "superseded"]
RemovalHow = Literal["delisted", "vacated", "revoked", "expired", "superseded", "list_terminated"]
NoteKind = Literal["lawsuit_filed", "statement", "agreement", "filing", "news", "source", "other"]

DESCRIBED: Final = "standing.company.described"
MERGED: Final = "standing.company.merged"
DESIGNATION_ISSUED: Final = "standing.designation.issued"
DESIGNATION_AMENDED: Final = "standing.designation.amended"
INJUNCTION_GRANTED: Final = "standing.injunction.granted"
INJUNCTION_ENDED: Final = "standing.injunction.ended"
REMOVAL_ANNOUNCED: Final = "standing.removal.announced"
REMOVAL_ISSUED: Final = "standing.removal.issued"
NOTE_RECORDED: Final = "standing.note.recorded"
EVENT_RETRACTED: Final = "standing.event.retracted"
LIST_CHECKED: Final = "standing.list.checked"
TIME_PASSED: Final = "standing.time.passed"

TYPES: Final = frozenset(
    {
        DESCRIBED,
        MERGED,
        DESIGNATION_ISSUED,
        DESIGNATION_AMENDED,
        INJUNCTION_GRANTED,
        INJUNCTION_ENDED,
        REMOVAL_ANNOUNCED,
        REMOVAL_ISSUED,
        NOTE_RECORDED,
        EVENT_RETRACTED,
        LIST_CHECKED,
        TIME_PASSED,
    }
)

CLOCK_SUBJECT: Final = "clock"
LIST_SUBJECT_PREFIX: Final = "list:"
COPY_OF: Final = "copyof"
"""The attribute of a copy, which stands in the partition of the company that its own was merged
into: the position of the original."""
