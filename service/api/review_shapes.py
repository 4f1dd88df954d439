"""The shapes of what is asked of a person, and decided, as OpenAPI components."""

from typing import Final

from projections.blocks import ANY, MANY, TEXT, Schema, or_null, structure, told

_EVENT_ID: Final = told(TEXT, "The id of an event.")
_QUESTION: Final[dict[str, Schema]] = {
    "id": TEXT,
    "kind": told(
        TEXT, "`still-shown`, `relisted`, `identifier`, `name` or `proposal`; there may be others."
    ),
    "score": told({"type": "number"}, "How much speaks for it, from 0 to 1."),
    "text": TEXT,
    "sides": told(
        MANY,
        "Companies; the one that is known longer first. Of a proposal, those "
        "that its document names.",
    ),
}

ANSWERS: Final[dict[str, Schema]] = {
    "Question": structure(_QUESTION),
    "QuestionWithSides": structure(
        {
            **_QUESTION,
            "sides": told({"type": "array", "items": ANY}, "Who each is, and how it stands."),
            "decision": or_null(
                structure(
                    {
                        "question": TEXT,
                        "verdict": {"enum": ["accepted", "refused"]},
                        "event": _EVENT_ID,
                        "subject": TEXT,
                        "by": TEXT,
                        "why": TEXT,
                    }
                )
            ),
        }
    ),
    "DecisionRequest": {
        "type": "object",
        "properties": {
            "verdict": {"enum": ["accepted", "refused", "undone"]},
            "by": told(TEXT, "Who decides."),
            "why": TEXT,
            "into": told(TEXT, "Which of the two the other counts for; by default the older."),
            "companies": told(MANY, "Of a proposal: whom it is about, by id or by a name."),
            "new_companies": told(MANY, "And companies that are not known yet, by their names."),
        },
        "required": ["verdict", "by", "why"],
    },
}
