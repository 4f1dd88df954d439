"""The door: from what a caller sends to an event that may enter the log, or a clear refusal.

Strict here, tolerant in the log: what stands in the log was once admitted, perhaps by a later
version.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from events import vocabulary as words
from events.admitted import DEFAULT_SOURCE, Admitted
from events.dates import UTC_ZONE, last, start
from events.errors import Problem, Refused
from events.ids import fact_id
from events.lists import Registry
from events.models import COMPANY_ID, DATA_MODELS, EVENT_MODELS

_TIMED: Final = frozenset({words.DESIGNATION_ISSUED, words.DESIGNATION_AMENDED})
_DESCRIBES: Final = ("name", "aliases", "country", "kind", "identifiers", "website")
_SUBJECTS: Final = {words.LIST_CHECKED: "list", words.TIME_PASSED: "clock"}
_COMPANY_ID: Final = re.compile(COMPANY_ID)


def admit(raw: Any, registry: Registry) -> Admitted:
    """Check one event and fill in what a caller may leave out. Raises `Refused` by field."""
    if not isinstance(raw, dict):
        raise Refused.field("", "an event is a JSON object with type, subject and data")
    event_type = raw.get("type")
    model = EVENT_MODELS.get(event_type) if isinstance(event_type, str) else None
    if model is None or not isinstance(event_type, str):
        raise Refused.field("type", _unknown_type(event_type))
    try:
        model.model_validate(raw)
    except ValidationError as error:
        raise Refused(*_problems(error)) from None
    data = {key: value for key, value in raw["data"].items() if value is not None}
    subject = raw["subject"]
    _check_subject(event_type, subject, registry)
    _check_data(event_type, subject, data, registry)
    fingerprint = fact_id(event_type, subject, data)
    event = {
        "specversion": "1.0",
        "id": raw.get("id") or fingerprint,
        "source": raw.get("source") or DEFAULT_SOURCE,
        **{key: value for key, value in raw.items() if value is not None and key not in _FILLED},
        "data": data,
    }
    return Admitted.of(event, fingerprint)


_FILLED: Final = frozenset({"specversion", "id", "source", "data"})


def _unknown_type(given: Any) -> str:
    if given is None:
        return f"missing; one of {', '.join(DATA_MODELS)}"
    near = get_close_matches(str(given), DATA_MODELS, n=1)
    known = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(DATA_MODELS)}"
    return f"unknown type {given!r}; {known}"


def _problems(error: ValidationError) -> list[Problem]:
    """One problem a field, in words that say what to write."""
    found: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"] if not _is_a_branch(part))
        if field.startswith("data.scope"):
            field = "data.scope"
        found.setdefault(field, Problem(field, _detail(field, item)[:300]))
    return list(found.values())


def _detail(field: str, item: ErrorDetails) -> str:
    kind, given = item["type"], item["input"]
    if field == "data.scope" and kind != "missing":
        kinds = ", ".join(words.RESTRICTION_KINDS)
        return f"{given!r} is neither 'all' nor a list of restriction kinds ({kinds})"
    if kind in _SAID:
        return _SAID[kind]
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind in ("too_long", "string_too_long"):
        return f"too long: at most {item['ctx']['max_length']:,}"
    needed = item["msg"]
    if kind == "string_pattern_mismatch":
        needed = _PATTERNS.get(field, "text without control characters is needed")
    elif kind == "literal_error":
        needed = f"{item['ctx']['expected']} is needed"
    elif kind == "string_type":
        return f"text is needed, not {given!r}; put it in quotes"
    return f"{needed}, not {given!r}"


_SAID: Final = {
    "extra_forbidden": "unknown field",
    "missing": "missing",
    "too_short": "empty; leave it out, or say something",
    "string_too_short": "empty; leave it out, or say something",
}
_ID: Final = "an id of lower-case letters, digits and hyphens is needed"
_EVENT_ID: Final = "an id without spaces, of printable ASCII characters, is needed"
_PATTERNS: Final = {
    "data.country": "a country code of two capital letters such as CN is needed",
    "data.list": _ID,
    "data.into": _ID,
    "data.sha256": "64 hexadecimal digits are needed",
    "data.replaces": _EVENT_ID,
    "data.event": _EVENT_ID,
    "data.about": _EVENT_ID,
    "id": _EVENT_ID,
}


def _is_a_branch(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part == "constrained-str")


def _check_subject(event_type: str, subject: str, registry: Registry) -> None:
    match _SUBJECTS.get(event_type):
        case "list":
            if not subject.startswith(words.LIST_SUBJECT_PREFIX):
                raise Refused.field("subject", f"{subject!r} should be list:<id>")
            registry.require(subject.removeprefix(words.LIST_SUBJECT_PREFIX), "subject")
        case "clock":
            if subject != words.CLOCK_SUBJECT:
                raise Refused.field("subject", f"{subject!r} should be {words.CLOCK_SUBJECT!r}")
        case _:
            if subject == words.CLOCK_SUBJECT:
                raise Refused.field("subject", f"{subject!r} is the alarm's own, and no company")
            if not _COMPANY_ID.fullmatch(subject):
                raise Refused.field(
                    "subject",
                    f"{subject!r} is no company id: lower-case letters, digits and hyphens, at "
                    "most 128, beginning with a letter or digit",
                )


def _check_data(event_type: str, subject: str, data: Mapping[str, Any], registry: Registry) -> None:
    info = registry.require(data["list"], "data.list") if "list" in data else None
    zone = info.zone if info else UTC_ZONE
    if "correction_announced" in data and not (
        "replaces" in data or event_type == words.EVENT_RETRACTED
    ):
        raise Refused.field("data.correction_announced", "only a retraction or replacement has it")
    if event_type == words.MERGED and data["into"] in (subject, words.CLOCK_SUBJECT):
        raise Refused.field("data.into", "another company is needed")
    if event_type == words.DESCRIBED and not data.keys() & set(_DESCRIBES):
        raise Refused.field("data", f"describes nothing; give one of {', '.join(_DESCRIBES)}")
    if "expires" in data:
        latest = last if event_type in _TIMED else start
        if start(data["effective"], zone) > latest(data["expires"], zone):
            raise Refused.field(
                "data.expires", f"{data['expires']} is before effective {data['effective']}"
            )
    for number, restriction in enumerate(data.get("restrictions", ())):
        begins, ends = restriction.get("from"), restriction.get("until")
        if begins and ends and start(begins, zone) > last(ends, zone):
            raise Refused.field(
                f"data.restrictions.{number}.until", f"{ends} is before from {begins}"
            )
