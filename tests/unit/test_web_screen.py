"""The page of screening: whom rows may be, what is to come, and on to a subscription."""

from pathlib import Path

from tests.unit.making import CCMC, ENTITY, issued
from tests.unit.pages import HOSTILE, page, sent
from tests.unit.serving import Api, described, served

SHEET = "name,isin,shares\nXiaomi Corp.,KYG9830T1067,10\nNobody At All,,5\n"


async def fill(api: Api) -> None:
    """One that stands on a list with more to come, and one that nobody names well."""
    isin = {"scheme": "isin", "value": "KYG9830T1067"}
    await api.record(
        described("xiaomi", name="Xiaomi Corporation", identifiers=[isin]),
        issued("2021-01-14", "on", CCMC, subject="xiaomi"),
        described("evil", name=HOSTILE),
        issued("2021-01-14", "evil", ENTITY, subject="evil"),
    )


async def test_rows_have_whom_they_may_be_and_what_is_to_come(tmp_path: Path) -> None:
    """On a date; who is not found is not cleared."""
    async with served(tmp_path) as api:
        await fill(api)
        found = await sent(api, "/screen", "/screen", text=SHEET, as_of="2021-02-01")
        assert "2 rows screened" in found.words
        assert "Exact" in found.words
        assert "Its securities may not be bought from 15 Mar 2021" in found.words
        assert "no match found, which clears nobody" in found.words
        assert "/companies/xiaomi" in found.links
        assert (found.fields["company"], found.fields["as_of"]) == ("xiaomi", "2021-02-01")


async def test_a_file_is_screened_as_what_is_written(tmp_path: Path) -> None:
    """Names need no heading; the same comes as CSV, the columns that were given first."""
    async with served(tmp_path) as api:
        await fill(api)
        for given in ({"file": SHEET.encode()}, {"file": SHEET.encode("utf-16")}):
            found = await sent(api, "/screen", "/screen", **given)
            assert "2 rows screened" in found.words
        found = await sent(api, "/screen", "/screen", text="Xiaomi Corporation\nNobody At All")
        assert "1 strong" in found.words
        seal = (await page(api, "/screen")).fields["form"]
        answer = await api.client.post(
            "/screen.csv", data={"form": seal, "text": SHEET, "as_of": "2021-02-01"}
        )
        heading, first, *_ = answer.text.splitlines()
        assert heading.startswith("name,isin,shares,row,match,company")
        assert heading.endswith(",upcoming")
        assert "exact,xiaomi" in first
        assert "investment.purchase from 2021-03-15T09:30:00-04:00 (us-dod-ccmc)" in first


async def test_what_cannot_be_read_is_told_beside_the_form(tmp_path: Path) -> None:
    """With what was written still in it."""
    async with served(tmp_path) as api:
        await fill(api)
        for fields, said in (
            ({"text": ""}, "is empty"),
            ({"text": "name,isin\n"}, "has no row"),
            ({"text": "x", "as_of": "yesterday"}, "yesterday"),
            ({"text": "x", "list": "nothing"}, "unknown list"),
            ({"text": "x", "min_score": "2"}, "is no number"),
            ({"text": "name\n" + "x\n" * 10_001}, "at most 10,000"),
            ({"file": b"name\n\xff\xff\xfe\n"}, "UTF-8"),
        ):
            found = await sent(api, "/screen", "/screen", 422, **fields)  # type: ignore[arg-type]
            assert said in found.words


async def test_hostile_names_and_rows_are_text(tmp_path: Path) -> None:
    """In what is found, and in what was given."""
    async with served(tmp_path) as api:
        await fill(api)
        found = await sent(
            api, "/screen", "/screen", text=f"name,company\n{HOSTILE.strip()[:24]},evil\n"
        )
        assert "javascript:alert(1)" in found.words
