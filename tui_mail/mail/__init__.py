"""Accounts, mailboxes and messages: the store, the synchronisation, reading. Knows no Textual.

``service``      what the screen talks to; owns the mail thread
``account``      one per account: connect, log in, reconnect
``watch``        a second connection in IDLE
``folders``      LIST, LSUB, NAMESPACE, STATUS into the store
``folder_actions`` ``folder_contents`` ``folder_details``  what one does to a folder, and sees of it
``folder_session`` ``folder_names`` ``rights`` ``expunging``  what these three work with
``patterns`` ``pattern_dates``  mutt's patterns as a tree; ``store.matching`` finds its messages
``sync``         the selected mailbox kept equal to the server
``sequence_map`` sequence numbers to UIDs
``actions``      what a person did, journaled, applied at once and sent
``reader``       one message: which parts to fetch, in which order
``download``     a part to a file, in pieces
``events``       what the screen is told
``store``        SQLite
``headers`` ``parts`` ``text`` ``plain_text`` ``html_text`` ``readable``  bytes of mail to text
"""
