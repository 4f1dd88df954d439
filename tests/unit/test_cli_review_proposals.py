"""What documents of the Federal Register propose, asked by `standing review`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import Cli
from tests.unit.serving import described

WHY = ("--why", "the rule's table", "--by", "j.doe")
LIST = "us-bis-entity-list"


def document(number: str = "2021-00995", **said: Any) -> dict[str, Any]:
    """A rule, as the API tells of it."""
    return {
        "document_number": number,
        "type": "Rule",
        "title": "Addition of Entities to the Entity List",
        "abstract": "This rule adds two entities to the Entity List.",
        "agencies": [{"name": "Industry and Security Bureau"}],
        "citation": "86 FR 4862",
        "publication_date": "2021-01-15",
        "effective_on": "2021-01-14",
        "html_url": "https://www.federalregister.gov/d/2021-00995",
        **said,
    }


@pytest.fixture
def key(cli: Cli, tmp_path: Path) -> str:
    """The id of the one proposal that a document brought."""
    path = tmp_path / "documents_2021-01-15.json"
    path.write_text(json.dumps({"count": 1, "results": [document()]}))
    assert cli("ingest", "federal-register", path).code == 0
    cli.record(described("skyrizon", name="Skyrizon"))
    (one,) = cli("review", "--json").json["questions"]
    assert (one["kind"], one["sides"]) == ("proposal", [])
    assert one["text"].startswith(f"designation on {LIST}: ")
    return str(one["id"])


def test_a_proposal_that_is_accepted_designates_whom_a_person_names(cli: Cli, key: str) -> None:
    """By id and by name, with the document, who and why; it is asked no more."""
    assert "proposal" in cli("review").out
    none = cli("review", "accept", key, *WHY)
    assert (none.code, "whom is it about" in none.err) == (1, True)
    wrong = cli("review", "accept", key, "--company", "Skyrizonn", *WHY)
    assert (wrong.code, "unless one of these is meant: Skyrizon (skyrizon)" in wrong.err) == (
        1,
        True,
    )
    fresh = ("--new-company", "New Chips, Inc.")
    done = cli("review", "accept", key, "--company", "skyrizon", *fresh, *WHY)
    assert (done.code, "accepted, recorded at 0:" in done.out) == (0, True)
    for company in ("skyrizon", "new-chips-inc"):
        (on,) = cli("status", company, "--json").json["lists"]
        assert (on["list"], on["status"], on["since"][:10]) == (LIST, "designated", "2021-01-14")
    told = cli("history", "skyrizon", "--json").json["events"][-1]["sources"]
    assert told[0]["url"] == "https://www.federalregister.gov/d/2021-00995"
    assert (told[1]["publisher"], told[1]["quote"]) == ("j.doe", "the rule's table")
    assert cli("review", "--json").json["count"] == 0
    again = cli("review", "accept", key, "--company", "skyrizon", *WHY)
    assert (again.code, "accepted already, by j.doe" in again.err) == (1, True)
    undone = cli("review", "undo", key, *WHY)
    assert (undone.code, "retract what that recorded" in undone.err) == (1, True)


def test_a_proposal_that_is_refused_is_laid_aside(cli: Cli, key: str) -> None:
    """Nothing is recorded; taken back, it is asked again."""
    done = cli("review", "refuse", key, *WHY)
    assert (done.code, done.out) == (0, f"{key}: refused, nothing recorded\n")
    assert cli("review", "--json").json["count"] == 0
    assert cli("review", "show", key, "--json").json["decision"]["why"] == "the rule's table"
    assert cli("review", "undo", key, *WHY).code == 0
    assert cli("review", "--json").json["count"] == 1


def test_each_decision_takes_what_is_its_own(cli: Cli, key: str) -> None:
    """`--into` is for two that are one, `--company` for a proposal."""
    wrong = cli("review", "accept", key, "--into", "skyrizon", *WHY)
    assert (wrong.code, "only of two companies that are one" in wrong.err) == (1, True)
    cli.record(described("sky", name="Skyrizon"))
    twins = next(one for one in cli("review", "--json").json["questions"] if one["sides"])
    wrong = cli("review", "accept", twins["id"], "--company", "x", *WHY)
    assert (wrong.code, "only a proposal is about others" in wrong.err) == (1, True)
