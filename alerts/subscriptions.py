"""Subscriptions: who wants to be told of what, where and since when.

The models are strict: what is not here is refused by its field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from alerts.places import BEGINNING, Place, behind
from alerts.quiet import Quiet
from alerts.targets import EmailTarget, Target
from alerts.timing import asks_for_time, check
from alerts.windows import Digest
from events.dates import ALWAYS, NEVER, BadDate, Instant, last, show, start
from events.errors import Problem, Refused
from events.lists import Registry
from events.log import Position
from events.models import CompanyId, ListId, Short, Strict
from events.vocabulary import ChangeKind, RestrictionKind, Status

MOST_COMPANIES: Final = 10_000
"""How many companies one filter may name: a large portfolio, and far below what hurts."""

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Some = Field(default=None, max_length=MOST_COMPANIES)
State = Literal["active", "failing", "disabled", "unconfirmed"]
Shown = Literal["active", "failing", "disabled", "unconfirmed", "paused", "expired"]
LOCAL: Final = "local"
"""Whose it is where nobody says who he is: the operator's of this machine."""
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
    from_: list[Status] | None = Field(default=None, alias="from", max_length=MOST_COMPANIES)
    """The list's status before the change."""
    to: list[Status] | None = Some
    """The list's status after the change."""
    kinds: list[ChangeKind] | None = Some
    """`noted` is told only where it is named here."""
    restrictions: list[RestrictionKind] | None = Some
    """Kinds that the change brings or takes away."""
    gained: list[RestrictionKind] | None = Some
    """Kinds that the change brings."""
    lost: list[RestrictionKind] | None = Some
    """Kinds that the change takes away."""


class Request(_Asked):
    """What a caller asks for."""

    filter: Filter = Filter()
    channel: Target
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
    notify: Short | None = None
    """The id of another subscription, which is told when this one's receiver fails for long."""
    expires: Short | None = None
    """A date: nothing is told that is recorded behind it."""

    @property
    def until(self) -> Instant:
        """The last instant of which it is told; `NEVER` where it does not end."""
        return NEVER if self.expires is None else last(self.expires)

    @property
    def clocked(self) -> bool:
        """Whether anything comes to it that no change brings."""
        return asks_for_time(self)


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
    owner: str = LOCAL
    """Whose it is."""
    paused: Instant | None = None
    """Since when nothing is to be sent until it is resumed."""
    revised: Instant = 0
    """When it was last asked to be otherwise; 0: never."""
    confirmed: Instant | None = None
    """When the owner of its mailbox agreed, where it goes to one."""

    @property
    def mailbox(self) -> str | None:
        """The mailbox that has to agree, as its addresses are compared."""
        target = self.request.channel
        return target.to.lower() if isinstance(target, EmailTarget) else None

    @property
    def unconfirmed(self) -> bool:
        """Whether nobody has agreed yet who has to."""
        return self.confirmed is None and self.mailbox is not None

    @property
    def living(self) -> bool:
        """Whether it is to be told what happens."""
        return self.disabled is None and self.paused is None and not self.unconfirmed

    @property
    def state(self) -> State:
        """In one word, of which nobody has asked for a change."""
        if self.disabled is not None:
            return "disabled"
        if self.unconfirmed:
            return "unconfirmed"
        return "active" if self.failing is None else "failing"

    def state_at(self, now: Instant) -> Shown:
        """In one word."""
        if self.disabled is None and self.request.until < now:
            return "expired"
        if self.disabled is None and not self.unconfirmed and self.paused is not None:
            return "paused"
        return self.state

    def told(self, now: Instant) -> dict[str, Any]:
        """As JSON, with the state that it has now; without the secret, and without what of a chat's
        address is one."""
        shown = self.shown()
        return {**shown, "channel": _masked(shown["channel"]), "state": self.state_at(now)}

    def shown(self) -> dict[str, Any]:
        """As JSON; without the secret."""
        asked = self.request.model_dump(by_alias=True, exclude={"filter"})
        given = self.request.filter.model_dump(by_alias=True, exclude_none=True)
        return {
            "id": self.id,
            "owner": self.owner,
            "created": show(self.created),
            "filter": given,
            **asked,
            "state": self.state,
            "disabled": self.disabled,
            "failing_since": None if self.failing is None else show(self.failing),
            "paused_since": None if self.paused is None else show(self.paused),
            "confirmed": None if self.confirmed is None else show(self.confirmed),
        }


def _masked(channel: dict[str, Any]) -> dict[str, Any]:
    """Whoever has the whole address of a chat can write there."""
    if channel["type"] == "webhook" or "url" not in channel:
        return channel
    parts = urlsplit(channel["url"])
    return {**channel, "url": f"{parts.scheme}://{parts.netloc}/…"}


def requested(raw: Any, registry: Registry) -> Request:
    """Read what a caller asks for. Raises `Refused` naming each field that is wrong."""
    request = _read(Request, raw)
    _check_lists(request.filter, registry, "filter.lists")
    check(request)
    try:
        _ = request.until
    except BadDate as error:
        raise Refused.field("expires", str(error)) from None
    return request


def lasting(request: Request, now: Instant) -> None:
    """Raises `Refused` where it would have ended by now."""
    if request.until < now:
        raise Refused.field("expires", f"{request.expires} has passed")


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
    place = item["loc"]
    if place[:1] == ("channel",):  # its type, which pydantic puts behind it, is no field
        place = place[:1] + place[2:]
    field = ".".join(str(part) for part in ((within,) if within else ()) + place)
    match item["type"]:
        case "extra_forbidden" | "missing" as kind:
            return Problem(field, "missing" if kind == "missing" else "unknown field")
        case "union_tag_not_found":
            return Problem(f"{field}.type", "missing")
        case "union_tag_invalid":
            given, known = item["ctx"]["tag"], item["ctx"]["expected_tags"]
            return Problem(f"{field}.type", f"unknown {given!r}; one of {known}"[:400])
        case "literal_error":
            return Problem(
                field, f"unknown {item['input']!r}; one of {item['ctx']['expected']}"[:400]
            )
        case "value_error":
            given = f", not {item['input']!r}" if isinstance(item["input"], str) else ""
            return Problem(field, f"{item['ctx']['error']}{given}"[:300])
        case "model_type" | "model_attributes_type":
            return Problem(field, "a JSON object is needed")
        case _:
            return Problem(field, f"{item['msg']}, not {item['input']!r}"[:300])
