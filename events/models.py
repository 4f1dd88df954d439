"""The events as pydantic models: what the door takes, and the source of the JSON Schemas.

Strict: a field that is not here is refused by name. Dates are text, see `events.dates`; which end
of a day or month counts is said at each. Limits keep one event far below what a broker carries.
"""

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from events import vocabulary as words
from events.dates import precision
from events.vocabulary import (
    CompanyKind,
    EffectiveBasis,
    InjunctionEnd,
    InjunctionForm,
    NoteKind,
    RemovalHow,
    RestrictionKind,
)


def _a_date(text: str) -> str:
    precision(text)
    return text


def _an_instant(text: str) -> str:
    if precision(text) != "instant":
        raise ValueError(f"{text!r} is a period; a time with its offset is needed")
    return text


COMPANY_ID: Final = r"^[a-z0-9][a-z0-9-]{0,127}$"
_CLOCK: Final = (
    "T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"  # with an offset
)
DATE: Final = f"^[0-9]{{4}}(-[0-9]{{2}}(-[0-9]{{2}}({_CLOCK})?)?)?$"
MOMENT: Final = f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_CLOCK}$"
Date = Annotated[str, AfterValidator(_a_date), WithJsonSchema({"type": "string", "pattern": DATE})]
Moment = Annotated[
    str, AfterValidator(_an_instant), WithJsonSchema({"type": "string", "pattern": MOMENT})
]
_NO_CONTROL: Final = r"[^\x00-\x1f\x7f-\x9f]*"
_NO_CONTROL_BUT_LINES: Final = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*"
_A_LETTER: Final = r"[^\s\x00-\x1f\x7f-\x9f]"
SHORT: Final = f"^{_NO_CONTROL}{_A_LETTER}{_NO_CONTROL}$"
LONG: Final = f"^{_NO_CONTROL_BUT_LINES}{_A_LETTER}{_NO_CONTROL_BUT_LINES}$"
# A terminal or a spreadsheet would obey control characters: only text may have lines and tabs.
Short = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=SHORT)]
Long = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, pattern=LONG),
]
CompanyId = Annotated[str, StringConstraints(pattern=COMPANY_ID)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[!-~]+$")]
ListId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Many = Field(max_length=1_000)


class Strict(BaseModel):
    """Nothing unknown, nothing converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class Reference(Strict):
    """A source's own key of an entry. Sources reuse and re-key them: never our id."""

    scheme: Short
    id: Short


class Source(Strict):
    """Where a fact was read."""

    url: Short | None = None
    title: Short | None = None
    publisher: Short | None = None
    published: Date | None = None
    quote: Long | None = None


class Identifier(Strict):
    """A company's name in somebody's register: `lei`, `isin`, `ticker`, …"""

    scheme: Short
    value: Short


class Restriction(Strict):
    """A restriction that a designation states for itself, instead of its list's rules."""

    kind: RestrictionKind
    from_: Date | None = Field(default=None, alias="from")
    """In force from the start of this day or period."""
    until: Date | None = None
    """In force through this day or period."""


class Common(Strict):
    """What every event may say."""

    announced: Date | None = None
    """When the public could first know of it: the end of the period."""
    effective_basis: EffectiveBasis | None = None
    """`stated` by the source, `observed` between two readings of it, or `baseline`: seen on the
    first, so in effect by then at the latest."""
    reference: Reference | None = None
    """The entry on the list that this is about."""
    sources: Annotated[list[Source], Many] | None = None
    replaces: EventId | None = None
    """The id of an event that is taken back, and in whose place this one stands."""
    correction_announced: Date | None = None
    """Makes a retraction or replacement a public correction, known from the end of this period."""


class Optionally(Common):
    """Events on a company's standing, with or without a date of their own."""

    effective: Date | None = None
    """When it has legal effect: the start of the period."""


class Legal(Common):
    """Events that have legal effect on a list."""

    list: ListId
    effective: Date
    """When it has legal effect: the start of the period."""


class Described(Optionally):
    """Who a company is. The latest recorded wins, field by field."""

    name: Short | None = None
    aliases: Annotated[list[Short], Many] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """ISO 3166-1 alpha-2."""
    kind: CompanyKind | None = None
    identifiers: Annotated[list[Identifier], Many] | None = None
    website: Short | None = None


class Merged(Optionally):
    """Two ids are one company: from now on the subject's events count for `into`."""

    into: CompanyId


class DesignationIssued(Legal):
    """A company is put on a list: it opens a listing."""

    name_as_listed: Short | None = None
    program: Short | None = None
    basis: Short | None = None
    expires: Date | None = None
    """The listing stands through this day or period."""
    restrictions: Annotated[list[Restriction], Many] | None = None
    """Instead of the list's rules; an empty list means none."""


class DesignationAmended(DesignationIssued):
    """The open listing with this reference has what is given from `effective` on."""


class InjunctionGranted(Legal):
    """A court or the agency stops a listing's restrictions from being enforced."""

    form: InjunctionForm
    scope: Literal["all"] | Annotated[list[RestrictionKind], Field(min_length=1, max_length=100)]
    court: Short | None = None
    docket: Short | None = None
    judge: Short | None = None
    expires: Date | None = None
    """It no longer stands from the start of this day or period."""
    injunction: Short | None = None
    """Its key; by default the docket, else the event's id."""


class InjunctionEnded(Legal):
    """An injunction no longer stands."""

    how: InjunctionEnd
    injunction: Short | None = None
    """Which; by default every one that is active on the list."""


class RemovalAnnounced(Optionally):
    """A removal is agreed or promised. It has no legal effect yet."""

    list: ListId
    expected: Date | None = None


class RemovalIssued(Legal):
    """A company is taken off: with a reference that listing, without one all."""

    how: RemovalHow


class NoteRecorded(Optionally):
    """Context, never status."""

    list: ListId | None = None
    kind: NoteKind
    text: Long
    about: EventId | None = None


class EventRetracted(Optionally):
    """That event never counted."""

    list: ListId | None = None
    event: EventId
    reason: Long


class ListChecked(Common):
    """A source was read: from here come coverage and freshness."""

    publication: Date
    retrieved: Moment | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    records: Annotated[int, Field(ge=0)] | None = None


class TimePassed(Strict):
    """The alarm clock: a flip was due, and this record's time lets readers emit it."""

    due: Moment


DataT = TypeVar("DataT", bound=Strict)


class Event(Strict, Generic[DataT]):
    """A CloudEvents 1.0 envelope in structured JSON."""

    specversion: Literal["1.0"] = "1.0"
    id: EventId | None = None
    """By default a UUIDv5 over what the event says."""
    source: Short | None = None
    type: str
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    time: Moment | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Short | None = None
    backfill: bool | None = None
    """Extension: history being loaded, of which nobody is told unless they asked."""
    origintime: Moment | None = None
    """Extension: when the log that this event was moved from took it in."""
    data: DataT


DATA_MODELS: Final[dict[str, type[Strict]]] = {
    words.DESCRIBED: Described,
    words.MERGED: Merged,
    words.DESIGNATION_ISSUED: DesignationIssued,
    words.DESIGNATION_AMENDED: DesignationAmended,
    words.INJUNCTION_GRANTED: InjunctionGranted,
    words.INJUNCTION_ENDED: InjunctionEnded,
    words.REMOVAL_ANNOUNCED: RemovalAnnounced,
    words.REMOVAL_ISSUED: RemovalIssued,
    words.NOTE_RECORDED: NoteRecorded,
    words.EVENT_RETRACTED: EventRetracted,
    words.LIST_CHECKED: ListChecked,
    words.TIME_PASSED: TimePassed,
}

EVENT_MODELS: Final[dict[str, type[Event[Any]]]] = {
    name: Event[model]  # type: ignore[valid-type]
    for name, model in DATA_MODELS.items()
}


def json_schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one event type, envelope included."""
    schema = EVENT_MODELS[event_type].model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = event_type
    schema["description"] = DATA_MODELS[event_type].__doc__ or ""
    schema["properties"]["type"] = {"const": event_type}
    return schema
