"""A company's story: episodes, what the public saw, what we told."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.dates import ALWAYS, NEVER, Instant
from events.log import Record
from projections.chronicle import public
from projections.episodes import episodes, runs
from projections.history import Cutoffs, History
from projections.timeline import UNLISTED, Reading, Timeline
from tests.unit import strategies
from tests.unit.making import (
    CCMC,
    ENTITY,
    REGISTRY,
    amended,
    at,
    ended,
    granted,
    issued,
    promised,
    records,
    removed,
    retracted,
    tries,
)
from tests.unit.serving import described, served

Json = dict[str, Any]


def timeline(*events: Json, list_: str = ENTITY) -> Timeline:
    return History(REGISTRY, records(events)).now.timelines[list_]


def test_an_episode_has_its_listings_and_injunctions_with_their_ends() -> None:
    """Each with what opened it, and how it ended."""
    (one,) = episodes(
        timeline(
            issued("2022-01-01", "first", ENTITY, ref="1"),
            issued("2022-02-01", "second", ENTITY, ref="2"),
            granted("2022-03-01", "a", ENTITY, injunction="a"),
            granted("2022-03-02", "b", ENTITY, injunction="b", expires="2022-04-01"),
            granted("2022-03-03", "c", ENTITY, injunction="c"),
            ended("2022-05-01", "end", ENTITY, injunction="a"),
            removed("2022-06-01", "off-1", ENTITY, ref="1"),
            removed("2022-07-01", "off-2", ENTITY, ref="2", how="vacated"),
        )
    )
    assert (one.begins, one.ends, one.how) == (at("2022-01-01"), at("2022-07-01"), "vacated")
    listings = {key: (stood.ends, stood.how) for key, (_, stood) in one.listings.items()}
    assert listings == {
        "first": (at("2022-06-01"), "delisted"),
        "second": (at("2022-07-01"), "vacated"),
    }
    injunctions = {key: (stood.ends, stood.how) for key, (_, stood) in one.injunctions.items()}
    assert injunctions == {
        "a": (at("2022-05-01"), "dissolved"),
        "b": (at("2022-04-01"), "expired"),
        "c": (at("2022-07-01"), "episode_ended"),
    }


def test_an_injunction_granted_again_replaces_the_one_with_its_key() -> None:
    """The earlier grant ends where the later one begins."""
    (one,) = episodes(
        timeline(
            issued("2022-01-01", list_=ENTITY),
            granted("2022-02-01", "old", ENTITY, injunction="a"),
            granted("2022-03-01", "new", ENTITY, injunction="a"),
        )
    )
    old, new = (stood for _, stood in one.injunctions.values())
    assert (old.ends, old.how) == (at("2022-03-01"), "replaced")
    assert (new.begins, new.ends) == (at("2022-03-01"), NEVER)


def test_a_listing_that_had_run_out_before_it_began_is_told_all_the_same() -> None:
    """An amendment that ends a listing in the past closes its episode at once."""
    (one,) = episodes(
        timeline(
            issued("2022-03-01", list_=ENTITY),
            amended("2022-04-01", list_=ENTITY, expires="2022-03-15"),
        )
    )
    assert (one.ends, one.how) == (at("2022-04-01"), "expired")


def test_removal_and_designation_at_one_instant_are_two_episodes() -> None:
    """The first ends where the second begins."""
    first, second = episodes(
        timeline(
            issued("2022-01-01", "one", ENTITY),
            removed("2022-02-01", list_=ENTITY),
            issued("2022-02-01", "two", ENTITY, announced="2022-01-15"),
        )
    )
    assert first.ends == second.begins == at("2022-02-01")
    assert second.ends == NEVER


def _asked_slowly(history: History, cut: Cutoffs, upto: Instant) -> list[tuple[Any, ...]]:
    """What the public knew, by asking at every moment at which it may have come to know more, and
    at every flip of what it knew."""
    entries = [one for one in history.entries.values() if cut.sees(one.record)]
    known = {at for one in entries for at in (one.seen_from, one.corrected)} - {ALWAYS}
    moments = sorted(moment for moment in known if moment <= upto)
    current: dict[str, Reading] = {}
    told: list[tuple[Any, ...]] = []
    for moment, following in pairwise([*moments, upto + 1]):
        lists = history.view(cut._replace(announced_by=moment)).timelines
        flips = {flip.at for one in lists.values() for flip, _ in runs(one) if moment < flip.at}
        for now in [moment, *sorted(flip for flip in flips if flip < following)]:
            for list_id in sorted(lists.keys() | current.keys()):
                reading = lists[list_id].reading(now) if list_id in lists else UNLISTED
                if reading != current.get(list_id, UNLISTED):
                    current[list_id] = reading
                    told.append((now, list_id, reading))
    return told


@tries(80)
@given(st.data())
def test_what_the_public_saw_is_what_asking_at_every_moment_tells(data: st.DataObject) -> None:
    """Told in one pass, and by folding anew at each moment."""
    history = data.draw(strategies.histories())
    everything = data.draw(strategies.records(history))
    mine = [Record(*one) for one in everything if one[2]["subject"] == "acme"]
    found = History(REGISTRY, mine)
    cut = Cutoffs(offset=data.draw(st.just(NEVER) | st.integers(0, 20)))
    upto = data.draw(strategies.instants())
    told = [(turn.at, turn.list, turn.reading) for turn in public(found, cut, upto)]
    assert told == _asked_slowly(found, cut, upto)


async def test_the_story_as_it_is_answered(tmp_path: Path) -> None:
    """Every event with what became of it, episodes, the public's view, and the changes."""
    async with served(tmp_path) as api:
        await api.record(
            described(name="Acme", aliases=["Acme Corporation"]),
            issued("2022", "listed", announced="2022-02", list_=ENTITY),
            removed("2022-03-01", "wrong", ENTITY),
            retracted("wrong", "taken-back"),
            ended("2022-04-01", "stray", ENTITY),
            promised("2022-05-01", list_=ENTITY),
        )
        story = await api.get("/v1/companies/acme/history")
        events = {one["id"]: one for one in story["events"]}
        assert [one["position"] for one in story["events"]] == [f"0:{n}" for n in range(6)]
        assert events["listed"]["effective"] == {"date": "2022", "precision": "year"}
        assert events["listed"]["announced"] == {"date": "2022-02", "precision": "month"}
        assert events["wrong"]["counts"] is False
        assert events["wrong"]["retracted_by"] == "taken-back"
        assert events["stray"]["anomaly"] == "an ending of no active injunction"
        (one,) = story["lists"]
        assert [row["from"] for row in one["episodes"]] == ["2022-01-01T00:00:00-05:00"]
        assert [row["status"] for row in one["intervals"]] == ["designated"]
        assert [(turn["at"], turn["events"]) for turn in story["public"]] == [
            ("2022-02-28T23:59:59.999999-05:00", ["listed"])
        ]
        assert [change["sequence"] for change in story["known"]] == [1, 2, 3, 4, 5, 6]
        assert story["name"] == "Acme"


async def test_the_story_under_cut_offs(tmp_path: Path) -> None:
    """`known_at` cuts events and changes, `announced_by` events, `as_of` what begins later."""
    async with served(tmp_path) as api:
        await api.record(
            issued("2022-01-01", "on", ENTITY),
            removed("2022-03-01", "off", ENTITY, announced="2022-03-05"),
            issued("2020-06-24", "other", CCMC),
        )

        async def ids(**query: Any) -> list[str]:
            story = await api.get("/v1/companies/acme/history", **query)
            return [one["id"] for one in story["events"]]

        assert await ids() == ["on", "off", "other"]
        assert await ids(known_at="0:1") == ["on", "off"]
        assert await ids(announced_by="2022-03-04") == ["on", "other"]
        assert await ids(as_of="2021-06-01") == ["other"]
        assert await ids(list=ENTITY) == ["on", "off"]
        story = await api.get("/v1/companies/acme/history", known_at="0:0")
        assert [change["sequence"] for change in story["known"]] == [1]
