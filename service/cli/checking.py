"""What `standing doctor` looks at. Every check says what it found, also where all is well."""

import asyncio
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

from events.errors import StandingError
from events.kafka.connection import Connection
from events.lists import Registry, load_registry
from service.cli.logs import quietly
from service.compose import Embedded, Standing, opened, opened_embedded
from service.freshness import WATCHING, freshness
from service.settings import Settings, load_settings

_LITTLE: Final = 1_000_000_000
"""With less space than this, in bytes, a rebuild may not find room."""
_OLD_SQLITE: Final = (3, 38, 0)


def examined() -> dict[str, Any]:
    """The settings and the checks. Raises `Refused` where the settings themselves are wrong."""
    settings = load_settings()
    return {
        "settings": settings.shown(),
        "checks": [
            {"check": name, "ok": ok, "found": found} for name, ok, found in _checks(settings)
        ],
    }


def _checks(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    yield "standing", True, version("standing")
    yield "python", True, platform.python_version()
    newer = sqlite3.sqlite_version_info >= _OLD_SQLITE
    yield "sqlite", newer, sqlite3.sqlite_version
    place = "store" if settings.kafka is None else "kafka"
    try:
        if settings.kafka is not None:
            yield from _of_kafka(settings, settings.kafka)
            return
        with opened_embedded(settings) as standing:
            yield from _of_store(standing)
    except StandingError as error:
        yield place, False, str(error)


def _of_kafka(settings: Settings, connection: Connection) -> Iterator[tuple[str, bool, str]]:
    yield _of_lists(load_registry(settings.lists))
    with quietly():
        yield "kafka", True, asyncio.run(_end_of_log(connection))
        with opened(settings) as standing:
            yield from _of_replica(standing)


def _of_replica(standing: Standing) -> Iterator[tuple[str, bool, str]]:
    """What was read of the log into this home, which is up to its end now."""
    free = shutil.disk_usage(standing.settings.home).free
    yield "disk", free > _LITTLE, f"{_size(free)} free in {standing.settings.home}"
    trouble = standing.trouble()
    found = f"{standing.partitions} partitions, at {standing.end()}"
    yield "replica", trouble is None, f"{found}; {trouble}" if trouble else found
    stores = standing.store()
    try:
        yield _parked(stores.parked())
    finally:
        stores.close()
    yield _of_sources(standing)


def _parked(parked: dict[str, str], more: str = "") -> tuple[str, bool, str]:
    names = "; ".join(f"{company}: {why}" for company, why in list(parked.items())[:3])
    return "parked", not parked, f"{len(parked)} companies {names}".strip() + more


async def _end_of_log(connection: Connection) -> str:
    from events.kafka.log import KafkaEventLog
    from events.kafka.topics import EVENTS

    log = KafkaEventLog(connection)
    try:
        return f"{EVENTS.name} ends at {await log.ends()}"
    finally:
        await log.close()


def _of_lists(registry: Registry) -> tuple[str, bool, str]:
    return "lists", True, f"{len(list(registry))}, rules {registry.digest[:12]}"


def _of_store(standing: Embedded) -> Iterator[tuple[str, bool, str]]:
    free = shutil.disk_usage(standing.settings.home).free
    yield "disk", free > _LITTLE, f"{_size(free)} free in {standing.settings.home}"
    yield _of_lists(standing.registry)
    end = standing.log.end()
    healthy, said = _sound(standing)
    yield "log", healthy, f"{'empty' if end < 0 else f'ends at 0:{end}'}; {said}"
    (store,) = standing.store().stores
    try:
        at = store.mark.position
        lag = end - at
        yield "projection", True, _progress(at, lag)
        digest = store.meta("registry")
        fresh = digest in (None, standing.registry.digest)
        yield "rules", True, "as projected" if fresh else "new: folded again at the next start"
        unknown = f"; not known of the {lag:,} events that are not projected yet" if lag else ""
        yield _parked(store.parked(), unknown)
    finally:
        store.close()
    yield _of_sources(standing)
    yield from _of_alerts(standing)


def _of_sources(standing: Standing) -> tuple[str, bool, str]:
    """Whether what was read of the lists is fresh, and whether their sources can be had."""
    from service.watching import Notebook

    stale = [f"{one.list} was last read {one.checked}" for one in freshness(standing) if one.stale]
    wrong = [*stale, *Notebook(standing.settings.home / WATCHING).troubles()]
    return "sources", not wrong, "; ".join(wrong) or "none is stale"


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def _progress(at: int, lag: int) -> str:
    place = "nothing projected yet" if at < 0 else f"at 0:{at}"
    if not lag:
        return place if at < 0 else f"{place}, nothing behind"
    return f"{place}, {lag:,} behind the log; a service, or a command that asks, folds the rest"


def _sound(standing: Embedded) -> tuple[bool, str]:
    """The quick check of SQLite's own; on a large log it takes a while."""
    db = sqlite3.connect(f"file:{standing.settings.home / 'log.db'}?mode=ro", uri=True)
    try:
        found = [row[0] for row in db.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        return False, str(error)
    finally:
        db.close()
    return found == ["ok"], "sound" if found == ["ok"] else "; ".join(found)


def _of_alerts(standing: Embedded) -> Iterator[tuple[str, bool, str]]:
    if not (standing.settings.home / "alerts.db").exists():
        yield "alerts", True, "no subscription yet"
        return
    from alerts.store import AlertStore

    store = AlertStore(standing.settings.home / "alerts.db")
    try:
        states = [one.subscription.state for one in store.readers().values()]
    finally:
        store.close()
    bad = states.count("failing") + states.count("disabled")
    yield "alerts", not bad, f"{len(states)} subscriptions, {bad} failing or disabled"
