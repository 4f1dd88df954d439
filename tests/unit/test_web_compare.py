"""Two moments side by side: what is said to have happened, of whom, and in which form."""

from pathlib import Path

import pytest

from projections.replay import Standing
from service.web.comparing import what_happened
from tests.unit.making import CCMC, ENTITY, NEW_YORK, granted, issued, removed
from tests.unit.pages import HOSTILE, page, sent
from tests.unit.serving import Api, described, problem, served

BETWEEN = "as_of_before=2021-02-01&as_of_after=2022-06-01"


async def fill(api: Api) -> None:
    """One goes, one comes, one stays."""
    await api.record(
        described("a", name=HOSTILE),
        issued("2021-01-14", "on-a", CCMC, subject="a"),
        removed("2021-05-25", "off-a", CCMC, subject="a"),
        described("b", name="Beta Works"),
        issued("2022-01-01", "on-b", ENTITY, subject="b"),
        issued("2020-01-01", "on-c", ENTITY, subject="c"),
    )


def standing(status: str, since: int = 0, *kinds: str) -> Standing | None:
    """As on one list at one moment."""
    if status == "-":
        return None
    return Standing(ENTITY, True, status, since, None, None, kinds, NEW_YORK)


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        ("-", "designated", "added"),
        ("not_listed", "enjoined", "added"),
        ("scheduled", "designated", "added"),
        ("removed", "designated", "again"),
        ("designated", "enjoined", "enjoined"),
        ("enjoined", "designated", "unjoined"),
        ("enjoined", "removed", "removed"),
        ("designated", "not_listed", "removed"),
        ("designated", "-", "removed"),
        ("-", "scheduled", "scheduled"),
        ("scheduled", "not_listed", "withdrawn"),
        ("-", "removed", "between"),
        ("-", "not_listed", None),
        ("designated", "designated", None),
    ],
)
def test_what_happened_is_said_in_a_word(before: str, after: str, happened: str | None) -> None:
    """From how it stood to how it stands."""
    assert what_happened(standing(before), standing(after)) == happened


def test_where_the_status_is_the_same_restrictions_tell() -> None:
    """And else whether it was away between."""
    plain, more = standing("designated"), standing("designated", 0, "export.license")
    other = standing("designated", 0, "other")
    assert what_happened(plain, more) == "restricted"
    assert what_happened(more, plain) == "freed"
    assert what_happened(more, other) == "otherwise"
    assert what_happened(plain, standing("designated", 1)) == "between"


async def test_everybody_is_compared_by_what_happened(tmp_path: Path) -> None:
    """As a page, as JSON and as CSV; who stayed is not told of."""
    async with served(tmp_path) as api:
        await fill(api)
        found = await page(api, f"/compare?{BETWEEN}")
        assert "2 differences of 2 companies" in found.words
        assert "begun: Exports to it need a licence" in found.words
        told = (await api.get(f"/compare.json?{BETWEEN}"))["differences"]
        assert [(one["company"], one["happened"]) for one in told] == [
            ("a", "removed"),
            ("b", "added"),
        ]
        rows = (await api.client.get(f"/compare.csv?{BETWEEN}&happened=added")).text.splitlines()
        assert len(rows) == 2
        assert rows[1].startswith(f"added,b,Beta Works,{ENTITY},not_listed")


async def test_what_was_known_at_two_moments_is_compared(tmp_path: Path) -> None:
    """The same day, as the log had it before and has it now; in whichever order it was told."""
    async with served(tmp_path) as api:
        await fill(api)
        same = "as_of_before=2022-06-01&as_of_after=2022-06-01&known_at_before=0:1"
        told = (await api.get(f"/compare.json?{same}"))["differences"]
        assert {one["company"]: one["happened"] for one in told} == {
            "a": "removed" if told[0]["before"]["status"] == "designated" else "between",
            "b": "added",
            "c": "added",
        }
        query = f"{same}&company=c&list={ENTITY}"
        (one,) = (await api.get(f"/compare.json?{query}"))["differences"]
        assert one["company"] == "c"
        nothing = await page(api, f"/compare?{BETWEEN}&company=c")
        assert "Nothing differs" in nothing.words


async def test_names_are_looked_for_and_who_is_not_found_is_told(tmp_path: Path) -> None:
    """Pasted into the address, or sent as a file."""
    async with served(tmp_path) as api:
        await fill(api)
        told = await api.get(f"/compare.json?{BETWEEN}&names=Beta+Works%0ANobody+Known")
        assert (told["companies"], told["not_found"]) == (["b"], ["Nobody Known"])
        dates = {"as_of_before": "2021-02-01", "as_of_after": "2022-06-01"}
        file = b"name,company\nBeta Works,\n,a\nNobody Known,\n"
        found = await sent(api, "/compare", "/compare", file=file, **dates)
        assert "2 differences of 2 companies" in found.words
        assert "1 name was left out" in found.words
        await sent(api, "/compare", "/compare", 422, file=b"what,ever\n1,2\n", **dates)


async def test_the_companies_of_a_subscription_are_compared(tmp_path: Path) -> None:
    """One's own."""
    async with served(tmp_path) as api:
        await fill(api)
        wish = {
            "filter": {"companies": ["b"]},
            "channel": {"type": "webhook", "url": "https://a.example/"},
        }
        made = (await api.client.post("/v1/subscriptions", json=wish)).json()
        told = await api.get(f"/compare.json?{BETWEEN}&subscription={made['id']}")
        assert [one["company"] for one in told["differences"]] == ["b"]
        problem(await api.client.get("/compare.json?subscription=sub_none"), 404)


async def test_a_question_that_cannot_be_asked_is_refused_by_name(tmp_path: Path) -> None:
    """And nothing is asked where nothing is written."""
    async with served(tmp_path) as api:
        await fill(api)
        assert "difference" not in (await page(api, "/compare")).words
        for name, value in (
            ("as_of_before", "x"),
            ("list", "x"),
            ("happened", "x"),
            ("as_of", "2021"),
        ):
            problem(await api.client.get(f"/compare.json?{name}={value}"), 422, name)
        await api.record(granted("2021-03-12", list_=CCMC, subject="a"))
        assert "Came onto" in (await page(api, "/compare?as_of_before=2019")).words
