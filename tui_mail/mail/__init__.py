"""Accounts, mailboxes and messages: the store, the synchronisation, reading. Knows no Textual.

``service``      what the screen talks to; owns the mail thread
``account``      one per account: connect, log in, reconnect
``watch``        a second connection in IDLE
``folders``      LIST, LSUB, NAMESPACE, STATUS into the store
``folder_actions`` ``folder_contents`` ``folder_details``  what one does to a folder, and sees of it
``folder_session`` ``folder_names`` ``rights`` ``searching``  what these three work with
``patterns`` ``pattern_dates``  mutt's patterns as a tree; ``store.matching`` finds its messages
``sync``         the selected mailbox kept equal to the server
``sequence_map`` sequence numbers to UIDs
``actions``      what a person did, journaled, applied at once and sent
``reader``       one message: which parts to fetch, in which order
``download``     a part to a file, in pieces
``writing``      what the screen calls to write: drafts, the outbox, addresses
``compose``      a draft, and what becomes of it: addresses, replies, MIME
``draft_box`` ``drafts``  drafts on this machine, and in the Drafts mailbox
``outbox``       a message is sent exactly once, and then filed
``address_learning`` ``server_size`` ``whole`` ``logging_in``  what these work with
``events``       what the screen is told
``store``        SQLite
``headers`` ``parts`` ``text`` ``plain_text`` ``html_text`` ``readable``  bytes of mail to text
"""
