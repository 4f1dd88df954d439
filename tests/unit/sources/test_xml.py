"""XML from strangers: what is meant to harm, and what is only broken."""

import resource
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.door import admit
from events.sources.difference import Comparison
from events.sources.ledger import Ledger
from events.sources.ofac_delta import DELTA
from events.sources.ofac_enhanced import ENHANCED
from events.sources.source import Head, Part, Source, Unreadable
from events.sources.telling import Taken
from tests.unit.making import REGISTRY, tries
from tests.unit.sources.ofac_xml import delta, entity, features, part, whole

SOURCES = [(ENHANCED, whole), (DELTA, delta)]
ACME = entity("7", "ACME", "<features>", features(("Website", "acme.example")), "</features>")
BODY = whole(ACME).split(b"\n", 1)[1]
LAUGHS = (
    "<!DOCTYPE sanctionsData ["
    '<!ENTITY a0 "ha ha ha ha ha ha ha ha ha ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)
BEYOND = '<!DOCTYPE sanctionsData [<!ENTITY x SYSTEM "{}">]>'


def read(source: Source, one: Part) -> tuple[Head, list[str]]:
    """What can be read of a file: the names of its entries."""
    _recorded(source, one)
    head, names = Head(published=source.dated(one)), []
    for piece in source.pieces([one], head):
        with suppress(Unreadable):
            changed = source.changed and piece.action == "modify"
            found = source.changed(piece, None) if changed else source.entity(piece)  # type: ignore[misc]
            names.append(found.name if found else "")
    return head, names


def _recorded(source: Source, one: Part) -> None:
    """Whatever it has, what comes of it can be recorded; a change also of what is known."""
    ledger = Ledger()
    known = part(whole(entity("1"), entity("7"), lists=()))
    for source_, part_ in ((ENHANCED, known), (source, one)):
        head, taken = Head(), Taken("2025-01-13", "x.xml", "0" * 64)
        comparing = Comparison(source_, ledger, REGISTRY, taken, None)
        comparing.take(source_.pieces([part_], head), head)
        for sent in comparing.end(head).events:
            admitted = admit(sent, REGISTRY)
            ledger.learn(admitted.event)


def hostile(folder: Path) -> Iterator[bytes]:
    """Files with a document type, and entities in it."""
    secret = folder / "secret"
    secret.write_text("SECRET")
    in_text = BODY.replace(b"ACME", b"&x;")
    yield LAUGHS.encode() + BODY.replace(b"ACME", b"&a11;")
    yield LAUGHS.encode() + BODY.replace(b'id="7"', b'id="&a11;"')
    yield LAUGHS.encode() + BODY.replace(b"<sanctionsData ", b'<sanctionsData x="&a11;" ', 1)
    yield BEYOND.format(secret.as_uri()).encode() + in_text
    yield BEYOND.format("http://127.0.0.1:9/").encode() + in_text
    yield b'<!DOCTYPE sanctionsData SYSTEM "http://127.0.0.1:9/x.dtd">' + BODY
    yield b"<!DOCTYPE sanctionsData>" + BODY
    parameter = f'<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;'
    yield f"<!DOCTYPE sanctionsData [{parameter}]>".encode() + BODY
    yield (LAUGHS + BODY.decode().replace("ACME", "&a11;")).encode("utf-16")


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    """Nothing is expanded, nothing fetched, nothing read from elsewhere."""
    for content in hostile(tmp_path):
        before = process_time()
        with pytest.raises(Unreadable) as refused:
            read(ENHANCED, part(content))
        assert "SECRET" not in str(refused.value)
        assert "document type" in str(refused.value) or "ntity" in str(refused.value)
        assert process_time() - before < 2


BROKEN = {
    "empty": (b"", "no element|empty|Document|no XML"),
    "its last byte alone": (b"\x1a", "line 1: Start tag expected"),
    "zeros": (b"\x00" * 100, "line 1: "),
    "a table": (b"number,name\n7,ACME\n", "line 1: Start tag expected"),
    "cut": (BODY[: len(BODY) // 2], "line 3: "),
    "a zero": (BODY.replace(b"ACME", b"A\x00C"), "line 3: "),
    "an end": (BODY.replace(b"ACME", b"A\x1aC"), "line 3: PCDATA invalid Char value 26$"),
    "no encoding": (b'<?xml version="1.0" encoding="klingon"?>' + BODY, "(?i)encoding"),
    "mojibake": (BODY.replace(b"ACME", "ÄCME".encode("latin-1")), "line 3: "),
    "depth": (BODY.replace(b"<entities>", b"<deep>" * 5_000 + b"<entities>"), "(?i)depth"),
    "a long text": (BODY.replace(b"ACME", b"A" * 11_000_000), "(?i)huge|too|long|limit"),
    "another root": (b"<feed>" + BODY + b"</feed>", "its root is feed"),
    "two": (BODY + BODY, "(?i)extra content"),
}


@pytest.mark.parametrize(("content", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_said(content: bytes, why: str) -> None:
    """With the line, where there is one."""
    with pytest.raises(Unreadable, match=why):
        read(ENHANCED, part(content))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_other_encodings_are_read(encoding: str) -> None:
    """With their byte-order marks."""
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    assert read(ENHANCED, part(mark + BODY.decode().encode(encoding)))[1] == ["ACME"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Sixty megabytes of entries, comments and instructions go through a few."""
    file = tmp_path / "big.xml"
    head, _, tail = BODY.partition(ACME.encode())
    filler = "<!-- " + "x" * 20_000 + " --><?pi " + "y" * 20_000 + "?>"
    with file.open("wb") as out:
        out.write(head)
        for number in range(1_500):
            out.write((entity(str(number)) + filler).encode())
        out.write(tail)
    list(ENHANCED.pieces([part(BODY)], Head()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in ENHANCED.pieces([Part("big", partial(file.open, "rb"))], Head())) == 1_500
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 16_384, f"{grown:,} KB"


@tries(150)
@given(
    st.binary(max_size=200), st.integers(0, 3_000), st.integers(0, 120), st.sampled_from(SOURCES)
)
def test_any_bytes_give_entries_or_a_clear_word(
    noise: bytes, at: int, length: int, which: tuple[Source, type]
) -> None:
    """Never another error: noise alone, and within a file."""
    source, make = which
    real = make(ACME, entity("8", "BETA", kind="Individual"))
    for content in (noise, real[:at] + noise + real[at + length :], real[:at]):
        with suppress(Unreadable):
            read(source, part(content))


@tries(100)
@given(st.data())
def test_any_shuffled_elements_give_entries_or_a_clear_word(data: st.DataObject) -> None:
    """Also where what is well written makes no sense."""
    names = "entity names name translations isPrimary formattedFullName features feature type value"
    names += (
        " sanctionsPrograms sanctionsProgram valueDate fromDateBegin documentNumber address country"
    )
    names += " sanctionsLists sanctionsList publicationInfo datePublished identityDocuments"
    written = []
    for _ in range(data.draw(st.integers(0, 12))):
        tag = data.draw(st.sampled_from(names.split()))
        attributes = data.draw(
            st.sampled_from(["", ' id="1"', ' action="remove"', ' oldValue="x"'])
        )
        text = data.draw(
            st.sampled_from(
                ["", "true", "SDN List", "ISIN", "2025-01-32", "\u202e\u2028", "x" * 1_001, "x"]
            )
        )
        written.append((tag, attributes, text))
    inner = "".join(f"<{tag}{more}>{text}" for tag, more, text in written)
    inner += "".join(f"</{tag}>" for tag, *_ in reversed(written))
    for source, make in SOURCES:
        with suppress(Unreadable):
            read(source, part(make(f'<entity id="1">{inner}</entity>')))
