"""What the alerts keep, and that they keep it once."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channel import Outcome
from alerts.found import Waits
from alerts.matching import Who
from alerts.messages import Draft, draft, trial
from alerts.opened import KEEP, UnknownSubscription
from alerts.outbox import Ended, UnknownDelivery, Waiting
from alerts.places import BEGINNING, behind
from alerts.retry import Verdict
from alerts.roll import packed
from alerts.store import AlertStore
from alerts.subscriptions import Start, Subscription, requested
from alerts.vault import Vault
from events.dates import ALWAYS, DAY, NEVER, SECOND, Instant
from events.errors import StoreError
from events.lists import load_registry
from events.sqlite_store import connect
from projections.rows import Told
from tests.contract.alert_twins import asked, change

NOW = 1_700_000_000 * SECOND
SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
DONE = Verdict("delivered")


def subscription(ident: str = "sub_1", created: Instant = NOW) -> Subscription:
    return Subscription(ident, created, requested(asked(), load_registry()), Start(BEGINNING))


def drafts(*companies: str, first: int = 1, to: str = "sub_1") -> list[Draft]:
    return [
        draft(to, change(company, number), b"{}") for number, company in enumerate(companies, first)
    ]


def opened(folder: Path) -> AlertStore:
    store = AlertStore(folder / "alerts.db")
    store.add(subscription(), SECRET)
    store.catch_up("sub_1", [], None, NOW)
    return store


def heads(store: AlertStore, now: Instant = NOW) -> list[Waiting]:
    return [waiting for waiting, _ in store.due(now, 10, lambda _: 10, {})]


def ended(message: str, verdict: Verdict = DONE, at: Instant = NOW) -> Ended:
    delivered = verdict.state == "delivered"
    return Ended(message, at, 5, Outcome(delivered, 200 if delivered else 500), verdict)


def test_messages_are_numbered_without_gaps_and_wait_in_line(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "b", "a"), behind(3), NOW)
    first = heads(store)
    assert [(one.company, one.attempt) for one in first] == [("a", 1), ("b", 1)]
    store.settle([ended(first[0].id)])
    bodies = {one.company: one.body for one in heads(store, NOW + 5)}
    assert b'"n":2' in bodies["a"]
    assert b'"n":1' in bodies["b"]


def test_what_was_queued_is_not_queued_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    store.settle([ended(heads(store)[0].id)])
    store.take(drafts("a", "a"), behind(2), NOW)
    assert [one.body for one in heads(store)] == [drafts("a", "a")[1].body(2)]


def test_the_cursor_and_the_queue_outlive_the_process(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert store.cursor == BEGINNING
    store.take(drafts("a"), behind(7), NOW)
    store.close()
    again = AlertStore(tmp_path / "alerts.db")
    assert again.cursor == behind(7)
    assert [
        (waiting.company, door.secrets) for waiting, door in again.due(NOW, 9, lambda _: 9, {})
    ] == [("a", (SECRET,))]


def test_a_page_is_kept_with_its_cursor_or_not_at_all(tmp_path: Path) -> None:
    store = opened(tmp_path)
    broken = Draft("sub_1", "a", "c", "t", NOW, b"{not json")
    store.db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    with pytest.raises(StoreError):
        store.take([broken], behind(7), NOW)
    assert store.cursor == BEGINNING
    assert heads(store) == []


def test_a_failed_message_waits_and_holds_up_only_its_own_line(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "b", "a"), behind(3), NOW)
    store.settle([ended(heads(store)[0].id, Verdict("pending", 60 * SECOND))])
    assert [one.company for one in heads(store, NOW + 5)] == ["b"]
    store.settle([ended(heads(store, NOW + 5)[0].id)])
    due = store.outbox.next_due(NOW + 5)
    assert due == NOW + 5 + 60 * SECOND
    again = next(one for one in heads(store, due) if one.company == "a")
    assert (again.attempt, b'"n":1' in again.body) == (2, True)


def test_a_message_given_up_lets_the_next_one_go(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "a"), behind(2), NOW)
    store.settle([ended(heads(store)[0].id, Verdict("failed"))])
    assert b'"n":2' in heads(store, NOW + 5)[0].body
    assert store.get("sub_1").state == "failing"
    assert store.outbox.counts("sub_1") == {"failed": 1, "pending": 1}
    store.settle([ended(heads(store, NOW + 5)[0].id)])
    assert store.get("sub_1").state == "active"
    assert store.outbox.next_due(0) == NEVER


def test_failing_counts_from_the_first_failure(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    for number in range(3):
        store.settle([ended(heads(store, NOW + 9)[0].id, Verdict("pending"), NOW + number)])
    assert store.get("sub_1").failing == NOW


def test_one_who_is_gone_gets_nothing_more(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "a", "b"), behind(3), NOW)
    store.settle([ended(heads(store)[0].id, Verdict("gone"))])
    assert store.get("sub_1").state == "disabled"
    assert store.outbox.counts("sub_1") == {"abandoned": 3}
    assert heads(store, NOW + DAY) == []
    store.take(drafts("z"), behind(4), NOW)
    assert store.outbox.counts("sub_1") == {"abandoned": 3}


def test_an_attempt_that_ends_after_its_message_was_abandoned_brings_nothing_back(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    flying = heads(store)[0]
    store.disable("sub_1", "for a test")
    store.settle([ended(flying.id, Verdict("pending", SECOND))])
    assert heads(store, NOW + DAY) == []
    assert store.outbox.counts("sub_1") == {"abandoned": 1}


def test_an_attempt_that_ends_after_its_subscription_went_is_forgotten(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    flying = heads(store)[0]
    store.remove("sub_1")
    store.settle([ended(flying.id)])
    assert store.readers() == {}
    with pytest.raises(UnknownSubscription):
        store.get("sub_1")
    with pytest.raises(UnknownDelivery):
        store.outbox.one(flying.id)


def test_every_attempt_is_kept_and_shown(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    message = heads(store)[0].id
    store.settle([ended(message, Verdict("pending", SECOND))])
    store.settle([ended(message, at=NOW + 2 * SECOND)])
    shown = store.outbox.one(message)
    assert (shown["n"], shown["state"], shown["attempts_count"]) == (1, "delivered", 2)
    assert [one["status"] for one in shown["attempts"]] == [200, 500]
    assert shown["attempts"][0]["at"] == "2023-11-14T22:13:22+00:00"
    assert shown["attempts"][0]["latency_ms"] == 0.005


def test_a_message_is_delivered_again_as_it_was(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "a"), behind(2), NOW)
    first = heads(store)[0]
    store.settle([ended(first.id, Verdict("failed"))])
    store.redeliver(first.id, NOW + DAY)
    again = heads(store, NOW + DAY)[0]
    assert (again.id, again.body) == (first.id, first.body)
    assert (again.attempt, again.since) == (1, NOW + DAY)
    with pytest.raises(UnknownDelivery):
        store.redeliver("msg_0", NOW)


def test_deliveries_are_paged_latest_first(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a", "b", "c"), behind(3), NOW)
    page = store.outbox.shown("sub_1", 2, NEVER)
    assert [one["company"] for one in page] == ["c", "b"]
    rest = store.outbox.shown("sub_1", 2, page[-1]["seq"])
    assert [one["company"] for one in rest] == ["a"]


def test_a_test_message_stands_in_no_line(tmp_path: Path) -> None:
    store = opened(tmp_path)
    message = trial("sub_1", NOW, "k")
    store.keep_trial(message, NOW, ended(message.id))
    assert heads(store) == []
    assert store.outbox.one(message.id)["state"] == "test"
    with pytest.raises(UnknownDelivery):
        store.redeliver(message.id, NOW)


def test_what_is_old_is_forgotten_and_numbers_go_on(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.take(drafts("a"), behind(1), NOW)
    store.settle([ended(heads(store)[0].id)])
    store.take(drafts("b"), behind(1), NOW)
    store.prune(NOW + KEEP + 1)
    assert store.outbox.counts("sub_1") == {"pending": 1}
    store.take(drafts("a", first=2), behind(2), NOW)
    assert b'"n":2' in next(one for one in heads(store) if one.company == "a").body


def test_another_process_may_subscribe(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert list(store.readers()) == ["sub_1"]
    other = AlertStore(tmp_path / "alerts.db")
    other.add(subscription("sub_2", NOW + 1), SECRET)
    assert list(store.readers()) == ["sub_1", "sub_2"]


def test_secrets_overlap_while_they_change(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.rotate("sub_1", "whsec_bmV3", NOW, NOW + DAY)
    assert store.secrets("sub_1", NOW + DAY - 1) == ("whsec_bmV3", SECRET)
    assert store.secrets("sub_1", NOW + DAY) == ("whsec_bmV3",)
    with pytest.raises(UnknownSubscription):
        store.secrets("sub_2", NOW)


def test_the_store_alone_gives_no_secret_away(tmp_path: Path) -> None:
    opened(tmp_path).close()
    for path in tmp_path.iterdir():
        assert SECRET.removeprefix("whsec_").encode() not in path.read_bytes()
    assert stat.S_IMODE((tmp_path / "alerts.key").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"alerts.db", "alerts.key"}


def test_a_key_that_is_missing_open_wrong_or_broken_is_said(tmp_path: Path) -> None:
    opened(tmp_path).close()
    key = tmp_path / "alerts.key"
    right = key.read_bytes()

    key.unlink()
    with pytest.raises(StoreError, match="missing"):
        AlertStore(tmp_path / "alerts.db")
    assert not key.exists()

    key.write_bytes(right)
    key.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        AlertStore(tmp_path / "alerts.db")

    key.write_bytes(b"not a key")
    key.chmod(0o600)
    with pytest.raises(StoreError, match="no key"):
        AlertStore(tmp_path / "alerts.db")

    (tmp_path / "other").mkdir()
    AlertStore(tmp_path / "other" / "alerts.db").close()
    key.write_bytes((tmp_path / "other" / "alerts.key").read_bytes())
    with pytest.raises(StoreError, match="not the key"):
        AlertStore(tmp_path / "alerts.db")


# --- how the tables were before there were owners and lanes ---------------------------------------

FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, created INTEGER NOT NULL, request BLOB NOT NULL, after TEXT NOT NULL,
    since INTEGER NOT NULL, secrets BLOB NOT NULL, overlap INTEGER NOT NULL, behind TEXT,
    disabled TEXT, failing INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE queues (
    subscription TEXT NOT NULL, company TEXT NOT NULL, n INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (subscription, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX queues_due ON queues (subscription, due) WHERE due < 4611686018427387904;
CREATE INDEX queues_next ON queues (due) WHERE due < 4611686018427387904;
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subscription TEXT NOT NULL,
    company TEXT NOT NULL, n INTEGER NOT NULL, change TEXT NOT NULL, type TEXT NOT NULL,
    state TEXT NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL,
    earlier INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_of ON messages (subscription, state, seq);
CREATE UNIQUE INDEX messages_once ON messages (subscription, change);
CREATE INDEX messages_waiting ON messages (subscription, company, n) WHERE state = 'pending';
CREATE TABLE attempts (
    message TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID
"""
ASKED_THEN = (
    b'{"filter":{"companies":["a"],"lists":null,"countries":null,"from":null,"to":null,'
    b'"kinds":null,"restrictions":null},"channel":{"type":"webhook","url":"http://127.0.0.1/"},'
    b'"cadence":"immediate","start":"now","label":null,"backfill":false,"remind":[]}'
)


def test_a_store_of_the_first_format_goes_on_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    vault = Vault(path.with_suffix(".key"), create=True)
    db = connect(path, FIRST, 1)
    row = ("sub_0", NOW, ASKED_THEN, packed(BEGINNING), ALWAYS, vault.lock((SECRET,)), 0)
    db.execute("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)", row)
    db.execute("INSERT INTO meta VALUES ('cursor', ?)", (packed(behind(7)),))
    told = ("msg_1", "sub_0", "a", 1, "chg_1", "changed", "pending", NOW, 1, 0, b"{}")
    db.execute("INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", told)
    db.execute("INSERT INTO queues VALUES ('sub_0', 'a', 1, ?)", (NOW + 9,))
    db.execute("INSERT INTO attempts VALUES ('msg_1', 1, ?, 1, 'failed', 500, 'no')", (NOW,))
    db.close()
    for _ in range(2):
        store = AlertStore(path)
        (reader,) = store.readers().values()
        one = reader.subscription
        assert (one.owner, one.paused, one.request.filter.companies) == ("local", None, ["a"])
        assert (store.cursor, store.secrets("sub_0", NOW)) == (behind(7), (SECRET,))
        who = [(Told(9, change("a")), Who()), (Told(9, change("b")), Who())]
        assert store.wanting(who) == [["sub_0"], []]
        assert store.outbox.next_due(NOW) == NOW + 9
        assert [one.id for one in heads(store, NOW + 9)] == ["msg_1"]
        assert store.outbox.one("msg_1")["attempts"][0]["answer"] is None
        store.close()


# --- who is asked of it ---------------------------------------------------------------------------


def test_what_is_asked_of_few_is_not_read_of_all(tmp_path: Path) -> None:
    """Whoever changes, in whichever process, is seen; the rest is not read again."""
    store, other = opened(tmp_path), AlertStore(tmp_path / "alerts.db")
    told = [(Told(9, change("a")), Who())]
    assert store.wanting(told) == [["sub_1"]]
    other.add(subscription("sub_2", NOW + 1), SECRET)
    assert store.wanting(told) == [["sub_1"]]
    assert [one.subscription.id for one in store.latecomers()] == ["sub_2"]
    other.arrived(["sub_2"])
    assert store.wanting(told) == [["sub_1", "sub_2"]]
    known = other.get("sub_1")
    paused = replace(known, paused=NOW, revised=NOW)
    other.change(known, paused, None)
    assert (store.wanting(told), store.readers()["sub_1"].subscription) == ([["sub_2"]], paused)
    other.change(paused, replace(paused, paused=None, revised=NOW + 1), None)
    assert [one.subscription.id for one in store.latecomers()] == ["sub_1"]
    other.disable("sub_2", "for a test")
    assert store.wanting(told) == [[]]
    other.remove("sub_2")
    assert list(store.readers()) == ["sub_1"]
    assert store.anybody()
    store.remove("sub_1")
    assert not store.anybody()
    with pytest.raises(UnknownSubscription):
        store.change(known, paused, None)
    with pytest.raises(UnknownSubscription):
        store.watchlist("sub_1")


def test_a_subscription_that_is_paused_while_a_page_is_read_misses_none_of_it(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path)
    store.take([], behind(3), NOW)
    page = drafts("a")
    known = store.get("sub_1")
    paused = replace(known, paused=NOW, revised=NOW)
    store.change(known, paused, None)
    store.take(page, behind(4), NOW)
    assert store.outbox.counts("sub_1") == {}
    store.change(paused, replace(paused, paused=None, revised=NOW + 1), None)
    (reader,) = store.latecomers()
    assert reader.behind == behind(3)


def found(store: AlertStore, watchlist: bytes, upto: int, *waits: Waits) -> bool:
    return store.found("sub_1", watchlist, b"after", ["late"], waits, behind(upto), NOW)


def test_who_is_found_is_told_up_to_a_place_and_the_rest_is_read_again(tmp_path: Path) -> None:
    """What was read meanwhile, by whoever did not know yet, is not lost."""
    store = AlertStore(tmp_path / "alerts.db")
    asked_for = requested(asked(filter={"companies": []}), load_registry())
    one = Subscription("sub_1", NOW, asked_for, Start(BEGINNING))
    store.add(one, SECRET, b"before")
    store.catch_up("sub_1", [], None, NOW)
    store.take([], behind(9), NOW)
    early, late = drafts("late", "late")
    assert not found(store, b"another", 5)
    assert found(store, b"before", 5, Waits(behind(3), early), Waits(behind(6), late))
    assert [one.id for one in heads(store)] == [early.id]
    assert store.get("sub_1").request.filter.companies == ["late"]
    (reader,) = store.latecomers()
    assert reader.behind == behind(5)
    store.arrived(["sub_1"])  # by whoever read where it was before
    store.catch_up("sub_1", [late], None, NOW, behind(9))
    (reader,) = store.latecomers()
    assert (reader.behind, [one.id for one in heads(store)]) == (behind(5), [early.id])
    store.catch_up("sub_1", [late], None, NOW, behind(5))
    assert store.latecomers() == []
    assert store.outbox.counts("sub_1") == {"pending": 2}
    paused = replace(store.get("sub_1"), paused=NOW)
    store.change(store.get("sub_1"), paused, None)
    assert not found(store, b"after", 9)
    assert store.listed() == {}


def test_the_file_is_its_users_alone(tmp_path: Path) -> None:
    """Addresses of chats stand in it, which are passwords."""
    store = opened(tmp_path)
    for path in tmp_path.glob("alerts.*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    store.close()
