"""The tables, as the steps that lead from one version of the schema to the next.

``PRAGMA user_version`` counts the steps a file has been through. A step is never edited once
it has been released: a change is a new step at the end.

A message's key is ``generation << 32 | uid``. A generation is one life of a mailbox under one
UIDVALIDITY. So the messages of a mailbox lie side by side, its newest page in a few database
pages, and a million of them are forgotten by giving the mailbox another generation; the rows
of the old one, noted in ``stale``, are swept away a slice at a time.

Mailbox names are the bytes of the wire read as ISO-8859-1, which loses nothing.
"""

from __future__ import annotations

APPLICATION_ID = 0x7475694D  # "tuiM": tells this file from any other SQLite database

_FIRST = (
    """CREATE TABLE account (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        identity TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE setting (
        account_id INTEGER NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (account_id, key)
    ) STRICT, WITHOUT ROWID""",
    # The figures from messages to size are STATUS's; those behind generation are the cache's own.
    """CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        delimiter TEXT,
        attributes TEXT NOT NULL,
        path TEXT NOT NULL,
        special_use TEXT,
        subscribed INTEGER NOT NULL,
        messages INTEGER,
        unseen INTEGER,
        uid_next INTEGER,
        status_uid_validity INTEGER,
        status_highest_modseq INTEGER,
        size INTEGER,
        generation INTEGER NOT NULL UNIQUE,
        uid_validity INTEGER,
        highest_modseq INTEGER,
        filled_to INTEGER NOT NULL DEFAULT 0,
        UNIQUE (account_id, name)
    ) STRICT""",
    "CREATE TABLE stale (generation INTEGER PRIMARY KEY) STRICT",
    """CREATE TABLE message (
        key INTEGER PRIMARY KEY,
        flags INTEGER NOT NULL,
        keywords TEXT,
        modseq INTEGER,
        internal_date INTEGER NOT NULL,
        size INTEGER NOT NULL,
        sent_date INTEGER,
        has_attachment INTEGER,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,
        subject TEXT NOT NULL,
        sender_address TEXT NOT NULL,
        message_id TEXT NOT NULL,
        in_reply_to TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX unread ON message (key) WHERE flags & 1 = 0",
    # Beside the rows, not in them: a structure is bigger than its row and seldom wanted.
    "CREATE TABLE structure (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
    # One blob for each 16,384 UIDs; ``key`` is that of the first UID such a blob may hold.
    "CREATE TABLE uids (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
    """CREATE TABLE body (
        id INTEGER PRIMARY KEY,
        key INTEGER NOT NULL,
        section TEXT NOT NULL,
        complete INTEGER NOT NULL,
        used INTEGER NOT NULL,
        size INTEGER NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (key, section)
    ) STRICT""",
    "CREATE INDEX body_used ON body (used)",
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO counter VALUES ('generation', 0), ('body_bytes', 0)",
    """CREATE TRIGGER body_added AFTER INSERT ON body BEGIN
        UPDATE counter SET value = value + new.size WHERE name = 'body_bytes';
    END""",
    """CREATE TRIGGER body_removed AFTER DELETE ON body BEGIN
        UPDATE counter SET value = value - old.size WHERE name = 'body_bytes';
    END""",
    """CREATE TRIGGER body_changed AFTER UPDATE OF size ON body BEGIN
        UPDATE counter SET value = value - old.size + new.size WHERE name = 'body_bytes';
    END""",
    """CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        mailbox TEXT NOT NULL,
        uids TEXT NOT NULL,
        payload TEXT NOT NULL,
        uid_validity INTEGER,
        created REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX journal_account ON journal (account_id)",
)

# To and Cc with their addresses, which patterns look into. Rows from before have the names until
# they are fetched again.
_RECIPIENT_ADDRESSES = (
    "ALTER TABLE message ADD COLUMN to_addresses TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE message ADD COLUMN cc_addresses TEXT NOT NULL DEFAULT ''",
    "UPDATE message SET to_addresses = recipients",
)

# ``batch`` is what entries of one deed share; ``done`` is when the server had answered: such an
# entry is kept for undoing it. ``owner`` is the running program that sends it (``presence``).
_JOURNAL_STEPS = (
    "ALTER TABLE journal ADD COLUMN batch INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE journal ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE journal ADD COLUMN facts TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE journal ADD COLUMN done REAL",
)

# What is being written. Drafts and the outbox name their account, not its number: they outlive a
# change of the account's server. ``saved`` and ``facts`` of a draft, ``chores`` and ``facts`` of an
# entry of the outbox are JSON. ``draft_blob`` has every blob a draft has ever named, until it goes.
# A word of an address is that of ``address_book.words``; ``score`` never needs to be aged.
_WRITING = (
    """CREATE TABLE draft (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        owner TEXT NOT NULL,
        changed REAL NOT NULL,
        postponed INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        saved TEXT,
        facts TEXT NOT NULL DEFAULT '{}',
        data TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE blob (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        created REAL NOT NULL,
        data BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE draft_blob (
        blob_id INTEGER NOT NULL,
        draft_id INTEGER NOT NULL,
        PRIMARY KEY (blob_id, draft_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        owner TEXT NOT NULL,
        state TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,
        smtputf8 INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        subject TEXT NOT NULL,
        bcc TEXT NOT NULL,
        size INTEGER NOT NULL,
        created REAL NOT NULL,
        due REAL,
        tries INTEGER NOT NULL DEFAULT 0,
        reply TEXT NOT NULL DEFAULT '',
        explanation TEXT NOT NULL DEFAULT '',
        queue_id TEXT NOT NULL DEFAULT '',
        refused TEXT NOT NULL DEFAULT '[]',
        draft_id INTEGER,
        to_file INTEGER NOT NULL,
        chores TEXT NOT NULL DEFAULT '[]',
        facts TEXT NOT NULL DEFAULT '{}',
        message BLOB
    ) STRICT""",
    """CREATE TABLE address (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        named REAL NOT NULL,
        last REAL NOT NULL,
        written_to INTEGER NOT NULL,
        score REAL NOT NULL
    ) STRICT""",
    """CREATE TABLE address_word (
        word TEXT NOT NULL,
        address_id INTEGER NOT NULL,
        PRIMARY KEY (word, address_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX address_word_of ON address_word (address_id)",
    "CREATE INDEX address_score ON address (score)",
    """CREATE TABLE address_learned (
        generation INTEGER PRIMARY KEY,
        lowest INTEGER NOT NULL,
        highest INTEGER NOT NULL
    ) STRICT""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _RECIPIENT_ADDRESSES,
    _JOURNAL_STEPS,
    _WRITING,
)
VERSION = len(MIGRATIONS)
