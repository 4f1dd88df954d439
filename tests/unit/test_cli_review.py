"""`standing review`: questions that only a person decides."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import Cli
from tests.unit.making import CCMC, issued, removed
from tests.unit.serving import described

WHY = ("--why", "same address", "--by", "j.doe")


def twins(cli: Cli) -> str:
    """Two companies of one name; the id of the question whether they are one."""
    cli.record(
        described("sokol-ooo", name="Sokol Aviation OOO"), issued("2021-01-01", subject="sokol-ooo")
    )
    cli.record(described("a-later", name="Sokol Aviation", country="RU"))
    found = cli("review", "--json").json
    assert found["count"] == 1
    (one,) = found["questions"]
    assert one["sides"] == ["sokol-ooo", "a-later"]
    assert (one["kind"], one["score"]) == ("name", 1.0)
    return str(one["id"])


def count(cli: Cli) -> int:
    """How many questions are open."""
    return int(cli("review", "--json").json["count"])


def test_what_is_accepted_is_one_company_under_the_older_id(cli: Cli) -> None:
    """Who said so, and why, stands in the log; undone, they are two again."""
    key = twins(cli)
    assert cli("review", "accept", key, *WHY).code == 0
    assert cli("status", "a-later", "--json").json["company"] == "sokol-ooo"
    event = cli("history", "sokol-ooo", "--json").json["events"][-1]
    assert event["type"] == "standing.company.merged"
    assert event["sources"][0]["publisher"] == "j.doe"
    assert event["sources"][0]["quote"] == "same address"
    assert count(cli) == 0
    again = cli("review", "accept", key, *WHY)
    assert (again.code, "accepted already, by j.doe" in again.err) == (1, True)
    assert cli("review", "undo", key, "--why", "another address").code == 0
    assert cli("status", "a-later", "--json").json["company"] == "a-later"
    assert count(cli) == 1
    assert cli("review", "accept", key, *WHY, "--into", "a-later").code == 0
    assert cli("status", "sokol-ooo", "--json").json["company"] == "a-later"


def test_what_is_refused_is_not_asked_again(cli: Cli) -> None:
    """Not even of a queue that is made anew from the log; undone, it is; and it may be refused
    again."""
    key = twins(cli)
    done = cli("review", "refuse", key, *WHY, "--json")
    assert [one["outcome"] for one in done.json["recorded"]] == ["recorded"]
    assert count(cli) == 0
    for path in Path(cli.home).glob("review.db*"):
        path.unlink()
    assert count(cli) == 0
    shown = cli("review", "show", key, "--json").json
    assert shown["decision"]["verdict"] == "refused"
    assert [one["company"] for one in shown["sides"]] == ["sokol-ooo", "a-later"]
    note = cli("history", "sokol-ooo", "--json").json["events"][-1]
    assert note["data"]["text"] == "Not the same company as a-later: same address (j.doe)"
    for _ in range(2):
        assert cli("review", "undo", key, *WHY).code == 0
        assert count(cli) == 1
        assert cli("review", "undo", key, *WHY).code == 1
        assert cli("review", "refuse", key, *WHY).code == 0
        assert count(cli) == 0


def test_one_relisted_under_another_id_is_one_question_and_the_first(cli: Cli) -> None:
    """With both entries side by side: the one that was taken off is the older."""
    twins(cli)
    first = {"scheme": "uid", "id": "1"}
    second = {"scheme": "uid", "id": "2"}
    when = {"announced": "2022-01-01T10:00:00Z"}
    cli.record(
        described("front", name="Revolutionary Front of Northern Sokol Peaks"),
        issued("2020-01-01", subject="front", reference=first),
        described("anew", name="Revolutionary Front of Northern Sokol Peaks Army"),
        removed("2022-01-01", subject="front", reference=first, **when),
        issued("2022-01-01", "n", subject="anew", reference=second, **when),
    )
    questions = cli("review", "--json").json["questions"]
    assert [one["kind"] for one in questions] == ["relisted", "name"]
    assert questions[0]["sides"] == ["front", "anew"]
    shown = cli("review", "show", questions[0]["id"])
    assert "uid 1" in shown.out
    assert "uid 2" in shown.out
    assert f"{CCMC} removed" in shown.out
    assert f"{CCMC} designated" in shown.out


def test_the_queue_is_listed_for_people(cli: Cli) -> None:
    """With how many there are, and no control characters."""
    assert "0 open questions" in cli("review").err
    key = twins(cli)
    done = cli("review", "--limit", "1")
    assert key in done.out
    assert "1 open question" in done.err
    cli.record(described("third", name="Sokol Aviation"))
    assert "3 open questions; --limit shows more than 1" in cli("review", "--limit", "1").err


def test_only_companies_that_are_told_otherwise_are_looked_at_again(cli: Cli) -> None:
    """A name that is no longer alike takes its question with it."""
    twins(cli)
    cli.record(described("a-later", name="Falcon Steel"))
    assert count(cli) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("accept", "same-0", *WHY), 1, "no question has the id 'same-0'"),
        (("undo", "same-0", *WHY), 1, "nothing that stands was decided"),
        (("refuse", "{key}", "--why", " "), 1, "why: is empty"),
        (("refuse", "{key}", "--why", "a\nb"), 1, "one line"),
        (("refuse", "{key}", "--why", "x", "--by", ""), 1, "by: is empty"),
        (("accept", "{key}", *WHY, "--into", "third"), 1, "neither 'sokol-ooo' nor 'a-later'"),
        (("accept", "{key}"), 2, "--why"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    cli: Cli, arguments: tuple[Any, ...], code: int, why: str
) -> None:
    """And says why."""
    key = twins(cli)
    done = cli("review", *(one.format(key=key) for one in arguments))
    assert (done.code, why in done.err) == (code, True), done.err
    assert count(cli) == 1
