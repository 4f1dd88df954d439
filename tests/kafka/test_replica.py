"""An API replica on a real Kafka: what it answers, after what, and what it survives."""

import shutil
from pathlib import Path

import pytest

from events.kafka.partitioner import partition_of
from events.kafka.topics import CHANGES, EVENTS
from projections.turn import Taken
from service.compose import shipped_history
from tests.kafka.house import House, until
from tests.kafka.logs import producer
from tests.kafka.replicas import caught_up, replica
from tests.unit.making import CCMC, ENTITY, issued, removed, retracted
from tests.unit.serving import served
from tests.unit.test_population import merged


async def test_two_replicas_agree_with_the_embedded_form(house: House, tmp_path: Path) -> None:
    """On the history that ships: every status, everybody's, and what is found."""
    history = [one.raw for one in shipped_history()]
    await house.record(*history)
    async with (
        replica(house, tmp_path / "one") as one,
        replica(house, tmp_path / "two") as two,
        served(tmp_path / "embedded") as embedded,
    ):
        await embedded.record(*history)
        ends = await caught_up(house, one)
        companies = [row.company for row in embedded.service.store.rows(limit=10_000)]
        assert len(companies) > 50
        for company in companies:
            for as_of in ("2021-02-01", "2026-01-01"):
                wanted = await embedded.status(company, as_of=as_of)
                del wanted["position"]
                for api in (one, two):
                    found = await api.status(company, as_of=as_of, at_least=ends)
                    partition = partition_of(company, 3)
                    assert found.pop("position").startswith(f"{partition}:")
                    assert found == wanted
        for path in (
            "/v1/status?as_of=2021-02-01",
            "/v1/companies?q=semi",
            "/v1/companies?limit=99",
        ):
            texts = [(await api.client.get(path)).text for api in (one, two, embedded)]
            assert texts[0] == texts[1]
            assert sorted(texts[0].splitlines()) == sorted(texts[2].splitlines())
        lists = [await api.get("/v1/lists") for api in (one, two, embedded)]
        assert lists[0] == lists[1] == lists[2]


async def test_a_file_that_was_thrown_away_fills_again(house: House, tmp_path: Path) -> None:
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
    async with replica(house, tmp_path) as api:
        ends = await caught_up(house, api)
        before = await api.status("acme", as_of="2021-02-01", at_least=ends)
    shutil.rmtree(tmp_path / "replica")
    async with replica(house, tmp_path) as api:
        assert await api.status("acme", as_of="2021-02-01", at_least=ends) == before


async def test_whoever_writes_reads_it_here_and_with_its_position_elsewhere(
    house: House, tmp_path: Path
) -> None:
    """And is told what became of it, which only sifting finds."""
    event = issued("2021-01-14", "i", CCMC) | {"subject": "acme"}
    async with replica(house, tmp_path / "one") as one, replica(house, tmp_path / "two") as two:
        (first,) = await one.record(event)
        assert first["outcome"] == "recorded"
        assert (await one.status("acme"))["status"] == "designated"
        found = await two.status("acme", at_least=first["position"])
        assert found["status"] == "designated"
        (again,) = await two.record(event)
        assert again == first | {"outcome": "duplicate"}
        other = event | {"data": event["data"] | {"effective": "2022-01-14"}}
        answer = await two.client.post("/v1/events", json=other)
        assert answer.status_code == 409
        assert "stands with" in answer.text or "id" in answer.text
        events = await one.get("/v1/events", at_least=str(two.service.position))
        assert [one["id"] for one in events["events"]] == ["i"]


async def test_a_second_process_on_one_home_is_refused(house: House, tmp_path: Path) -> None:
    """Two replicas on one machine have two homes."""
    async with replica(house, tmp_path):
        with pytest.raises(Taken, match="projects here"):
            async with replica(house, tmp_path):
                """Never."""


async def test_rubbish_is_counted_and_passed_over(house: House, tmp_path: Path) -> None:
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
    async with producer(house.servers) as theirs:
        await theirs.send_and_wait(EVENTS.name, b"oops", b"acme")
        await theirs.send_and_wait(CHANGES.name, b"{}", b"acme")
    async with replica(house, tmp_path) as api:
        ends = await caught_up(house, api)
        assert (await api.status("acme", at_least=ends))["company"] == "acme"
        await until(lambda: api.service.following.unreadable == 2)
        assert (await api.get("/readyz"))["unreadable"] == 2
        assert "standing_unreadable_messages 2.0" in (await api.client.get("/metrics")).text


async def test_a_position_that_never_comes_is_a_504(house: House, tmp_path: Path) -> None:
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
    async with replica(house, tmp_path, patience_s=0.2) as api:
        await caught_up(house, api)
        await api.refused("/v1/companies/acme/status", "at_least", 504, at_least="1:9999")
        await api.refused("/v1/companies/acme/status", "at_least", at_least="7:0")
        await api.refused("/v1/companies/acme/status", "known_at", known_at="0:0")


async def test_merged_across_partitions_under_every_cut(house: House, tmp_path: Path) -> None:
    """The same as embedded, before the merge, with it, and when it was taken back."""
    steps = (
        issued("2021-01-14", "i", ENTITY) | {"subject": "acme"},
        merged("acme", "globex", "m1"),
        merged("globex", "initech", "m2"),
        issued("2021-02-01", "late", CCMC) | {"subject": "acme"},
        retracted("m1", "t") | {"subject": "acme"},
        removed("2021-03-01", "r", list_=ENTITY) | {"subject": "acme"},
    )
    homes = {partition_of(one, 3) for one in ("acme", "globex", "initech")}
    assert len(homes) > 1
    async with (
        house.working(tmp_path / "worker"),
        replica(house, tmp_path / "replica") as api,
        served(tmp_path / "embedded") as embedded,
    ):
        known = []
        for step in steps:
            await house.record(step)
            (receipt,) = await embedded.record(step)
            assert await house.folded() == []
            known.append((await caught_up(house, api), receipt["position"]))
        for here, there in known:
            for company in ("acme", "globex", "initech"):
                for cut in ({}, {"as_of": "2021-02-15"}, {"announced_by": "2021-01-31"}):
                    answers = [
                        await one.client.get(
                            f"/v1/companies/{company}/{what}", params={"known_at": at, **cut}
                        )
                        for one, at in ((api, here), (embedded, there))
                        for what in ("status",)
                    ]
                    codes = [one.status_code for one in answers]
                    assert codes[0] == codes[1], (company, here, cut, answers[0].text)
                    if codes[0] == 200:
                        told = [one.json() for one in answers]
                        for one in told:
                            del one["position"], one["known_at"]
                            one.pop("as_of") if not cut.get("as_of") else None
                        assert told[0] == told[1], (company, here, cut)
                    elif codes[0] == 308:
                        assert answers[0].json() == answers[1].json()


async def test_changes_are_those_that_the_worker_told(house: House, tmp_path: Path) -> None:
    """With a cursor that is good on every replica, and goes on where it ended."""
    async with (
        house.working(tmp_path / "worker"),
        replica(house, tmp_path / "one") as one,
        replica(house, tmp_path / "two") as two,
    ):
        for company in ("acme", "globex", "initech"):
            await house.record(issued("2021-01-14", f"i-{company}", CCMC) | {"subject": company})
        assert await house.folded() == []
        told = await house.read(CHANGES)
        for api in (one, two):
            await until(lambda api=api: len(api.service.store.changes()) == len(told))
        first = await one.get("/v1/changes", limit=2)
        rest = await two.get("/v1/changes", after=first["next"])
        ids = [each["change"] for each in first["changes"] + rest["changes"]]
        assert sorted(ids) == sorted(each.value["change"] for each in told if each.value)
        again = await one.get("/v1/changes", after=rest["next"])
        assert again == {"changes": [], "next": rest["next"], "more": False}
        story = await two.get("/v1/companies/acme/history")
        assert [each["sequence"] for each in story["known"]] == [1]
