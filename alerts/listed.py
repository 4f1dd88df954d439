"""The part of a store that has watchlists, whose rows are looked for again."""

from collections.abc import Sequence

from alerts.found import Waits, with_companies
from alerts.opened import UnknownSubscription
from alerts.places import Place
from alerts.receivers import Receivers
from alerts.roll import packed, raw, unpacked
from alerts.roll_tables import LIVING
from alerts.subscriptions import MOST_COMPANIES
from events.dates import Instant
from events.errors import Refused
from events.sqlite_store import trouble


class Listed(Receivers):
    """See above."""

    def watchlist(self, subscription: str) -> bytes | None:
        """The report of the watchlist that its companies are from. Raises
        `UnknownSubscription`."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT watchlist FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
        if row is None:
            raise UnknownSubscription(subscription)
        return None if row[0] is None else bytes(row[0])

    def listed(self) -> dict[str, int]:
        """Those who are to be told and have a watchlist, each with a number that moves on whenever
        one of them is changed."""
        with trouble(self.path):
            rows = self.db.execute(
                "SELECT id, turn FROM subscriptions JOIN turned USING (id) "  # noqa: S608
                f"WHERE watchlist IS NOT NULL AND {LIVING}"
            )
            return dict(rows.fetchall())

    def found(  # noqa: PLR0917 - all that is kept at once
        self,
        subscription: str,
        before: bytes,
        watchlist: bytes,
        companies: Sequence[str],
        waits: Sequence[Waits],
        upto: Place,
        now: Instant,
    ) -> bool:
        """Keep a report in place of the one `before`, take these companies into the filter, and
        queue what is told of them, `upto` which place it was looked up: what came behind it is
        read again, so that nothing is missed between. False where the watchlist is another by
        now, or nobody is to be told. Raises `Refused` where there are too many companies."""
        with self._writing() as db:
            row = db.execute(
                f"SELECT watchlist, behind FROM subscriptions WHERE id = ? AND {LIVING}",  # noqa: S608
                (subscription,),
            ).fetchone()
            if row is None or row[0] != before:
                return False
            one = raw(db, subscription)
            request = with_companies(one.request, companies) if companies else one.request
            if len(request.filter.companies or ()) > MOST_COMPANIES:
                raise Refused.field("watchlist", f"more than {MOST_COMPANIES:,} companies")
            own = None if row[1] is None else unpacked(row[1])
            place = min(self.cursor if own is None else own, upto)
            if companies and request.cadence == "immediate":
                own = place
            db.execute(
                "UPDATE subscriptions SET request = ?, watchlist = ?, behind = ?, revised = ? "
                "WHERE id = ?",
                (
                    *(request.model_dump_json(by_alias=True).encode(), watchlist),
                    *(None if own is None else packed(own), max(now, one.revised + 1)),
                    subscription,
                ),
            )
            drafts = [each.draft for each in waits if each.place is None or each.place <= place]
            self.outbox.put(drafts, now)
            self.memory.press(drafts)
        return True
