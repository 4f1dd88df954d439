"""Small, hostile histories of a company, for tests that hold two readings of them together.

Few moments, references, keys and ids, so that events meet: at one instant, on one listing, in one
cycle. Each event is one that a strict door lets in; how they go together is what is in question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.unit.oracle import Dates

Json = dict[str, Any]

# One list with rules counted in days and an end, one with rules that begin with the listing.
LISTS = ("us-dod-ccmc", "us-bis-entity-list")
COMPANIES = ("acme", "acme-old")
# All shipped lists are read in this zone.
NEW_YORK = Dates("America/New_York")

# 60 days after the 14th of January 2021 the first list's purchase ban begins, at 09:30; it ends
# on the 3rd of June. The instants are days' edges, also written in another zone.
MOMENTS = (
    "2021",
    "2021-01",
    "2021-01-14",
    "2021-01-15",
    "2021-01-15T00:00:00-05:00",
    "2021-03",
    "2021-03-15",
    "2021-03-15T04:00:00Z",
    "2021-03-15T09:30:00-04:00",
    "2021-03-16",
    "2021-06-02",
    "2021-06-03",
    "2021-06-02T23:59:59.999999-04:00",
    "2022",
    "2022-01-14",
)
KINDS = ("investment.purchase", "investment.hold", "export.license", "other")
HOWS = ("delisted", "vacated", "revoked", "expired", "superseded", "list_terminated")
FORMS = ("tro", "preliminary", "permanent", "stay", "administrative")
ENDINGS = ("dissolved", "reversed", "stayed", "expired", "superseded")

# How things go as a rule, told over and over; without it little would be open for the rest to meet.
PLOT = (
    "designation.issued",
    "injunction.granted",
    "designation.amended",
    "injunction.ended",
    "removal.issued",
    "designation.issued",
    "injunction.granted",
    "removal.announced",
    "removal.issued",
)
TYPES = (*PLOT, "event.retracted", "event.retracted", "note.recorded")

moments = st.sampled_from(MOMENTS)


def begin(text: str) -> int:
    return NEW_YORK.period(text)[0]


def end(text: str) -> int:
    return NEW_YORK.period(text)[1]


def seldom(strategy: st.SearchStrategy[Any], *, one_in: int = 3) -> st.SearchStrategy[Any]:
    """None mostly: a field that is left out."""
    return st.integers(1, one_in).flatmap(lambda n: strategy if n == one_in else st.none())


def given(**fields: Any) -> Json:
    """Those fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def own_restrictions(draw: st.DrawFn) -> list[Json]:
    restrictions = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=2, unique=True)):
        start = draw(seldom(moments, one_in=2))
        later = [text for text in MOMENTS if start is None or end(text) > begin(start)]
        until = draw(seldom(st.sampled_from(later)))
        restrictions.append({"kind": kind} | given(**{"from": start, "until": until}))
    return restrictions


def legal_fields(draw: st.DrawFn, type_: str, effective: str) -> Json:
    """The fields of a type beside the common ones."""
    match type_:
        case "designation.issued" | "designation.amended":
            later = [
                text for text in MOMENTS if max(begin(text), end(text) - 1) >= begin(effective)
            ]
            restrictions = draw(seldom(own_restrictions(), one_in=4))
            expires = draw(seldom(st.sampled_from(later)))
            if type_ == "designation.amended" and restrictions is None and expires is None:
                return {"program": "amended"}
            return given(expires=expires, restrictions=restrictions)
        case "injunction.granted":
            later = [text for text in MOMENTS if begin(text) >= begin(effective)]
            some = st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True)
            return given(
                form=draw(st.sampled_from(FORMS)),
                scope=draw(st.just("all") | some),
                injunction=draw(seldom(st.sampled_from("ab"), one_in=2)),
                docket=draw(seldom(st.sampled_from("ab"))),
                expires=draw(seldom(st.sampled_from(later))),
            )
        case "injunction.ended":
            key = draw(seldom(st.sampled_from("ab"), one_in=2))
            return given(how=draw(st.sampled_from(ENDINGS)), injunction=key)
        case "removal.issued":
            return {"how": draw(st.sampled_from(HOWS))}
        case "removal.announced":
            return given(expected=draw(seldom(moments)))
        case _:
            return {"kind": "news", "text": draw(st.sampled_from(["one", "two"]))}


def correction(draw: st.DrawFn, names: str, targets: list[str]) -> Json:
    """What a retraction and a replacement share: whom they take back, and since when in public."""
    public = draw(seldom(moments, one_in=2))
    return {names: draw(st.sampled_from(targets))} | given(correction_announced=public)


@dataclass(frozen=True)
class Scene:
    """What the events of one history have in common; `moments` in the order of their beginning."""

    size: int
    lists: tuple[str, ...]
    references: tuple[str | None, ...]
    moments: tuple[str, ...]

    def chapter(self, draw: st.DrawFn, number: int) -> tuple[str, str]:
        """A type and an effective time: as things go, but a third anything at any time."""
        if draw(st.integers(1, 3)) == 1:
            return draw(st.sampled_from(TYPES)), draw(st.sampled_from(self.moments))
        return PLOT[number % len(PLOT)], self.moments[number * len(self.moments) // self.size]


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    few = draw(st.lists(moments, min_size=2, max_size=7, unique=True))
    return Scene(
        size=draw(st.integers(2, 14)),
        lists=draw(st.sampled_from([LISTS[:1], LISTS[1:], LISTS])),
        references=draw(st.sampled_from([(None,), ("1",), (None, "1"), (None, "1", "2")])),
        moments=tuple(sorted(few, key=begin)),
    )


@st.composite
def data_of(draw: st.DrawFn, scene: Scene, number: int, targets: list[str]) -> tuple[str, Json]:
    """Type and data of an event; a retraction or a replacement names one of the targets."""
    type_, effective = scene.chapter(draw, number)
    if type_ == "event.retracted":
        return type_, {"reason": "a slip"} | correction(draw, "event", targets)
    data: Json = {"list": draw(st.sampled_from(scene.lists))}
    if type_ != "removal.announced" or draw(st.integers(1, 3)) == 3:
        data["effective"] = effective
    reference = draw(st.sampled_from(scene.references))
    if reference is not None and type_.startswith(("designation", "removal")):
        data["reference"] = {"scheme": "ofac-uid", "id": reference}
    if draw(st.integers(1, 8)) == 8:
        data |= correction(draw, "replaces", targets)
    data |= given(announced=draw(seldom(moments, one_in=2)))
    return type_, data | legal_fields(draw, type_, effective)


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """2 to 14 events in order of arrival, of one company, or of two of which one may be merged.

    Their ids are "e0", "e1", … in any order, as ids decide between equals. A retraction or a
    replacement names an event of its own subject that is there already, or any that is still to
    come, itself, or one that never comes ("e99").
    """
    scene = draw(scenes())
    companies = draw(st.sampled_from([COMPANIES[:1], COMPANIES[:1], COMPANIES]))
    merged_at = draw(st.integers(0, scene.size)) if len(companies) > 1 else scene.size
    ids = draw(st.permutations([f"e{number}" for number in range(scene.size)]))
    numbers = draw(st.permutations(range(scene.size)))
    history: list[Json] = []
    for place, (id_, number) in enumerate(zip(ids, numbers, strict=True)):
        subject = draw(st.sampled_from(companies))
        own = [event["id"] for event in history if event["subject"] == subject]
        type_, data = draw(data_of(scene, number, [*own, *ids[place:], "e99"]))
        if place == merged_at:
            subject, type_, data = companies[1], "company.merged", {"into": companies[0]}
        # Recorded elsewhere first, and moved here: often before it takes effect.
        origin = draw(seldom(st.sampled_from(["2021-01-10T12:00:00Z", "2021-03-15T12:00:00Z"])))
        event = {"id": id_, "type": f"standing.{type_}", "subject": subject, "data": data}
        history.append(event | given(origintime=origin))
    return history


@st.composite
def records(draw: st.DrawFn, history: list[Json]) -> list[tuple[int, int, Json]]:
    """The history as a log has it: (offset, recorded, event), with gaps and equal times."""
    log = []
    offset, recorded = 0, begin(draw(moments))
    for event in history:
        log.append((offset, recorded, event))
        offset += draw(st.integers(1, 3))
        recorded += draw(st.sampled_from([0, 1, 3_600_000_000, 45 * 86_400_000_000]))
    return log


def instants() -> st.SearchStrategy[int]:
    """Cut-offs at which something may happen, and just beside them."""
    edges = sorted({edge for text in MOMENTS for edge in NEW_YORK.period(text)})
    return st.builds(
        lambda edge, by: edge + by, st.sampled_from(edges), st.sampled_from([-1, 0, 1])
    )
