"""XML from strangers, element by element: nothing is fetched, nothing is expanded, and what was
read is let go, so that memory does not grow with the file."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from lxml import etree

from events.sources.source import Part, Unreadable

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


def elements(part: Part, root: str, wanted: Sequence[str]) -> Iterator[Element]:
    """The elements of those names, in their order, each as it ends: once the next is asked for it
    is empty. Raises `Unreadable` where this is no XML, is cut short, has another root or a DOCTYPE,
    in which entities could be declared."""
    names = [f"{{*}}{name}" for name in (root, *wanted)]
    with part.open() as file:
        found: Element = None
        try:
            for event, element in etree.iterparse(file, ("start", "end"), tag=names, **_SAFE):
                if found is None:
                    _check(found := element.getroottree(), root)
                if event == "end" and element is not found.getroot():
                    yield element
                    _let_go(element)
        except etree.XMLSyntaxError as error:
            said = str(error.msg or "no XML").partition(", line ")[0]
            raise Unreadable(f"line {error.lineno}", said) from error
        except (LookupError, ValueError) as error:  # an encoding that there is not
            raise Unreadable("", f"no XML that can be read: {error}") from error
    if found is None:
        raise Unreadable("", f"it has no element {root}")


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
