"""The Federal Register's documents: what they say of whom, and what is left to a person."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.door import admit
from events.lists import Registry
from events.sources.document import Document
from events.sources.federal_register import FEDERAL_REGISTER, LARGEST, dated, documents
from events.sources.gazette import Brought, Names, about
from events.sources.source import Head, Piece, Unreadable
from tests.unit.conftest import Cli
from tests.unit.making import REGISTRY, tries
from tests.unit.sources.ofac_xml import part

FILE = Path(__file__).parents[2] / "data" / "federal_register" / "documents.json"
Json = dict[str, Any]
HUAWEI = ("huawei", {"name": "Huawei Technologies Co., Ltd.", "aliases": ["华为", "HW"]})


def document(number: str = "2022-07643", date: str = "2022-04-11", **more: Any) -> Json:
    """A document as the API gives it."""
    title = more.pop("title", "Addition of Entities to the Entity List")
    return {"document_number": number, "publication_date": date, "title": title, **more}


def read(given: Any, head: Head | None = None) -> list[Document]:
    """The documents of a file."""
    content = given if isinstance(given, bytes) else json.dumps(given).encode()
    return list(documents(part(content, "fr.json"), head or Head()))


def brought(*given: Json, backfill: bool = False) -> Brought:
    """What documents bring to a log that knows Huawei."""
    found = Brought()
    for one in read(list(given)):
        found.take(one, Names([HUAWEI]), REGISTRY, "federal-register", backfill)
    return found


def test_real_documents() -> None:
    """Lists, and what is done to each."""
    head = Head()
    found = {one.key: about(one) for one in read(FILE.read_bytes(), head)}
    assert head.faults == []
    assert found == {
        "2021-00995 2021-01-15": {
            "us-bis-entity-list": {"designation"},
            "us-bis-meu": {"designation", "removal"},
        },
        "2022-07643 2022-04-11": {"us-bis-entity-list": {"designation", "revision"}},
        "2022-18595 2022-08-30": {},
        "2022-26622 2022-12-08": {"us-bis-entity-list": {"designation", "removal"}},
        "2022-28033 2022-12-23": {"us-bis-entity-list": {"revision"}},
        "2023-13196 2023-06-21": {"us-bis-entity-list": {"designation", "removal"}},
        "2024-06895 2024-04-02": {"us-dod-1260h": {"designation"}},
        "2025-05427 2025-03-28": {"us-bis-entity-list": {"designation"}},
        "2025-19858 2025-11-12": {"us-bis-entity-list": {"removal", "revision"}},
    }
    assert dated(part(FILE.read_bytes())) == "2025-11-12"


@pytest.mark.parametrize(
    ("title", "lists"),
    [
        ("Revisions to the Unverified List (UVL)", {"us-bis-uvl": {"revision"}}),
        ("Order Denying Export Privileges", {"us-bis-dpl": {"designation"}}),
        ("Removals From the Military End User List", {"us-bis-meu": {"removal"}}),
        ("Persons added to the SDN List", {"us-ofac-sdn": {"designation"}}),
        ("In addition, the Entity List is republished", {"us-bis-entity-list": set()}),
        ("The Entity List: five are removed", {"us-bis-entity-list": {"removal"}}),
        ("Imposition of Nonproliferation Measures on X", {"us-state-isn": {"designation"}}),
        ("Termination of nonproliferation measures", {"us-state-isn": {"removal"}}),
        ("Licensing of military end users", {}),
        ("Securities of Communist Chinese Military Companies", {"us-ofac-ns-ccmc": set()}),
    ],
)
def test_what_a_title_says(title: str, lists: dict[str, set[str]]) -> None:
    """What is done belongs to the list that is named next."""
    assert about(Document("1", "2022-04-11", title)) == lists


def test_a_company_that_the_log_knows_gets_a_note() -> None:
    """With number and date, citation and address; nothing else is recorded."""
    told = document(
        abstract="One of them supplies Huawei Technologies Co., Ltd. and others.",
        citation="87 FR 20983",
        html_url="https://www.federalregister.gov/d/2022-07643",
        effective_on="2022-04-08",
        correction_of="https://www.federalregister.gov/api/v1/documents/2022-01111.json",
        agencies=[{"name": "Industry and Security Bureau"}, {"raw_name": "X"}, {}, 7],
    )
    (note,) = brought(told, backfill=True).notes
    assert (note["type"], note["subject"]) == ("standing.note.recorded", "huawei")
    assert note["backfill"] is True
    assert note["data"] == {
        "kind": "filing",
        "list": "us-bis-entity-list",
        "text": "Addition of Entities to the Entity List (Federal Register document 2022-07643 of "
        "2022-04-11, 87 FR 20983, effective 2022-04-08, corrects document 2022-01111)",
        "announced": "2022-04-11",
        "effective": "2022-04-08",
        "sources": [
            {
                "url": "https://www.federalregister.gov/d/2022-07643",
                "title": "Addition of Entities to the Entity List, 87 FR 20983",
                "publisher": "Federal Register; Industry and Security Bureau; X",
                "published": "2022-04-11",
                "quote": "One of them supplies Huawei Technologies Co., Ltd. and others.",
            }
        ],
    }


def test_names_are_found_whole() -> None:
    """In any case and punctuation; a short single word is no name in a text."""
    names = Names([HUAWEI, ("baidu", {"name": "BAIDU"}), ("none", {"name": "-"})])
    assert names.of("HUAWEI TECHNOLOGIES CO LTD; HW; Baidu (and Baidu)") == ["huawei", "baidu"]
    assert names.of("Huawei Technologies Company; Baidus") == []


def test_what_is_proposed() -> None:
    """Designations and removals, each once, under an id that stays."""
    both = document(title="Additions to the Entity List and Removals from the Entity List")
    first, second = brought(both).proposals
    assert (first.action, second.action) == ("designation", "removal")
    assert first.announced == "2022-04-11"
    assert first.effective is None
    assert first.id == brought(both).proposals[0].id != second.id
    again = document(date="2012-04-11")
    assert brought(again).proposals[0].id != brought(document()).proposals[0].id


def test_what_is_not_proposed() -> None:
    """Corrections, rules that are only proposed, lists that ended, and what is on no list."""
    for told in (
        document(correction_of="https://www.federalregister.gov/documents/2022/01/02/2022-1/x"),
        document(type="Proposed Rule"),
        document(title="Addition of Communist Chinese Military Companies under section 1237"),
        document(title="Crop insurance"),
    ):
        assert brought(told).proposals == []
    before = document(date="2021-01-14", title="Addition of companies under section 1237")
    assert [one.list for one in brought(before).proposals] == ["us-dod-ccmc"]


def test_nothing_is_proposed_on_lists_that_are_not_kept() -> None:
    """Lists are data, and a user's may be others."""
    found = Brought()
    for one in read(document()):
        found.take(one, Names([]), Registry({}, ""), "federal-register", False)
    assert (found.proposals, found.off_topic) == ([], 0)


def test_what_is_only_on_inspection_gives_no_note() -> None:
    """It can still be withdrawn; what was is told apart."""
    told = document(
        title="Huawei Technologies Co., Ltd.: Removal From the Entity List",
        filed_at="2022-04-08T08:45:00.000-04:00",
    )
    found = brought(told)
    assert found.notes == []
    (proposal,) = found.proposals
    assert (proposal.inspected, proposal.named) == (True, ("huawei",))
    assert proposal.announced == "2022-04-08T08:45:00.000-04:00"
    assert found.inspected == {"2022-07643 2022-04-11"}
    gone = brought({**told, "editorial_note": "This document was withdrawn by the agency."})
    assert (gone.proposals, gone.withdrawn) == ([], {"2022-07643 2022-04-11"})


def test_the_shapes_of_a_file() -> None:
    """A page, an array, a single document; with a byte-order mark."""
    one = document()
    for given_ in (one, [one], {"count": 1, "results": [one], "next_page_url": None}):
        assert [found.number for found in read(given_)] == ["2022-07643"]
    assert read(b"\xef\xbb\xbf" + json.dumps(one).encode())
    assert read({"count": 0}) == []
    assert dated(part(b"[]")) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "line 1: is empty"),
        (b"{", "line 1: is no JSON: "),
        (b"\x1a", "line 1: is no JSON: "),
        (json.dumps(document()).encode("utf-16"), "line 1: is not text in UTF-8"),
        (b"[" * 100_000, "line 1: "),
        (b"7", "neither a document"),
        (b'{"count": 3}', "results: missing, where 3 documents should be"),
        (b'{"results": 3}', "results: missing"),
        (b" " * (LARGEST + 1), "more than 67,108,864 bytes"),
    ],
    ids=str,
)
def test_no_such_file(content: bytes, why: str) -> None:
    """Is said."""
    with pytest.raises(Unreadable, match=why):
        read(content)
    with pytest.raises(Unreadable, match=why):
        dated(part(content))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (7, "document: is no object"),
        (document(number=""), "document_number: missing"),
        (document(number="../x"), "document_number: '../x' is no number"),
        (document(date=None), "publication_date: missing"),
        (document(date="2022-02-30"), "publication_date: '2022-02-30' is no day"),
        (document(date="2022"), "publication_date: '2022' is no day"),
        (document(title=None), "title: missing"),
        (document(title=["x"]), "title: is no text"),
        (document(effective_on="soon"), "effective_on: 'soon' is no day"),
    ],
)
def test_documents_that_cannot_be_read(told: Any, why: str) -> None:
    """By their place in the file; the others are."""
    head = Head()
    assert len(read([document(), told], head)) == 1
    assert str(head.faults[0]).startswith(f"fr.json:2: {why}")


def test_it_has_no_entries() -> None:
    """Documents are no entries of lists."""
    assert list(FEDERAL_REGISTER.pieces([], Head())) == []
    with pytest.raises(Unreadable, match="no entry of a list"):
        FEDERAL_REGISTER.entity(Piece("1", None, 1))


@tries(100)
@given(st.binary(max_size=200), st.integers(0, 900), st.integers(0, 120))
def test_any_bytes_give_documents_or_a_clear_word(noise: bytes, at: int, length: int) -> None:
    """Never another error."""
    real = json.dumps([document(abstract="Huawei", filed_at="x", agencies=[{"name": "X"}])] * 2)
    content = real.encode()
    for changed in (noise, content[:at] + noise + content[at + length :]):
        with suppress(Unreadable):
            for one in read(changed):
                Brought().take(one, Names([HUAWEI]), REGISTRY, "federal-register", False)
        with suppress(Unreadable):
            dated(part(changed))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.just("2022-04-11")
    | st.just("x" * 30_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@tries(100)
@given(
    st.dictionaries(st.sampled_from([*document(), "abstract", "agencies", "filed_at"]), anything)
)
def test_any_fields_give_documents_or_a_clear_word(told: Json) -> None:
    """Whatever they hold."""
    head = Head()
    found = read([{**document(abstract="Huawei Technologies Co., Ltd."), **told}], head)
    assert len(found) + head.faulty == 1
    for one in found:
        bringing = Brought()
        bringing.take(one, Names([HUAWEI]), REGISTRY, "federal-register", False)
        for event in [*bringing.notes, *(some.event("x", "X") for some in bringing.proposals)]:
            admit(event, REGISTRY)


# --- into the log -------------------------------------------------------------------------------


def test_a_page_is_read_once(cli: Cli) -> None:
    """Notes and proposals; again it brings nothing."""
    cli.record(
        {
            "type": "standing.company.described",
            "subject": "huawei",
            "data": {"name": "Huawei Technologies Co., Ltd"},
        }
    )
    told = cli("ingest", "federal-register", FILE, "--json")
    assert told.code == 0
    (first,) = told.json
    assert (first["entries"], first["off_topic"], first["recorded"]) == (9, 1, 1)
    assert len(first["proposals"]) == 11
    assert first["taken"] == "2025-11-12"
    history = cli("history", "huawei", "--json").json
    assert "2022-07643 of 2022-04-11" in json.dumps(history)
    (again,) = cli("ingest", "federal-register", FILE, "--json").json
    assert (again["outcome"], again["recorded"], again["duplicate"]) == ("unchanged", 0, 1)


def test_what_is_proposed_is_counted(cli: Cli) -> None:
    """Even where nothing is recorded; once, but as a question until it is decided."""
    waiting = "11 questions wait: standing review"
    first, again = (cli("ingest", "federal-register", FILE).out for _ in range(2))
    assert "11 proposed, for a person to decide" in first
    assert waiting in first
    assert "nothing new" in again
    assert waiting in again
    for one in cli("review", "--json").json["questions"][1:]:
        cli("review", "refuse", one["id"], "--why", "not ours", "--by", "j.doe")
    (told,) = cli("ingest", "federal-register", FILE, "--json").json
    assert told["questions"] == 1
    last = cli("ingest", "federal-register", FILE).out.splitlines()[-1]
    assert last.startswith("1 question waits: standing review")


def test_a_broken_file_is_held(cli: Cli, tmp_path: Path) -> None:
    """And a broken document is named, while the others count."""
    broken = tmp_path / "fr_2022-04-11.json"
    broken.write_bytes(b'{"results": [')
    told = cli("ingest", "federal-register", broken, "--json")
    assert (told.code, told.json[0]["outcome"]) == (1, "held")
    broken.write_text(json.dumps([document(), document(date="x")]))
    told = cli("ingest", "federal-register", broken, "--json")
    assert (told.code, told.json[0]["outcome"]) == (1, "read")
    assert len(told.json[0]["proposals"]) == 1
    assert "publication_date" in told.json[0]["problems"][0]
