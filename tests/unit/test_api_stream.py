"""Changes as they come, over a real socket."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.unit.making import CCMC, ENTITY, event, granted, issued, removed
from tests.unit.serving import Api, described, problem, served
from tests.unit.streaming import listening, reading


async def fill(api: Api, *companies: str) -> None:
    for company in companies:
        await api.record(
            issued("2022-01-01", f"on-{company}", ENTITY, subject=company),
            granted("2022-02-01", f"stop-{company}", ENTITY, subject=company),
            removed("2022-03-01", f"off-{company}", ENTITY, subject=company),
        )


async def test_what_is_told_from_now_on_comes(tmp_path: Path) -> None:
    """And nothing of before; each as `/v1/changes` has it."""
    async with served(tmp_path) as api, listening(api) as url:
        await fill(api, "before")
        async with reading(url) as stream:
            assert stream.id == "before/3"
            await fill(api, "acme")
            first = await stream.change()
            assert stream.id == first["cursor"] == "acme/1"
            assert await stream.changes(2) == ["acme/2", "acme/3"]
            (told, *_) = (await api.get("/v1/changes", company="acme"))["changes"]
            assert first == told


async def test_whoever_comes_back_misses_nothing_and_reads_nothing_twice(tmp_path: Path) -> None:
    """Wherever the line broke, and however often, also after a restart."""
    async with served(tmp_path) as api:
        await fill(api, "a", "b", "c")
        every = [one["cursor"] for one in (await api.get("/v1/changes"))["changes"]]
        seen: list[str] = []
        last = ""
        async with listening(api) as url:
            async with reading(url, after="0:-1") as stream:
                seen += await stream.changes(2)
                last = stream.id or ""
            async with reading(url, last) as stream:
                seen += await stream.changes(3)
                last = stream.id or ""
    async with served(tmp_path) as api, listening(api) as url, reading(url, last) as stream:
        seen += await stream.changes(4)
        assert seen == every
        await fill(api, "d")
        assert await stream.changes(3) == ["d/1", "d/2", "d/3"]


async def test_an_id_is_also_a_cursor_for_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as api, listening(api) as url:
        await fill(api, "a")
        async with reading(url, after="0:-1") as stream:
            await stream.changes(2)
            page = await api.get("/v1/changes", after=stream.id)
            assert [one["cursor"] for one in page["changes"]] == ["a/3"]
            assert await stream.changes(1) == ["a/3"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"company": "b"}, ["b/1", "b/2", "b/3"]),
        ([("company", "a"), ("company", "b"), ("to", "removed")], ["a/3", "b/3"]),
        ({"from": "designated"}, ["a/2", "b/2"]),
        ({"country": "CN", "kind": "changed"}, ["b/1", "b/2", "b/3"]),
        ({"list": CCMC}, []),
        ({"restriction": "export.license", "to": "enjoined"}, ["a/2", "b/2"]),
        ({"kind": "noted"}, []),
    ],
)
async def test_a_reader_hears_what_he_asked_for(
    tmp_path: Path, query: Any, wanted: list[str]
) -> None:
    """With the words of a subscription's filter; pages know the same ones."""
    async with served(tmp_path) as api, listening(api) as url:
        await api.record(described("b", name="B", country="CN"))
        async with reading(url) as everything:
            await fill(api, "a", "b")
            await api.record(issued("2021-01-14", "on-c", CCMC, subject="c"))
            note = event("note.recorded", "n", "c", kind="news", text="News.", list=CCMC)
            await api.record(note)
            all_ = [one["cursor"] for one in (await api.get("/v1/changes"))["changes"]]
            assert await everything.changes(len(all_)) == all_
        pairs = query if isinstance(query, list) else list(query.items())
        answer = await api.client.get("/v1/changes", params=pairs)
        assert answer.status_code == 200, answer.text
        found = [one["cursor"] for one in answer.json()["changes"]]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}/v1/changes/stream", params=[*pairs, ("after", "0:-1")]) as response,
        ):
            assert response.status == 200
            told = [line async for line in _cursors(response, len(found))]
        assert told == found
        assert set(found) <= set(all_)
        assert 0 < len(found) < len(all_)
        assert [one for one in found if one[0] != "c"] == wanted


async def _cursors(response: aiohttp.ClientResponse, count: int) -> Any:
    while count and (raw := await response.content.readline()):
        if raw.startswith(b'data: {"cursor"'):
            count -= 1
            yield json.loads(raw[6:])["cursor"]


async def test_silence_is_told_from_a_dead_line(tmp_path: Path) -> None:
    """And its heartbeats move a reader on past what he did not ask for."""
    async with served(tmp_path) as api, listening(api, beat_s=0.01) as url:
        await fill(api, "a")
        async with reading(url, to="enjoined") as stream:
            assert stream.id == "a/3"
            await api.record(issued("2022-01-01", "x", ENTITY, subject="b"))
            while stream.id != "b/1":
                found = await stream.event()
                assert found is not None
                assert found[0] == "heartbeat"
            await api.record(granted("2022-02-01", "y", ENTITY, subject="b"))
            assert (await stream.change())["cursor"] == "b/2"
            assert stream.beats == [] or stream.beats[-1]["position"].startswith("0:")


async def test_many_read_the_same_and_go_as_they_like(tmp_path: Path) -> None:
    async with served(tmp_path) as api, listening(api) as url, reading(url) as stays:
        for _ in range(3):
            async with reading(url), reading(url):
                """They leave without a word."""
        readers = [reading(url) for _ in range(20)]
        streams = [await one.__aenter__() for one in readers]
        await fill(api, "a")
        for stream in [stays, *streams]:
            assert await stream.changes(3) == ["a/1", "a/2", "a/3"]
        for one in readers:
            await one.__aexit__(None, None, None)


async def test_it_is_measured_how_many_are_open(tmp_path: Path) -> None:
    async with served(tmp_path) as api, listening(api, most_streams=7) as url:
        async with reading(url), reading(url), aiohttp.ClientSession() as session:
            page = await (await session.get(f"{url}/metrics")).text()
        assert "standing_streams 2.0" in page
        assert "standing_streams_most 7.0" in page


async def test_one_who_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    """What he does not take stays where it is: nothing is kept for him."""
    async with served(tmp_path) as api, listening(api) as url:
        await fill(api, *(f"c{number}" for number in range(40)))
        async with reading(url, after="0:-1"), reading(url) as other:
            await fill(api, "late")
            assert await other.changes(3) == ["late/1", "late/2", "late/3"]


async def test_there_are_not_more_than_can_be_served(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as api,
        listening(api, most_streams=1) as url,
        reading(url),
        aiohttp.ClientSession() as session,
        session.get(f"{url}/v1/changes/stream") as second,
    ):
        assert (second.status, second.headers["retry-after"]) == (503, "5")


async def test_readers_are_let_go_when_the_service_ends(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        async with listening(api) as url:
            timeout = aiohttp.ClientTimeout(total=None)
            session = aiohttp.ClientSession(timeout=timeout)
            response = await session.get(f"{url}/v1/changes/stream")
            assert await response.content.readline()
        ended = await asyncio.wait_for(response.content.read(), 60)
        assert b"heartbeat" in ended
        await session.close()


@pytest.mark.parametrize(
    ("query", "field", "status"),
    [
        ({"after": "nonsense"}, "after", 422),
        ({"after": "acme/9"}, "after", 422),
        ({"kind": "scheduld"}, "kind", 422),
        ({"to": "gone"}, "to", 422),
        ({"country": "China"}, "country", 422),
        ({"restriction": "x"}, "restriction", 422),
        ({"backfill": "maybe"}, "backfill", 422),
        ({"company": "nobody"}, "company", 404),
        ({"limit": "1"}, "limit", 422),
    ],
)
async def test_a_bad_question_is_refused_by_name(
    query: dict[str, str], field: str, status: int, tmp_path: Path
) -> None:
    async with served(tmp_path) as api:
        await api.refused("/v1/changes/stream", field, status, **query)
        answer = await api.client.get("/v1/changes/stream", headers={"last-event-id": "x/1"})
        problem(answer, 422, "after")
