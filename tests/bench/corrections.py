"""Corrections of one company's past, in random order, projected as they come."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

from events import vocabulary as words
from events.admitted import Admitted
from events.door import admit
from events.lists import load_registry
from projections.projector import Projector
from tests.bench.generate import FIRST
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.bench.logs import at

COMPANY = "corrected"
_LISTS = ("us-ofac-sdn", "us-bis-entity-list", "us-ofac-ns-cmic", "us-dod-1260h", "us-dod-ccmc")
_MINUTES = 2_800 * 1_440


def mixed(number: int, lists: int) -> list[Admitted]:
    """Designations, removals and injunctions at random moments of eight years."""
    random = Random(4)
    kinds = ("issued",) * 4 + ("removed",) * 3 + ("granted",) * 2 + ("ended",)
    return [
        _event(random.choice(kinds), random, random.choice(_LISTS[:lists])) for _ in range(number)
    ]


def keyed(number: int, lists: int) -> list[Admitted]:
    """The same over fifty listings, each under a reference of its own."""
    random = Random(5)
    return [
        _event(
            random.choice(("issued", "removed")),
            random,
            random.choice(_LISTS[:lists]),
            reference={"scheme": "uid", "id": str(random.randrange(50))},
        )
        for _ in range(number)
    ]


def replaced(number: int, lists: int) -> list[Admitted]:
    """A tenth stands first; the others each take back one that still counts and replace it, or,
    one time in four, retract it and tell another."""
    random = Random(6)
    told = [
        _event(random.choice(("issued", "removed")), random, random.choice(_LISTS[:lists]))
        for _ in range(number // 10)
    ]
    alive = list(told)
    while len(told) < number:
        place = random.randrange(len(alive))
        target = alive[place]
        listed = target.event["data"]["list"]
        kind = random.choice(("issued", "removed"))
        if random.random() < 0.25:
            data = {"event": target.id, "reason": "misread"}
            told.append(_admitted(words.EVENT_RETRACTED, data))
            alive[place] = _event(kind, random, listed)
        else:
            alive[place] = _event(kind, random, listed, replaces=target.id)
        told.append(alive[place])
    return told[:number]


WAYS = {"mixed": mixed, "keyed": keyed, "replaced": replaced}


def standing(folder: Path, options: Options) -> Figures:
    """Append a batch, project it, and so on to the end, as a service does under load."""
    ready = WAYS[options["way"]](options["events"], options["lists"])
    there = at(folder)
    batch = options["batch"]
    folding = Stopwatch()

    async def work(projector: Projector) -> None:
        for first in range(0, len(ready), batch):
            await there.log.append(ready[first : first + batch])
            with folding:
                await projector.catch_up()

    with there.projecting() as (store, projector):
        with Stopwatch() as watch:
            asyncio.run(work(projector))
        assert projector.position == there.log.end()
        assert not projector.parked
        changes = store.counts()["changes"]
    there.close()
    return {**rate(len(ready), watch), "folding": folding.seconds, "changes": changes}


def _event(kind: str, random: Random, listed: str, **more: Any) -> Admitted:
    data: dict[str, Any] = {"list": listed, "effective": _moment(random), **more}
    if random.random() < 0.3:
        data["announced"] = data["effective"]
    match kind:
        case "issued":
            return _admitted(words.DESIGNATION_ISSUED, {**data, "basis": "E.O. 13959"})
        case "removed":
            return _admitted(words.REMOVAL_ISSUED, {**data, "how": "delisted"})
        case "granted":
            docket = f"1:21-cv-{random.randrange(20):05d}"
            data |= {"form": "preliminary", "scope": "all", "docket": docket}
            return _admitted(words.INJUNCTION_GRANTED, data)
    return _admitted(words.INJUNCTION_ENDED, {**data, "how": "dissolved"})


def _moment(random: Random) -> str:
    day, minute = divmod(random.randrange(_MINUTES), 1_440)
    date = FIRST.fromordinal(FIRST.toordinal() + day)
    return f"{date}T{minute // 60:02d}:{minute % 60:02d}:{random.randrange(60):02d}Z"


def _admitted(event_type: str, data: dict[str, Any]) -> Admitted:
    return admit({"type": event_type, "subject": COMPANY, "data": data}, load_registry())


def measure(bench: Bench) -> None:
    """Each way of correcting, beside the peer's appending."""
    common: Options = {"events": bench.args.events, "batch": bench.args.batch}
    alone = {**common, "companies": 1, "synchronous": "FULL"}
    base = Contender("eventsourcing, appended, nothing corrected", "tests.bench.peer:save", alone)
    found = [
        Contender(
            f"standing, {about}",
            "tests.bench.corrections:standing",
            {**common, "way": way, "lists": lists},
        )
        for about, way, lists in (
            ("random dates, five lists", "mixed", 5),
            ("random dates, one list", "mixed", 1),
            ("fifty references, one list", "keyed", 1),
            ("replaced and retracted, five lists", "replaced", 5),
            ("replaced and retracted, one list", "replaced", 1),
        )
    ]
    bench.interleave([base, *found])
    print(f"\n{common['events']:,} corrections of one company, {common['batch']} at a time")
    table([base, *found], base, "events", ">= 2,000 events/s on average")
    for one in found:
        share = one.of("folding") / one.of("seconds")
        print(f"  {one.name}: {share:.0%} of the time projecting, {one.of('changes'):,.0f} changes")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.corrections", __doc__)
    bench.option("events", 10_000, "corrections per round")
    bench.option("batch", 100, "corrections appended and projected together")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
