"""Subscriptions: who wants to be told of what, where and since when.

The models are strict: what is not here is refused by its field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from alerts.places import BEGINNING, Place, behind
from alerts.quiet import Quiet
from alerts.timing import check
from alerts.windows import Digest
from events.dates import ALWAYS, BadDate, Instant, show, start
from events.errors import Problem, Refused
from events.lists import Registry
from events.log import Position
from events.models import CompanyId, ListId, Short, Strict
from events.vocabulary import ChangeKind, RestrictionKind, Status

_MOST: Final = 10_000
"""How many companies one filter may name: a large portfolio, and far below what hurts."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Some = Field(default=None, max_length=_MOST)
State = Literal["active", "failing", "disabled"]
ModelT = TypeVar("ModelT", bound=Strict)


class _Asked(Strict):
    model_config = ConfigDict(populate_by_name=True)


class Filter(_Asked):
    """Which changes are meant. A field that is absent means any, an empty list none."""

    companies: list[CompanyId] | None = Some
    """Ids, also former ones: they stand for the company that they count for now."""
    lists: list[ListId] | None = Some
    countries: list[Country] | None = Some
    """ISO 3166-1 alpha-2, of the company as it is described now."""
    from_: list[Status] | None = Field(default=None, alias="from", max_length=_MOST)
    """The list's status before the change."""
    to: list[Status] | None = Some
    """The list's status after the change."""
    kinds: list[ChangeKind] | None = Some
    """`noted` is told only where it is named here."""
    restrictions: list[RestrictionKind] | None = Some
    """Kinds that the change brings or takes away."""


class WebhookTarget(_Asked):
    """A receiver of signed HTTP POSTs, after Standard Webhooks."""

    type: Literal["webhook"]
    url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class Request(_Asked):
    """What a caller asks for."""

    filter: Filter = Filter()
    channel: WebhookTarget
    cadence: Short = "immediate"
    """`immediate`, or digests: `hourly`, `daily`, `weekly`."""
    digest: Digest | None = None
    """When digests come; where nothing is said, at 08:00 UTC, on Mondays."""
    quiet: Quiet | None = None
    """When nothing is sent, but heartbeats; what waits comes afterwards, in order."""
    start: Short = "now"
    """`now`, `beginning`, a position such as `0:41`, or a date."""
    label: Short | None = None
    backfill: bool = False
    """Whether to be told of history that was loaded."""
    remind: list[Short] = Field(default_factory=list, max_length=100)
    """How long before the next known flip of a list to be told of it: `P30D`, `P1W`, `PT12H`."""
    heartbeat: Short | None = None
    """How often to be told that all is well: `PT1H`."""


class Start(NamedTuple):
    """Only what stands behind the place `after`, and was recorded at `since` or later, is sent."""

    after: Place
    since: Instant = ALWAYS
    others: tuple[Place, ...] = ()
    """Of a log of several partitions, the places in those behind the first."""

    def within(self, partition: int) -> "Start":
        """What counts in one partition."""
        return Start((self.after, *self.others)[partition], self.since)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as it is kept. The secret is kept apart, encrypted, and never shown."""

    id: str
    created: Instant
    request: Request
    start: Start
    disabled: str | None = None
    """Why nothing is sent any more."""
    failing: Instant | None = None
    """When the first of the failures came that no success has followed."""

    @property
    def state(self) -> State:
        """In one word."""
        if self.disabled is not None:
            return "disabled"
        return "active" if self.failing is None else "failing"

    def shown(self) -> dict[str, Any]:
        """As JSON; without the secret."""
        asked = self.request.model_dump(by_alias=True, exclude={"filter"})
        given = self.request.filter.model_dump(by_alias=True, exclude_none=True)
        return {
            "id": self.id,
            "created": show(self.created),
            "filter": given,
            **asked,
            "state": self.state,
            "disabled": self.disabled,
            "failing_since": None if self.failing is None else show(self.failing),
        }


def requested(raw: Any, registry: Registry) -> Request:
    """Read what a caller asks for. Raises `Refused` naming each field that is wrong."""
    request = _read(Request, raw)
    _check_lists(request.filter, registry, "filter.lists")
    check(request)
    return request


def filtered(raw: Any, registry: Registry) -> Filter:
    """Read a filter alone. Raises `Refused` naming each field that is wrong."""
    found = _read(Filter, raw, "filter")
    _check_lists(found, registry, "filter.lists")
    return found


def started(text: str, heads: Sequence[Place], field: str = "start") -> Start:
    """Where to begin, `heads` being the places behind all that there is now, of each partition.

    A date counts from its first instant, in UTC, on the recorded axis. Raises `Refused`.
    """
    if text == "now":
        return _start(heads)
    beginnings = [BEGINNING] * len(heads)
    if text == "beginning":
        return _start(beginnings)
    if ":" in text and "T" not in text:
        position = Position.parse(text, field)
        ends = Position({number: head[0] for number, head in enumerate(heads)})
        if set(position) != set(ends):
            named = "partition 0" if len(ends) == 1 else f"partitions 0 to {len(ends) - 1}"
            raise Refused.field(field, f"{text!r} should name {named}, and no other")
        if any(position[one] > ends[one] for one in ends):
            raise Refused.field(field, f"{text!r} is behind the end of the log, {ends}")
        return _start([behind(position[one]) for one in ends])
    try:
        return _start(beginnings, start(text))
    except BadDate as error:
        raise Refused.field(field, f"{error}; or now, beginning, a position such as 0:41") from None


def _start(places: Sequence[Place], since: Instant = ALWAYS) -> Start:
    return Start(places[0], since, tuple(places[1:]))


def _check_lists(given: Filter, registry: Registry, field: str) -> None:
    for number, list_id in enumerate(given.lists or ()):
        registry.require(list_id, f"{field}.{number}")


def _read(model: type[ModelT], raw: Any, within: str = "") -> ModelT:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise Refused(*(_problem(item, within) for item in error.errors())) from None


def _problem(item: Any, within: str) -> Problem:
    field = ".".join(str(part) for part in ((within,) if within else ()) + item["loc"])
    match item["type"]:
        case "extra_forbidden":
            return Problem(field, "unknown field")
        case "missing":
            return Problem(field, "missing")
        case "literal_error":
            return Problem(
                field, f"unknown {item['input']!r}; one of {item['ctx']['expected']}"[:400]
            )
        case "value_error" if not isinstance(item["input"], str):
            return Problem(field, str(item["ctx"]["error"]))
        case _:
            return Problem(field, f"{item['msg']}, not {item['input']!r}"[:300])
