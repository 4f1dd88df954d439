"""XML from strangers, element by element: nothing is fetched, nothing is expanded, and what was
read is let go, so that memory does not grow with the file."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, BinaryIO, Final, NamedTuple

from lxml import etree

from events.sources.source import Part, Unreadable
from events.sources.text import said

_BLOCK: Final = 1 << 16
_DIGEST_BYTES: Final = 16
_FITS: Final = 65_534

Element = Any
"""An lxml element, which comes without types."""

_SAFE: Final = {
    "dtd_validation": False,
    "huge_tree": False,
    "load_dtd": False,
    "no_network": True,
    "remove_comments": True,
    "remove_pis": True,
    "resolve_entities": False,
}
"""Without `huge_tree` a text of more than 10 MB or elements nested in hundreds are refused."""


def local(element: Element) -> str:
    """An element's name without its namespace."""
    name: str = element.tag.rpartition("}")[2]
    return name


def line_of(element: Element) -> int:
    """The line at which an element begins, from 1; 0 where that is not known. Beyond what fits
    into 16 bits libxml2 takes it from where the text within ends."""
    line: int = element.sourceline or 0
    if line > _FITS:
        line -= (element.text or "").count("\n")
    return line


class Found(NamedTuple):
    """An element, and what it was written as."""

    element: Element
    digest: bytes
    """Of its bytes and of what stands between it and the one before."""


def elements(part: Part, root: str, *wanted: str) -> Iterator[Found]:
    """The elements of those names, in their order, each as it ends: once the next is asked for it
    is empty. The last name is that of the entries. Raises `Unreadable` where this is no XML, is cut
    short, has another root or a DOCTYPE, in which entities could be declared."""
    parser = etree.XMLPullParser(("end",), tag=[f"{{*}}{name}" for name in wanted], **_SAFE)
    try:
        with part.open() as file:
            for element, digest in _found(parser, _cut(file, f"</{wanted[-1]}>".encode())):
                _check(element.getroottree(), root)
                yield Found(element, digest)
                _let_go(element)
        _check(parser.close().getroottree(), root)
    except etree.XMLSyntaxError as error:
        why = str(error.msg or "no XML").partition(", line ")[0]
        raise Unreadable(f"line {error.lineno}", why) from error


def text_of(part: Part, root: str, wanted: str, until: str) -> str | None:
    """The text of the first element of that name, where it stands before the end of the first
    `until`. Raises `Unreadable`."""
    for element, _ in elements(part, root, wanted, until):
        return (said(element.text) or "") if local(element) == wanted else None
    return None


def _found(parser: Element, chunks: Iterable[bytes]) -> Iterator[tuple[Element, bytes]]:
    """What ends in each piece of a file. Where that is one element, the bytes since the last one
    are what it was written as: to write it again would take half as long as to parse it."""
    written = blake2b(digest_size=_DIGEST_BYTES)
    for chunk in chunks:
        written.update(chunk)
        parser.feed(chunk)
        ended = [element for _, element in parser.read_events()]
        for element in ended:
            if len(ended) > 1:
                text = etree.tostring(element, encoding="utf-8", with_tail=False)
                written = blake2b(text, digest_size=_DIGEST_BYTES)
            yield element, written.digest()
        if ended:
            written = blake2b(digest_size=_DIGEST_BYTES)


def _cut(file: BinaryIO, closing: bytes) -> Iterator[bytes]:
    """The bytes of a file, cut behind each closing tag."""
    rest = b""
    while block := file.read(_BLOCK):
        *whole, rest = (rest + block).split(closing)
        yield from (one + closing for one in whole)
        if len(rest) > _BLOCK:
            yield rest[: -len(closing)]
            rest = rest[-len(closing) :]
    if rest:
        yield rest


def fields(element: Element) -> dict[str, str]:
    """The text of each of an element's children, by their names; of several alike the last."""
    return {one.tag.rpartition("}")[2]: one.text or "" for one in element}


def gathered(element: Element, each: str, *wanted: str) -> Iterator[dict[str, str]]:
    """Of every `each` within an element the text of what has these names: all others are passed
    over without becoming Python objects, which is most of the work."""
    found: dict[str, str] | None = None
    for one in element.iter(f"{{*}}{each}", *[f"{{*}}{name}" for name in wanted]):
        tag = one.tag.rpartition("}")[2]
        if tag != each:
            if found is not None:
                found[tag] = one.text or ""
            continue
        if found is not None:
            yield found
        found = {}
    if found is not None:
        yield found


def _check(tree: Element, root: str) -> None:
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise Unreadable("DOCTYPE", "a file with a document type is not read; the source has none")
    if local(tree.getroot()) != root:
        raise Unreadable("", f"its root is {local(tree.getroot())}, where {root} should be")


def _let_go(element: Element) -> None:
    """Empty an element that was read, and drop what stands before it in the file."""
    element.clear()
    while (parent := element.getparent()) is not None:
        while parent[0] is not element:
            del parent[0]
        element = parent
