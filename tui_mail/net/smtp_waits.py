"""How long SMTP waits for what, in seconds. Nothing waits for ever.

Read as ``smtp_waits.FINAL`` at the time of the wait, so that a test can make one short.
"""

CONNECT = 20.0
TLS = 20.0
GREETING = 60.0  # shorter than RFC 5321, 4.5.3.2.1: a person may be waiting
LOGIN = 60.0
# RFC 5321, 4.5.3.2: a server may have to ask others before it answers.
COMMAND = 300.0
DATA = 120.0
BLOCK = 180.0
FINAL = 600.0
QUIT = 1.0
PARTING = 1.0  # for what a server said before it closed in the middle
