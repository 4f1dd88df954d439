"""The lists that standing knows: those that ship, those of a user, and what a file may say."""

from pathlib import Path
from typing import Any

import pytest

from events.dates import ALWAYS, NEVER
from events.errors import Refused
from events.lists import Registry, load_registry
from tests.unit.making import CCMC, ask, at, issued, kinds

SHIPPED = [
    "us-dod-ccmc",
    "us-dod-1260h",
    "us-ofac-ns-ccmc",
    "us-ofac-ns-cmic",
    "us-bis-entity-list",
    "us-bis-meu",
    "us-bis-uvl",
    "us-bis-dpl",
    "us-ofac-sdn",
    "us-ofac-ssi",
    "us-ofac-capta",
    "us-ofac-mbs",
    "us-ofac-plc",
    "us-ofac-fse",
    "us-state-isn",
    "us-state-dtc",
]


def test_the_sixteen_lists_ship(registry: Registry) -> None:
    assert {info.id for info in registry} == set(SHIPPED)


def test_every_shipped_rule_is_cited(registry: Registry) -> None:
    for info in registry:
        assert info.described["basis"], info.id
        for rule in info.described["rules"]:
            assert rule["basis"], info.id
            assert rule["citation"], info.id
            assert rule["url"].startswith("https://"), info.id


# --- what each rule forbids, and from when --------------------------------------------------------

# List, listed on, and at which moments which restrictions are in force.
WINDOWS: list[tuple[str, str, dict[str, list[str]]]] = [
    (
        "us-dod-ccmc",
        "2020-06-24",  # among the first names: the ban waits for its day
        {
            "2021-01-11T09:29:59-05:00": [],
            "2021-01-11T09:30:00-05:00": ["investment.purchase"],
            "2021-06-02": ["investment.purchase"],
            "2021-06-03T00:00:00-04:00": [],
            "2021-11-12": [],
        },
    ),
    (
        "us-dod-ccmc",
        "2021-01-14",  # 60 days later, clocks having gone forward the day before
        {
            "2021-03-15T09:29:59-04:00": [],
            "2021-03-15T09:30:00-04:00": ["investment.purchase"],
            "2021-06-02T23:59:59-04:00": ["investment.purchase"],
            "2021-06-03T00:00:00-04:00": [],
        },
    ),
    ("us-dod-ccmc", "2021-04-20", {"2021-06-02": [], "2022-04-20": []}),
    (
        "us-ofac-ns-ccmc",
        "2021-01-08",
        {
            "2021-03-09T09:29:00-05:00": [],
            "2021-03-09T09:30:00-05:00": ["investment.purchase"],
            "2021-06-03": [],
        },
    ),
    (
        "us-ofac-ns-cmic",
        "2021-06-03",
        {
            "2021-08-01": [],
            "2021-08-02T00:00:00-04:00": ["investment.purchase"],
            "2022-06-02": ["investment.purchase"],
            "2022-06-03T00:00:00-04:00": ["investment.purchase", "investment.sale"],
            "2040": ["investment.purchase", "investment.sale"],
        },
    ),
    (
        "us-ofac-ns-cmic",
        "2021-12-16",
        {
            "2022-02-13": [],
            "2022-02-14T00:00:00-05:00": ["investment.purchase"],
            "2022-12-15": ["investment.purchase"],
            "2022-12-16T00:00:00-05:00": ["investment.purchase", "investment.sale"],
        },
    ),
    (
        "us-dod-1260h",
        "2025-01-07",
        {
            "2026-06-29": [],
            "2026-06-30T00:00:00-04:00": ["procurement.direct"],
            "2027-06-29": ["procurement.direct"],
            "2027-06-30T00:00:00-04:00": ["procurement.direct", "procurement.indirect"],
        },
    ),
    *(
        (list_id, "2021-03-04", {"2021-03-03": [], "2021-03-04T00:00:00-05:00": [kind]})
        for list_id, kind in {
            "us-bis-entity-list": "export.license",
            "us-bis-meu": "export.license",
            "us-bis-uvl": "export.statement",
            "us-bis-dpl": "export.denied",
            "us-ofac-sdn": "property.blocked",
            "us-ofac-ssi": "debt-equity",
            "us-ofac-capta": "correspondent-account",
            "us-ofac-mbs": "other",
            "us-ofac-plc": "other",
            "us-ofac-fse": "other",
            "us-state-isn": "other",
            "us-state-dtc": "export.denied",
        }.items()
    ),
]


@pytest.mark.parametrize(
    ("list_id", "listed", "as_of", "expected"),
    [
        (list_id, listed, as_of, expected)
        for list_id, listed, moments in WINDOWS
        for as_of, expected in moments.items()
    ],
)
def test_a_rule_forbids_from_its_first_moment_to_its_last(
    list_id: str, listed: str, as_of: str, expected: list[str]
) -> None:
    answer = ask([issued(listed, list_=list_id)], as_of, list_id)
    assert kinds(answer["restrictions"]) == expected


def test_the_windows_above_leave_no_list_out() -> None:
    assert {list_id for list_id, *_ in WINDOWS} == set(SHIPPED)


# --- finding one ----------------------------------------------------------------------------------


def test_a_list_is_found_by_its_id(registry: Registry) -> None:
    assert CCMC in registry
    assert registry.find(CCMC) is registry[CCMC] is registry.require(CCMC, "list")
    assert registry.find("no-such-list") is None


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("us-dod-ccms", "did you mean 'us-dod-ccmc'"), ("zzz", "known are us-dod-ccmc")],
)
def test_an_unknown_list_is_refused_with_what_may_have_been_meant(
    registry: Registry, asked: str, hint: str
) -> None:
    with pytest.raises(Refused, match=hint) as refused:
        registry.require(asked, "data.list")
    assert refused.value.problems[0].field == "data.list"


# --- a user's own file ----------------------------------------------------------------------------

GOOD = """
version = "7"
[[list]]
id = "eu-dual-use"
name = "Dual use"
authority = "Council"
zone = "Europe/Brussels"
[[list.rules]]
kind = "export.license"
basis = "Regulation"
after = 30
at = "09:30"
not_before = "2021-08-02"
until = "2022-08-02T12:00"
"""


def with_file(tmp_path: Path, content: str | bytes) -> Registry:
    """The registry with a user's file."""
    path = tmp_path / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_registry(path)


def test_a_users_file_adds_to_the_shipped_lists(tmp_path: Path, registry: Registry) -> None:
    mine = with_file(tmp_path, GOOD)
    assert len(list(mine)) == 17
    info = mine["eu-dual-use"]
    assert (info.version, info.zone.key, info.jurisdiction) == ("7", "Europe/Brussels", "")
    assert mine.digest != registry.digest
    (rule,) = info.rules
    assert (rule.after, rule.minutes) == (30, 570)
    assert (rule.not_before, rule.until) == (
        at("2021-08-01T22:00:00Z"),
        at("2022-08-02T10:00:00Z"),
    )


def test_equal_files_have_equal_digests(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert with_file(tmp_path, GOOD).digest == with_file(tmp_path / "other", GOOD).digest


def test_a_rule_without_dates_always_holds(tmp_path: Path) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(("not_", "until", "at"))]
    (rule,) = with_file(tmp_path, "\n".join(lines))["eu-dual-use"].rules
    assert (rule.not_before, rule.until, rule.minutes) == (ALWAYS, NEVER, 0)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot read"):
        load_registry(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("line", "instead", "field"),
    [
        ('version = "7"', "", "version"),
        ('version = "7"', "version = 7", "version"),
        ('id = "eu-dual-use"', 'id = "us-dod-ccmc"', "id"),
        ('id = "eu-dual-use"', 'id = "EU"', "id"),
        ('id = "eu-dual-use"', "id = 3", "id"),
        ('name = "Dual use"', 'name = ""', "name"),
        ('name = "Dual use"', "", "name"),
        ('authority = "Council"', "authority = 5", "authority"),
        ('authority = "Council"', 'authority = "Council"\nended = 2021-06-03', "ended"),
        ('authority = "Council"', 'authority = "Council"\nended = "June 2021"', "ended"),
        ('authority = "Council"', 'authority = "Council"\nended = "2021-06-31"', "ended"),
        ('authority = "Council"', 'authority = "Council"\njurisdiction = 1', "jurisdiction"),
        ('zone = "Europe/Brussels"', 'zone = "Brussels"', "zone"),
        ('zone = "Europe/Brussels"', 'zone = "../etc/passwd"', "zone"),
        ('zone = "Europe/Brussels"', 'zone = "Europe"', "zone"),
        ('zone = "Europe/Brussels"', 'zone = "Europe/Brussels"\ncolour = "red"', "colour"),
        ('kind = "export.license"', 'kind = "travel"', "rules[0].kind"),
        ('kind = "export.license"', "", "rules[0].kind"),
        ('basis = "Regulation"', "basis = 2", "rules[0].basis"),
        ('basis = "Regulation"', 'bases = "Regulation"', "rules[0].bases"),
        ("after = 30", "after = -1", "rules[0].after"),
        ("after = 30", "after = true", "rules[0].after"),
        ("after = 30", 'after = "30"', "rules[0].after"),
        ("after = 30", "after = 99999999999", "rules[0].after"),
        ('at = "09:30"', 'at = "24:00"', "rules[0].at"),
        ('at = "09:30"', 'at = "9:30 a.m."', "rules[0].at"),
        ('at = "09:30"', "at = 09:30:00", "rules[0].at"),
        ('not_before = "2021-08-02"', "not_before = 2021-08-02", "rules[0].not_before"),
        ('not_before = "2021-08-02"', 'not_before = "2021-08"', "rules[0].not_before"),
        ('not_before = "2021-08-02"', 'not_before = "2021-02-29"', "rules[0].not_before"),
        ('until = "2022-08-02T12:00"', 'until = "2022-08-02T25:00"', "rules[0].until"),
        ('until = "2022-08-02T12:00"', 'until = "2022-08-02T12:00Z"', "rules[0].until"),
    ],
)
def test_a_bad_file_is_refused_naming_file_and_field(
    tmp_path: Path, line: str, instead: str, field: str
) -> None:
    assert line in GOOD
    with pytest.raises(Refused) as refused:
        with_file(tmp_path, GOOD.replace(line, instead))
    (problem,) = refused.value.problems
    assert problem.field.startswith(str(tmp_path / "mine.toml"))
    assert problem.field.endswith(field)


@pytest.mark.parametrize("content", [b"version = ", b"\xff\xfe", b"[[list]\n"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Refused):
        with_file(tmp_path, content)


def test_a_list_that_stands_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="twice"):
        with_file(tmp_path, GOOD + GOOD.replace('version = "7"\n', ""))


def test_a_list_may_have_no_rules(tmp_path: Path) -> None:
    found = with_file(tmp_path, GOOD[: GOOD.index("[[list.rules]]")])["eu-dual-use"]
    assert found.rules == ()


@pytest.mark.parametrize("content", ["list = 3", "list = [1]"])
def test_lists_that_are_no_tables_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refused, match=r"each under \[\[list\]\]"):
        with_file(tmp_path, f'version = "1"\n{content}')


def test_rules_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    content = GOOD[: GOOD.index("[[list.rules]]")] + 'rules = "none"'
    with pytest.raises(Refused, match=r"each under \[\[rules\]\]"):
        with_file(tmp_path, content)


def test_answers_name_the_version_of_their_list() -> None:
    answer: dict[str, Any] = ask([issued("2021")], "2022")
    assert answer["list_version"] == "1"
