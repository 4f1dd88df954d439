"""Where attempts are kept that are over."""

from pathlib import Path

from alerts.channel import Outcome
from alerts.messages import draft
from alerts.opened import FORMAT
from alerts.outbox import Ended
from alerts.partition_store import PartitionStore
from alerts.places import BEGINNING
from alerts.progress import Progress
from alerts.retry import Verdict
from alerts.store import AlertStore
from alerts.subscriptions import Start, Subscription, requested
from alerts.topics import Kept
from alerts.vault import Vault
from events.dates import SECOND
from events.lists import load_registry
from tests.contract.alert_twins import asked, change

NOW = 1_700_000_000 * SECOND
SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
ONE = Subscription("sub_1", NOW, requested(asked(), load_registry()), Start(BEGINNING))
BY_ID = """
CREATE TABLE before (
    message TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, details TEXT, PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID
"""


def ended(store: AlertStore, delivered: bool) -> Ended:
    ((waiting, _),) = store.due(NOW + SECOND, 9, lambda _: 9, {})
    details = {"request": {"url": "http://a"}, "answer": {"body": '"\u20ac"'}}
    outcome = Outcome(delivered, 200 if delivered else 500, details=details)
    return Ended(waiting.id, NOW, 5, outcome, Verdict("delivered" if delivered else "pending"))


def test_attempts_by_the_id_of_their_message_are_found_by_its_number(tmp_path: Path) -> None:
    """A file of the second format."""
    store = AlertStore(tmp_path / "alerts.db")
    store.add(ONE, SECRET)
    store.catch_up("sub_1", [draft("sub_1", change("a"), b"{}")], None, NOW)
    store.settle([ended(store, delivered=False)])
    store.settle([last := ended(store, delivered=True)])
    shown = store.outbox.one(last.message)
    store.db.execute(BY_ID)
    store.db.execute(
        "INSERT INTO before SELECT id, number, at, latency, outcome, status, error, details "
        "FROM attempts JOIN messages USING (seq)"
    )
    store.db.execute("DROP TABLE attempts")
    store.db.execute("ALTER TABLE before RENAME TO attempts")
    store.db.execute("PRAGMA user_version = 2")
    store.close()
    again = AlertStore(tmp_path / "alerts.db")
    assert again.db.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    assert again.outbox.one(last.message) == shown
    assert [one["status"] for one in shown["attempts"]] == [200, 500]
    assert shown["attempts"][0]["answer"] == {"body": '"\u20ac"'}
    again.close()


def test_attempts_that_a_topic_tells_are_not_kept_beside_it(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "a.key", create=True)
    store = PartitionStore(tmp_path / "alerts.db", vault, 0)
    store.resume(Progress(), 7)
    store.enrol(Kept(ONE, vault.lock((SECRET,))))
    store.take([draft("sub_1", change("a"), b"{}", 8)], BEGINNING, NOW)
    settled = store.settled([ended(store, delivered=False)])
    assert [one.number for one in settled.attempts] == [1]
    assert store.db.execute("SELECT count(*) FROM attempts").fetchone() == (0,)
    store.close()
