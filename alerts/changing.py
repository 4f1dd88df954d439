"""What may be changed of a subscription, and what becomes of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from alerts.places import Place
from alerts.subscriptions import Request, Start, Subscription, lasting, requested
from events.dates import Instant
from events.errors import Refused
from events.lists import Registry

FIXED: Final = frozenset({"channel", "start", "cadence"})
"""What stays as it was asked for first."""
_PAUSED: Final = "paused"
_MISSED: Final = "missed"
_NAMES: Final = frozenset(info.alias or name for name, info in Request.model_fields.items())
_KNOWN: Final = (_NAMES - FIXED) | {_PAUSED, _MISSED}


class Wish(NamedTuple):
    """What is wished of a subscription. `paused` is None where nothing is said of it; `skip`: what
    was missed while it was paused is left out."""

    request: Request
    paused: bool | None
    skip: bool


def wished(known: Subscription, raw: Any, registry: Registry) -> Wish:
    """Read a wish: of what it does not name, all stays. Raises `Refused` by field."""
    if not isinstance(raw, Mapping) or not raw:
        raise Refused.field("", f"name what is to change: {', '.join(sorted(_KNOWN))}")
    for name in raw:
        if name in FIXED:
            raise Refused.field(name, "does not change; make another subscription")
        if name not in _KNOWN:
            raise Refused.field(str(name)[:100], f"unknown; known are {', '.join(sorted(_KNOWN))}")
    paused = raw.get(_PAUSED)
    if _PAUSED in raw and not isinstance(paused, bool):
        raise Refused.field(_PAUSED, "true or false is needed")
    missed = raw.get(_MISSED, "send")
    if missed not in ("send", "skip") or (_MISSED in raw and paused is not False):
        raise Refused.field(_MISSED, "'send' or 'skip', where \"paused\" is false")
    asked = known.request.model_dump(by_alias=True)
    asked |= {name: value for name, value in raw.items() if name in _NAMES}
    resumed = known.paused is not None and paused is False
    return Wish(requested(asked, registry), paused, resumed and missed == "skip")


def granted(
    known: Subscription, wish: Wish, now: Instant, heads: Sequence[Place] = ()
) -> Subscription:
    """The subscription as it is wished; `heads`, where something is skipped, are the places behind
    all that there is. Raises `Refused` where it would have ended by now."""
    if wish.request.expires != known.request.expires:
        lasting(wish.request, now)
    paused, start = known.paused, known.start
    if wish.paused is not None:
        paused = (known.paused or now) if wish.paused else None
    if wish.skip:
        start = Start(heads[0], start.since, tuple(heads[1:]))
    revised = max(now, known.revised + 1)  # the later wish wins, also within one microsecond
    return replace(known, request=wish.request, paused=paused, start=start, revised=revised)
