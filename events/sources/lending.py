"""Dates that only the second source of a listing states. Pure.

One source brings a listing; another that shows it as well adds what the first leaves open: the day
from which it has effect, an end, or that it was public before the first was read. Where both state
a date, that of the one that brought the listing stands, and the other's is quoted.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.dates import last, start
from events.sources.entity import Listing
from events.sources.shown import STATED, Opened, Place


class Showing(NamedTuple):
    """That a source which did not bring a listing shows it."""

    by: str
    at: str
    """When, as written."""
    basis: str
    """What that says of since when: `observed`, or `baseline`."""
    zone: ZoneInfo
    removed: str | None = None
    """When the listing was taken off before it began."""


def lent(listing: Listing, place: Place, seen: Showing) -> Place:
    """A place with what another source shows of it. Equal where nothing of that is new."""
    if place.retracted or (
        seen.removed and start(seen.at, seen.zone) <= start(seen.removed, seen.zone)
    ):
        return place  # what was shown then is the time before
    begins, basis = _begins(listing, place, seen)
    earlier = place.announced and last(seen.at, seen.zone) < last(place.announced, seen.zone)
    terms = {**place.terms, "expires": _expires(listing, place, seen, begins)}
    return replace(
        place,
        begins=begins,
        basis=basis,
        announced=seen.at if earlier else place.announced,
        terms={name: value for name, value in terms.items() if value is not None},
    )


def disputed(listing: Listing, opened: Opened, stands: Place) -> Iterator[str]:
    """What a source says of a listing's dates that is not what stands."""
    who = opened.source or "the log"
    ends = stands.terms.get("expires")
    if listing.effective and listing.effective != stands.begins:
        yield f"effective: {listing.effective}, where {who} has {stands.begins}"
    if listing.expires and listing.expires != ends:
        yield f"expires: {listing.expires}, where {who} has {ends or 'no end'}"


def _begins(listing: Listing, place: Place, seen: Showing) -> tuple[str, str]:
    if listing.effective and (not place.stated or place.lent.get("effective") == seen.by):
        return listing.effective, STATED
    if not place.stated and last(seen.at, seen.zone) < start(place.begins, seen.zone):
        return seen.at, seen.basis
    return place.begins, place.basis


def _expires(listing: Listing, place: Place, seen: Showing, begins: str) -> str | None:
    known: str | None = place.terms.get("expires")
    ends, zone = listing.expires, seen.zone
    if known is not None and place.lent.get("expires") != seen.by:
        return known
    if ends is None:
        return None
    # Who brought it shows it: another's word does not end it for the past.
    ahead = max(start(begins, zone), last(seen.at, zone)) <= last(ends, zone)
    return ends if ahead else known
