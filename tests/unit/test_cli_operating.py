"""`rebuild`, `verify`, `doctor`, `token`, and stores that cannot be used."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from service.cli.checking import _size
from service.tokens import Tokens
from tests.unit.conftest import Cli


def test_a_rebuild_gives_what_was_there(demo: Cli) -> None:
    """The same statuses and changes, from the log alone."""
    before = demo("changes", "--kind", "changed", "--kind", "corrected").out
    (demo.home / "projections.db").unlink()
    assert demo("rebuild").out.startswith("rebuilt up to 0:266: 52 companies, ")
    assert demo("changes", "--kind", "changed", "--kind", "corrected").out == before
    assert demo("rebuild", "--json").json["companies"] == 52


def test_verify_finds_nothing_where_all_is_well(demo: Cli) -> None:
    """And says how much it looked at."""
    found = demo("verify", "--json")
    assert found.code == 0
    assert found.json["differences"] == []
    assert found.json["position"] == "0:266"
    assert found.json["compared"] > 300
    assert "0 differences" in demo("verify").out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE standings SET flips = x'5b5d' WHERE company = 'xiaomi'",
            "standings: xiaomi on us-dod-ccmc: only in use",
        ),
        (
            "DELETE FROM changes WHERE company = 'xiaomi' AND sequence = 5",
            "changes: xiaomi change 5: only folded anew",
        ),
        (
            "UPDATE companies SET name = 'Other' WHERE company = 'xiaomi'",
            "companies: xiaomi: only in use",
        ),
    ],
)
def test_verify_names_what_differs(demo: Cli, damage: str, told: str) -> None:
    """A standing, a change that is missing, a name: and exits 1."""
    with sqlite3.connect(demo.home / "projections.db") as db:
        db.execute(damage)
    db.close()
    done = demo("verify")
    assert done.code == 1
    assert told in done.out.splitlines()
    assert [path.name for path in demo.home.glob("verify-*")] == []
    demo("rebuild")
    done = demo("verify")
    assert done.code == (1 if "change" in damage else 0), "what was told stays told"


def test_doctor_tells_the_settings_and_where_they_came_from(demo: Cli) -> None:
    """Environment, file, default."""
    (demo.home / "standing.toml").write_text('port = 9090\nallow_networks = ["10.0.0.0/8"]\n')
    demo.set("STANDING_HOST", "0.0.0.0")  # noqa: S104 - only told, never bound
    found = demo("doctor", "--json")
    assert found.code == 0
    told = {one["setting"]: (one["value"], one["from"]) for one in found.json["settings"]}
    assert told["STANDING_HOST"] == ("0.0.0.0", "environment")  # noqa: S104
    assert told["STANDING_PORT"] == ("9090", "standing.toml")
    assert told["STANDING_ALLOW_NETWORKS"] == ("10.0.0.0/8", "standing.toml")
    assert told["STANDING_LOG"] == ("text", "default")
    checks = {one["check"]: one for one in found.json["checks"]}
    assert checks["log"]["found"] == "ends at 0:266; sound"
    assert checks["projection"]["found"] == "at 0:266, nothing behind"
    assert "STANDING_PORT" in demo("doctor").out


def test_doctor_says_what_it_cannot_know(cli: Cli) -> None:
    """Of an empty log, and of events that nobody has folded."""
    found = {one["check"]: one["found"] for one in cli("doctor", "--json").json["checks"]}
    assert (found["log"], found["projection"]) == ("empty; sound", "nothing projected yet")
    cli.record({"type": "standing.company.described", "subject": "acme", "data": {"name": "A"}})
    found = {one["check"]: one["found"] for one in cli("doctor", "--json").json["checks"]}
    assert found["projection"].startswith("nothing projected yet, 1 behind the log")
    assert found["parked"] == "0 companies; not known of the 1 events that are not projected yet"


@pytest.mark.parametrize(
    ("count", "told"),
    [(12, "12 bytes"), (8_019_968, "8.0 MB"), (3_000, "3.0 kB"), (2_500_000_000, "2.5 GB")],
)
def test_free_space_is_told_in_a_unit_that_shows_it(count: int, told: str) -> None:
    """And never as 0.0 GB."""
    assert _size(count) == told


def test_doctor_finds_a_company_that_could_not_be_folded(demo: Cli) -> None:
    """And fails, so that a probe notices."""
    with sqlite3.connect(demo.home / "projections.db") as db:
        db.execute("UPDATE companies SET parked = 'KeyError: how' WHERE company = 'amec'")
    db.close()
    done = demo("doctor")
    assert done.code == 1
    assert "1 companies amec: KeyError: how" in done.out


def test_doctor_finds_a_damaged_log(demo: Cli) -> None:
    """SQLite's own check."""
    path = demo.home / "log.db"
    content = bytearray(path.read_bytes())
    content[8_192:12_288] = b"\xff" * 4_096
    path.write_bytes(content)
    done = demo("doctor")
    assert done.code == 1
    assert "WRONG" in done.out
    assert "Traceback" not in done.err


def test_a_store_of_a_newer_version_is_left_alone(demo: Cli) -> None:
    """With what to do about it."""
    with sqlite3.connect(demo.home / "log.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    done = demo("status", "xiaomi")
    assert done.code == 1
    assert done.err == (
        f"standing: {demo.home}/log.db: written by a newer standing (format 99, this one knows 1); "
        "install that version or newer\n"
    )


def test_a_file_of_another_program_is_left_alone(cli: Cli) -> None:
    """It may be somebody's only copy."""
    cli.home.mkdir()
    with sqlite3.connect(cli.home / "log.db") as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    assert "an SQLite file of another program" in cli("status", "xiaomi").err
    (cli.home / "log.db").write_text("these are my notes, and no database" * 100)
    done = cli("status", "xiaomi")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "not a standing store" in done.err


def test_a_home_that_cannot_be_is_told_with_what_to_do(cli: Cli, tmp_path: Path) -> None:
    """Here a file stands where the folder should."""
    (tmp_path / "file").touch()
    cli.set("STANDING_HOME", str(tmp_path / "file" / "home"))
    done = cli("status", "xiaomi")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"standing: refused: {tmp_path}/file/home")
    assert done.err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_home_that_is_read_only_is_told_with_what_to_do(demo: Cli) -> None:
    """A backup that was mounted, say."""
    demo.home.chmod(0o500)
    for path in demo.home.iterdir():
        path.chmod(0o400)
    try:
        done = demo.record({"type": "standing.company.described", "subject": "a", "data": {}})
    finally:
        demo.home.chmod(0o700)
    assert done.code == 1
    assert "make the file and its folder writable" in done.err


def test_a_bad_setting_is_named_with_its_place(cli: Cli) -> None:
    """Whether it is a variable or stands in the file."""
    cli.set("STANDING_PORT", "eighty")
    assert cli("status", "xiaomi").err == "standing: refused: STANDING_PORT: 'eighty' is no port\n"
    cli.set("STANDING_PORT", "80")
    cli.home.mkdir()
    (cli.home / "standing.toml").write_text("prot = 80\n")
    assert f"{cli.home}/standing.toml: prot: unknown" in cli("doctor").err


def test_a_token_is_shown_once_and_good_until_it_is_revoked(cli: Cli) -> None:
    """Only its hash is kept."""
    made = cli("token", "create", "--role", "record", "--label", "desk", "--json").json
    tokens = Tokens(cli.home, lambda: 0)
    assert (kept := tokens.verify(made["token"])) is not None
    assert (kept.id, kept.role, kept.label) == (made["id"], "record", "desk")
    assert made["token"] not in (cli.home / "tokens.json").read_text()
    (listed,) = cli("token", "--json").json["tokens"]
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert "desk" in cli("token", "list").out
    assert cli("token", "revoke", made["id"]).code == 0
    assert tokens.verify(made["token"]) is None
    assert cli("token", "--json").json == {"tokens": []}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("create", "--role", "king"), 2, "king"),
        (("create", "--expires", "2021-02-30"), 1, "--expires: '2021-02-30' is not in the"),
        (("create", "--expires", "2021"), 1, "has passed"),
        (("revoke",), 2, "revoke takes the id of a token"),
        (("revoke", "nobody"), 1, "no token has the id 'nobody'"),
        (("list", "x"), 2, "list takes no id"),
    ],
)
def test_what_is_asked_wrongly_of_tokens_is_told(
    cli: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """By name."""
    done = cli("token", *arguments)
    assert done.code == code
    assert told in done.err


def test_demo_loads_into_an_empty_store_only(demo: Cli) -> None:
    """Nothing of one's own is mixed with it."""
    done = demo("demo", "--no-serve")
    assert done.code == 0
    assert f"{demo.home} has 267 events already; nothing was loaded" in done.err
    rows = [json.loads(line) for line in demo("changes").out.splitlines()]
    assert all(row["backfill"] for row in rows)


def test_demo_suggests_only_what_is_there(cli: Cli) -> None:
    """In a store of one's own, one's own."""
    cli.record({"type": "standing.company.described", "subject": "acme", "data": {"name": "A"}})
    assert "1 companies; try: standing status acme" in cli("demo", "--no-serve").err
