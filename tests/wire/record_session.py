"""Records ``wire_session`` against a real server: run by hand, when a new server is to be added.

    python tests/wire/record_session.py NAME PREFIX HOST:PORT
    python tests/wire/record_session.py NAME PREFIX COMMAND ARGUMENT...

The second form talks to a server that runs on standard input and output (``imapd Maildir``).
The user is anna, the password secret. STARTTLS is taken where it is offered, its certificate
is not checked.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys

from wire_session import FOLDER, IDLE_DONE, Step, save, session

from tui_mail.wire.imap import NEED_DATA, ImapConnection
from tui_mail.wire.responses import Completed, Continuation, Response


class Recording:
    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self.connection = ImapConnection()
        self.steps: list[Step] = []

    def flush(self) -> None:
        data = self.connection.data_to_send()
        if data:
            self.steps.append(Step(True, data))
            self.peer.sendall(data)

    def response(self) -> Response:
        while (event := self.connection.next_event()) is NEED_DATA:
            self.flush()
            data = self.peer.recv(65536)
            if not data:
                raise SystemExit(f"closed after {self.steps[-3:]}")
            self.steps.append(Step(False, data))
            self.connection.receive_data(data)
        return event

    def run(self, prefix: bytes) -> None:
        print(self.response())
        for step in session(self.connection, prefix):
            if step == IDLE_DONE:
                self.connection.idle_done()
                tag = next(iter(self.connection.pending))
            else:
                assert not isinstance(step, str)
                tag = self.connection.send(step)
            while True:
                event = self.response()
                print(tag, event)
                if isinstance(event, Completed) and event.tag == tag:
                    break
                if isinstance(event, Continuation) and getattr(step, "name", "") == "IDLE":
                    break
            if getattr(step, "name", "") == "STARTTLS":
                self.connection.start_tls_done()
                context = ssl._create_unverified_context()
                self.peer = context.wrap_socket(self.peer, server_hostname="localhost")


def main() -> None:
    name, prefix, *server = sys.argv[1:]
    host, colon, port = server[0].partition(":")
    if colon:
        peer = socket.create_connection((host, int(port)), timeout=20)
    else:
        peer, theirs = socket.socketpair()
        subprocess.Popen(server, stdin=theirs, stdout=theirs)
        theirs.close()
    recording = Recording(peer)
    recording.run(prefix.encode())
    save(FOLDER / f"{name}.txt", recording.steps)


if __name__ == "__main__":
    main()
