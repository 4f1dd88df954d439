"""Watchlists: rows of names and identifiers become the companies of a filter, and nothing is
dropped in silence."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract.alert_twins import receiving
from tests.unit.making import ENTITY, issued
from tests.unit.serving import Api, described, problem, served

AT = "/v1/subscriptions"
LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
ASKED = {"channel": {"type": "webhook", "url": "https://desk.example/hook"}}
CSV = """name,isin,weight
,KYG9830T1067,2
Golden Silk Trading LLC,,1
Northern Falcon Shippin,,1
Jade Energy Co,,1
Nobody Knows This One,,1
"""


async def known(api: Api) -> None:
    isin = [{"scheme": "isin", "value": "KYG9830T1067"}]
    await api.record(
        described("xiaomi", name="Xiaomi Corporation", identifiers=isin),
        described("silk", name="Golden Silk Trading LLC"),
        described("falcon", name="Northern Falcon Shipping"),
        described("jade-1", name="Jade Energy Co"),
        described("jade-2", name="Jade Energy Co"),
    )


async def subscribe(api: Api, status: int = 201, **more: Any) -> Any:
    answer = await api.client.post(AT, json={**ASKED, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


def outcomes(report: Any) -> list[tuple[str, bool, str | None]]:
    return [(one["outcome"], one["taken"], one["company"]) for one in report["rows"]]


async def test_what_is_sure_is_taken_and_every_row_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await known(api)
        made = await subscribe(api, watchlist={"csv": CSV}, filter={"companies": ["acme"]})
        assert made["filter"]["companies"] == ["acme", "xiaomi", "silk"]
        report = made["watchlist"]
        assert outcomes(report) == [
            ("matched", True, "xiaomi"),
            ("matched", True, "silk"),
            ("likely", False, "falcon"),
            ("several", False, None),
            ("not_found", False, None),
        ]
        assert [one["row"] for one in report["rows"]] == [2, 3, 4, 5, 6]
        several = report["rows"][3]["candidates"]
        assert {one["company"] for one in several} == {"jade-1", "jade-2"}
        assert report["counts"]["not_found"] == 1
        assert await api.get(f"{AT}/{made['id']}/watchlist") == report


async def test_what_is_likely_is_taken_where_one_accepts_it(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await known(api)
        names = ["Northern Falcon Shippin", "Jade Energy Co"]
        made = await subscribe(api, watchlist={"names": names}, accept_likely=True)
        assert made["filter"]["companies"] == ["falcon"]
        holdings = [{"name": "Jade Energy Co", "company": "jade-2"}]
        made = await subscribe(api, watchlist={"holdings": holdings})
        assert made["filter"]["companies"] == ["jade-2"]


async def test_a_list_of_which_nothing_can_be_taken_is_refused_row_by_row(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await known(api)
        names = ["Northern Falcon Shippin", "Jade Energy Co"]
        told = await subscribe(api, 422, watchlist={"names": names})
        assert [one["field"] for one in told["errors"]] == ["watchlist.1", "watchlist.2"]
        assert "jade-1, jade-2" in told["errors"][1]["detail"]
        assert (await api.get(AT))["subscriptions"] == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"watchlist": []}, "watchlist"),
        ({"watchlist": {"csv": 1}}, "watchlist.csv"),
        ({"watchlist": {"csv": "weight\n1\n"}}, "watchlist.csv"),
        ({"watchlist": {"csv": "name\n"}}, "watchlist"),
        ({"watchlist": {"names": [1]}}, "names.0"),
        ({"watchlist": {"names": ["Golden Silk Trading"]}, "accept_likely": 1}, "accept_likely"),
        ({"watchlist": {"names": ["Golden Silk Trading"]}, "filter": []}, "filter"),
        ({"watchlist": {"names": ["x"] * 10_001}}, "names"),
    ],
)
async def test_a_list_that_cannot_be_read_is_refused_by_field(
    more: dict[str, Any], field: str, tmp_path: Path
) -> None:
    async with served(tmp_path) as api:
        await known(api)
        problem(await api.client.post(AT, json={**ASKED, **more}), 422, field)


async def test_another_list_takes_its_place(tmp_path: Path) -> None:
    """As CSV or JSON; who it names is told from then on, and who it does not is not."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        await known(api)
        channel = {"type": "webhook", "url": receiver.url}
        made = await subscribe(api, watchlist={"names": ["Xiaomi Corporation"]}, channel=channel)
        at = f"{AT}/{made['id']}"
        sent = {"content": b"name\nGolden Silk Trading LLC\n"}
        answer = await api.client.put(
            f"{at}/watchlist", **sent, headers={"content-type": "text/csv"}
        )
        assert outcomes(answer.json()) == [("matched", True, "silk")]
        assert (await api.get(at))["filter"] == {"companies": ["silk"]}
        assert await api.get(f"{at}/watchlist") == answer.json()
        await api.record(
            issued("2022-01-01", "x", ENTITY, subject="xiaomi"),
            issued("2022-01-01", "y", ENTITY, subject="silk"),
        )
        (post,) = await receiver.count(1)
        assert post.message["data"]["company"] == "silk"
        likely = {"names": ["Northern Falcon Shippin"]}
        problem(await api.client.put(f"{at}/watchlist", json=likely), 422, "watchlist.1")
        for query, body in (
            ("?accept_likely=true", likely),
            ("", {**likely, "accept_likely": True}),
        ):
            answer = await api.client.put(f"{at}/watchlist{query}", json=body)
            assert outcomes(answer.json()) == [("likely", True, "falcon")]


async def test_where_there_was_no_list_there_is_no_report(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        made = await subscribe(api)
        await api.refused(f"{AT}/{made['id']}/watchlist", "watchlist")
        problem(await api.client.get(f"{AT}/sub_nobody/watchlist"), 404)


async def test_whom_nobody_knew_is_looked_for_again(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await known(api)
        made = await subscribe(api, watchlist={"csv": CSV})
        await api.record(described("known-now", name="Nobody Knows This One"))
        at = f"{AT}/{made['id']}"
        answer = await api.client.put(f"{at}/watchlist", json={"again": True})
        assert outcomes(answer.json())[-1] == ("matched", True, "known-now")
        shown = await api.get(at)
        assert shown["filter"]["companies"] == ["xiaomi", "silk", "known-now"]
