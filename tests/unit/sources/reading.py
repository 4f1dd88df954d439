"""What tests of the formats share: files in memory and on disk, read entry by entry."""

import gzip
import io
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from hypothesis import strategies as st

from events.log import EventLog, Position
from events.sources.entity import Entity
from events.sources.source import Head, Part, Source, Unreadable
from events.vocabulary import DESIGNATION_ISSUED
from service.evidence import Evidence
from service.ingesting import Asked, Ingest, Learned, Report, publications
from tests.unit.making import REGISTRY

DATA = Path(__file__).parents[2] / "data"


def part(content: bytes, name: str = "file") -> Part:
    """A file in memory."""
    return Part(name, partial[BinaryIO](io.BytesIO, content))


async def numbers(log: EventLog) -> dict[str, str]:
    """By company, the id of its entry."""
    return {
        record.subject: record.event["data"]["reference"]["id"]
        async for some in log.read(Position(), await log.ends())
        for record in some
        if record.type == DESIGNATION_ISSUED
    }


def read(source: Source, *contents: bytes, head: Head | None = None) -> dict[str, Entity]:
    """The entries of a publication by their keys."""
    parts = [part(content, f"{number}") for number, content in enumerate(contents)]
    if source.role is not None:
        parts.sort(key=source.role)
    return {piece.key: source.entity(piece) for piece in source.pieces(parts, head or Head())}


def content(*path: str) -> bytes:
    """A file among the data, unpacked where it is packed."""
    found = DATA.joinpath(*path)
    return gzip.decompress(found.read_bytes()) if found.suffix == ".gz" else found.read_bytes()


def placed(folder: Path, name: str, bytes_: bytes) -> Path:
    """A file in a folder."""
    path = folder / name
    path.write_bytes(bytes_)
    return path


async def ingested(
    log: EventLog, folder: Path, source: Source, files: Iterable[Path], **asked: Any
) -> list[Report]:
    """What became of publications that a process which knows only the log has read."""
    reading = Ingest(Learned(log), REGISTRY, Evidence(folder / "evidence"), source, Asked(**asked))
    return [one async for one in reading.read(publications(source, files, None))]


def survives(source: Source, *contents: bytes) -> None:
    """Whether each entry can be read, or it is said why not: any other error passes through."""
    parts = [part(content, f"{number}") for number, content in enumerate(contents)]
    with suppress(Unreadable):
        for piece in source.pieces(parts, Head()):
            with suppress(Unreadable):
                entity = source.entity(piece)
                assert entity.name
                for said in (*entity.aliases, piece.key):
                    assert 0 < len(said) <= 1_000
                    assert said.isprintable() or not said.isascii()


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes of a real file are others, more or missing."""
    at = draw(st.integers(0, len(whole)))
    gone = draw(st.integers(0, 200))
    return whole[:at] + draw(st.binary(max_size=200)) + whole[at + gone :]
