"""What a worker keeps of one partition while it is its own. It comes from the topics, and goes
there before anything follows from it; the file is thrown away with the partition."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from alerts.memory import Made
from alerts.messages import Draft
from alerts.places import behind
from alerts.progress import EVERYBODY, Progress, Queue, Tried, Waits
from alerts.roll import packed
from alerts.settled import SettlingStore
from alerts.subscriptions import Subscription
from alerts.vault import Vault
from events.dates import NEVER, Instant

NEAR: Final = 20_000
"""Of somebody who waits for something further back than so many changes, it is kept apart how far
it was told; the others share one mark, behind which whoever takes over reads again."""


class PartitionStore(SettlingStore):
    """See `AlertStore`. Positions are offsets in the partition of the changes."""

    def __init__(self, path: Path, vault: Vault, partition: int) -> None:
        super().__init__(path, vault, partition)
        self._waits: dict[tuple[str, str, int], Waits] = {}
        """By queue and number, messages that no change brings and that are to be queued yet."""

    def resume(self, progress: Progress, cursor: int) -> None:
        """Go on from what the topic says, before anything else."""
        with self._writing() as db:
            db.execute("INSERT INTO meta VALUES ('cursor', ?)", (packed(behind(cursor)),))
            for one in progress.queues.values():
                key = (one.subscription, one.company)
                db.execute("INSERT INTO queues VALUES (?, ?, ?, ?)", (*key, one.n, NEVER))
                done = (*key, one.n, one.sequence, one.delivered)
                db.execute("INSERT INTO done VALUES (?, ?, ?, ?, ?)", done)
                if one.timed is not None:
                    self.memory.put(*key, dict(one.timed))
                for tried in one.waiting:
                    self._remember(db, tried)
            for told in progress.notices.values():
                due = NEVER if told.due is None else told.due
                self.notices.restore(told.notice, due, told.error)
            for waits in progress.made.values():
                draft = waits.draft
                self._waits[draft.subscription, draft.company, waits.n] = waits
                self._made[draft.id] = waits
            for subscription, company, _ in list(self._waits):
                self._put_made(subscription, company)

    def _stopped(self, subscription: str) -> None:
        """See `FollowingStore`: before the first of what waits, which is read again from there."""
        first, cursor = self._first(subscription), self.cursor[0]
        place = packed(behind(cursor if first is None else min(cursor, first - 1)))
        self.db.execute(
            "UPDATE subscriptions SET behind = coalesce(iif(?1, ?2, behind), ?2) WHERE id = ?3",
            (first is not None, place, subscription),
        )
        self.db.execute(
            "INSERT OR REPLACE INTO tried SELECT id, attempts, attempts, since, NULL FROM messages "
            "WHERE subscription = ? AND state IN ('pending', 'abandoned') AND attempts > 0",
            (subscription,),
        )
        for table in ("messages", "stands"):
            self.db.execute(f"DELETE FROM {table} WHERE subscription = ?", (subscription,))  # noqa: S608
        for one in self._made.values():  # these come again under the numbers that they have
            if one.draft.subscription == subscription:
                self._waits[subscription, one.draft.company, one.n] = one
        self.db.execute(
            "UPDATE queues SET n = coalesce((SELECT n FROM done WHERE "
            "done.subscription = queues.subscription AND done.company = queues.company), 0) "
            "WHERE subscription = ?",
            (subscription,),
        )

    def _turned(self, known: Subscription, one: Subscription) -> None:
        """See `FollowingStore`. Nothing is due of one that is paused."""
        if one.living and not known.living:
            for company in {company for ident, company, _ in self._waits if ident == one.id}:
                self._put_made(one.id, company)
        self._pause(known, one)

    def again(self, draft: Draft, n: int, attempts: int, now: Instant) -> None:
        """Have a message wait that was over."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
                (
                    *(draft.id, draft.subscription, draft.company, n, draft.change, draft.type),
                    *(now, attempts, attempts, draft.body(n)),
                ),
            )
            self._stands(db, draft, again=True)
            self._take_up(db, draft)
            db.execute(
                "INSERT INTO queues VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET due = excluded.due",
                (draft.subscription, draft.company, n, now),
            )
            self.outbox.line_up(draft.subscription, now)
            self._hush([draft.subscription])

    def holds(self, delivery: str) -> bool:
        """Whether a message waits here."""
        found = self.db.execute("SELECT 1 FROM messages WHERE id = ?", (delivery,)).fetchone()
        return found is not None

    def remove(self, subscription: str) -> None:
        """See `AlertStore`."""
        super().remove(subscription)
        with self._writing() as db:
            for table in ("stands", "done"):
                db.execute(f"DELETE FROM {table} WHERE subscription = ?", (subscription,))  # noqa: S608
        gone = [key for key, one in self._made.items() if one.draft.subscription == subscription]
        for key in gone:
            one = self._made.pop(key)
            self._waits.pop((subscription, one.draft.company, one.n), None)

    def queues_of(self, subscription: str) -> list[str]:
        """The companies of which a subscription was told something that is over."""
        rows = self.db.execute(
            "SELECT company FROM done WHERE subscription = ?1 "
            "UNION SELECT company FROM timed WHERE subscription = ?1",
            (subscription,),
        )
        return [row[0] for row in rows]

    def marks(self) -> dict[str, int | None]:
        """Up to where everybody was told everything, and who is further back."""
        cursor, near = self.cursor[0], self.cursor[0]
        found: dict[str, int | None] = {}
        for ident, reader in self.readers().items():
            first = self._first(ident)
            own = cursor if first is None else min(cursor, first - 1)
            if reader.behind is not None:
                found[ident] = min(own, reader.behind[0])
            elif own < cursor - NEAR:
                found[ident] = own
            else:
                found[ident] = None
                near = min(near, own)
        return {**found, EVERYBODY: near}

    def _first(self, subscription: str) -> int | None:
        row = self.db.execute(
            "SELECT min(position) FROM stands WHERE subscription = ? AND NOT again", (subscription,)
        ).fetchone()
        return None if row[0] is None else int(row[0])

    # --- from the changes into the outbox -------------------------------------------------------

    def _queue(self, drafts: Sequence[Draft], now: Instant) -> None:
        """What is over by what the topic said, or stands here, is a repeat."""
        for draft in drafts:
            row = self.db.execute(
                "SELECT sequence FROM done WHERE subscription = ? AND company = ?",
                (draft.subscription, draft.company),
            ).fetchone()
            if (row and draft.sequence <= row[0]) or self.holds(draft.id):
                continue
            self._put(draft, now, again=False)
            self._put_made(draft.subscription, draft.company)

    def _put(self, draft: Draft, now: Instant, *, again: bool) -> None:
        self.outbox.put([draft], now)
        self.memory.press([draft])
        self._stands(self.db, draft, again=again)
        self._take_up(self.db, draft)

    # --- what time brings -----------------------------------------------------------------------

    def prepared(self, made: Sequence[Made]) -> tuple[list[Queue], list[Waits]]:
        """What is to be told of messages that time brings, before they are queued: what is
        remembered of each queue, and their numbers."""
        queues: dict[tuple[str, str], Queue] = {}
        waits: list[Waits] = []
        numbers: dict[tuple[str, str], int] = {}
        for one in made:
            key = (one.subscription, one.company)
            queues[key] = replace(self._as_it_is(*key, []), timed=one.state)
            if one.draft is not None:
                numbers[key] = numbers.get(key, self._number(*key)) + 1
                sequence = self._latest(*key)
                draft = replace(one.draft, sequence=sequence)
                waits.append(Waits(draft, numbers[key], sequence))
        return list(queues.values()), waits

    def make_prepared(self, queues: Sequence[Queue], waits: Sequence[Waits], now: Instant) -> None:
        """Queue them, and remember."""
        with self._writing():
            for queue in queues:
                if queue.subscription in self._present([queue.subscription]):
                    self.memory.put(queue.subscription, queue.company, dict(queue.timed or {}))
            for one in waits:
                draft = one.draft
                if draft.subscription not in self._present([draft.subscription]):
                    continue
                self._made[draft.id] = one
                if any(self._roll.living([draft.subscription], common=False)):
                    self._put(draft, now, again=True)
                else:  # disabled or paused meanwhile
                    self._waits[draft.subscription, draft.company, one.n] = one

    def _put_made(self, subscription: str, company: str) -> None:
        """Queue what an earlier worker has made and given the next number."""
        while True:
            key = (subscription, company, self._number(subscription, company) + 1)
            waits = self._waits.pop(key, None)
            if waits is None:
                return
            self._put(waits.draft, waits.draft.at, again=True)

    def _number(self, subscription: str, company: str) -> int:
        row = self.db.execute(
            "SELECT n FROM queues WHERE subscription = ? AND company = ?", (subscription, company)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def _latest(self, subscription: str, company: str) -> int:
        """The sequence of the last change that was queued."""
        row = self.db.execute(
            "SELECT max(sequence) FROM (SELECT sequence FROM done WHERE subscription = :one AND "
            "company = :about UNION ALL SELECT stands.sequence FROM stands JOIN messages "
            "ON id = delivery WHERE stands.subscription = :one AND company = :about)",
            {"one": subscription, "about": company},
        ).fetchone()
        return row[0] or 0

    def _stands(self, db: sqlite3.Connection, draft: Draft, *, again: bool) -> None:
        db.execute(
            "INSERT INTO stands VALUES (?, ?, ?, ?, ?)",
            (draft.id, draft.subscription, draft.sequence, draft.position, int(again)),
        )

    def _remember(self, db: sqlite3.Connection, tried: Tried) -> None:
        due = tried.due
        row = (tried.delivery, tried.attempts, tried.earlier, tried.since, due)
        db.execute("INSERT INTO tried VALUES (?, ?, ?, ?, ?)", row)

    def _take_up(self, db: sqlite3.Connection, draft: Draft) -> None:
        """Go on with what an earlier worker tried."""
        row = db.execute(
            "DELETE FROM tried WHERE delivery = ? RETURNING attempts, earlier, since, due",
            (draft.id,),
        ).fetchone()
        if row is None:
            return
        db.execute(
            "UPDATE messages SET attempts = ?, earlier = ?, since = ? WHERE id = ?",
            (*row[:3], draft.id),
        )
        if row[0] > row[1]:  # it failed then, and so its receiver, until something is delivered
            self.db.execute(
                "UPDATE subscriptions SET failing = min(coalesce(failing, ?1), ?1) WHERE id = ?2",
                (row[2], draft.subscription),
            )
        if row[3] is not None:
            self.outbox.wait(draft.subscription, draft.company, row[3])
