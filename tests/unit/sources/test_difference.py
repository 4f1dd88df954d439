"""What a publication changes: against what the log says that its source last showed."""

from dataclasses import replace

import pytest

from events.sources.difference import Older
from events.sources.entity import Listing
from events.sources.source import Head
from events.sources.telling import seen_again
from tests.unit.sources.made import SDN, SSI, Desk, entity, source, types

ACME = entity("1")
BETA = entity("2", "Beta Bank")


async def test_the_first_publication_is_a_baseline_and_no_news() -> None:
    """Who stands there has stood by then at the latest; nobody is told."""
    desk = Desk()
    found = await desk.read("2021-08-18", ACME, BETA)
    assert types(found) == ["company.described", "designation.issued"] * 2
    said = found.events[1]
    assert said["data"]["effective_basis"] == "baseline"
    assert said["data"]["effective"] == said["data"]["announced"] == "2021-08-18"
    assert all(one["backfill"] for one in found.events if one["type"] != "standing.list.checked")
    assert (found.added, found.entries, found.records) == (2, 2, {SDN: 2})
    assert await desk.state("acme-trading", "2021-08-18") == "designated"


async def test_what_is_new_differs_or_is_gone_was_observed() -> None:
    """The later publications are news."""
    desk = Desk()
    await desk.read("2021-08-18", ACME, BETA)
    found = await desk.read(
        "2021-08-20T11:38:11Z", entity("2", "Beta Bank", terms={"program": "CYBER2"}), entity("3")
    )
    assert types(found) == [
        "designation.amended",
        "company.described",
        "designation.issued",
        "removal.issued",
    ]
    assert not any("backfill" in one for one in found.events)
    gone = found.events[3]["data"]
    assert (gone["effective"], gone["effective_basis"]) == ("2021-08-20T11:38:11Z", "observed")
    assert gone["reference"] == {"scheme": "made", "id": "1"}
    assert (found.added, found.amended, found.removed) == (1, 1, {SDN: 1})
    assert await desk.state("acme-trading", "2021-08-19") == "designated"
    assert await desk.state("acme-trading", "2021-08-20") == "removed"


async def test_each_list_is_said_to_have_been_read_last() -> None:
    """Whatever is cut off before that is read again."""
    found = await Desk().read("2021-08-18T09:39:01Z", ACME)
    checked = found.events[-2:]
    assert [one["subject"] for one in checked] == [f"list:{SDN}", f"list:{SSI}"]
    assert checked[0]["data"] == {
        "publication": "2021-08-18T09:39:01Z",
        "retrieved": "2021-08-18T09:39:01Z",
        "sha256": "0" * 64,
        "records": 1,
    }


async def test_the_same_again_says_nothing_new_in_this_process_and_in_the_next() -> None:
    """Also to a process that knows nothing but the log."""
    desk = Desk()
    everything = (
        ACME,
        entity("2", "Beta Bank", SDN, SSI, aliases=("BB",), country="IR", rest="remarks: none"),
        entity("3", "Gamma", identifiers=(("lei", "5" * 20),), website="gamma.example"),
        entity("4", "Delta", terms={"effective": "2020-01-01", "expires": "2030"}),
        entity("5", "Own", terms={"restrictions": (("other", "2022", None),)}),
    )
    await desk.read("2021-08-18", *everything)
    for who in (desk, await desk.anew()):
        found = await who.read("2021-08-18", *everything)
        assert found.events == []
        assert (await desk.log.ends()) == {0: 12}


async def test_a_later_reading_of_the_same_says_only_that_it_was_read() -> None:
    """That is what freshness is."""
    desk = Desk()
    await desk.read("2021-08-18", ACME)
    assert types(await desk.read("2021-08-19", ACME)) == []
    assert desk.ledger.read("made", [SDN]) is not None
    with pytest.raises(Older, match=r"made_2021-08-18.*was read as it was at 2021-08-19"):
        await desk.read("2021-08-18", ACME)


async def test_an_entry_that_comes_back_is_listed_again() -> None:
    """A second episode, under the same id."""
    desk = Desk()
    await desk.read("2021-08-18", ACME, BETA)
    await desk.read("2021-08-19", BETA)
    found = await (await desk.anew()).read("2021-08-20", ACME, BETA)
    assert types(found) == ["designation.issued"]
    assert await desk.state("acme-trading", "2021-08-19") == "removed"
    assert await desk.state("acme-trading", "2021-08-20") == "designated"


async def test_an_entry_that_comes_back_began_again_whatever_day_it_gives() -> None:
    """The source still gives the day of the first listing: that ended."""
    desk = Desk()
    stated = entity("1", terms={"effective": "2019-05-01"}, rest="remarks: one")
    await desk.read("2021-08-18", stated, BETA)
    await desk.read("2021-08-19", BETA)
    found = await (await desk.anew()).read("2021-08-20", stated, BETA)
    (again,) = (one["data"] for one in found.events if one["type"].endswith("issued"))
    assert (again["effective"], again["effective_basis"]) == ("2021-08-20", "observed")
    quoted = again["sources"][0]["quote"]
    assert quoted == "remarks: one; effective: 2019-05-01, before it was taken off"
    assert await desk.state("acme-trading", "2021-08-19") == "removed"
    assert await desk.state("acme-trading", "2021-08-20") == "designated"
    assert types(await (await desk.anew()).read("2021-08-21", stated, BETA)) == []
    later = entity("1", terms={"effective": "2021-08-20"})
    assert types(await (await desk.anew()).read("2021-08-22", later, BETA)) == [
        "designation.issued"
    ]
    assert await desk.state("acme-trading", "2021-08-22") == "designated"


async def test_several_publications_of_one_day_follow_each_other() -> None:
    """Also where only the day is known: what ended ended behind what began."""
    desk = Desk()
    await desk.read("2021-08-18", BETA)
    await desk.read("2021-08-19", ACME, BETA)
    found = await desk.read("2021-08-19", BETA)
    assert found.removed == {SDN: 1}
    assert await desk.state("acme-trading", "2021-08-19") == "removed"
    amended = entity("2", "Beta Bank", terms={"program": "CYBER2"})
    assert types(await desk.read("2021-08-19", entity("1"), amended)) == [
        "designation.issued",
        "designation.amended",
    ]
    assert await desk.state("acme-trading", "2021-08-19") == "designated"


async def test_an_expiry_that_is_moved_into_the_past_is_put_right() -> None:
    """No amendment could have had effect in time. One before the beginning cannot be meant."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"expires": "2030-01-01"}), BETA)
    past = entity("1", terms={"expires": "2021-12-31"})
    assert types(await desk.read("2022-02-01", past, BETA)) == ["designation.issued"]
    assert await desk.state("acme-trading", "2022-01-01") == "removed"
    before = entity("2", "Beta Bank", terms={"expires": "2020-01-01"})
    assert types(await desk.read("2022-02-02", past, before)) == []
    assert await desk.state("beta-bank", "2022-02-02") == "designated"


async def test_an_expiry_that_cannot_be_meant_takes_the_place_of_none() -> None:
    """Moved to before the beginning, it leaves the listing open; with a beginning that is moved
    before it, it can be meant."""
    desk = Desk()
    ending = {"expires": "2030-01-01"}
    await desk.read("2021-08-18", entity("1", terms=ending), entity("2", "Beta", terms=ending))
    found = await desk.read(
        "2021-08-19",
        entity("1", terms={"expires": "2020-01-01"}),
        entity("2", "Beta", terms={"effective": "2019-01-01", "expires": "2020-01-01"}),
    )
    open_ended, past = (one["data"] for one in found.events if one["type"].endswith("issued"))
    assert (open_ended["effective"], "expires" in open_ended) == ("2021-08-18", False)
    assert (past["effective"], past["expires"]) == ("2019-01-01", "2020-01-01")
    assert await desk.state("acme-trading", "2031-01-01") == "designated"
    assert await desk.state("beta", "2021-08-19") == "removed"


async def test_no_source_takes_away_what_another_said_of_a_company() -> None:
    """It adds: other names, its own name as one of them, what nobody said yet."""
    desk = Desk()
    full = replace(ACME, aliases=("AT", "Acme"), country="IR", identifiers=(("tax", "7"),))
    await desk.read("2021-08-18", full)
    other = Desk(source("other"), desk.ledger, desk.log)
    theirs = replace(ACME, name="ACME TRADING CO", aliases=("AT", "ATC"), country="RU")
    found = await other.read("2021-08-19", replace(theirs, website="acme.example"))
    said = found.events[0]["data"]
    assert said["aliases"] == ["AT", "Acme", "ATC", "ACME TRADING CO"]
    assert said["website"] == "acme.example"
    assert not {"name", "country", "identifiers"} & said.keys()
    for who in (other, await other.anew()):
        assert types(await who.read("2021-08-20", replace(theirs, website="acme.example"))) == []
    assert types(await desk.read("2021-08-21", full)) == []
    found = await desk.read("2021-08-22", replace(full, aliases=(), country="TR"))
    assert found.events[0]["data"]["country"] == "TR"
    assert "aliases" not in found.events[0]["data"]


async def test_what_the_first_source_takes_off_is_off_while_another_shows_it() -> None:
    """It is noted there, and was never brought by it."""
    desk = Desk()
    await desk.read("2021-08-18", ACME, BETA)
    other = Desk(source("other"), desk.ledger, desk.log)
    await other.read("2021-08-19", ACME)
    assert types(await desk.read("2021-08-20", BETA)) == ["removal.issued"]
    assert await desk.state("acme-trading", "2021-08-20") == "removed"


async def test_names_and_identifiers_that_are_gone_are_taken_off() -> None:
    """A description says what counts from then on."""
    desk = Desk()
    await desk.read("2021-08-18", replace(ACME, aliases=("AT",), identifiers=(("tax", "7"),)))
    found = await desk.read("2021-08-19", replace(ACME, name="Acme Global"))
    assert types(found) == ["company.described"]
    said = found.events[0]["data"]
    assert (said["name"], said["aliases"], said["identifiers"]) == ("Acme Global", [], [])


async def test_one_entry_on_several_lists() -> None:
    """Each list for itself: one id under two regimes."""
    desk = Desk()
    both = entity("1", "Acme Trading", SDN, SSI)
    assert types(await desk.read("2021-08-18", both)).count("designation.issued") == 2
    assert types(await desk.read("2021-08-19", ACME)) == ["removal.issued"]
    assert await desk.state("acme-trading", "2021-08-19", SSI) == "removed"
    assert await desk.state("acme-trading", "2021-08-19", SDN) == "designated"


async def test_a_date_that_the_source_states_counts() -> None:
    """Before and after the source was first read."""
    desk = Desk()
    found = await desk.read("2021-08-18", entity("1", terms={"effective": "2019-05-01"}))
    said = found.events[1]["data"]
    assert (said["effective"], said["effective_basis"]) == ("2019-05-01", "stated")
    assert said["announced"] == "2021-08-18"
    assert await desk.state("acme-trading", "2019-05-01") == "designated"


@pytest.mark.parametrize("first", [None, "2019-05-01"])
async def test_a_date_that_is_stated_later_corrects(first: str | None) -> None:
    """From then on, in public: a date where there was none, or another."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"effective": first}))
    found = await desk.read("2021-08-19", entity("1", terms={"effective": "2019-06-01"}))
    assert types(found) == ["designation.issued"]
    said = found.events[0]["data"]
    assert said["correction_announced"] == "2021-08-19"
    assert await desk.state("acme-trading", "2019-05-31") == "not_listed"
    assert await desk.state("acme-trading", "2019-06-01") == "designated"
    assert (
        types(
            await (await desk.anew()).read(
                "2021-08-19", entity("1", terms={"effective": "2019-06-01"})
            )
        )
        == []
    )


async def test_a_date_that_is_corrected_again_and_again_counts_once() -> None:
    """What replaced a designation is replaced itself: the first would stand again."""
    desk = Desk()
    await desk.read("2021-08-18", ACME)
    for day in range(1, 5):
        at, dated = f"2021-09-0{day}", entity("1", terms={"effective": f"2019-05-0{day}"})
        found = await (await desk.anew()).read(at, dated)
        assert types(found) == ["designation.issued", *["event.retracted"] * (day > 1)]
        desk = await desk.anew()
        timeline = await desk.timeline("acme-trading")
        assert timeline.anomalies == {}
        assert await desk.state("acme-trading", f"2019-05-0{day}") == "designated"
        assert await desk.state("acme-trading", "2019-04-30") == "not_listed"
        if day > 1:
            assert await desk.state("acme-trading", f"2019-05-0{day - 1}") == "not_listed"


@pytest.mark.parametrize("stated", [None, "2019-05-01"])
async def test_an_expiry_that_is_taken_back_leaves_it_open(stated: str | None) -> None:
    """No amendment can say so: the designation is put right, from when it had effect."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"effective": stated, "expires": "2022-01-01"}))
    found = await desk.read("2021-08-19", entity("1", terms={"effective": stated}))
    said = found.events[0]["data"]
    assert said["effective"] == stated or "2021-08-18"
    assert said["effective_basis"] == ("stated" if stated else "observed")
    assert await desk.state("acme-trading", "2023") == "designated"


@pytest.mark.parametrize("now", [None, "2022-01-31"])
async def test_an_amended_end_that_is_taken_back_takes_the_amendment_with_it(
    now: str | None,
) -> None:
    """Whether it is open again, or had run out before anybody could see that."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1"), BETA)
    for at, ends in (("2021-08-19", "2022-01-01"), ("2021-08-20", "2022-06-01")):
        found = await desk.read(at, entity("1", terms={"expires": ends}), BETA)
        assert types(found) == ["designation.amended"]
    shown = entity("1", terms={"expires": now})
    found = await desk.read("2022-02-01", shown, BETA)
    assert types(found) == ["designation.issued", *["event.retracted"] * 2]
    assert all(one["data"]["correction_announced"] == "2022-02-01" for one in found.events[:3])
    stood = "designated" if now is None else "removed"
    assert await desk.state("acme-trading", "2022-03-01") == stood
    assert await desk.state("acme-trading", "2022-01-15") == "designated"
    assert types(await (await desk.anew()).read("2022-02-02", shown, BETA)) == []


async def test_what_ran_out_needs_no_removal() -> None:
    """It said so itself; a later term is a new listing."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"expires": "2021-12-31"}), BETA)
    assert types(await desk.read("2022-01-01", BETA)) == []
    assert await desk.state("acme-trading", "2022-01-01") == "removed"
    again = entity("1", terms={"expires": "2023-12-31"})
    assert types(await (await desk.anew()).read("2022-02-01", again, BETA)) == [
        "designation.issued"
    ]
    assert await desk.state("acme-trading", "2022-02-01") == "designated"


async def test_a_term_that_is_prolonged_in_time_is_an_amendment() -> None:
    """The listing goes on."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"expires": "2021-12-31"}))
    found = await desk.read("2021-12-31", entity("1", terms={"expires": "2023-12-31"}))
    assert types(found) == ["designation.amended"]
    assert await desk.state("acme-trading", "2022-06-01") == "designated"


async def test_what_still_stands_there_after_it_ran_out_is_not_listed_anew() -> None:
    """Only a later term would be."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"expires": "2021-12-31"}))
    still = entity("1", terms={"expires": "2021-12-31"}, rest="remarks: more")
    assert types(await desk.read("2022-02-01", still)) == []


async def test_what_ran_out_before_it_was_first_seen() -> None:
    """It is history where the source says since when it stood; else it is counted."""
    desk = Desk()
    found = await desk.read(
        "2021-08-18",
        entity("1", terms={"expires": "2020-01-01"}),
        entity("2", "Beta Bank", terms={"effective": "2019-01-01", "expires": "2020-01-01"}),
    )
    assert (types(found).count("designation.issued"), found.over) == (1, 1)
    assert await desk.state("beta-bank", "2019-06-01") == "designated"
    assert await desk.state("beta-bank", "2021-08-18") == "removed"


async def test_dates_that_cannot_be_meant_are_quoted_and_not_believed() -> None:
    """Publishers write 3033 for 2033, and ends before beginnings."""
    found = await Desk().read(
        "2021-08-18",
        entity("1", terms={"effective": "3033-01-17"}, rest="remarks: one"),
        entity("2", "Beta Bank", terms={"effective": "2020-02-01", "expires": "2020-01-01"}),
    )
    far, over = (one["data"] for one in found.events if one["type"].endswith("issued"))
    assert far["effective"] == "2021-08-18"
    quoted = far["sources"][0]["quote"]
    assert quoted == "remarks: one; effective: 3033-01-17, which is far ahead"
    assert "expires" not in over
    assert over["sources"][0]["quote"] == "expires: 2020-01-01, before it began"


async def test_a_date_in_the_near_future_is_believed() -> None:
    """A designation may be published before it has effect."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", terms={"effective": "2022-08-18"}))
    assert await desk.state("acme-trading", "2021-08-18") == "scheduled"


async def test_what_is_not_modelled_is_kept_when_it_changes() -> None:
    """As a note on the designation, with what the source says now."""
    desk = Desk()
    await desk.read("2021-08-18", replace(ACME, rest="remarks: one"))
    found = await desk.read("2021-08-19", replace(ACME, rest="remarks: two"))
    assert types(found) == ["note.recorded"]
    note = found.events[0]["data"]
    assert note["sources"][0]["quote"] == "remarks: two"
    assert note["about"]
    assert (
        types(await (await desk.anew()).read("2021-08-20", replace(ACME, rest="remarks: two")))
        == []
    )


async def test_every_event_tells_file_line_and_digest() -> None:
    """So that it can be held against the very bytes."""
    found = await Desk().read("2021-08-18", replace(ACME, line=17, url="https://more.example/1"))
    (told,) = found.events[1]["data"]["sources"]
    assert told["title"] == f"made_2021-08-18, line 17, sha256 {'0' * 64}"
    assert told["url"] == "https://more.example/1"
    assert told["published"] == "2021-08-18"


# --- which entries ----------------------------------------------------------------------------


async def test_persons_and_ships_are_left_out_unless_asked_for() -> None:
    """They are counted; and were they asked for before, they are not taken for removed."""
    desk = Desk()
    person = entity("9", "DOE, Jane", kind="person", country="IR", rest="DOB 1962", website="x.y")
    vessel = entity("8", "Sea Star", kind="vessel")
    found = await desk.read("2021-08-18", ACME, person, vessel)
    assert (found.added, found.skipped) == (1, {"person": 1, "vessel": 1})
    found = await desk.read("2021-08-19", ACME, person, vessel, kinds=None)
    assert found.added == 2
    kept = next(one["data"] for one in found.events if one["subject"] == "doe-jane")
    assert kept["name"] == "DOE, Jane"
    assert not {"country", "website", "identifiers"} & kept.keys()
    assert "1962" not in str(found.events)
    found = await desk.read("2021-08-20", ACME, person, vessel)
    assert (types(found), found.skipped) == ([], {})


async def test_entries_under_programmes_of_no_list_are_counted() -> None:
    """They are not dropped in silence."""
    nowhere = replace(ACME, listings=(), elsewhere=("IRAN",))
    found = await Desk().read("2021-08-18", nowhere, BETA)
    assert (found.added, found.elsewhere, found.entries) == (1, {"IRAN": 1}, 2)


async def test_a_publication_removes_only_from_the_lists_that_it_covers() -> None:
    """Some files of one source have some of its lists."""
    desk = Desk()
    await desk.read("2021-08-18", entity("1", "Acme Trading", SDN, SSI), BETA)
    found = await desk.read(
        "2021-08-19", entity("3", "Gamma", SSI), head=Head(lists=frozenset({SSI}))
    )
    assert types(found).count("removal.issued") == 1
    assert await desk.state("acme-trading", "2021-08-19", SSI) == "removed"
    assert await desk.state("acme-trading", "2021-08-19", SDN) == "designated"
    assert await desk.state("beta-bank", "2021-08-19", SDN) == "designated"
    found = await desk.read(
        "2021-08-20", entity("1", "Acme Trading", SSI), head=Head(lists=frozenset({SSI}))
    )
    assert types(found).count("removal.issued") == 1


async def test_an_entry_twice_in_one_file_is_a_fault() -> None:
    """The first is read; nobody is listed twice or removed by it."""
    head = Head()
    found = await Desk().read("2021-08-18", ACME, replace(ACME, name="Other"), head=head)
    assert (found.added, head.faulty) == (1, 1)
    assert str(head.faults[0]) == "made_2021-08-18:2: id: '1' stands there twice"


async def test_an_entry_that_cannot_be_read_is_named_and_stays_as_it_was() -> None:
    """It is there, so it was not removed."""
    desk = Desk()
    await desk.read("2021-08-18", ACME, BETA)
    head = Head()
    found = await desk.read("2021-08-19", replace(ACME, name=""), BETA, head=head)
    assert types(found) == []
    assert str(head.faults[0]) == "made_2021-08-19:1: name: missing"
    assert await desk.state("acme-trading", "2021-08-19") == "designated"


# --- who is meant -----------------------------------------------------------------------------


async def test_one_name_twice_in_one_source_is_two_companies() -> None:
    """Different entries are never one by themselves: not by name, not by a shared number."""
    desk = Desk()
    shared = (("tax", "7707083893"), ("lei", "5" * 20))
    await desk.read(
        "2021-08-18", replace(ACME, identifiers=shared), entity("2", identifiers=shared)
    )
    await desk.read(
        "2021-08-19",
        replace(ACME, identifiers=shared),
        entity("2", identifiers=shared),
        entity("3", identifiers=shared),
    )
    assert sorted(
        {one.subject for one in await desk.records()} - {f"list:{SDN}", f"list:{SSI}"}
    ) == [
        "acme-trading",
        "acme-trading-made-2",
        "acme-trading-made-3",
    ]


async def test_another_source_with_the_same_ids_knows_the_company() -> None:
    """And says beside it that it shows the listing as well; it neither doubles nor removes it."""
    desk = Desk()
    await desk.read("2021-08-18", ACME)
    other = Desk(source("other"), desk.ledger, desk.log)
    found = await other.read("2021-08-19", replace(ACME, rest="remarks: x"), BETA)
    assert types(found)[:2] == ["note.recorded", "company.described"]
    found = await other.read("2021-08-20", replace(ACME, rest="remarks: y"), BETA)
    assert types(found) == ["note.recorded"]
    again = await other.anew()
    assert types(await again.read("2021-08-21", replace(ACME, rest="remarks: y"), BETA)) == []
    found = await again.read("2021-08-22", BETA)
    assert types(found) == ["note.recorded"]
    assert found.events[0]["data"]["text"].startswith("No longer shown here")
    assert types(await (await again.anew()).read("2021-08-23", BETA)) == []
    assert await desk.state("acme-trading", "2021-08-23") == "designated"


async def test_a_global_identifier_means_one_company_across_sources() -> None:
    """A LEI or an ISIN, in any case; two companies with one are left to a person."""
    desk = Desk()
    lei = (("lei", "529900T8BM49AURSDO55"),)
    await desk.read("2021-08-18", replace(ACME, identifiers=lei))
    other = Desk(source("other", "elsewhere"), desk.ledger, desk.log)
    found = await other.read(
        "2021-08-19", entity("77", "ACME", SSI, identifiers=(("lei", lei[0][1].lower()),))
    )
    assert {one["subject"] for one in found.events[:2]} == {"acme-trading"}


async def test_two_companies_with_one_global_identifier_are_left_to_a_person() -> None:
    """Whoever brings it next is a third."""
    desk = Desk()
    lei = (("lei", "529900T8BM49AURSDO55"),)
    await desk.read(
        "2021-08-18", replace(ACME, identifiers=lei), entity("2", "Beta", identifiers=lei)
    )
    isin = (("isin", "US0378331005"),)
    third = Desk(source("third", "third"), desk.ledger, desk.log)
    await third.read("2021-08-19", entity("x", "Gamma", identifiers=isin))
    other = Desk(source("other", "elsewhere"), desk.ledger, desk.log)
    found = await other.read("2021-08-20", entity("77", "ACME", identifiers=(*lei, *isin)))
    assert found.events[0]["subject"] == "acme"


async def test_names_in_other_scripts_make_ids() -> None:
    """In Latin letters; a name of none of them leaves the source's own id."""
    desk = Desk()
    await desk.read(
        "2021-08-18",
        entity("1", "Ростех"),
        entity("2", "小米"),
        entity("3", "!!!"),
        entity("4", "Very " * 60 + "long"),
        entity("5", "x" * 300),
    )
    found = {one.subject for one in await desk.records()}
    assert {"rostekh", "xiaomi", "made-3", "x" * 96} <= found
    assert all(len(one) <= 128 for one in found)


async def test_ids_that_are_taken_twice_are_counted() -> None:
    """A company may have the very id that an entry would get."""
    desk = Desk()
    for taken in ("acme-trading", "acme-trading-made-1", "acme-trading-made-1-2"):
        await desk.record(
            [{"type": "standing.company.described", "subject": taken, "data": {"name": "x"}}]
        )
    await desk.read("2021-08-18", ACME)
    assert "acme-trading-made-1-3" in {one.subject for one in await desk.records()}


# --- what stands in a log beside ----------------------------------------------------------------


async def test_events_that_no_source_brought_are_learned_from_too() -> None:
    """A listing that a person recorded under a source's own reference is that listing."""
    desk = Desk()
    said = {"list": SDN, "effective": "2019-05-01", "reference": {"scheme": "made", "id": "1"}}
    await desk.record(
        [
            {"type": "standing.designation.issued", "subject": "the-acme", "data": said},
            {
                "type": "standing.list.checked",
                "subject": f"list:{SDN}",
                "data": {"publication": "2030-01-01"},
            },
            {
                "type": "standing.designation.issued",
                "subject": "no-reference",
                "data": {"list": SDN, "effective": "2019-05-01"},
            },
            {
                "type": "standing.time.passed",
                "subject": "clock",
                "data": {"due": "2020-01-01T00:00:00Z"},
            },
        ]
    )
    found = await desk.read("2021-08-18", ACME)
    assert types(found) == ["company.described", "note.recorded"]
    assert found.events[0]["subject"] == "the-acme"
    gone = {**said, "effective": "2021-09-01", "how": "delisted"}
    await desk.record([{"type": "standing.removal.issued", "subject": "the-acme", "data": gone}])
    assert desk.ledger.opened((SDN, "made", "1")) is None


async def test_an_earlier_reading_that_is_told_late_does_not_go_back() -> None:
    """Logs that were moved may hold readings in another order."""
    desk = Desk()
    await desk.read("2021-08-20", ACME)
    for record in await desk.records():
        if record.subject == f"list:{SDN}":
            early = {**record.event, "data": {"publication": "2021-08-01"}}
            desk.ledger.learn(early)
    latest = desk.ledger.read("made", [SDN])
    assert latest is not None
    assert latest.publication == "2021-08-20"


async def test_nothing_new_is_a_reading_too() -> None:
    """The source was asked, and said so: that keeps it fresh."""
    desk = Desk()
    assert seen_again(desk.source, desk.ledger, "2021-08-18T10:00:00Z") == []
    await desk.read("2021-08-18", ACME)
    again = seen_again(desk.source, desk.ledger, "2021-08-19T10:00:00Z")
    assert [one["subject"] for one in again] == [f"list:{SDN}", f"list:{SSI}"]
    assert again[0]["data"] == {
        "publication": "2021-08-18",
        "retrieved": "2021-08-19T10:00:00Z",
        "sha256": "0" * 64,
        "records": 1,
    }
    await desk.record(again)
    latest = desk.ledger.read("made", [SDN])
    assert latest is not None
    assert latest.taken == "2021-08-19T10:00:00Z"


async def test_notes_and_amendments_of_other_kinds_change_nothing_that_was_shown() -> None:
    """A note without a list is nobody's listing; nor is an amendment of what is not there."""
    desk = Desk()
    await desk.read("2021-08-18", ACME)
    common = {"source": "/standing/ingest/made", "subject": "acme-trading"}
    reference = {"scheme": "made", "id": "1"}
    desk.ledger.learn(
        {
            **common,
            "id": "n",
            "type": "standing.note.recorded",
            "data": {"text": "x", "reference": reference, "sources": [{"title": "x"}]},
        }
    )
    desk.ledger.learn(
        {
            **common,
            "id": "a",
            "type": "standing.designation.amended",
            "data": {"list": SSI, "program": "x", "reference": reference},
        }
    )
    desk.ledger.learn(
        {
            **common,
            "id": "r",
            "type": "standing.removal.announced",
            "data": {"list": SDN, "reference": reference},
        }
    )
    assert types(await desk.read("2021-08-19", ACME)) == []


def test_a_listing_says_only_what_it_has() -> None:
    """No term is made up."""
    assert Listing(SDN).terms() == {}
    own = Listing(SDN, restrictions=(("other", "2022", None), ("export.denied", None, "2023")))
    assert own.terms() == {
        "restrictions": [
            {"kind": "other", "from": "2022"},
            {"kind": "export.denied", "until": "2023"},
        ]
    }
