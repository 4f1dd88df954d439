"""How people are told what messages and answers say in the field's terms. Pure."""

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

STATUS: Final = {
    "designated": "designated",
    "enjoined": "enjoined",
    "scheduled": "scheduled",
    "removed": "removed",
    "not_listed": "not listed",
}
RESTRICTION: Final = {
    "investment.purchase": "Its securities may not be bought",
    "investment.sale": "Its securities may not be sold",
    "investment.hold": "Its securities may not be held",
    "export.license": "Exports to it need a licence",
    "export.statement": "Exports to it need a statement",
    "export.denied": "It may not take part in exports",
    "procurement.direct": "Government may not buy from it",
    "procurement.indirect": "Government may not buy what contains its goods or services",
    "property.blocked": "Its property is blocked",
    "debt-equity": "Dealing in its new debt or equity is restricted",
    "correspondent-account": "Its correspondent accounts are restricted",
    "other": "Other restrictions",
}
EVENT: Final = {
    "standing.company.described": "Described",
    "standing.company.merged": "Merged",
    "standing.designation.issued": "Designated",
    "standing.designation.amended": "Designation amended",
    "standing.injunction.granted": "Injunction granted",
    "standing.injunction.ended": "Injunction ended",
    "standing.removal.announced": "Removal announced",
    "standing.removal.issued": "Removed",
    "standing.note.recorded": "Note",
    "standing.event.retracted": "Retraction",
}
HOW: Final = {
    "delisted": "delisted by the agency",
    "vacated": "vacated by a court",
    "revoked": "revoked",
    "expired": "expired",
    "superseded": "superseded",
    "list_terminated": "the list itself ended",
}


def when(text: str | None) -> str:
    """A moment as people write it: the date alone where it is the beginning or the end of a day."""
    if not text:
        return "—"
    if "T" not in text:
        return text
    moment = datetime.fromisoformat(text)
    day = f"{moment.day} {moment:%b %Y}"
    if (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        return day
    if moment.timetz().isoformat().startswith("23:59:59.999999"):
        return f"end of {day}"
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    return f"{day}, {clock} UTC{text[-6:] if moment.utcoffset() else ''}"


def link(url: str | None) -> str | None:
    """An address to click on; None for what is no web address, whoever wrote it."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None
