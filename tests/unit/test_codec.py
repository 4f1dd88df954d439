"""Files of events, as they are read."""

from pathlib import Path

import pytest

from events.admitted import MAX_EVENT_BYTES
from events.codec import SUFFIXES, read_file, read_lines


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_lines_are_told_with_their_numbers() -> None:
    sent = list(read_lines("f", [b'{"a": 1}\n', b"\n", b"  \n", b'{"a": 2}\n']))
    assert [(one.where, one.raw, one.problem) for one in sent] == [
        ("f:1", {"a": 1}, None),
        ("f:4", {"a": 2}, None),
    ]


def test_a_piece_of_a_file_is_counted_from_its_own_first_line() -> None:
    (sent,) = read_lines("f", [b"{}\n"], 41)
    assert sent.where == "f:41"


def test_reading_goes_on_behind_a_line_that_is_no_json() -> None:
    first, second = read_lines("f", [b"{oops}\n", b"{}\n"])
    assert str(first.problem).startswith("no JSON")
    assert first.raw is None
    assert (second.where, second.raw, second.problem) == ("f:2", {}, None)


def test_a_line_that_is_cut_off_is_told_so() -> None:
    (sent,) = read_lines("f", [b'{"a": '])
    assert "ends in the middle" in str(sent.problem)


def test_a_last_line_without_its_newline_is_read() -> None:
    (sent,) = read_lines("f", [b'{"a": 1}'])
    assert sent.raw == {"a": 1}


def test_a_line_that_is_too_long_is_told_and_not_read() -> None:
    first, second = read_lines("f", [b'"' + b"x" * MAX_EVENT_BYTES + b'"\n', b"{}\n"])
    assert str(MAX_EVENT_BYTES) in str(first.problem)
    assert second.raw == {}


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".events"])
def test_a_file_is_json_lines_unless_its_name_says_otherwise(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, f"f{suffix}", '{"a": 1}\n{"a": 2}\n')
    assert [one.raw for one in read_file(path)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"events": [{"a": 1}], "expect": []}', [{"a": 1}]),
        ('{"events": "none"}', [{"events": "none"}]),
        ("[]", []),
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_a_document_is_an_event_a_list_or_has_them_under_events(
    tmp_path: Path, suffix: str, content: str, expected: list[object]
) -> None:
    path = written(tmp_path, f"f{suffix}", content)
    sent = list(read_file(path))
    assert [one.raw for one in sent] == expected
    numbers = range(1, len(expected) + 1)
    assert [one.where for one in sent] == [f"{path}:1: event {number}" for number in numbers]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("f.json", '\n[ {"a": "\\n"},\n\n {"events": [1]}, {"b": 2},\n 3e40\n]', [2, 4, 4, 5]),
        ("f.json", '{"x": {"events": [7]},\n"events":\n[\n{"a": 1},\n{"b": 2}\n]\n}', [4, 5]),
        ("f.json", '{"events": [1],\n"events": [\n2]}', [3]),
        ("f.json", '\n\n{"a": [\n1]}', [3]),
        ("f.json", "\ufeff[\n1]", [2]),
        ("f.yaml", "# first\n- a: 1\n  b: 2\n\n- a: 3\n", [2, 5]),
        ("f.yaml", "x: 1\nevents:\n  - a: 1\n  - b: 2\n", [3, 4]),
        ("f.yaml", "\na: 1\n", [2]),
        ("f.yaml", "", [1]),
        ("f.yaml", "base: &base\n  events: [{a: 1}]\n<<: *base\n", [2]),
    ],
)
def test_each_event_of_a_document_is_told_with_the_line_where_it_begins(
    tmp_path: Path, name: str, content: str, expected: list[int]
) -> None:
    path = written(tmp_path, name, content)
    told = [f"{path}:{line}: event {number}" for number, line in enumerate(expected, 1)]
    assert [one.where for one in read_file(path)] == told


def test_dates_in_yaml_stay_as_they_are_written(tmp_path: Path) -> None:
    content = "effective: 2021-01-14\nat: 2021-05-25T16:09:00-04:00\nyear: '2021'\ncount: 3\n"
    (sent,) = read_file(written(tmp_path, "f.yaml", content))
    assert sent.raw == {
        "effective": "2021-01-14",
        "at": "2021-05-25T16:09:00-04:00",
        "year": "2021",
        "count": 3,
    }


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("f.json", b"{", "no JSON"),
        ("f.json", b"", "no JSON"),
        ("f.json", b"[" * 1_010 + b"]" * 1_010, "nested too deeply"),
        ("f.yaml", b"[" * 5_000, "no YAML"),
        ("f.yaml", b"a: [", "no YAML"),
        ("f.yaml", b"\xff\xfe\xff", "no YAML"),
        ("f.yaml", b"!!python/object/apply:os.system ['true']", "no YAML"),
        ("f.yaml", b"a: !!int x", "no YAML"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_problem_of_the_file(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = written(tmp_path, name, content)
    (sent,) = read_file(path)
    assert sent.where == str(path)
    assert words in str(sent.problem)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_file(tmp_path / "nowhere.jsonl"))


def test_the_suffixes_that_are_known_are_named() -> None:
    assert {".jsonl", ".json", ".yaml"} < set(SUFFIXES)
