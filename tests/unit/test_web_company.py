"""A company's page in all its forms, and the words and pictures on it."""

import csv
import gzip
import io
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from events.dates import start
from service.web import wording
from service.web.timeline import MARK, drawn
from tests.unit.making import CCMC, ENTITY, granted, issued, removed
from tests.unit.serving import described, problem, served

Json = dict[str, Any]
AT = "/companies/acme"


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        (AT, "*/*", "text/html"),
        (AT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        (AT, "application/json", "application/json"),
        (AT, "text/csv", "text/csv"),
        (f"{AT}.json", "text/html", "application/json"),
        (f"{AT}.csv", "*/*", "text/csv"),
    ],
)
async def test_the_address_has_every_form(
    path: str, accept: str, media_type: str, tmp_path: Path
) -> None:
    """By its end, else by what is accepted."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        answer = await api.client.get(path, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
            200,
            media_type,
        )


async def test_a_form_that_there_is_not_is_not_acceptable(tmp_path: Path) -> None:
    """406, and what is unknown is told in the form that was wanted."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        answer = await api.client.get(AT, headers={"accept": "image/png"})
        assert answer.status_code == 406
        given = {"accept": "application/json"}
        problem(await api.client.get("/companies/nobody", headers=given), 404, "company")


async def test_a_sheet_has_a_row_for_each_list(tmp_path: Path) -> None:
    """What the answer says, and nothing that a spreadsheet would run."""
    async with served(tmp_path) as api:
        await api.record(
            described(name="=1+1"), issued("2021-01-14", "a", CCMC), issued("2021", "b", ENTITY)
        )
        text = (await api.client.get(f"{AT}.csv?as_of=2021-04-01")).text
        rows = {row["list"]: row for row in csv.DictReader(io.StringIO(text))}
        assert rows.keys() == {CCMC, ENTITY}
        assert rows[CCMC]["name"] == "'=1+1"
        assert rows[CCMC]["restrictions"] == "investment.purchase"
        assert (rows[ENTITY]["status"], rows[ENTITY]["covered"]) == ("designated", "false")


async def test_a_page_is_sent_packed_to_who_takes_that(tmp_path: Path) -> None:
    """And to others as it is."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        for wanted, found in (("gzip", "gzip"), ("identity", None)):
            request = api.client.build_request("GET", AT, headers={"accept-encoding": wanted})
            answer = await api.client.send(request, stream=True)
            assert answer.headers.get("content-encoding") == found
            body = b"".join([piece async for piece in answer.aiter_raw()])
            text = gzip.decompress(body) if found else body
            assert b"Where it stands" in text


async def test_a_certificate_says_what_was_asked_and_where_to_ask_again(tmp_path: Path) -> None:
    """Whatever is recorded later, that address says the same of the company."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        first = (await api.client.get(f"{AT}/certificate?as_of=2021-04-01")).text
        again = f"{AT}/certificate?as_of=2021-04-01T23:59:59.999999-04:00&known_at=0:0"
        assert f'href="{again.replace("&", "&amp;")}"' in first
        await api.record(removed("2021-02-01"))
        later = (await api.client.get(again)).text
        assert "Designated since" in later
        assert "Removed since" in (await api.client.get(f"{AT}/certificate")).text


def test_dates_are_told_as_they_were_written() -> None:
    """A day, a month, a year, a moment, or none."""
    told = [wording.day(one) for one in ("2021-03-02", "2021-03", "2021", None)]
    assert told == ["2 Mar 2021", "Mar 2021", "2021", "—"]
    assert wording.day("2021-05-25T16:09:00-04:00") == "25 May 2021, 16:09 UTC-04:00"
    assert wording.at("2021-04-01T23:59:59.999999-04:00") == "the end of 1 Apr 2021"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2021-05-25T16:09:00-04:00", "04:09 on 26 May your time"),
        ("2021-05-25T03:09:00-04:00", "15:09 your time"),
        ("2021-05-25T00:00:00-04:00", ""),
        ("2021-05-25T23:59:59.999999-04:00", ""),
        ("2021-05-25T16:09:00+08:00", ""),
        ("2021-05-25", ""),
    ],
)
def test_a_moment_is_told_as_the_readers_clock_showed_it(text: str, words: str) -> None:
    """Where that differs, and where an hour is meant."""
    assert wording.theirs(text, ZoneInfo("Asia/Shanghai")) == words
    assert wording.theirs(text, None) == ""


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Xiaomi", ""),
        ("Société Générale", ""),
        ("小米集团", "und-Hani"),
        ("ООО «Ромашка»", "und-Cyrl"),  # noqa: RUF001 - a name
        ("\u0634\u0631\u0643\u0629", "und-Arab"),
        ("トヨタ", "und-Jpan"),
        ("삼성", "und-Kore"),
        ("𓀀", ""),
        ("", ""),
    ],
)
def test_a_name_says_its_script(name: str, tag: str) -> None:
    """By its first letter that is not Latin."""
    assert wording.tongue(name) == tag


def test_a_title_is_not_turned_around() -> None:
    """Nor without end."""
    assert wording.plain("a\u202eb\nc") == "abc"
    assert len(wording.plain("x" * 10_000)) == 201


# --- the timeline ---------------------------------------------------------------------------------


def story(*pieces: tuple[str, str | None, str], list_: str = ENTITY) -> Json:
    return {
        "list": list_,
        "intervals": [
            {"from": begins, "until": ends, "status": status, "restrictions": []}
            for begins, ends, status in pieces
        ],
    }


def act(id_: str, date: str, type_: str = "designation.issued") -> Json:
    return {
        "id": id_,
        "type": f"standing.{type_}",
        "list": ENTITY,
        "effective": {"date": date},
        "announced": None,
    }


TODAY = start("2026-01-01")
LISTED = ("2021-01-01", "2021-06-01", "designated")
FREE = ("2021-06-01", None, "removed")


def test_without_intervals_there_is_no_picture() -> None:
    assert drawn([story()], [], "2021-01-01", False, TODAY) is None


def test_a_story_that_is_over_is_seen_at_its_own_size() -> None:
    """Today is beyond it; what still stands reaches to today."""
    over = drawn([story(LISTED, FREE)], [], "2026-01-01", False, TODAY)
    assert over is not None
    assert (over.beyond, over.now) == (True, 100.0)
    assert over.axis.ends < start("2021-09-01")
    stands = drawn([story(("2021-01-01", None, "designated"))], [], "2026-01-01", False, TODAY)
    assert stands is not None
    assert (stands.beyond, stands.axis.ends > TODAY) == (False, True)


def test_what_is_asked_for_is_on_the_axis() -> None:
    """And its slider stands where its line does."""
    found = drawn([story(LISTED, FREE)], [], "2023-01-01T00:00:00+00:00", True, TODAY)
    assert found is not None
    assert found.axis.begins < start("2023-01-01") < found.axis.ends
    shown = drawn([story(LISTED, FREE)], [], "2021-03-01T23:59:59.999999+00:00", True, TODAY)
    assert shown is not None
    assert shown.day * 100 / shown.axis.days == pytest.approx(shown.now, abs=0.01)


def test_neighbours_with_one_status_are_one_band() -> None:
    """Also where their restrictions differ."""
    found = drawn(
        [story(("2021-01-01", "2021-02-01", "designated"), ("2021-02-01", None, "designated"))],
        [],
        "2021-03-01",
        True,
        TODAY,
    )
    assert found is not None
    (row,) = found.rows
    assert [band.status for band in row.bands] == ["designated"]
    assert row.bands[0].title == "Designated: 2021-01-01 to no known end"


def test_marks_are_far_enough_apart_to_be_hit() -> None:
    """Those that would not be are one, which leads to the first of law, and counts."""
    acts = [act(f"n{number}", f"2021-0{number}-01", "note.recorded") for number in range(1, 6)]
    acts += [act("law", "2021-01-02")]
    found = drawn([story(LISTED, FREE)], acts, "2021-03-01", True, TODAY)
    assert found is not None
    marks = found.rows[0].marks
    assert (marks[0].event, marks[0].number, marks[0].legal) == ("law", 2, True)
    assert all(two.x - one.x >= MARK for one, two in pairwise(marks))
    assert sum(mark.number for mark in marks) == 6


async def test_a_page_of_what_is_odd_says_so(tmp_path: Path) -> None:
    """A correction that was recorded later, as one."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14", list_=ENTITY), removed("2021-06-01", list_=ENTITY))
        await api.record(granted("2021-02-01", list_=ENTITY))
        text = (await api.client.get(AT)).text
        assert "<b>Corrected.</b>" in text
