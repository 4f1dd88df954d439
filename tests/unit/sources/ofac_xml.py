"""Publications in OFAC's XML formats, made up, and the real one that the tests read."""

import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import cramjam

from events.sources.source import Part

DATA = Path(__file__).parents[2] / "data" / "ofac_enhanced"
ENHANCED = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ENHANCED_XML"
DELTA = "https://www.treasury.gov/ofac/DeltaFile/1.0"


def real(name: str) -> bytes:
    """A real file."""
    return bytes(cramjam.zstd.decompress((DATA / f"{name}.zst").read_bytes()))


def part(content: bytes, name: str = "CONS_ENHANCED.XML") -> Part:
    """A file in memory."""
    return Part(name, partial[BinaryIO](io.BytesIO, content))


def whole(
    *entities: str, lists: Iterable[str] = ("Consolidated List",), as_of: str = "2025-01-10"
) -> bytes:
    """A file in the enhanced format, of these lists."""
    named = "".join(f'<sanctionsList refId="1">{one}</sanctionsList>' for one in lists)
    filters = f"<filters><sanctionsLists>{named}</sanctionsLists></filters>" if named else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<sanctionsData xmlns="{ENHANCED}">'
        f"<publicationInfo><dataAsOf>{as_of}T00:00:00</dataAsOf>{filters}</publicationInfo>"
        "<referenceValues><referenceValue><type>COUNTRY</type></referenceValue></referenceValues>\n"
        f"<entities>{''.join(entities)}</entities></sanctionsData>"
    ).encode()


def delta(*entities: str, published: str = "2025-01-13T00:00:00-05:00") -> bytes:
    """A delta."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<sanctionsData xmlns="{DELTA}">'
        f"<publicationInfo><datePublished>{published}</datePublished>"
        "<publicationType>Standard Action</publicationType></publicationInfo>\n"
        f"<entities>{''.join(entities)}</entities></sanctionsData>"
    ).encode()


def entity(
    key: str,
    primary: str = "ACME TRADING",
    *parts: str,
    kind: str = "Entity",
    lists: Iterable[tuple[str, str]] = (("Non-SDN CMIC List", "2021-06-03"),),
    programmes: Iterable[str] = ("CMIC-EO13959",),
    action: str = "",
) -> str:
    """An entry; `parts` are further sections of it."""
    on = "".join(
        f'<sanctionsList datePublished="{day}">{one}</sanctionsList>' for one, day in lists
    )
    under = "".join(f"<sanctionsProgram>{one}</sanctionsProgram>" for one in programmes)
    said = f' action="{action}"' if action else ""
    return (
        f'<entity id="{key}"{said}>\n<generalInfo><entityType>{kind}</entityType></generalInfo>'
        f"<sanctionsLists>{on}</sanctionsLists><sanctionsPrograms>{under}</sanctionsPrograms>"
        f"<names>{name(primary, first=True)}</names>{''.join(parts)}</entity>\n"
    )


def name(full: str, *, first: bool = False, attributes: str = "") -> str:
    """A name, in one script."""
    return (
        f"<name {attributes}><isPrimary>{str(first).lower()}</isPrimary><translations><translation>"
        f"<isPrimary>true</isPrimary><script>Latin</script><formattedFullName>{full}"
        "</formattedFullName></translation></translations></name>"
    )


def features(*told: tuple[str, str], day: str = "", attributes: str = "") -> str:
    """Features, with a value each; `day` is that of them all."""
    dated = (
        f"<valueDate><fromDateBegin>{day}</fromDateBegin><toDateEnd>{day}</toDateEnd></valueDate>"
    )
    return "".join(
        f"<feature {attributes}><type>{kind}</type><value>{value}</value>"
        f"{dated if day else ''}</feature>"
        for kind, value in told
    )
