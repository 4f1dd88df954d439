"""Streams, pages and feeds of replicas: whoever goes from one to another misses nothing."""

from pathlib import Path

import feedparser

from tests.kafka.house import House
from tests.kafka.replicas import caught_up, replica
from tests.unit.making import ENTITY, granted, issued, removed
from tests.unit.serving import Api, Json
from tests.unit.streaming import listening, reading

COMPANIES = tuple(f"company-{number}" for number in range(9))


def story(company: str) -> list[Json]:
    return [
        issued("2022-01-01", f"on-{company}", ENTITY, subject=company),
        granted("2022-02-01", f"stop-{company}", ENTITY, subject=company),
        removed("2022-03-01", f"off-{company}", ENTITY, subject=company),
    ]


async def heard(house: House, api: Api, count: int) -> None:
    """Wait until a replica has heard of so many changes."""
    await caught_up(house, api)
    while True:
        before = api.service.following.heard
        if api.service.store.counts()["changes"] >= count:
            return
        await api.service.following.beyond(before)


async def test_a_stream_goes_on_at_another_replica_and_after_a_restart(
    house: House, tmp_path: Path
) -> None:
    """Nothing is missed, nothing comes twice, and each company's changes are in order."""
    seen: list[str] = []
    async with house.working(tmp_path / "worker"):
        for company in COMPANIES[:5]:
            await house.record(*story(company))
        async with (
            replica(house, tmp_path / "one") as one,
            replica(house, tmp_path / "two") as two,
            listening(one) as here,
            listening(two) as there,
        ):
            for api in (one, two):
                await caught_up(house, api)
            async with reading(here, after="0:-1") as stream:
                seen += await stream.changes(7)
                last = stream.id
            async with reading(there, last) as stream:
                seen += await stream.changes(5)
                last = stream.id
            for company in COMPANIES[5:]:
                await house.record(*story(company))
            async with reading(here, last) as stream:
                seen += await stream.changes(10)
                last = stream.id
        async with (
            replica(house, tmp_path / "one") as one,
            listening(one) as here,
            reading(here, last) as stream,
        ):
            seen += await stream.changes(5)
    assert sorted(seen) == sorted(f"{one}/{n}" for one in COMPANIES for n in (1, 2, 3))
    for company in COMPANIES:
        mine = [one for one in seen if one.startswith(f"{company}/")]
        assert mine == [f"{company}/{n}" for n in (1, 2, 3)]


async def test_feeds_and_pages_are_the_same_at_each(house: House, tmp_path: Path) -> None:
    async with (
        house.working(tmp_path / "worker"),
        replica(house, tmp_path / "one") as one,
        replica(house, tmp_path / "two") as two,
    ):
        for company in COMPANIES:
            await house.record(*story(company))
        texts, pages = [], []
        for api in (one, two):
            await heard(house, api, 27)
            texts.append((await api.client.get("/feeds/changes.atom?limit=20")).content)
            pages.append(await api.get("/v1/changes", to="removed", limit=5))
        assert texts[0] == texts[1]
        assert pages[0] == pages[1]
        found = feedparser.parse(texts[0])
        assert not found.bozo
        assert len({entry.id for entry in found.entries}) == 20
        (rest,) = [link.href for link in found.feed.links if link.rel == "next"]
        earlier = feedparser.parse((await two.client.get(rest)).content)
        assert len({entry.id for entry in (*found.entries, *earlier.entries)}) == 27
        assert (await two.get("/v1/changes", to="removed", after=pages[0]["next"]))["changes"]
