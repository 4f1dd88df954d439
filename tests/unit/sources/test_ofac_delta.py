"""OFAC's deltas, made up after the format: whole entries added and removed, changes in part."""

from pathlib import Path
from typing import Any

import pytest

from events.sources.entity import Entity, Listing
from events.sources.ofac_delta import DELTA, dated
from events.sources.source import Head, Piece, Unreadable
from tests.unit.conftest import Cli, Done
from tests.unit.sources.ofac_xml import delta, entity, features, name, part, whole

SSI = "Sectoral Sanctions Identifications List"
KNOWN = Entity(
    "7",
    "ACME",
    "company",
    (
        Listing("us-ofac-ssi", "ACME", "UKRAINE-EO13662", "Executive Order 13662", "2014-07-16"),
        Listing("us-ofac-mbs", "ACME", "RUSSIA-EO14024; X", None, "2022-02-24"),
    ),
    ("ACME OLD", "A.C."),
    "RU",
    (("swift", "ACMERUMM"), ("tax", "1")),
    "acme.example",
    "Target Type: Bank",
)


def change(*sections: str, key: str = "7") -> str:
    """An entity with what is different, and no action of its own."""
    return f'<entity id="{key}">{"".join(sections)}</entity>'


def only(content: bytes, known: Entity | None = None) -> tuple[Piece, Entity | None]:
    """The one entry of a delta, and what a change leaves of what is known."""
    for piece in DELTA.pieces([part(content)], Head()):
        assert DELTA.changed is not None
        return piece, DELTA.changed(piece, known)
    raise AssertionError("it has no entry")


def left(*sections: str, known: Entity | None = KNOWN) -> Entity:
    """The entry as a change leaves it."""
    piece, found = only(delta(change(*sections)), known)
    assert piece.action == "modify"
    assert found is not None
    return found


def test_a_change_of_nothing_that_is_modelled() -> None:
    """Leaves the entry as it was."""
    assert left("<addresses><address action='add'/></addresses>") == KNOWN


def test_names() -> None:
    """Added, removed, written otherwise; the one that it is listed by, too."""
    found = left(
        "<names>",
        name("ACME NEW", attributes='action="add"'),
        name("ACME OLD", attributes='action="remove"'),
        name("A.C.M.E.").replace(
            "<formattedFullName>", '<formattedFullName action="update" oldValue="A.C.">'
        ),
        name("ACME PLC", first=True).replace(
            "<formattedFullName>", '<formattedFullName action="update" oldValue="ACME">'
        ),
        "</names>",
    )
    assert (found.name, found.aliases) == ("ACME PLC", ("ACME NEW", "A.C.M.E."))
    assert {one.name_as_listed for one in found.listings} == {"ACME PLC"}


def test_lists_and_programmes() -> None:
    """Off one list and onto another; the programmes follow."""
    found = left(
        f'<sanctionsLists><sanctionsList action="remove">{SSI}</sanctionsList>'
        '<sanctionsList action="add" datePublished="2025-01-13">SDN List</sanctionsList>'
        "</sanctionsLists>",
        '<sanctionsPrograms><sanctionsProgram action="remove">UKRAINE-EO13662</sanctionsProgram>'
        '<sanctionsProgram action="update" oldValue="X">Y</sanctionsProgram></sanctionsPrograms>',
        '<legalAuthorities><legalAuthority action="add">Executive Order 14024</legalAuthority>'
        "</legalAuthorities>",
    )
    assert found.listings == (
        Listing("us-ofac-mbs", "ACME", "RUSSIA-EO14024; Y", "Executive Order 14024", "2022-02-24"),
        Listing("us-ofac-sdn", "ACME", "Y", "Executive Order 14024", "2025-01-13"),
    )


def test_a_list_that_is_only_named_stays() -> None:
    """What has no action is there to say where the rest belongs; a date that it gives counts."""
    found = left(
        f'<sanctionsLists><sanctionsList datePublished="2014-07-17">{SSI}</sanctionsList>'
        "</sanctionsLists>"
    )
    assert [(one.list, one.effective) for one in found.listings] == [
        ("us-ofac-ssi", "2014-07-17"),
        ("us-ofac-mbs", "2022-02-24"),
    ]


def test_identifiers_and_sites() -> None:
    """Added, removed, corrected; and what is not modelled is quoted once."""
    sections = (
        "<features>",
        features(
            ("SWIFT/BIC", "ACMERUMM"), ("Website", "acme.example"), attributes='action="remove"'
        ),
        features(("ISIN", "US1694261033"), ("Website", "acme.test"), attributes='action="add"'),
        features(("Target Type", "Bank"), attributes='action="remove"'),
        features(("Gender", "None"), attributes='action="add"'),
        "</features><identityDocuments><identityDocument><type>Tax ID No.</type>",
        '<documentNumber action="update" oldValue="1">2</documentNumber>',
        "</identityDocument></identityDocuments>",
    )
    found = left(*sections)
    assert found.identifiers == (("isin", "US1694261033"), ("tax", "2"))
    assert found.website == "acme.test"
    assert found.rest == "Target Type: Bank; added: Gender: None; gone: Target Type: Bank"
    assert left(*sections, known=found) == found


def test_days_of_its_own() -> None:
    """One that is told replaces that one."""
    known = Entity(
        "7",
        "ACME",
        "company",
        (
            Listing(
                "us-ofac-ns-cmic",
                "ACME",
                effective="2021-06-03",
                restrictions=(("investment.purchase", "2021-08-02", None),),
            ),
        ),
    )
    sale = features(("Purchase/Sales For Divestment Date (CMIC)", "x"), day="2022-06-03")
    listed = features(("Listing Date (CMIC)", "x"), day="2021-06-04")
    (listing,) = left(f"<features>{sale}{listed}</features>", known=known).listings
    assert listing.effective == "2021-06-04"
    assert listing.restrictions == (
        ("investment.purchase", "2021-08-02", None),
        ("investment.sale", "2022-06-03", None),
    )


def test_of_an_entry_that_is_not_known_a_change_tells_too_little() -> None:
    """Unless it has a name and a list."""
    assert only(delta(change("<names/>")))[1] is None
    _, found = only(delta(entity("7", "ACME")))
    assert found is not None
    assert found.name == "ACME"


def test_what_cannot_be_read() -> None:
    """An action that there is not, a number that is none, another format."""
    head = Head()
    assert list(DELTA.pieces([part(delta(entity("7", action="explode")), "d.xml")], head)) == []
    assert [str(one) for one in head.faults] == ["d.xml:3: action: 'explode' is unknown"]
    assert head.kept_back == {"7"}
    with pytest.raises(Unreadable, match="'x' is no number"):
        only(delta(change(key="x")), KNOWN)
    with pytest.raises(Unreadable, match="is it a delta"):
        list(DELTA.pieces([part(whole(entity("7")))], Head()))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-01-13T00:00:00-05:00", "2025-01-13"),
        ("2025-01-13T10:30:00-05:00", "2025-01-13T10:30:00-05:00"),
        ("2025-01-13T10:30:00", "2025-01-13"),
        ("2025-01-13", "2025-01-13"),
        ("13 January", None),
    ],
)
def test_when_it_was_published(written: str, read: str | None) -> None:
    """A day, which is written as its midnight, or a moment."""
    assert dated(part(delta(published=written))) == read
    head = Head()
    list(DELTA.pieces([part(delta(published=written))], head))
    assert head.published == read


def test_a_file_without_a_date() -> None:
    """Has none."""
    assert dated(part(b"<sanctionsData><entities/></sanctionsData>")) is None
    assert dated(part(b"<sanctionsData/>")) is None
    with pytest.raises(Unreadable, match="line 1: Start tag expected"):
        dated(part(b"?"))


# --- into the log -------------------------------------------------------------------------------


class Desk:
    """Reads publications by the command line."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self._cli = cli
        self._folder = folder

    def file(self, called: str, content: bytes) -> Path:
        """A file with that content."""
        path = self._folder / called
        path.write_bytes(content)
        return path

    def read(self, source: str, *files: Path) -> Any:
        """What became of each."""
        return self.run(source, *files).json

    def run(self, source: str, *files: Path) -> Done:
        """The command itself."""
        return self._cli("ingest", source, *files, "--json")

    def status(self, company: str, as_of: str, list_id: str = "us-ofac-ns-cmic") -> str:
        """How it stands."""
        told = self._cli("status", company, "--list", list_id, "--as-of", as_of, "--json").json
        return str(told["status"])


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Desk:
    """One that has read a whole file, with ACME and BETA."""
    found = Desk(cli, tmp_path)
    content = whole(entity("1", "ACME"), entity("2", "BETA"), entity("3", "GAMMA"))
    (one,) = found.read("ofac-enhanced-xml", found.file("whole.xml", content))
    assert one["added"] == 3
    return found


def test_deltas_after_a_whole_file(desk: Desk) -> None:
    """What they name changes, the rest stays; the next whole file finds it all as it is."""
    first = desk.file(
        "1.xml",
        delta(
            entity("1", "ACME", action="remove"),
            entity("4", "DELTA", lists=[("Non-SDN CMIC List", "2025-01-13")], action="add"),
            change("<names>", name("BETA TOO", attributes='action="add"'), "</names>", key="2"),
            change("<names>", name("NOBODY"), "</names>", key="99"),
        ),
    )
    second = desk.file(
        "2.xml",
        delta(entity("4", "DELTA", action="remove"), published="2025-01-14T12:00:00-05:00"),
    )
    one, two = desk.read("ofac-delta-xml", second, first)
    assert (one["taken"], one["added"], one["amended"], one["removed"]) == ("2025-01-13", 1, 1, 1)
    assert (one["unknown"], one["why"]) == (1, [])
    assert (two["taken"], two["removed"]) == ("2025-01-14T12:00:00-05:00", 1)
    assert desk.status("acme", "2025-01-12") == "designated"
    assert desk.status("acme", "2025-01-13") == "removed"
    assert desk.status("beta", "2025-01-13") == "designated"
    assert desk.status("delta", "2025-01-13") == "designated"
    assert desk.status("delta", "2025-01-14") == "removed"
    for again in desk.read("ofac-delta-xml", first, second):
        assert (again["outcome"], again["recorded"]) == ("unchanged", 0)
    beta = entity("2", "BETA", f"<names>{name('BETA TOO')}</names>")
    content = whole(beta, entity("3", "GAMMA"), as_of="2025-01-15")
    (whole_again,) = desk.read("ofac-enhanced-xml", desk.file("whole.xml", content))
    assert (whole_again["added"], whole_again["amended"], whole_again["removed"]) == (0, 0, 0)


def test_an_older_delta_is_refused(desk: Desk) -> None:
    """What it tells of is in what was read already."""
    late = desk.file("late.xml", delta(entity("1", action="remove")))
    early = desk.file("early.xml", delta(entity("2", action="remove"), published="2025-01-09"))
    assert desk.read("ofac-delta-xml", late)[0]["outcome"] == "read"
    done = desk.run("ofac-delta-xml", early)
    assert done.code == 1
    assert "an older publication is not read after a later one" in done.err
    assert desk.status("beta", "2025-01-14") == "designated"


def test_a_delta_alone_vouches_for_nobody_it_does_not_name(cli: Cli, tmp_path: Path) -> None:
    """It is recorded, but covers no list; and an older one is still refused."""
    desk = Desk(cli, tmp_path)
    one = desk.file("1.xml", delta(entity("4", "DELTA", action="add")))
    assert desk.read("ofac-delta-xml", one)[0]["added"] == 1
    told = cli("status", "delta", "--as-of", "2025-01-14", "--json").json
    assert told["status"] == "designated"
    assert [on["covered"] for on in told["lists"]] == [False]
    early = desk.file("0.xml", delta(entity("5", action="add"), published="2025-01-09"))
    assert desk.run("ofac-delta-xml", early).code == 1
    assert desk.read("ofac-delta-xml", one)[0]["outcome"] == "unchanged"


def test_it_vouches_for_a_list_that_was_read_in_the_week_before(desk: Desk, cli: Cli) -> None:
    """Where more time is between, others may be missing."""
    for published, covered in (("2025-01-16", True), ("2025-01-30", False)):
        one = desk.file("d.xml", delta(entity("4", "DELTA", action="add"), published=published))
        desk.read("ofac-delta-xml", one)
        told = cli("status", "beta", "--as-of", published, "--json").json
        assert [on["covered"] for on in told["lists"]] == [covered]


def test_what_another_source_of_the_same_numbers_brought_is_removed(
    cli: Cli, tmp_path: Path
) -> None:
    """And that source, which no longer shows it, says nothing more; if it shows it again, that is
    another listing."""
    desk = Desk(cli, tmp_path)
    row = '4,"DELTA",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    other = row.replace("4,", "5,").replace("DELTA", "OTHER")
    ended = "\x1a\r\n"
    desk.read("ofac-sdn-csv", desk.file("sdn_2025-01-10.csv", (row + other + ended).encode()))
    gone = entity("4", "DELTA", lists=[("SDN List", "2020-01-01")], action="remove")
    off = '<sanctionsLists><sanctionsList action="remove">SDN List</sanctionsList></sanctionsLists>'
    (one,) = desk.read("ofac-delta-xml", desk.file("1.xml", delta(gone)))
    assert (one["removed"], one["outcome"]) == (1, "read")
    assert desk.status("delta", "2025-01-14", "us-ofac-sdn") == "removed"
    content = delta(change(off, key="5"), published="2025-01-15")
    assert desk.read("ofac-delta-xml", desk.file("2.xml", content))[0]["removed"] == 1
    assert desk.status("other", "2025-01-15", "us-ofac-sdn") == "removed"
    third = row.replace("4,", "6,").replace("DELTA", "THIRD")
    csv = desk.file("sdn_2025-01-16.csv", (third + ended).encode())
    (again,) = desk.read("ofac-sdn-csv", csv)
    assert (again["removed"], again["added"]) == (0, 1)
    csv = desk.file("sdn_2025-01-17.csv", (third + row + ended).encode())
    desk.read("ofac-sdn-csv", csv)
    assert desk.status("delta", "2025-01-18", "us-ofac-sdn") == "designated"


def test_many_removals_are_held(desk: Desk) -> None:
    """As of a whole file."""
    gone = delta(*(entity(key, action="remove") for key in "123"))
    done = desk.run("ofac-delta-xml", desk.file("1.xml", gone))
    assert done.code == 1
    assert "it would remove 3 of 3 from us-ofac-ns-cmic" in done.json[0]["why"][0]


def test_deltas_of_one_day_are_read_as_they_are_given(desk: Desk, cli: Cli) -> None:
    """And one of them alone, read again, does not undo the other."""

    def renamed(called: str) -> bytes:
        return delta(change("<names>", name(called, first=True), "</names>", key="1"))

    first = desk.file("b.xml", renamed("ACME ONE"))
    second = desk.file("a.xml", renamed("ACME TWO"))
    assert [one["amended"] for one in desk.read("ofac-delta-xml", first, second)] == [1, 1]
    assert cli("status", "acme", "--json").json["name"] == "ACME TWO"
    assert desk.read("ofac-delta-xml", first)[0]["outcome"] == "unchanged"
    assert cli("status", "acme", "--json").json["name"] == "ACME TWO"
