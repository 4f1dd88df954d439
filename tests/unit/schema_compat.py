"""Whether a JSON Schema still lets in everything that an older one let in, which those who write
rely on, and nothing but what the older one let in, which those who read rely on.

It follows the keywords that the events' schemas use, with references. Where it cannot tell, it
says that it cannot: no answer is a guess.
"""

from collections.abc import Iterator
from operator import eq, ge, le
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]

_TOLD_ONLY = {"title", "description", "examples", "$defs", "$schema", "$comment"}
_BOUNDS = {
    **dict.fromkeys(("minLength", "minItems", "minimum", "exclusiveMinimum"), ge),
    **dict.fromkeys(("maxLength", "maxItems", "maximum", "exclusiveMaximum"), le),
    **dict.fromkeys(("pattern", "format", "contentEncoding", "uniqueItems", "multipleOf"), eq),
}
"""How an old bound must compare with the new one, so that nothing is shut out."""
_KNOWN = {
    *_TOLD_ONLY,
    *_BOUNDS,
    *("type", "enum", "const", "default", "anyOf"),
    *("properties", "required", "additionalProperties", "items"),
}


def narrowed(old: Json, new: Json) -> list[str]:
    """What the new schema refuses of what the old one let in, each with its place."""
    return list(_narrowed(_Schema(old, old), _Schema(new, new), "$"))


def widened(old: Json, new: Json) -> list[str]:
    """What a reader of the old schema may now meet that it did not allow for, each with its place;
    the texts say how the old schema is narrower. A field that the old one does not name is no
    surprise where it left room for others: readers pass over what they do not know."""
    return narrowed(new, old)


class _Schema:
    """A schema, and the document in which its references are found."""

    def __init__(self, document: Json, here: Json) -> None:
        while "$ref" in here:
            beside = {key: value for key, value in here.items() if key != "$ref"}
            target: Any = document
            for part in here["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            here = {**target, **beside}
        self.document = document
        self.here = here

    def __contains__(self, key: str) -> bool:
        return key in self.here

    def __getitem__(self, key: str) -> Any:
        return self.here[key]

    def part(self, here: Json) -> "_Schema":
        return _Schema(self.document, here)

    def parts(self, key: str) -> dict[str, "_Schema"]:
        return {name: self.part(one) for name, one in self.here.get(key, {}).items()}

    @property
    def values(self) -> list[Any] | None:
        """The only values, where they are counted out."""
        if "const" in self:
            return [self["const"]]
        return list(self["enum"]) if "enum" in self else None

    @property
    def types(self) -> set[str] | None:
        if "type" not in self:
            return None
        given = self["type"]
        return {given} if isinstance(given, str) else set(given)

    @property
    def closed(self) -> bool:
        return self.here.get("additionalProperties") is False

    def lets_in(self, value: Any) -> bool:
        whole = {**self.here, "$defs": self.document.get("$defs", {})}
        return Draft202012Validator(whole).is_valid(value)


def _narrowed(old: _Schema, new: _Schema, at: str) -> Iterator[str]:
    if "anyOf" in old:
        for number, one in enumerate(old["anyOf"]):
            yield from _narrowed(old.part(one), new, f"{at}|{number}")
    elif "anyOf" in new:
        found = [list(_narrowed(old, new.part(one), at)) for one in new["anyOf"]]
        if all(found):
            yield min(found, key=len)[0]
    elif old.values is not None:
        refused = [value for value in old.values if not new.lets_in(value)]
        if refused:
            yield f"{at}: no longer takes {refused}"
    elif new.values is not None:
        yield f"{at}: takes only {new.values}"
    else:
        yield from _of_one_kind(old, new, at)
    if old.here.get("default") != new.here.get("default"):
        yield f"{at}: another default"


def _of_one_kind(old: _Schema, new: _Schema, at: str) -> Iterator[str]:
    unknown = sorted({*old.here, *new.here} - _KNOWN)
    if unknown:
        yield f"{at}: cannot tell, {unknown} is not compared"
    if new.types is not None and not (old.types and _covered(old.types, new.types)):
        yield f"{at}: takes only {sorted(new.types)}"
    for key, keeps in _BOUNDS.items():
        if key in new and not (key in old and keeps(old[key], new[key])):
            yield f"{at}: {key} {new[key]}"
    yield from _as_objects(old, new, at)
    if "items" in new:
        if "items" in old:
            yield from _narrowed(old.part(old["items"]), new.part(new["items"]), f"{at}[]")
        else:
            yield f"{at}[]: was anything"


def _covered(old: set[str], new: set[str]) -> bool:
    return old <= (new | {"integer"} if "number" in new else new)


def _as_objects(old: _Schema, new: _Schema, at: str) -> Iterator[str]:
    before, after = old.parts("properties"), new.parts("properties")
    for name in sorted(set(new.here.get("required", ())) - set(old.here.get("required", ()))):
        yield f"{at}.{name}: is required now"
    for name, one in before.items():
        if name in after:
            yield from _narrowed(one, after[name], f"{at}.{name}")
        elif new.closed:
            yield f"{at}.{name}: is gone"
    if not old.closed and (new.closed or after.keys() - before.keys()):
        yield f"{at}: fields that were free no longer are"
