"""A slow, literal reading of the status rules, for tests to hold the real fold against.

It shares no code with the packages, dates included, and folds the whole history anew for every
instant it looks at. In the order of the rules: cut by `known_at`, drop what is retracted, follow
merges, cut by `announced_by`, walk the effective axis. Instants are microseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Reference = tuple[str, str] | None
# When, then what decides between equals (rank, stated announced, id), and the event's data.
Step = tuple[int, int, int, str, Json]

# What happens at one instant happens in this order; what runs out goes before all of it.
ORDER = ["announcement", "injunction.ended", "removal.issued", "designation.issued"]
ORDER += ["designation.amended", "injunction.granted", "removal.announced"]
ALWAYS, NEVER = -(2**63), 2**63


@dataclass(frozen=True)
class Dates:
    """Reads dates as written, in one time zone."""

    zone: str

    def instant(self, moment: datetime) -> int:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zone))
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def period(self, text: str) -> tuple[int, int]:
        """The half-open [start, end) of a date; of an exact time, that time twice."""
        if "T" in text:
            at = self.instant(datetime.fromisoformat(text))
            return at, at
        dashes = text.count("-")
        first = datetime.fromisoformat(text + ("-01-01", "-01", "")[dashes])
        following = first + timedelta(days=(366, 31, 1)[dashes])
        if dashes < 2:
            following = following.replace(day=1, month=following.month if dashes else 1)
        return self.instant(first), self.instant(following)

    def begin(self, text: str | None) -> int | None:
        return None if text is None else self.period(text)[0]

    def stop(self, text: str | None) -> int | None:
        """The first instant at which what holds through `text` holds no more."""
        return None if text is None else self.period(text)[1]

    def public(self, text: str | None) -> int | None:
        """The last microsecond of the period: in doubt nothing is known early."""
        return None if text is None else max(self.period(text)[0], self.period(text)[1] - 1)

    def effective_and_announced(self, event: Json, recorded: int) -> tuple[int | None, int]:
        """Not stated, it is announced when it takes effect or when it was first recorded."""
        effective = self.begin(event["data"].get("effective"))
        stated = self.public(event["data"].get("announced"))
        first = min(self.begin(event.get("origintime")) or recorded, recorded)
        default = first if effective is None else min(effective, first)
        return effective, default if stated is None else stated

    def start(self, term: Json, opened: int) -> int:
        """When a restriction begins under a listing opened then: the latest of its conditions."""
        starts = [opened, self.begin(term.get("not_before")), self.begin(term.get("from"))]
        if term.get("after") is not None:
            listed = datetime.fromtimestamp(opened // 1_000_000, ZoneInfo(self.zone)).date()
            day = listed + timedelta(days=term["after"])
            hour = time.fromisoformat(term.get("at") or "00:00")
            starts.append(self.instant(datetime.combine(day, hour)))
        return max(start for start in starts if start is not None)


def verdicts_on(events: list[Json]) -> dict[str, bool]:
    """Whether each event stands (True) or is retracted (False); absent: it is in a cycle.

    An event is retracted if a retraction of it stands, and stands if none of them does. Said
    again and again until nothing more follows, this leaves just the cycles that no retraction
    from outside breaks.
    """
    subjects = {event["id"]: event["subject"] for event in events}
    against: dict[str, list[str]] = {id_: [] for id_ in subjects}
    for event in events:
        names = "event" if event["type"] == "standing.event.retracted" else "replaces"
        target = event["data"].get(names)
        if subjects.get(target) == event["subject"]:
            against[target].append(event["id"])
    verdicts: dict[str, bool] = {}
    settled = -1
    while settled < len(verdicts):
        settled = len(verdicts)
        for id_, retractions in against.items():
            if any(verdicts.get(one) is True for one in retractions):
                verdicts[id_] = False
            elif all(verdicts.get(one) is False for one in retractions):
                verdicts[id_] = True
    return verdicts


def end_of(into: dict[str, str], company: str) -> str:
    return end_of(into, into[company]) if company in into else company


def merges(standing: Iterable[Json]) -> dict[str, str]:
    """Each company merged away, with what it was merged into; a merge closing a ring is none."""
    into: dict[str, str] = {}
    for event in standing:
        if event["type"] == "standing.company.merged":
            rest = {old: new for old, new in into.items() if old != event["subject"]}
            if end_of(rest, event["data"]["into"]) != event["subject"]:
                into = {**rest, event["subject"]: event["data"]["into"]}
    return into


def reference(data: Json) -> Reference:
    given = data.get("reference")
    return None if given is None else (given["scheme"], given["id"])


def past(end: int | None, now: int) -> bool:
    return end is not None and end <= now


@dataclass
class Listing:
    """An open listing and its terms now."""

    opened: int
    expires: int | None
    terms: list[Json]


@dataclass
class State:
    """One company on one list at one instant.

    `active` and `waiting` are grants by key; `coming` are designations by id, announced, not yet
    in effect and not called off.
    """

    dates: Dates
    rules: list[Json]
    listings: dict[Reference, Listing] = field(default_factory=dict)
    active: dict[str, Json] = field(default_factory=dict)
    waiting: dict[str, Json] = field(default_factory=dict)
    coming: dict[str, Json] = field(default_factory=dict)
    called_off: set[str] = field(default_factory=set)
    anomalies: set[str] = field(default_factory=set)
    removed: bool = False
    how: str | None = None
    episode: int = 0
    pending_removal: bool = False

    def status(self) -> str:
        if self.listings:
            enjoined = any(grant["scope"] == "all" for grant in self.active.values())
            return "enjoined" if enjoined else "designated"
        if self.removed:
            return "removed"
        return "scheduled" if self.coming else "not_listed"

    def restrictions(self, now: int) -> tuple[list[str], list[str]]:
        """The kinds in force, and those that what is open or announced is still to bring."""
        begun: list[Json] = []
        ahead: list[Json] = []
        for listing in self.listings.values():
            for term in listing.terms:
                (begun if self.dates.start(term, listing.opened) <= now else ahead).append(term)
        for data in self.coming.values():
            # What it brings cannot begin before it does, so all of that is ahead. A renewal with
            # no restrictions of its own leaves the open listing's, which are there already.
            if "restrictions" in data or reference(data) not in self.listings:
                ahead += data.get("restrictions", self.rules)
        scopes = [grant["scope"] for grant in self.active.values()]

        def free(terms: list[Json]) -> set[str]:
            kinds = {t["kind"] for t in terms if not past(self.dates.stop(t.get("until")), now)}
            return {kind for kind in kinds if not any(s == "all" or kind in s for s in scopes)}

        return sorted(free(begun)), sorted(free(ahead) - free(begun))

    def run_out(self, now: int) -> None:
        """In doubt nothing is freed early: an injunction runs out early, a listing late."""
        for pool in (self.active, self.waiting):
            for key, grant in list(pool.items()):
                if past(self.dates.begin(grant.get("expires")), now):
                    del pool[key]
        self.close([one for one, lst in self.listings.items() if past(lst.expires, now)], "expired")

    def close(self, references: list[Reference], how: str | None) -> None:
        for one in references:
            del self.listings[one]
        if references and not self.listings:
            self.active.clear()
            self.pending_removal = False
            self.removed, self.how = True, how

    def apply(self, at: int, what: str, id_: str, data: Json) -> None:
        match what:
            case "announcement":
                self.coming[id_] = data
            case "injunction.ended":
                self.end(id_, data.get("injunction"))
            case "removal.issued":
                self.remove(id_, reference(data), data.get("how"))
            case "designation.issued":
                self.designate(at, id_, data)
            case "designation.amended" if reference(data) in self.listings:
                listing = self.listings[reference(data)]
                listing.expires = self.dates.stop(data.get("expires")) or listing.expires
                listing.terms = data.get("restrictions", listing.terms)
            case "injunction.granted" if self.listings or self.coming:
                key = data.get("injunction") or data.get("docket") or id_
                (self.active if self.listings else self.waiting)[key] = data
            case "removal.announced" if self.listings:
                self.pending_removal = True
            case _:
                self.anomalies.add(id_)

    def end(self, id_: str, given: str | None) -> None:
        keys = [key for key in (*self.active, *self.waiting) if given in (None, key)]
        for key in keys:
            (self.active if key in self.active else self.waiting).pop(key)
        if not keys:
            self.anomalies.add(id_)

    def remove(self, id_: str, meant: Reference, how: str | None) -> None:
        ends = [one for one in self.listings if meant in (None, one)]
        never = [one for one, data in self.coming.items() if meant in (None, reference(data))]
        if ends:
            self.close(ends, how)
        elif never:
            self.called_off.update(never)
            self.coming = {one: data for one, data in self.coming.items() if one not in never}
        else:
            self.anomalies.add(id_)
            if not (self.episode or self.coming or self.called_off or self.removed):
                self.removed, self.how = True, how

    def designate(self, at: int, id_: str, data: Json) -> None:
        if id_ in self.called_off:
            return
        self.coming.pop(id_, None)
        expires = self.dates.stop(data.get("expires"))
        listing = self.listings.get(reference(data))
        if listing is None:
            if not self.listings:
                self.episode += 1
                self.active, self.waiting = self.waiting, {}
            terms = data.get("restrictions", self.rules)
            self.listings[reference(data)] = Listing(at, expires, terms)
            return
        self.anomalies.add(id_)
        open_ended = listing.expires is None or expires is None
        listing.expires = None if open_ended else max(listing.expires or 0, expires or 0)
        listing.terms = data.get("restrictions", listing.terms)


def state_at(now: int, steps: list[Step], dates: Dates, rules: list[Json]) -> State:
    state = State(dates, rules)
    for at, rank, _, id_, data in sorted(steps, key=lambda step: step[:4]):
        if at <= now:
            state.run_out(at)
            state.apply(at, ORDER[rank], id_, data)
            state.run_out(at)
    state.run_out(now)
    return state


def turning_points(steps: list[Step], dates: Dates, rules: list[Json]) -> list[int]:
    """Every instant at which anything could change; more than needed does no harm."""
    points: set[int | None] = {step[0] for step in steps}
    terms = list(rules)
    for data in [step[4] for step in steps]:
        points |= {dates.begin(data.get("expires")), dates.stop(data.get("expires"))}
        terms += data.get("restrictions", ())
    for term in terms:
        points |= {dates.start(term, step[0]) for step in steps} | {dates.stop(term.get("until"))}
    return sorted(point for point in points if point is not None)


def told(steps: list[Step], dates: Dates, rules: list[Json], as_of: int) -> Json:
    """What holds at `as_of`, the run of its status, and the next flip."""

    def look(now: int) -> Json:
        state = state_at(now, steps, dates, rules)
        return {"at": now, "status": state.status(), "restrictions": state.restrictions(now)[0]}

    state, now = state_at(as_of, steps, dates, rules), look(as_of)
    looks = [look(point) for point in turning_points(steps, dates, rules)]
    since, before = None, "not_listed"
    for one in [one for one in looks if one["at"] <= as_of]:
        since, before = since if one["status"] == before else one["at"], one["status"]
    later = [one for one in looks if one["at"] > as_of]
    return {
        "status": now["status"],
        "how": state.how if now["status"] == "removed" else None,
        "since": since,
        "until": next((one["at"] for one in later if one["status"] != now["status"]), None),
        "episode": state.episode,
        "restrictions": now["restrictions"],
        "upcoming": state.restrictions(as_of)[1],
        "pending_removal": state.pending_removal,
        "anomalies": sorted(state.anomalies),
        "next": next((one for one in later if one != {**now, "at": one["at"]}), None),
    }


def known_by(
    records: list[tuple[int, int, Json]], lists: Json, known_at: int | tuple[str, int] | None
) -> list[tuple[int, Dates, Json]]:
    """What the log had by then; of several events with one id, the first."""
    known: dict[str, tuple[int, Dates, Json]] = {}
    for offset, recorded, event in records:
        place, cut = (offset, known_at[1]) if isinstance(known_at, tuple) else (recorded, known_at)
        if cut is None or place <= cut:
            dates = Dates(lists.get(event["data"].get("list"), {"zone": "UTC"})["zone"])
            known.setdefault(event["id"], (recorded, dates, event))
    return list(known.values())


def answer(
    records: list[tuple[int, int, Json]],
    lists: Json,
    company: str,
    list_id: str,
    *,
    as_of: int,
    announced_by: int | None = None,
    known_at: int | tuple[str, int] | None = None,
) -> Json | None:
    """What the rules say of a company on a list, or None where no event on that list counts.

    `records` are (offset, recorded, event) in log order; the cut-offs are inclusive instants, or
    for `known_at` also ("offset", n). A company that was merged away has no events of its own.
    Notes are context and do not count. What takes something back in a cycle takes nothing
    back, and is an anomaly: on the list that it names, or else on every list of the company.
    """
    latest = NEVER if announced_by is None else announced_by
    known = [
        (recorded, dates, event)
        for recorded, dates, event in known_by(records, lists, known_at)
        if (dates.public(event["data"].get("correction_announced")) or ALWAYS) <= latest
    ]
    verdicts = verdicts_on([event for _, _, event in known])
    into = merges(event for _, _, event in known if verdicts.get(event["id"]))
    steps: list[Step] = []
    in_cycle: list[tuple[int, str, Json]] = []
    for recorded, dates, event in known:
        id_, type_, data = event["id"], event["type"].removeprefix("standing."), event["data"]
        if end_of(into, event["subject"]) != company or data.get("list", list_id) != list_id:
            continue
        effective, announced = dates.effective_and_announced(event, recorded)
        acts = announced if type_ == "removal.announced" else effective
        if announced > latest and not type_.startswith(("company.", "event.")):
            continue
        if id_ not in verdicts:
            in_cycle.append((ALWAYS if acts is None else acts, id_, data))
        if verdicts.get(id_, True) and type_ in ORDER and acts is not None:
            stated = announced if "announced" in data else ALWAYS
            steps.append((acts, ORDER.index(type_), stated, id_, data))
            if type_ == "designation.issued" and announced < acts:
                steps.append((announced, ORDER.index("announcement"), stated, id_, data))
    if not steps:
        return None
    rules = lists[list_id].get("rules", [])
    found = told(steps, Dates(lists[list_id]["zone"]), rules, as_of)
    found["anomalies"] = sorted({*found["anomalies"], *(i for at, i, _ in in_cycle if at <= as_of)})
    return found
