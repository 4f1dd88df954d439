"""Two sources of one listing: what the second one adds to it, and what of it is only quoted."""

from typing import Any

import pytest

from events.log import Record
from events.sources.outcome import Difference
from tests.unit.sources.made import SDN, Desk, entity, source, types

BETA = entity("2", "Beta Bank")
AGAIN = ["designation.issued", "event.retracted"]
"""What puts right what was put right before."""


def second(desk: Desk, name: str = "other") -> Desk:
    """Another source of the same entries, over the same log."""
    return Desk(source(name), desk.ledger, desk.log)


def acme(rest: str = "", **terms: Any) -> Any:
    """An entry with these terms."""
    return entity("1", terms=terms, rest=rest)


def issued(found: Difference) -> dict[str, Any]:
    """The one designation among what was found."""
    (one,) = (one for one in found.events if one["type"] == "standing.designation.issued")
    said: dict[str, Any] = one["data"]
    return said


async def _quiet(*both: tuple[Desk, str, Any]) -> None:
    """Whoever reads again, in this process or the next, says nothing new."""
    for desk, at, shown in both * 2:
        assert types(await desk.read(at, shown, BETA)) == []
        assert types(await (await desk.anew()).read(at, shown, BETA)) == []


async def test_a_day_that_only_the_second_source_states_corrects_the_first_once() -> None:
    """From its publication on, in public; the terms and the listing stay those of the first."""
    desk = Desk()
    await desk.read("2021-08-18", acme(program="CYBER2"), BETA)
    other = second(desk)
    found = await other.read("2021-08-19", acme(effective="2019-05-01", program="X"), BETA)
    assert types(found)[:2] == ["note.recorded", "designation.issued"]
    said = issued(found)
    assert (said["effective"], said["effective_basis"]) == ("2019-05-01", "stated")
    assert (said["announced"], said["correction_announced"]) == ("2021-08-18", "2021-08-19")
    assert said["program"] == "CYBER2"
    assert said["sources"][0]["title"].startswith("made_2021-08-19")
    assert await desk.state("acme-trading", "2019-05-01") == "designated"
    assert await desk.state("acme-trading", "2019-04-30") == "not_listed"
    stated = acme(effective="2019-05-01", program="X")
    await _quiet((desk, "2021-08-20", acme(program="CYBER2")), (other, "2021-08-20", stated))
    found = await desk.read("2021-08-21", acme(program="CYBER3"), BETA)
    assert types(found) == ["designation.amended"]
    assert types(await desk.read("2021-08-22", BETA)) == ["removal.issued"]
    assert await desk.state("acme-trading", "2021-08-22") == "removed"


async def test_where_both_state_a_day_that_of_the_first_stands() -> None:
    """What the other says is quoted, once."""
    desk, other = Desk(), second(first := Desk())
    desk = first
    await desk.read("2021-08-18", acme(effective="2019-05-01"), BETA)
    theirs = acme("remarks: x", effective="2020-01-01")
    found = await other.read("2021-08-19", theirs, BETA)
    assert "designation.issued" not in types(found)[:1]
    quoted = found.events[0]["data"]["sources"][0]["quote"]
    assert quoted == "remarks: x; effective: 2020-01-01, where made has 2019-05-01"
    assert await desk.state("acme-trading", "2019-05-01") == "designated"
    await _quiet((other, "2021-08-20", theirs), (desk, "2021-08-20", acme(effective="2019-05-01")))


async def test_what_the_first_states_later_wins_over_what_was_lent() -> None:
    """And does not go to and fro; a third source does not take the place of the second."""
    desk = Desk()
    await desk.read("2021-08-18", acme(), BETA)
    other, third = second(desk), second(desk, "third")
    theirs = acme(effective="2019-05-01")
    await other.read("2021-08-19", theirs, BETA)
    others = acme(effective="2018-01-01")
    found = await third.read("2021-08-19", others, BETA)
    assert types(found) == ["note.recorded", "note.recorded"]
    theirs = acme(effective="2019-06-01")
    assert types(await other.read("2021-08-20", theirs, BETA)) == AGAIN
    mine = acme(effective="2020-02-02")
    assert types(await desk.read("2021-08-20", mine, BETA)) == AGAIN
    assert await desk.state("acme-trading", "2020-02-01") == "not_listed"
    for who, shown in ((other, theirs), (third, others)):
        told = await (await who.anew()).read("2021-08-21", shown, BETA)
        assert types(told) == ["note.recorded"]
        desk.ledger.take(await desk.records())
    await _quiet((desk, "2021-08-22", mine), (other, "2021-08-22", theirs))


async def test_an_end_that_only_the_second_source_states_is_taken() -> None:
    """Which it may move and take back; the first, which gives none, leaves it."""
    desk = Desk()
    await desk.read("2021-08-18", acme(), BETA)
    other = second(desk)
    assert types(await other.read("2021-08-19", acme(expires="2021-12-31"), BETA))[:2] == [
        "note.recorded",
        "designation.issued",
    ]
    assert await desk.state("acme-trading", "2022-01-01") == "removed"
    later = acme(expires="2022-12-31")
    assert types(await other.read("2021-08-20", later, BETA)) == AGAIN
    await _quiet((desk, "2021-08-20", acme()), (other, "2021-08-20", later))
    assert types(await desk.read("2021-08-21", acme(program="X"), BETA)) == ["designation.amended"]
    dated = acme(program="X", effective="2020-01-01")
    assert issued(await desk.read("2021-08-22", dated, BETA))["expires"] == "2022-12-31"
    found = await other.read("2021-08-23", acme(), BETA)
    assert "expires" not in issued(found)
    assert await desk.state("acme-trading", "2023-01-01") == "designated"
    await _quiet((desk, "2021-08-24", dated), (other, "2021-08-24", acme()))


async def test_an_end_of_the_first_is_not_moved_by_the_second() -> None:
    """Nor one that is past when the other is read: the first shows it still."""
    desk = Desk()
    ends = acme(expires="2022-06-30")
    await desk.read("2021-08-18", ends, BETA)
    other = second(desk)
    theirs = acme(expires="2030-01-01")
    found = await other.read("2021-08-19", theirs, entity("2", "Beta Bank", terms=PAST))
    assert "designation.amended" not in types(found)
    quotes = [
        one["data"]["sources"][0]["quote"] for one in found.events if "sources" in one["data"]
    ]
    assert quotes == [
        "expires: 2030-01-01, where made has 2022-06-30",
        "expires: 2020-01-01, where made has no end",
    ]
    assert await desk.state("beta-bank", "2021-08-19") == "designated"
    ended = entity("2", "Beta Bank", terms=PAST)
    assert types(await (await other.anew()).read("2021-08-20", theirs, ended)) == []


PAST = {"expires": "2020-01-01"}


async def test_who_is_shown_after_the_end_that_another_source_gave_stands() -> None:
    """Also where nothing of the row has changed since: nobody is taken off by a second source."""
    desk = Desk()
    await desk.read("2021-08-18", acme(), BETA)
    other = second(desk)
    ends = acme(expires="2021-12-31")
    await other.read("2021-08-19", ends, BETA)
    found = await desk.read("2022-02-01", acme(), BETA)
    assert "expires" not in issued(found)
    assert await desk.state("acme-trading", "2022-01-15") == "designated"
    assert types(await (await other.anew()).read("2022-02-02", ends, BETA)) == ["note.recorded"]
    desk.ledger.take(await desk.records())
    await _quiet((desk, "2022-02-03", acme()), (other, "2022-02-03", ends))


async def test_an_end_that_is_moved_after_it_passed_goes_on() -> None:
    """The second source said that it would end, and that it did not."""
    desk = Desk()
    await desk.read("2021-08-18", acme(), BETA)
    other = second(desk)
    await other.read("2021-08-19", acme(expires="2021-12-31"), BETA)
    found = await other.read("2022-02-01", acme(expires="2022-12-31"), BETA)
    assert issued(found)["expires"] == "2022-12-31"
    assert await desk.state("acme-trading", "2022-01-15") == "designated"
    past = acme(expires="2020-12-31")
    assert types(await other.read("2022-02-02", past, BETA)) == ["note.recorded"]


@pytest.mark.parametrize("stated", [None, "2019-05-01"])
async def test_who_was_shown_before_the_first_source_was_read_was_listed_by_then(
    stated: str | None,
) -> None:
    """The files of a second source may be older: what they show was public then."""
    desk = Desk()
    await desk.read("2021-08-18", acme(effective=stated), BETA)
    other = second(desk)
    found = await other.read("2020-03-01", acme())
    said = issued(found)
    assert said["announced"] == said["correction_announced"] == "2020-03-01"
    assert said["effective"] == (stated or "2020-03-01")
    assert said["effective_basis"] == ("stated" if stated else "baseline")
    assert await desk.state("acme-trading", "2020-03-01") == "designated"
    assert types(await other.read("2020-04-01", acme())) == []
    assert types(await (await desk.anew()).read("2021-08-19", acme(effective=stated), BETA)) == []


async def test_what_was_shown_before_it_was_taken_off_is_of_that_time() -> None:
    """A second listing did not begin before the first one ended."""
    desk = Desk()
    for at, shown in (("2021-08-18", acme()), ("2021-08-19", BETA), ("2021-08-20", acme())):
        await desk.read(at, shown, BETA) if shown is not BETA else await desk.read(at, BETA)
    found = await second(desk).read("2021-08-19", acme(), BETA)
    assert types(found) == ["note.recorded", "note.recorded"]


async def test_what_a_person_put_right_or_took_back_stays_so() -> None:
    """No source lends dates to what was retracted, nor goes behind a person's correction."""
    desk = Desk()
    await desk.read("2021-08-18", acme(), BETA)
    key = desk.ledger.opened((SDN, "made", "1"))
    beta = desk.ledger.opened((SDN, "made", "2"))
    assert key
    assert beta
    said = {
        "list": SDN,
        "effective": "2017-07-07",
        "reference": {"scheme": "made", "id": "1"},
        "replaces": key.place.event,
    }
    took = {"event": beta.place.event, "reason": "another bank"}
    await desk.record(
        [
            {"type": "standing.designation.issued", "subject": "acme-trading", "data": said},
            {"type": "standing.event.retracted", "subject": "beta-bank", "data": took},
        ]
    )
    assert types(await (await desk.anew()).read("2021-08-19", acme(), BETA)) == []
    other = await second(desk).anew()
    dated = entity("2", "Beta Bank", terms={"effective": "2019-05-01"})
    assert types(await other.read("2021-08-19", acme(), dated)) == ["note.recorded"] * 2
    assert issued_of(await desk.records(), "beta-bank") == 1


def issued_of(records: list[Record], company: str) -> int:
    """How many designations of a company there are."""
    return sum(one.subject == company and one.type.endswith("issued") for one in records)
