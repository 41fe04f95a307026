"""Real mail servers, a faulty one and a slow line, each started privately for the tests.

Everything listens on 127.0.0.1 at a free port and lives in a folder of its own below the
system's temporary folder; nothing of the machine's own mail service is touched. This package
knows nothing of ``tui_mail``: what it says is never produced by the code under test.

    dovecot.py    Dovecot 2.3: the main server, in any shape a test asks for
    cyrus.py      Cyrus IMAP 3: separator ".", everything below INBOX, ACL and quota
    courier.py    Courier-IMAP 5: no MOVE, no CONDSTORE, untagged NO in answers that end in OK
    scripted.py   an IMAP server that says exactly what the test wrote, right or wrong
    proxy.py      a line with latency that can stall or break
    raw_imap.py   the least IMAP client that can fill a mailbox
    messages.py   made-up mail that looks like real mail
    certificates.py, process.py   what the others are started with
"""

from .certificates import Certificates
from .courier import Courier
from .cyrus import Cyrus
from .dovecot import Dovecot
from .messages import GeneratedMessage, generate
from .process import ServerMissing
from .proxy import LatencyProxy
from .raw_imap import RawImap
from .scripted import Peer, ScriptedServer

__all__ = [
    "Certificates",
    "Courier",
    "Cyrus",
    "Dovecot",
    "GeneratedMessage",
    "LatencyProxy",
    "Peer",
    "RawImap",
    "ScriptedServer",
    "ServerMissing",
    "generate",
]
