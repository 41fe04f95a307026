"""The only sockets: byte streams with TLS, the IMAP pump, logging in.

Moves bytes between a server and ``wire``; knows nothing of accounts, the store or the screen.
"""
