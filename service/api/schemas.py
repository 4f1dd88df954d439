"""The building blocks of /openapi.json: the shapes of its answers by their names."""

from typing import Any, Final

from events.vocabulary import CHANGE_KINDS as _CHANGE_KINDS
from projections.blocks import TRUTH, Schema, structure

CHANGE_KINDS: Final[Schema] = {
    "type": "array",
    "items": {"type": "string", "enum": list(_CHANGE_KINDS)},
}
AT: Final = "#/components/schemas/"


def ref(name: str) -> Schema:
    """A component by its name."""
    return {"$ref": AT + name}


def listed(name: str, of: str) -> Schema:
    """An object that has a list of components."""
    return structure({name: many(of)})


def page(name: str, of: str, *, more: bool = False) -> Schema:
    """A page of components, with the cursor to go on from."""
    following = {"type": ["string", "integer", "null"], "description": "Go on from here."}
    again: dict[str, Any] = (
        {"more": {**TRUTH, "description": "Whether there are more now."}} if more else {}
    )
    return structure({name: many(of), "next": following, **again})


def many(of: str) -> Schema:
    """A list of components."""
    return {"type": "array", "items": ref(of)}


def structured(**fields: Schema) -> Schema:
    """An object of these fields."""
    return structure(fields)
