"""SQLite: what the screen reads. Synchronous; knows no asyncio, no Textual, no socket.

``threads``    runs the store's methods: one thread that writes, one that reads
``store``      the class that joins the tables below
``accounts``   accounts and their small settings
``mailboxes``  mailboxes, their STATUS figures, how far each is synchronized
``folders``    what a command on a whole folder changes
``orders``     the UIDs of a mailbox, in a handful of blobs
``messages``   one row for each message
``matching``   the messages a pattern names
``conditions``  a pattern as SQL
``bodies``     fetched sections, bounded in size
``journal``    what a person did and the server has not heard yet
``changes``    a journal entry and what it does to rows and order, in one transaction
``drafts``     drafts, and the octets attached to them
``outbox``     messages on their way to the submission server and into Sent
``address_book``  everybody in the stored rows, for completing addresses
``draft_text``  a draft as the text it is stored as
``presence``   which of the running programs an entry belongs to
``database``   the connection: opening, transactions, migrations, errors
``damage``     a broken file is put aside and a new one begun
``rescue``     drafts and the outbox out of such a file
``schema``     the tables
``flags``      a set of flags as a number and a word list
``values``     the frozen values handed in and out
"""

from tui_mail.mail.store.database import StoreBusy, StoreCorrupt, StoreFull
from tui_mail.mail.store.drafts import DraftGone
from tui_mail.mail.store.matching import Matches
from tui_mail.mail.store.store import Store
from tui_mail.mail.store.threads import StoreThreads
from tui_mail.mail.store.values import (
    Chore,
    FlagChange,
    JournalDraft,
    JournalEntry,
    KnownAddress,
    MessageRecord,
    MessageTraits,
    StoredBody,
    StoredDraft,
    StoredMailbox,
    SyncState,
    Unfiled,
)

__all__ = [
    "Chore",
    "DraftGone",
    "FlagChange",
    "JournalDraft",
    "JournalEntry",
    "KnownAddress",
    "Matches",
    "MessageRecord",
    "MessageTraits",
    "Store",
    "StoreBusy",
    "StoreCorrupt",
    "StoreFull",
    "StoreThreads",
    "StoredBody",
    "StoredDraft",
    "StoredMailbox",
    "SyncState",
    "Unfiled",
]
