"""What is due to whom, and what becomes of attempts: receivers that fail are told of, disabled, and
enabled again."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import orjson

from alerts import roll, roll_tables
from alerts.channel import Outcome
from alerts.memory import BEAT, BEATS
from alerts.messages import Draft
from alerts.notices import DISABLED, FAILING, Notice
from alerts.opened import KEEP, Opened
from alerts.outbox import Ended, Waiting
from alerts.places import Place
from alerts.quiet import Quiet, until
from alerts.retry import DISABLE, WARN
from alerts.roll import packed
from alerts.subscriptions import Request
from alerts.targets import Target
from alerts.vault import Vault
from events.dates import Instant, show
from events.sqlite_store import trouble

_DOORS: Final = 20_000
"""Of so many subscriptions that were told something, it is remembered where they are."""

Busy = Mapping[str, Collection[str]]
"""By subscription, the companies that something is under way of."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where messages of a subscription go, and the secrets they are signed with."""

    target: Target
    secrets: tuple[str, ...]
    quiet: Quiet | None = None


class Receivers(Opened):
    """The part of a store that sees to deliveries."""

    KEPT: ClassVar = True  # whether attempts are, when they are over

    def __init__(self, path: Path, vault: Vault | None = None) -> None:
        """See `Opened`."""
        super().__init__(path, vault)
        self._doors: dict[str, tuple[bytes, bytes, Request, tuple[str, ...]]] = {}

    def turn(
        self, now: Instant, most: int, room: Callable[[str], int], under_way: Busy
    ) -> tuple[list[tuple[Waiting, Door]], Instant]:
        """See `due`; and when something is due that is not yet."""
        found = self.due(now, most, room, under_way)
        with trouble(self.path):
            return found, self.outbox.next_due(now)

    def due(
        self, now: Instant, most: int, room: Callable[[str], int], under_way: Busy
    ) -> list[tuple[Waiting, Door]]:
        """At most so many messages that may be sent now, with where they go: of each subscription
        as many as it has `room` for, and none about a company that something is `under_way` of.
        Whose turn was longest ago is first; of those under way that is their order."""
        served = {one: turn for turn, one in enumerate(under_way, 1)}
        with trouble(self.path):
            while True:
                found: list[tuple[Waiting, Door]] = []
                slept = False
                lanes = self.outbox.lanes(now, most + len(under_way))
                for subscription in sorted(lanes, key=lambda one: served.get(one, 0)):
                    limit = min(room(subscription), most - len(found))
                    door = None if limit <= 0 else self.door(subscription, now)
                    if door is None:
                        continue
                    busy = under_way.get(subscription, ())
                    waiting = self._awake(subscription, door, now, limit, busy)
                    slept |= waiting is None
                    paced = getattr(door.target, "rate", None) is not None
                    found += [(one, door) for one in (waiting or ())[: 1 if paced else None]]
                if found or not slept:  # else there may be others behind those who are quiet
                    return found

    def _awake(
        self, subscription: str, door: Door, now: Instant, limit: int, busy: Collection[str]
    ) -> list[Waiting] | None:
        """What is due of one subscription, and not held by quiet hours. None of one of which those
        hold all: it is not looked at again before their end."""
        end = None if door.quiet is None else until(door.quiet, now)
        if end is None:
            return self.outbox.due(subscription, now, limit, busy)
        if found := self._passing(subscription, now, limit, busy):
            return found
        with self._writing():  # once more, as others may have written meanwhile
            found = self._passing(subscription, now, limit, busy)
            passing = self.memory.pressing(subscription) | {BEATS}
            idle = not found and passing.isdisjoint(busy)
            if idle and self.door(subscription, now) == door:
                self.outbox.sleep(subscription, now, end, passing)
                return None
        return found

    def _passing(
        self, subscription: str, now: Instant, limit: int, busy: Collection[str]
    ) -> list[Waiting]:
        """What is due of one subscription and is not held by its quiet hours."""
        passing = self.memory.pressing(subscription) | {BEATS}
        return self.outbox.due(subscription, now, limit, busy, passing)

    def held(
        self, subscription: str, shown: list[dict[str, Any]], now: Instant
    ) -> list[dict[str, Any]]:
        """Deliveries as they are shown, with `held_until`: when the quiet hours end that hold one
        now; null where none do."""
        quiet = self.get(subscription).request.quiet
        end = None if quiet is None else until(quiet, now)
        passing = set() if end is None else self.memory.pressing(subscription)
        for one in shown:
            holds = one["state"] == "pending" and one["company"] not in passing
            beats = one["company"] is None and one["type"] == BEAT
            if end is not None and holds and not beats:
                one["held_until"] = show(end)
        return shown

    def door(self, subscription: str, now: Instant) -> Door | None:
        """Where a subscription is reached; None where nothing is sent to it."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT request, secrets, overlap FROM subscriptions "  # noqa: S608
                f"WHERE id = ? AND {roll_tables.LIVING}",
                (subscription,),
            ).fetchone()
        if row is None:
            return None
        request, sealed, overlap = row
        known = self._doors.get(subscription)
        if known is None or (known[0], known[1]) != (request, sealed):
            if len(self._doors) >= _DOORS:
                self._doors.clear()
            unlocked = self.vault.unlock(sealed)
            known = (request, sealed, Request.model_validate_json(request), unlocked)
            self._doors[subscription] = known
        keys = known[3] if now < overlap else known[3][:1]
        return Door(known[2].channel, keys, known[2].quiet)

    def settle(self, ended: Sequence[Ended]) -> None:
        """Keep attempts that are over, and what follows from them."""
        with self._writing():
            given_up = [one for one in ended if one.verdict.state == "failed"]
            tired = self.tired(given_up) if given_up else set()
            whose = self.outbox.settle(ended, tired, kept=self.KEPT)
            before = self._failing(set(whose.values()))
            failing = dict(before)
            self._hush(set(whose.values()))
            last: dict[str, Ended] = {}
            for one in ended:
                if (subscription := whose.get(one.message)) is not None:
                    last[subscription] = one
                    if one.outcome.delivered:
                        failing[subscription] = None
                    elif failing[subscription] is None:
                        failing[subscription] = one.at
            for subscription, one in last.items():
                if failing[subscription] is not None or before[subscription] is not None:
                    self._turn(subscription, failing[subscription], one)
            for one in ended:
                if one.verdict.state == "gone" and one.message in whose:
                    self._gone(whose[one.message], one, _over(one.outcome))

    def _hush(self, subscriptions: Iterable[str]) -> None:
        """Nothing is due of those that are paused, whatever became of what was under way."""
        rows = self.db.execute(
            "SELECT id FROM subscriptions WHERE paused IS NOT NULL AND id IN "
            "(SELECT value FROM json_each(?))",
            (orjson.dumps(list(subscriptions)).decode(),),
        )
        for (subscription,) in rows.fetchall():
            self.outbox.park(subscription)

    def tired(self, ended: Sequence[Ended]) -> set[str]:
        """Of the subscriptions of these attempts, those whose receivers took nothing for so long
        that something would follow from it."""
        now = max((one.over for one in ended), default=0)
        rows = self.db.execute(
            "SELECT DISTINCT subscription FROM messages WHERE id IN "
            "(SELECT value FROM json_each(?))",
            (orjson.dumps([one.message for one in ended]).decode(),),
        )
        failing = self._failing([one for (one,) in rows.fetchall()])
        return {one for one, since in failing.items() if since is not None and now - since >= WARN}

    def _failing(self, subscriptions: Iterable[str]) -> dict[str, Instant | None]:
        """Since when each of these fails."""
        rows = self.db.execute(
            "SELECT id, failing FROM subscriptions WHERE id IN (SELECT value FROM json_each(?))",
            (orjson.dumps(list(subscriptions)).decode(),),
        )
        return dict(rows.fetchall())

    def _turn(self, subscription: str, failing: Instant | None, last: Ended) -> None:
        """Keep since when a receiver fails, and what follows where that is long ago."""
        self.db.execute(
            "UPDATE subscriptions SET failing = ?1 WHERE id = ?2 AND failing IS NOT ?1",
            (failing, subscription),
        )
        if failing is None or last.over - failing < WARN:
            return
        if last.over - failing < DISABLE:
            self._notice(subscription, FAILING, last)
        else:
            self._gone(subscription, last, f"nothing could be delivered since {show(failing)}")

    def _gone(self, subscription: str, last: Ended, why: str) -> None:
        """Disable it, and have that told elsewhere."""
        if roll.raw(self.db, subscription).disabled is None:
            self._disable(subscription, why)
            self._notice(subscription, DISABLED, last)

    def _notice(self, subscription: str, kind: str, last: Ended) -> None:
        one = roll.raw(self.db, subscription)
        if kind == FAILING and one.disabled is not None:
            return
        self.notices.put(one, kind, last.over, last.outcome.error)

    def heard(self, notice: Notice, due: Instant, error: str | None) -> None:
        """Keep what became of an attempt to tell a notice."""
        with self._writing():
            self.notices.settle(notice, due, error)

    def measured(self) -> dict[str, int]:
        """What waits, and how many receivers fail or are disabled, by the names of metrics."""
        waiting, receivers, most = self.outbox.waiting()
        found = {"waiting": waiting, "waiting_receivers": receivers, "waiting_most": most}
        for state, where in (
            ("failing", "failing IS NOT NULL AND disabled IS NULL"),
            ("disabled", "disabled IS NOT NULL"),
        ):
            row = self.db.execute(f"SELECT count(*) FROM subscriptions WHERE {where}").fetchone()  # noqa: S608
            found[state] = row[0]
        return found

    def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing():
            self._disable(subscription, why)

    def redeliver(self, delivery: str, now: Instant) -> None:
        """Send a message again, with its id, number and body. Raises `UnknownDelivery`."""
        with self._writing():
            self.outbox.again([delivery], now)

    def recover(self, subscription: str, moment: Instant, now: Instant) -> int:
        """Send again what was recorded at a moment or later; how much that is."""
        with self._writing():
            found = self.outbox.since(subscription, moment)
            self.outbox.again(found, now)
        return len(found)

    def enable(self, subscription: str, now: Instant, skip_to: Place | None = None) -> None:
        """Send to it again: from where it stopped, or only what stands behind a place. Raises
        `UnknownSubscription`."""
        if self.get(subscription).disabled is None:
            return
        with self._writing() as db:
            db.execute(
                "UPDATE subscriptions SET disabled = NULL, failing = NULL, "
                "after = coalesce(?1, after), behind = coalesce(?1, behind) WHERE id = ?2",
                (None if skip_to is None else packed(skip_to), subscription),
            )
            if skip_to is None:
                self.outbox.resume(subscription, now)
                self._hush([subscription])

    def keep_trial(self, draft: Draft, now: Instant, ended: Ended) -> None:
        """Keep a test message and what became of it."""
        with self._writing():
            self.outbox.put_trial(draft, now, ended)

    def prune(self, now: Instant) -> None:
        """Forget deliveries older than `KEEP`."""
        with self._writing():
            self.outbox.prune(now - KEEP)
            self.memory.prune()

    def _disable(self, subscription: str, why: str) -> None:
        """What waits is kept, and where it stood, for who enables it again."""
        self.db.execute(
            "UPDATE subscriptions SET disabled = ?, behind = coalesce(behind, ?) "
            "WHERE id = ? AND disabled IS NULL",
            (why, packed(self.cursor), subscription),
        )
        self.outbox.abandon(subscription)


def _over(outcome: Outcome) -> str:
    if outcome.status == 410:
        return "the receiver answered 410 Gone"
    return f"the receiver wants no more: {outcome.error}"
