"""Real mail servers, a faulty one and a slow line, each started privately for the tests.

Everything listens on 127.0.0.1 at a free port and lives in a folder of its own below the
system's temporary folder; nothing of the machine's own mail service is touched. This package
knows nothing of ``tui_mail``: what it says is never produced by the code under test.

    dovecot.py    Dovecot 2.3: the main server, in any shape a test asks for
    cyrus.py      Cyrus IMAP 3: separator ".", everything below INBOX, ACL and quota
    courier.py    Courier-IMAP 5: no MOVE, no CONDSTORE, untagged NO in answers that end in OK
    postfix.py    Postfix 3: submission with STARTTLS and TLS, every AUTH mechanism, a size limit
    scripted.py   an IMAP server that says exactly what the test wrote, right or wrong
    scripted_smtp.py   an SMTP server that fails where the test wants it to
    proxy.py      a line with latency that can stall or break
    raw_imap.py   the least IMAP client that can fill a mailbox
    messages.py   made-up mail that looks like real mail
    mechanisms.py   what makes Dovecot offer every way to log in, for itself and for Postfix
    certificates.py, process.py   what the others are started with
"""

from .certificates import Certificates
from .courier import Courier
from .cyrus import Cyrus
from .dovecot import Dovecot
from .messages import GeneratedMessage, generate
from .postfix import Postfix
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
    "Postfix",
    "RawImap",
    "ScriptedServer",
    "ServerMissing",
    "generate",
]
