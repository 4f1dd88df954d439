"""The building blocks of JSON Schemas, as OpenAPI has them."""

from typing import Any, Final

from events.vocabulary import CHANGE_KINDS as _CHANGE_KINDS

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MANY: Final[Schema] = {"type": "array", "items": {"type": "string"}}
BINARY: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
CHANGE_KINDS: Final[Schema] = {
    "type": "array",
    "items": {"type": "string", "enum": list(_CHANGE_KINDS)},
}
TRUTH: Final[Schema] = {"type": "boolean"}
ANY: Final[Schema] = {"type": "object"}
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
    again = {"more": {**TRUTH, "description": "Whether there are more now."}} if more else {}
    return structure({name: many(of), "next": following, **again})


def many(of: str) -> Schema:
    """A list of components."""
    return {"type": "array", "items": ref(of)}


def structure(properties: dict[str, Schema], description: str = "") -> Schema:
    """An object that has all of these."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {**schema, "description": description} if description else schema


def told(schema: Schema, description: str) -> Schema:
    """With what it means."""
    return {**schema, "description": description}


def or_null(schema: Schema, description: str = "") -> Schema:
    """Or null, which is told and not left out."""
    kind = schema.get("type")
    either = {**schema, "type": [kind, "null"]} if kind else {"anyOf": [schema, {"type": "null"}]}
    return {**either, "description": description} if description else either
