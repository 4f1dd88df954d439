"""The table of who subscribed, and what numbers its changes."""

from typing import Final

SCHEMA: Final = """
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, created INTEGER NOT NULL, request BLOB NOT NULL, after TEXT NOT NULL,
    since INTEGER NOT NULL, secrets BLOB NOT NULL, overlap INTEGER NOT NULL, behind TEXT,
    disabled TEXT, failing INTEGER, owner TEXT NOT NULL DEFAULT 'local', paused INTEGER,
    revised INTEGER NOT NULL DEFAULT 0, watchlist BLOB, mailbox TEXT, confirmed INTEGER,
    cadence TEXT NOT NULL DEFAULT 'immediate', clocked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID
"""
OWNED: Final = """
ALTER TABLE subscriptions ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
ALTER TABLE subscriptions ADD COLUMN paused INTEGER;
ALTER TABLE subscriptions ADD COLUMN revised INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN watchlist BLOB;
ALTER TABLE subscriptions ADD COLUMN mailbox TEXT;
ALTER TABLE subscriptions ADD COLUMN confirmed INTEGER;
ALTER TABLE subscriptions ADD COLUMN cadence TEXT NOT NULL DEFAULT 'immediate';
ALTER TABLE subscriptions ADD COLUMN clocked INTEGER NOT NULL DEFAULT 0
"""
"""From the table as it was before there were owners and mailboxes."""
TURNS: Final = """
CREATE INDEX subscriptions_of ON subscriptions (owner, created, id);
CREATE INDEX subscriptions_behind ON subscriptions (created, id) WHERE behind IS NOT NULL;
CREATE INDEX subscriptions_failing ON subscriptions (failing) WHERE failing IS NOT NULL;
CREATE INDEX subscriptions_disabled ON subscriptions (disabled) WHERE disabled IS NOT NULL;
CREATE INDEX subscriptions_mailbox ON subscriptions (mailbox) WHERE mailbox IS NOT NULL;
CREATE INDEX subscriptions_listed ON subscriptions (id) WHERE watchlist IS NOT NULL;
CREATE INDEX subscriptions_clocked ON subscriptions (clocked) WHERE clocked;
CREATE TABLE turned (turn INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TRIGGER turned_in AFTER INSERT ON subscriptions BEGIN
    DELETE FROM turned WHERE id = NEW.id;
    INSERT INTO turned (id) VALUES (NEW.id);
END;
CREATE TRIGGER turned_over AFTER UPDATE ON subscriptions BEGIN
    DELETE FROM turned WHERE id = NEW.id;
    INSERT INTO turned (id) VALUES (NEW.id);
END;
CREATE TRIGGER turned_out AFTER DELETE ON subscriptions BEGIN
    DELETE FROM turned WHERE id = OLD.id;
    INSERT INTO turned (id) VALUES (OLD.id);
END
"""
LIVING: Final = "disabled IS NULL AND paused IS NULL AND (mailbox IS NULL OR confirmed IS NOT NULL)"
"""Of those who are to be told something."""
