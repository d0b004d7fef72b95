"""The simulator's memory: one SQLite database, in a file that survives or in memory that does not.

Everything between two commits is lost by a crash, and nothing else: a commit always holds a consistent world.
"""

import fcntl
import json
import sqlite3
import weakref
from pathlib import Path
from typing import Any, TextIO

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sellers (pk INTEGER PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS listings (pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, order_id TEXT NOT NULL UNIQUE, marketplace_id TEXT NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, state INTEGER NOT NULL, by_amazon INTEGER NOT NULL,
    priced INTEGER NOT NULL, flags INTEGER NOT NULL, shipped_at INTEGER, delivered_at INTEGER, note TEXT
);
CREATE INDEX IF NOT EXISTS orders_created ON orders (seller, created, pk);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (seller, updated, pk);
CREATE TABLE IF NOT EXISTS lines (
    order_pk INTEGER NOT NULL, position INTEGER NOT NULL, listing INTEGER NOT NULL, quantity INTEGER NOT NULL,
    shipped INTEGER NOT NULL, returned INTEGER NOT NULL, item_minor INTEGER NOT NULL, tax_minor INTEGER NOT NULL,
    shipping_minor INTEGER NOT NULL, discount_minor INTEGER NOT NULL, PRIMARY KEY (order_pk, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS solicitations (order_pk INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
    seller INTEGER NOT NULL, day INTEGER NOT NULL, origin TEXT NOT NULL, target TEXT NOT NULL, commodity TEXT NOT NULL,
    amount INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (seller, commodity, day, origin, target)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balances (
    seller INTEGER NOT NULL, account TEXT NOT NULL, commodity TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (seller, commodity, account)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS postings (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, currency TEXT NOT NULL,
    order_pk INTEGER NOT NULL, position INTEGER NOT NULL, net_minor INTEGER NOT NULL, settlement INTEGER
);
CREATE INDEX IF NOT EXISTS postings_at ON postings (seller, at, pk);
CREATE INDEX IF NOT EXISTS postings_settlement ON postings (seller, settlement, at);
CREATE TABLE IF NOT EXISTS settlements (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, currency TEXT NOT NULL, settlement_id TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, carried_minor INTEGER NOT NULL, total_minor INTEGER NOT NULL,
    left_minor INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS settlements_end ON settlements (seller, currency, end);
CREATE TABLE IF NOT EXISTS reports (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL, status TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS reports_created ON reports (seller, created, pk);
CREATE TABLE IF NOT EXISTS report_schedules (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, kind TEXT NOT NULL, document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS report_documents (
    document_id TEXT PRIMARY KEY, report INTEGER NOT NULL, content_type TEXT NOT NULL, compressed INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    pk INTEGER PRIMARY KEY, at INTEGER NOT NULL, seller INTEGER NOT NULL, kind TEXT NOT NULL, ref INTEGER NOT NULL,
    argument TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS restocks (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, listing INTEGER NOT NULL, marketplace_id TEXT NOT NULL,
    created INTEGER NOT NULL, ended INTEGER NOT NULL, quantity INTEGER NOT NULL, steps TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS restocks_ended ON restocks (seller, ended);
CREATE TABLE IF NOT EXISTS feeds (
    pk INTEGER PRIMARY KEY, seller INTEGER NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL,
    begun INTEGER NOT NULL, ended INTEGER NOT NULL, marketplaces TEXT NOT NULL, input TEXT NOT NULL, outcome TEXT,
    result TEXT
);
CREATE INDEX IF NOT EXISTS feeds_created ON feeds (seller, created, pk);
CREATE TABLE IF NOT EXISTS feed_documents (
    document_id TEXT PRIMARY KEY, seller INTEGER NOT NULL, content_type TEXT NOT NULL, compressed INTEGER NOT NULL,
    body BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grants (
    refresh_token TEXT PRIMARY KEY, client_id TEXT NOT NULL, selling_partner_id TEXT NOT NULL, created INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, selling_partner_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS destinations (
    destination_id TEXT PRIMARY KEY, region TEXT NOT NULL, application_id TEXT NOT NULL, document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subscriptions (
    subscription_id TEXT PRIMARY KEY, region TEXT NOT NULL, application_id TEXT NOT NULL,
    selling_partner_id TEXT NOT NULL, notification_type TEXT NOT NULL, destination_id TEXT NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    pk INTEGER PRIMARY KEY, due INTEGER NOT NULL, arn TEXT NOT NULL, kind TEXT NOT NULL, seller TEXT NOT NULL,
    notification_id TEXT NOT NULL, repeated INTEGER NOT NULL, attempts INTEGER NOT NULL, error TEXT,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_due ON messages (due, pk);
"""


class StateInUseError(RuntimeError):
    """Another simulator lives in this directory."""


class Storage:
    """One database with explicit commits. ``directory=None`` keeps the world in memory for the life of the process."""

    def __init__(self, directory: Path | None = None) -> None:
        self._lock: TextIO | None = None
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (directory / "lock").open("w")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._lock.close()
                raise StateInUseError(
                    f"another simulator lives in {directory}: stop it, or choose another --state"
                ) from None
        path = ":memory:" if directory is None else str(directory / "simulator.sqlite3")
        # One connection for all threads: the world's lock lets in one at a time.
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # A world that is dropped without close() is as if it had crashed, but its file handle must not linger.
        weakref.finalize(self, _let_go, self.connection, self._lock)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(_SCHEMA)
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Make everything so far survive a crash."""
        self.connection.execute("COMMIT")
        self.connection.execute("BEGIN")

    def close(self) -> None:
        """Commit and let go of the file."""
        self.connection.execute("COMMIT")
        self.connection.close()
        if self._lock is not None:
            self._lock.close()

    def note(self, name: str) -> Any:  # noqa: ANN401  a note is whatever JSON its writer chose
        """Return a named JSON document, or None."""
        row = self.connection.execute("SELECT document FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def write_note(self, name: str, document: object) -> None:
        """Keep a named JSON document."""
        self.connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(document)))


def _let_go(connection: sqlite3.Connection, lock: TextIO | None) -> None:
    connection.close()
    if lock is not None:
        lock.close()
