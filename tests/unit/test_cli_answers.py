"""`standing status`, `history` and `search`: one company, for people and for programs."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from projections.reader import Question
from service.cli.common import plain
from service.compose import opened
from service.settings import load_settings
from tests.unit.conftest import Cli

XIAOMI = ("status", "xiaomi", "--as-of", "2021-04-01")


def test_the_json_is_exactly_the_answer_of_the_reader(demo: Cli) -> None:
    """The same answer comes from the command line, HTTP and the status topic."""
    given = ("--list", "us-dod-ccmc", "--announced-by", "2021-04-30", "--known-at", "0:266")
    told = demo(*XIAOMI, *given, "--json").json
    question = Question(("us-dod-ccmc",), "2021-04-01", "2021-04-30", "0:266")
    with opened(load_settings()) as standing:
        assert told == standing.reader.status("xiaomi", question)


def test_people_read_the_status_and_why(demo: Cli) -> None:
    """Status, since and until, the event that it is owed to, and what is not evaluated."""
    told = demo(*XIAOMI).out
    assert "Xiaomi Corporation (xiaomi): enjoined, no restriction in force" in told
    assert "as of the end of 2021-04-01" in told
    assert "enjoined since 2021-03-12, until 2021-05-25 16:09-04:00" in told
    assert "injunction granted (preliminary), effective 2021-03-12" in told
    assert "1:21-cv-00280: all" in told
    assert "Ownership is not evaluated" in told


def test_restrictions_are_told_with_dates_and_basis(demo: Cli) -> None:
    """Those in force, and those to come."""
    told = demo("status", "huawei", "--as-of", "2026-07-01").out
    assert "in force  procurement.direct from 2026-06-30; NDAA FY2024" in told
    assert "upcoming  procurement.indirect from 2027-06-30; NDAA FY2024" in told
    assert "next      designated with procurement.direct, procurement.indirect" in told


def test_nothing_reads_as_clearance_that_is_not(demo: Cli) -> None:
    """A list that nobody read says nothing about whom it does not name."""
    told = demo("status", "xiaomi", "--list", "us-ofac-sdn").out
    assert "not_listed" in told
    assert "no reading of this list is in the log" in told


def test_a_company_with_no_list_is_not_cleared_either(cli: Cli) -> None:
    """All that is known of it is its name."""
    cli.record({"type": "standing.company.described", "subject": "acme", "data": {"name": "Acme"}})
    told = cli("status", "acme").out
    assert "Acme (acme): not_listed" in told
    assert "That is no clearance" in told


def test_a_merged_company_answers_under_its_present_id(demo: Cli) -> None:
    """And says so."""
    merged = {"type": "standing.company.merged", "subject": "mi", "data": {"into": "xiaomi"}}
    demo.record(
        {"type": "standing.company.described", "subject": "mi", "data": {"name": "Mi"}}, merged
    )
    done = demo("status", "mi")
    assert done.err == "mi was merged into xiaomi\n"
    assert "(xiaomi)" in done.out


@pytest.mark.parametrize("command", ["status", "history"])
@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("xiaomi-corp", "did you mean xiaomi (Xiaomi Corporation)?"),
        ("Huawei", "did you mean huawei (Huawei Technologies Co., Ltd.)?"),
        ("小米", "did you mean xiaomi (Xiaomi Corporation)?"),
    ],
)
def test_an_unknown_company_is_told_with_who_may_be_meant(
    demo: Cli, command: str, asked: str, meant: str
) -> None:
    """It is not `not_listed`: of an unknown company nothing is known."""
    done = demo(command, asked)
    assert (done.code, done.out) == (1, "")
    assert (
        done.err == f"standing: unknown company {asked!r}: the log has no event about it; {meant}\n"
    )


@pytest.mark.parametrize("command", ["status", "history"])
def test_a_company_that_was_not_known_yet_is_told_so(demo: Cli, command: str) -> None:
    """It is no misspelling."""
    done = demo(command, "xiaomi", "--known-at", "0:0")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "'xiaomi' was not known yet at that cut" in done.err
    assert "did you mean" not in done.err


def test_an_empty_log_says_how_to_fill_it(cli: Cli) -> None:
    """The first thing that somebody tries."""
    done = cli("status", "xiaomi")
    assert done.code == 1
    assert "the log is empty: `standing demo` or `standing record` fills it" in done.err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--as-of", "2021-02-30", "as_of: '2021-02-30' is not in the calendar"),
        ("--as-of", "2021-02-03T10:00:00", "as_of: '2021-02-03T10:00:00' has no offset"),
        ("--announced-by", "soon", "announced_by: 'soon' is no date"),
        ("--known-at", "0:9999", "known_at: '0:9999' is not written yet"),
        ("--known-at", "1:4", "known_at: '1:4' should name the partition 0"),
        ("--list", "us-dod-cmc", "list: unknown list 'us-dod-cmc'; did you mean"),
    ],
)
def test_a_bad_cut_off_is_refused_by_name(demo: Cli, option: str, value: str, told: str) -> None:
    """In one line."""
    done = demo("status", "xiaomi", option, value)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"standing: refused: {told}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--as-of", "--announced-by", "--known-at"])
@pytest.mark.parametrize("command", ["status xiaomi", "history xiaomi", "replay"])
def test_an_empty_cut_off_is_bad_usage(demo: Cli, command: str, option: str) -> None:
    """Of a variable that is not set, say: what stands now would be taken for what stood then."""
    done = demo(*command.split(), option, "")
    assert (done.code, done.out) == (2, "")
    assert "is empty" in done.err


def test_history_tells_every_event_and_draws_the_standing(demo: Cli) -> None:
    """The drawing reads without colour: a letter a cell, a legend, the years."""
    told = demo("history", "xiaomi").out
    (bar,) = [line for line in told.splitlines() if line.startswith("us-dod-ccmc  ")][:1]
    assert bar.removeprefix("us-dod-ccmc  ").strip("·").startswith("d")
    assert "dddde" in bar.replace("ddddd", "dddd")
    assert bar.endswith("r")
    assert "|2022" in told
    assert "e enjoined" in told
    assert "injunction 1:21-cv-00280 (all)" in told
    assert "removal issued (vacated)" in told
    assert all(len(line) <= 120 for line in told.splitlines())


def test_restrictions_in_force_are_capitals_in_the_drawing(demo: Cli) -> None:
    """And the strongest status of a cell is shown, however short it was."""
    told = demo("history", "huawei").out
    (bar,) = [line for line in told.splitlines() if line.startswith("us-dod-ccmc  ")][:1]
    cells = bar.removeprefix("us-dod-ccmc").strip().strip("·")
    assert cells == "".join(sorted(cells, key="dDr".index))
    assert {"d", "D", "r"} == set(cells)


def test_the_drawing_keeps_to_the_width(demo: Cli) -> None:
    """Of a narrow terminal, say; open listings reach to its end."""
    demo.set("COLUMNS", "60")
    told = demo("history", "huawei").out.splitlines()
    bars = [line for line in told if line.startswith("us-") and line.endswith(("d", "D", "r"))]
    assert [len(bar) for bar in bars] == [60] * 4
    assert all(len(line) <= 60 for line in told)


def test_what_was_taken_back_is_in_the_history(cli: Cli) -> None:
    """With what took it back."""
    listed = {"list": "us-dod-ccmc", "effective": "2021-01-14"}
    retraction = {"event": "one", "reason": "misread"}
    cli.record(
        {"id": "one", "type": "standing.designation.issued", "subject": "acme", "data": listed},
        {"id": "two", "type": "standing.event.retracted", "subject": "acme", "data": retraction},
    )
    told = " ".join(cli("history", "acme").out.split())
    assert "taken back by two (at 0:1, retraction)" in told
    assert "retraction; takes back one (at 0:0, designation issued); misread" in told
    events = cli("history", "acme", "--json").json["events"]
    assert [(one["id"], one["counts"]) for one in events] == [("one", False), ("two", True)]


def test_history_tells_what_the_public_knew_and_what_this_log_knew(demo: Cli) -> None:
    """And when each was recorded."""
    told = demo("history", "xiaomi").out
    public, known = told.split("as the public saw it")[1].split("as this log knew it")
    assert "the end of 2021-05-26 us-dod-ccmc removed (vacated)" in " ".join(public.split())
    known, events = known.split("\nevents\n")
    assert "enjoined -> removed" in " ".join(known.split())
    (recorded,) = {one["recorded"] for one in demo("history", "xiaomi", "--json").json["events"]}
    assert f"{recorded[:10]} {recorded[11:16]}" in " ".join(events.split())


def _listed(cli: Cli, company: str, *spans: tuple[str, str | None]) -> None:
    for number, (since, until) in enumerate(spans):
        data = {"list": "us-bis-entity-list", "effective": since}
        issued = {"id": f"{company}-{number}", "type": "standing.designation.issued"}
        events = [{**issued, "subject": company, "data": {**data, "announced": "2020-01-01"}}]
        if until:
            removed = {"list": data["list"], "effective": until, "how": "delisted"}
            events.append({"type": "standing.removal.issued", "subject": company, "data": removed})
        cli.record(*events)


def test_what_is_too_short_or_too_far_to_be_drawn_is_told(cli: Cli) -> None:
    """A date of the year 9000 does not make the rest a single cell."""
    _listed(cli, "acme", ("2010-01-01", "2015-03-01"), ("2015-03-02", "2024-01-01"))
    told = cli("history", "acme").out
    span = "removed from 2015-03-01 until 2015-03-02"
    assert f"not drawn: us-bis-entity-list {span} (too short)" in told
    _listed(cli, "far", ("2024-01-01", "2024-06-01"), ("9000-01-01", None))
    told = cli("history", "far").out
    assert "designated from 9000-01-01 (beyond the drawing)" in told
    bar = next(line for line in told.splitlines() if line.startswith("us-bis-entity-list "))
    assert bar.count("D") > 5
    assert bar.count("r") > 20
    assert bar.endswith("r")


def test_why_says_that_an_order_ran_out(cli: Cli) -> None:
    """What was granted is not what stands now; and each date is written in one form."""
    listed = {"list": "us-bis-entity-list", "effective": "2021-01-14"}
    order = {"list": listed["list"], "form": "tro", "scope": "all", "docket": "1"}
    order |= {"effective": "2021-02-01T16:09:00-05:00", "expires": "2021-02-10"}
    cli.record(
        {"type": "standing.designation.issued", "subject": "acme", "data": listed},
        {"type": "standing.injunction.granted", "subject": "acme", "data": order},
    )
    before = " ".join(cli("status", "acme", "--as-of", "2021-02-05").out.split())
    after = " ".join(cli("status", "acme", "--as-of", "2021-03-01").out.split())
    assert "injunction granted (tro), effective 2021-02-01 16:09-05:00" in before
    assert "injunction granted (tro), which ran out (2021-02-10), effective 2021-02-01" in after
    assert "T16:09" not in before + after


@pytest.mark.parametrize(
    "text", ["Xiaomi", "\uff38\uff49\uff41\uff4f\uff4d\uff49", "小米集团", "小米", "xiaomi"]
)
def test_a_company_is_found_in_any_script(demo: Cli, text: str) -> None:
    """By name, alias or id, whatever case or width."""
    found = demo("search", text, "--json").json["companies"]
    assert [one["company"] for one in found] == ["xiaomi"]
    assert "Xiaomi Corporation" in demo("search", text).out


def test_of_a_parked_company_nothing_is_said_in_one_line(cli: Cli) -> None:
    """Its neighbours are answered, and found."""
    listed = {"list": "us-dod-ccmc", "effective": "2021-01-14"}
    listing = {"type": "standing.designation.issued", "subject": "acme", "data": listed}
    named = {"type": "standing.company.described", "data": {"name": "Acme & Sons"}}
    cli.record(listing, {**named, "subject": "acme"}, {**named, "subject": "sons"})
    with opened(load_settings()) as standing:
        late = {**listing, "data": {**listed, "effective": "2021-02-01"}, "id": "poison"}
        admitted = standing.admit(late)
        poison = admitted._replace(body=admitted.body.replace(b"2021-02-01", b"no date"))
        asyncio.run(standing.log.append([poison]))
    for command in ("status", "history"):
        done = cli(command, "acme")
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert done.err.startswith("standing: 'acme' is parked")
    done = cli("search", "acme", "--json")
    found = {one["company"]: (one["status"], bool(one["parked"])) for one in done.json["companies"]}
    assert (done.code, found) == (1, {"acme": (None, True), "sons": ("not_listed", False)})
    told = cli("search", "acme")
    assert "acme is parked: " in told.err
    assert "not_listed" in told.out
    rows = {
        one["company"]: one
        for one in map(json.loads, cli("replay", "--as-of", "2022").out.splitlines())
    }
    assert (rows["acme"]["status"], bool(rows["acme"]["parked"])) == (None, True)
    for form in ("csv", "parquet"):
        assert cli("replay", "--as-of", "2022", "--format", form, "-o", cli.home / "out").code == 0


def test_control_characters_of_data_do_not_reach_the_terminal(cli: Cli, tmp_path: Path) -> None:
    """A name that clears the screen, or turns the direction of writing, is shown escaped."""
    name = "Ac\u202eme"
    source = {"title": "Read\u2066 this"}
    listed = {"list": "us-dod-ccmc", "effective": "2021-01-14", "sources": [source]}
    cli.record(
        {"type": "standing.company.described", "subject": "acme", "data": {"name": name}},
        {"type": "standing.designation.issued", "subject": "acme", "data": listed},
    )
    for command in ("status", "history", "search"):
        told = cli(command, "acme").out
        assert "Ac\\u202eme" in told
        assert not {"\u202e", "\u2066", "\x1b"} & set(told)
    assert plain("a\x1b[2Jb\nc") == r"a\x1b[2Jb\nc"


def test_finding_nobody_is_a_failed_check(demo: Cli) -> None:
    """A script that looks for a name must notice."""
    done = demo("search", "Nobody Ltd.")
    assert (done.code, done.out) == (1, "")
    assert done.err == "no company is known by 'Nobody Ltd.'\n"
    assert demo("search", "Nobody Ltd.", "--json").json == {"companies": []}
    assert demo("search", "  ").code == 2


def test_an_answer_waits_for_nothing_that_it_does_not_need(demo: Cli) -> None:
    """What is slow to import is imported by those commands that need it."""
    program = (
        "import sys; from service.cli.main import main; code = main(['status', 'xiaomi']); "
        "slow = {'pydantic', 'fastapi', 'uvicorn', 'pyarrow', 'apscheduler', 'aiohttp', 'yaml'}; "
        "print(sorted(slow & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr == b"[]\n"
    assert b"Xiaomi Corporation" in done.stdout


def test_json_is_for_programs_only(demo: Cli) -> None:
    """Nothing else is on standard output, so that it can be piped."""
    answer: Any = json.loads(demo("history", "xiaomi", "--json").out)
    assert answer["company"] == "xiaomi"
    assert Path(demo.home / "log.db").exists()
