"""`standing record` and `standing export`: what goes in, what is refused and how it is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from service import checking, recording
from tests.unit.conftest import Cli, lines

LISTED: dict[str, Any] = {
    "type": "standing.designation.issued",
    "subject": "acme",
    "data": {"list": "us-dod-ccmc", "effective": "2021-01-14"},
}
REMOVED: dict[str, Any] = {
    "type": "standing.removal.issued",
    "subject": "acme",
    "data": {"list": "us-dod-ccmc", "effective": "2021-05-25", "how": "vacated"},
}


def changed(event: dict[str, Any], **data: Any) -> dict[str, Any]:
    """An event that says something else as well."""
    return {**event, "data": {**event["data"], **data}}


REFUSED = {
    "a day that is not in the calendar": (
        changed(LISTED, effective="2021-02-30"),
        "data.effective: '2021-02-30' is not in the calendar",
    ),
    "a time without an offset": (
        changed(LISTED, effective="2021-02-03T09:30:00"),
        "data.effective: '2021-02-03T09:30:00' has no offset",
    ),
    "an unknown field": (changed(LISTED, colour="red"), "data.colour: unknown field"),
    "an unknown type": (
        {**LISTED, "type": "standing.designation.isued"},
        "type: unknown type 'standing.designation.isued'; did you mean",
    ),
    "an unknown list": (changed(LISTED, list="us-dod-cmcc"), "data.list: unknown list"),
    "an unknown restriction": (
        changed(LISTED, restrictions=[{"kind": "investment.purchas"}]),
        "data.restrictions.0.kind",
    ),
    "an end before the beginning": (
        changed(LISTED, expires="2021-01-01"),
        "data.expires: 2021-01-01 is before effective 2021-01-14",
    ),
    "no date of effect": (
        {**LISTED, "data": {"list": "us-dod-ccmc"}},
        "data.effective: missing",
    ),
    "no object": (["acme"], "an event is a JSON object"),
    "an id that no company can have": ({**LISTED, "subject": "Acme Inc."}, "subject: 'Acme Inc.'"),
}


@pytest.mark.parametrize(("event", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_event_is_named_and_the_rest_go_in(cli: Cli, event: Any, told: str) -> None:
    """File, line and field, on standard error; the exit code says that not all went well."""
    done = cli.record(LISTED, event, REMOVED)
    assert done.code == 1
    assert f"<stdin>:2: {told}" in done.err
    assert done.err.count("\n") == 1
    assert done.out == "recorded 2, duplicate 0, rejected 1; the log is at 0:1\n"


def test_a_line_that_is_cut_off_is_told_as_such(cli: Cli, tmp_path: Path) -> None:
    """A download that broke off: what is whole goes in."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines([LISTED, REMOVED])[:-20])
    done = cli("record", path)
    assert done.code == 1
    assert f"{path}:2: no JSON" in done.err
    assert "the file ends in the middle of this line" in done.err
    assert "recorded 1, duplicate 0, rejected 1" in done.out


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".json", ".yaml", ".yml"])
def test_an_empty_file_is_no_success(cli: Cli, tmp_path: Path, suffix: str) -> None:
    """Nothing was recorded, which is hardly what was meant."""
    path = tmp_path / f"events{suffix}"
    path.touch()
    done = cli("record", path)
    assert done.code == 1
    assert f"{path}: empty" in done.err


def test_what_is_no_utf8_is_told_with_its_line(cli: Cli, tmp_path: Path) -> None:
    """An old export in Latin-1, say."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines([LISTED]) + '{"type": "é"}\n'.encode("latin-1"))
    done = cli("record", path)
    assert done.code == 1
    assert f"{path}:2: no JSON: " in done.err
    assert "UTF-8" in done.err


def test_a_file_from_a_windows_editor_is_read(cli: Cli, tmp_path: Path) -> None:
    """A byte order mark, and carriage returns."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + lines([LISTED, REMOVED]).replace(b"\n", b"\r\n"))
    assert cli("record", path).out.startswith("recorded 2,")


@pytest.mark.parametrize("name", ["events.csv", "events", "nothing.jsonl"])
def test_a_file_that_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    """A suffix that says nothing, or no file at all: exit 2, and no store is made."""
    if not name.startswith("nothing"):
        (tmp_path / name).write_bytes(lines([LISTED]))
    done = cli("record", tmp_path / name)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not cli.home.exists()


def test_json_and_yaml_have_events_by_number(cli: Cli, tmp_path: Path) -> None:
    """One event, a list, or a mapping with `events`."""
    one = tmp_path / "one.json"
    one.write_text(json.dumps(LISTED))
    many = tmp_path / "many.yaml"
    many.write_text(
        "events:\n"
        "- {type: standing.removal.issued, subject: acme,"
        " data: {list: us-dod-ccmc, effective: 2021-05-25, how: vacated}}\n"
        "- {type: standing.removal.issued, subject: acme,"
        " data: {list: us-dod-ccmc, effective: 2021-05-26, how: forgiven}}\n"
    )
    done = cli("record", one, many, "--json")
    assert done.code == 1
    assert done.json == {"recorded": 2, "duplicate": 0, "rejected": 1, "position": "0:1"}
    assert f"{many}:3: event 2: data.how: " in done.err


@pytest.mark.parametrize(("name", "content"), [("a.json", "{"), ("a.yaml", "a: [")])
def test_a_whole_file_that_cannot_be_read_is_one_line(
    cli: Cli, tmp_path: Path, name: str, content: str
) -> None:
    """However many lines the parser has to say."""
    (tmp_path / name).write_text(content)
    done = cli("record", tmp_path / name)
    assert done.code == 1
    assert done.err.startswith(f"{tmp_path / name}: no ")


def test_the_same_again_is_a_duplicate(cli: Cli) -> None:
    """And no failure."""
    cli.record(LISTED)
    done = cli.record(LISTED, LISTED)
    assert (done.code, done.out) == (0, "recorded 0, duplicate 2, rejected 0; the log is at 0:0\n")


def test_an_id_used_again_for_something_else_is_a_conflict(cli: Cli) -> None:
    """The first stands."""
    cli.record({**LISTED, "id": "one"})
    done = cli.record({**REMOVED, "id": "one"})
    assert done.code == 1
    assert "<stdin>:1: id: 'one' stands at 0:0 with other content" in done.err


def test_a_duplicate_of_what_was_taken_back_is_told(cli: Cli) -> None:
    """Else one would believe that it counts."""
    cli.record({**LISTED, "id": "one"})
    retraction = {"event": "one", "reason": "misread"}
    cli.record({"type": "standing.event.retracted", "subject": "acme", "data": retraction})
    done = cli.record({**LISTED, "id": "one"})
    assert done.code == 0
    assert "<stdin>:1: a duplicate of one, which " in done.err


def test_atomic_is_all_or_none(cli: Cli) -> None:
    """One that is refused at the door, or by the log, keeps all out."""
    bad = changed(LISTED, effective="2021-02-30")
    at_the_door = cli("record", "-", "--atomic", stdin=lines([LISTED, bad]))
    assert (at_the_door.code, at_the_door.out) == (
        1,
        "recorded 0, duplicate 0, rejected 1, withheld 1; the log is at 0:-1\n",
    )
    cli.record({**LISTED, "id": "one"})
    other = {**REMOVED, "id": "one"}
    by_the_log = cli("record", "-", "--atomic", "--json", stdin=lines([REMOVED, other]))
    assert by_the_log.code == 1
    counts = {"recorded": 0, "duplicate": 0, "rejected": 1, "withheld": 1, "position": "0:0"}
    assert by_the_log.json == counts
    assert cli("record", "-", "--atomic", stdin=lines([REMOVED])).code == 0


def test_atomic_tells_all_that_is_wrong_at_once(cli: Cli) -> None:
    """What the door refuses, and what stands in the log otherwise; nothing is written."""
    cli.record({**LISTED, "id": "one"})
    other, bad = {**REMOVED, "id": "one"}, changed(LISTED, effective="2021-02-30")
    done = cli("record", "-", "--atomic", stdin=lines([REMOVED, other, bad]))
    assert done.out == "recorded 0, duplicate 0, rejected 2, withheld 1; the log is at 0:0\n"
    assert sorted(line.split(" ")[0] for line in done.err.splitlines()) == [
        "<stdin>:2:",
        "<stdin>:3:",
    ]


def test_atomic_has_a_limit(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction holds up everybody else."""
    monkeypatch.setattr(recording, "MOST_ATOMIC", 1)
    done = cli("record", "-", "--atomic", stdin=lines([LISTED, REMOVED]))
    assert done.code == 1
    assert done.err == "standing: refused: --atomic: takes at most 1 events at once\n"


def test_an_array_from_standard_input_is_told_what_is_needed(cli: Cli) -> None:
    """`-` has no suffix that says what it is."""
    done = cli("record", "-", stdin=json.dumps([LISTED, REMOVED], indent=1).encode())
    assert done.code == 1
    assert "standard input is read as JSON Lines, one event a line" in done.err
    assert done.err.count("\n") == 1
    done = cli("record", "-", stdin=json.dumps([LISTED, REMOVED]).encode() + b"\n")
    assert "standard input is read as JSON Lines" in done.err


def test_backfill_marks_the_events(cli: Cli) -> None:
    """So that nobody is told of history as if it were news."""
    cli("record", "-", "--backfill", stdin=lines([LISTED]))
    (change,) = [json.loads(line) for line in cli("changes", "--json").out.splitlines()]
    assert change["backfill"] is True


@pytest.mark.parametrize("alone", [1, 4])
def test_many_lines_go_through_other_processes_in_order(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    """Each is told with its own number, and stands in the log where it stood in the file, whether
    the file is known to be long or turns out to be."""
    monkeypatch.setattr(checking, "_PIECE", 2_000)
    monkeypatch.setattr(checking, "_ALONE", alone)
    monkeypatch.setattr(checking, "_are_long", lambda _: alone > 1)
    events = [{**LISTED, "subject": f"company-{number:03d}"} for number in range(100)]
    events[70] = changed(events[70], effective="2021-02-30")
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(events))
    done = cli("record", path)
    # a slow machine is told of the progress, too
    assert any(line.startswith(f"{path}:71: data.effective: ") for line in done.err.splitlines())
    assert done.out.startswith("recorded 99, duplicate 0, rejected 1;")
    told = [json.loads(line)["subject"] for line in cli("export").out.splitlines()]
    assert told == [event["subject"] for event in events if event is not events[70]]


def test_a_line_of_any_length_is_refused_and_passed_over(cli: Cli, tmp_path: Path) -> None:
    """What no event can be is not kept in memory either."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(
        lines([LISTED]) + b'{"type": "' + b"x" * 4_000_000 + b'"}\n' + lines([REMOVED])
    )
    done = cli("record", path)
    assert done.err == f"{path}:2: longer than 1000000 bytes\n"
    assert done.out.startswith("recorded 2, duplicate 0, rejected 1;")


def test_what_was_exported_is_the_same_elsewhere(demo: Cli, tmp_path: Path) -> None:
    """Ids, origin times and statuses survive the move, and a second one."""
    moved = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.jsonl"
        assert demo("export", "-o", path).code == 0
        moved.append([json.loads(line) for line in path.read_bytes().splitlines()])
        before = demo("replay", "--as-of", "2021-03").out
        demo.set("STANDING_HOME", str(tmp_path / f"home-{name}"))
        assert demo("record", path).code == 0
        assert demo("replay", "--as-of", "2021-03").out == before
    assert moved[0] == moved[1]
    assert all("origintime" in event for event in moved[0])


def test_half_an_export_never_has_the_name_of_a_whole(demo: Cli, tmp_path: Path) -> None:
    """Where the folder is not there, nothing is."""
    done = demo("export", "-o", tmp_path / "nowhere" / "log.jsonl")
    assert done.code == 1
    assert done.err.startswith(f"standing: {tmp_path}/nowhere/")
    assert list(tmp_path.glob("**/*.part")) == []
