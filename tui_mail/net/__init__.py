"""The only sockets: byte streams with TLS, the IMAP pump, SMTP submission, logging in.

Moves bytes between a server and ``wire``; knows nothing of accounts, the store or the screen.
"""
