"""The JSON Schemas of the topics' messages, as files: what ships, is served and was promised.

`python -m service.schemas` writes `schemas/` anew. With a version behind it, it also keeps them
under `schemas/released/<version>/`: from then on, a message that a later version writes must be
one that a reader of those knows how to read.
"""

import sys
from pathlib import Path
from typing import Any, Final

from alerts import shapes as alerted
from events.kafka.topics import TOPICS
from events.models import EVENT_MODELS
from events.schema_files import SchemaFiles
from events.schemas import components, short
from projections import shapes
from projections.blocks import DIALECT, HOME, Schema, ref


def schemas() -> dict[str, Schema]:
    """By topic, the schema of the values of its messages. A tombstone has no value."""
    found = {
        "standing.events.v1": _either(
            [short(name) for name in EVENT_MODELS], components(HOME), "An event, whole."
        ),
        "standing.status.v1": _either(
            ["CompanyStanding", "CompanyMerged", "CompanyParked"],
            {**_of_standing(), **shapes.STATUS_SHAPES},
            "What is to be said of a company now.",
        ),
        "standing.changes.v1": {
            **shapes.CHANGE_MESSAGE,
            "$defs": {"FlipTold": shapes.SHAPES["FlipTold"]},
        },
        "standing.rejected.v1": shapes.REJECTED,
        "standing.claims.v1": shapes.CLAIM,
        "standing.subscriptions.v1": {**alerted.SUBSCRIPTION, "$defs": alerted.SHAPES},
        "standing.deliveries.v1": alerted.DELIVERY,
        "standing.progress.v1": _either(
            list(alerted.PROGRESS_SHAPES),
            alerted.PROGRESS_SHAPES,
            "How far everybody was told. Kept by the workers of the alerts for each other.",
        ),
    }
    return {
        topic.name: {"$schema": DIALECT, "title": topic.name, **found[topic.name]}
        for topic in TOPICS
    }


def _of_standing() -> dict[str, Schema]:
    return {name: shapes.SHAPES[name] for name in ("RestrictionTold", "RestrictionOverall")}


def _either(names: list[str], defined: dict[str, Any], description: str) -> Schema:
    return {
        "description": description,
        "anyOf": [ref(name) for name in names],
        "$defs": dict(sorted(defined.items())),
    }


FILES: Final = SchemaFiles("service", schemas)

if __name__ == "__main__":
    FILES.renew(Path(__file__), sys.argv[1:])
