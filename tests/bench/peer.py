"""The peer: `eventsourcing` on SQLite, used as its documentation uses it.

It keeps one sequence of events per aggregate, here per company. It compares an event with no other
than the last of its aggregate, and has neither several times nor statuses, so the work that it is
given is less than standing's. Its connections have SQLite's own default, synchronous=FULL, and no
setting for it; another is set on each connection as it is made.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import perf_counter_ns
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteFactory

from events import vocabulary as words
from tests.bench.generate import company_id, even, events
from tests.bench.harness import Figures, Options, Stopwatch, rate, spread

_TOPIC = "tests.bench.peer:Company.Recorded"


class Company(Aggregate):
    """A company with the last word on each list: the simplest status there is."""

    @event("Opened")
    def __init__(self, company: str) -> None:
        self.company = company
        self.status: dict[str, str] = {}

    @staticmethod
    def create_id(company: str) -> UUID:
        """The aggregate's id."""
        return uuid5(NAMESPACE_URL, company)

    @event("Recorded")
    def record(self, told: dict[str, Any]) -> None:
        """Take in one event."""
        listed = told["data"].get("list")
        match told["type"]:
            case words.DESIGNATION_ISSUED:
                self.status[listed] = "designated"
            case words.REMOVAL_ISSUED:
                self.status[listed] = "removed"
            case words.INJUNCTION_GRANTED:
                self.status[listed] = "enjoined"
            case words.INJUNCTION_ENDED:
                self.status[listed] = "designated"


class _Pool(SQLiteConnectionPool):
    synchronous = "FULL"

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        connection.cursor().execute(f"PRAGMA synchronous = {self.synchronous}")
        return connection


def recorder(folder: Path, options: Options) -> Figures:
    """`insert_events` of one ready row per call: the least that the peer can do."""
    told = events(options["events"], options["companies"])
    ready = _stored((one["subject"], orjson.dumps(one)) for one in told)
    app = _application(folder / "peer.db", options["synchronous"])
    insert = app.recorder.insert_events
    insert(_stored([("warm-up", b"{}")]))
    writers = options["writers"]

    def write(number: int) -> None:
        for one in ready[number::writers]:
            insert([one])

    with ThreadPoolExecutor(writers) as pool, Stopwatch() as watch:
        if writers == 1:
            write(0)
        else:
            list(pool.map(write, range(writers)))
    app.close()
    return rate(len(ready), watch)


def save(folder: Path, options: Options) -> Figures:
    """`Application.save` after each event, or after each `batch` of one company's."""
    told = list(events(options["events"], options["companies"]))
    app = _application(folder / "peer.db", options["synchronous"])
    companies = {one["subject"]: Company(one["subject"]) for one in told}
    app.save(*companies.values())
    batch = options.get("batch", 1)
    with Stopwatch() as watch:
        for number, one in enumerate(told, 1):
            company = companies[one["subject"]]
            company.record(one)
            if number % batch == 0:
                app.save(company)
    app.close()
    return rate(len(told), watch)


def build(folder: Path, options: Options) -> Figures:
    """A store with the generated events, for `states`."""
    app = _application(folder / "peer.db", "OFF")
    _fill(app, events(options["events"], options["companies"]))
    app.close()
    return {}


def states(folder: Path, options: Options) -> Figures:
    """Every aggregate from its stored events. Nothing is written."""
    app = _application(Path(options["data"]) / "peer.db")
    with Stopwatch() as watch:
        for number in range(options["companies"]):
            app.repository.get(Company.create_id(company_id(number)))
    app.close()
    return rate(options["events"], watch)


def at_a_version(folder: Path, options: Options) -> Figures:
    """The peer's only cut-off: `repository.get(id, version=n)`."""
    told = even(options["length"])
    app = _application(folder / "peer.db", "OFF")
    _fill(app, told)
    random = Random(7)
    companies = sorted({one["subject"] for one in told})
    taken = []
    for _ in range(options["questions"]):
        key = Company.create_id(random.choice(companies))
        version = random.randint(1, options["length"])
        before = perf_counter_ns()
        app.repository.get(key, version=version)
        taken.append(perf_counter_ns() - before)
    app.close()
    return spread(taken)


def _application(path: Path, synchronous: str = "FULL") -> Application[UUID]:
    app = Application[UUID](
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    )
    assert isinstance(app.factory, SQLiteFactory)
    app.factory.datastore.pool.close()
    pool = _Pool(db_name=str(path))
    pool.synchronous = synchronous
    app.factory.datastore.pool = pool
    return app


def _stored(bodies: Iterable[tuple[str, bytes]]) -> list[StoredEvent]:
    versions: dict[UUID, int] = {}
    ready = []
    for company, body in bodies:
        key = Company.create_id(company)
        versions[key] = versions.get(key, 0) + 1
        ready.append(StoredEvent(key, versions[key], _TOPIC, body))
    return ready


def _fill(app: Application[UUID], told: Iterable[dict[str, Any]], batch: int = 1_000) -> None:
    companies: dict[str, Company] = {}
    pending: dict[str, Company] = {}
    for number, one in enumerate(told, 1):
        subject = one["subject"]
        company = companies.get(subject) or companies.setdefault(subject, Company(subject))
        company.record(one)
        pending[subject] = company
        if number % batch == 0:
            app.save(*pending.values())
            pending.clear()
    app.save(*pending.values())
