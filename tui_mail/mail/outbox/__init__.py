"""The outbox: a message is sent exactly once, or a person is asked.

HELD → QUEUED → SENDING → ACCEPTED → FILED, all of it in the store (``store.outbox``). SENDING is
written down right before DATA: whoever finds it after a crash knows that nobody knows. ACCEPTED
is only ever written on the server's 250, or on a person's word; filing is a step of its own.

``office``      one account's messages: when each is tried, and what its answer leads to
``submitting``  one try to send one message
``filing``      a message into a mailbox, once, also where the answer to APPEND was lost
``chores``      what sending one message does to others
``worker``      a loop that does one thing after the other and waits where something fails
"""
