"""The demo: an IMAP and an SMTP server inside the program, with sample mail.

Loaded only with ``--demo``. It listens on this machine alone, holds everything in memory, and
reads and writes nothing of the user's.
"""
