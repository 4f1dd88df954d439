"""The building blocks of JSON Schemas. References lead to `#/$defs/`; `rehomed` moves them."""

from typing import Any, Final

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
HOME: Final = "#/$defs/"
TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MANY: Final[Schema] = {"type": "array", "items": {"type": "string"}}
BINARY: Final[Schema] = {"type": "string", "contentMediaType": "application/octet-stream"}
TRUTH: Final[Schema] = {"type": "boolean"}
ANY: Final[Schema] = {"type": "object"}
NULL: Final[Schema] = {"type": "null"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}


def ref(name: str) -> Schema:
    """A shape by its name."""
    return {"$ref": HOME + name}


def array(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def structure(
    properties: dict[str, Schema], description: str = "", *, maybe: dict[str, Schema] | None = None
) -> Schema:
    """An object that has all of these, and `maybe` those."""
    together = {**properties, **(maybe or {})}
    schema = {"type": "object", "properties": together, "required": list(properties)}
    return {**schema, "description": description} if description else schema


def told(schema: Schema, description: str) -> Schema:
    """With what it means."""
    return {**schema, "description": description}


def or_null(schema: Schema, description: str = "") -> Schema:
    """Or null, which is told and not left out."""
    kind = schema.get("type")
    either: Schema = {**schema, "type": [kind, "null"]} if kind else {"anyOf": [schema, NULL]}
    if kind and "enum" in schema:
        either["enum"] = [*schema["enum"], None]
    return {**either, "description": description} if description else either


def one_of(words: tuple[str, ...]) -> Schema:
    """One of these, now and for as long as the schema has its name."""
    return {"type": "string", "enum": list(words)}


def word(known: tuple[str, ...]) -> Schema:
    """A word of a vocabulary that may grow: those known now are named, and a reader must be ready
    for others."""
    return {"anyOf": [{"enum": list(known)}, TEXT]}


def rehomed(schema: Any, home: str) -> Any:
    """The same schema, its references leading elsewhere."""
    if isinstance(schema, list):
        return [rehomed(one, home) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: home + value.removeprefix(HOME) if key == "$ref" else rehomed(value, home)
        for key, value in schema.items()
    }
