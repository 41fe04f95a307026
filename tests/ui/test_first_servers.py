"""The account form with a real Dovecot and a real Postfix behind TLS and STARTTLS."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest
from account_form_person import Applicant, form
from dns_server import DnsServer
from file_keyring import FileKeyring
from servers import Dovecot, Postfix

from tui_mail import config
from tui_mail.net import discover
from tui_mail.ui.screens.confirm import Confirm

pytestmark = pytest.mark.server
DOMAIN = "_tcp.example.test"


@pytest.mark.parametrize("encryption", ["TLS", "STARTTLS"])
async def test_both_are_found_asked_about_and_let_the_person_in(
    encryption: str,
    dovecot: Dovecot,
    postfix: Postfix,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TUI_MAIL_TEST_KEYRING", str(tmp_path / "ring.json"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", FileKeyring())
    tls = encryption == "TLS"
    imap_port, smtp_port = (
        (dovecot.tls_port, postfix.tls_port) if tls else (dovecot.port, postfix.port)
    )
    records = {
        f"{'_imaps' if tls else '_imap'}.{DOMAIN}": [f"0 0 {imap_port} localhost."],
        f"{'_submissions' if tls else '_submission'}.{DOMAIN}": [f"0 0 {smtp_port} localhost."],
    }
    file = tmp_path / "config.toml"
    async with DnsServer(records) as dns:
        monkeypatch.setattr(discover, "_resolver", lambda: dns.resolver)
        async with form(file, ca_file=dovecot.ca_file) as person:
            await person.fill("Anna", "anna@example.test")
            await person.sees("IMAP: localhost", "SMTP: localhost")
            assert "AUTHENTICATE" not in person.wire() and "AUTH " not in sent(person)
            await person.press("down", "down")
            await person.fill("wrong")
            await person.until(lambda: isinstance(person.app.screen, Confirm), "the question")
            await person.press("y")
            await person.sees("did not accept the password", "The server said:")
            await person.fill(dovecot.password)
            assert await person.left() is not None
            assert "AUTH PLAIN" in sent(person) or "AUTH SCRAM" in sent(person)
            assert dovecot.password not in person.wire()
    [account] = config.load(file).accounts
    assert account.smtp is not None
    assert (account.imap.port, account.smtp.port) == (imap_port, smtp_port)


def sent(person: Applicant) -> str:
    return "\n".join(line for line in person.wire().splitlines() if " → " in line)
