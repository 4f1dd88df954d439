"""The shapes of changes as they are answered, as OpenAPI components."""

from typing import Final

from projections.blocks import ANY, TEXT, Schema, or_null, structure, told
from projections.shapes import KINDS, POSITION
from service.api.schemas import AT

_BESIDE: Final[dict[str, Schema]] = {
    "name": or_null(TEXT, "Of the company."),
    "gained": told(KINDS, "Restrictions that it brings."),
    "lost": told(KINDS, "Restrictions that it takes away."),
    "causes": told(
        {
            "type": "array",
            "items": structure(
                {
                    "event": told(TEXT, "The id of an event."),
                    "type": TEXT,
                    "text": or_null(TEXT),
                    "sources": {"type": "array", "items": ANY},
                }
            ),
        },
        "The events that it comes from, each with its first 10 sources.",
    ),
}
ANSWERS: Final[dict[str, Schema]] = {
    "Change": {
        "allOf": [
            {"$ref": AT + "ChangeTold"},
            structure({"cursor": told(TEXT, "Go on `after` it."), "position": POSITION}),
            structure(_BESIDE),
        ]
    },
}
