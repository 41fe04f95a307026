"""What an import did, as lines for a person. Cleaned for the terminal; no password in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tui_mail.config import FOLDERS, Account, ServerUrl
from tui_mail.muttrc.imported import Imported
from tui_mail.sanitize import clean

_USES = {use: word for word, use in FOLDERS.items()}
_LONGEST_LIST = 200  # lines


def lines(found: Imported, kept: Mapping[ServerUrl, str], *, addresses: int) -> Iterator[str]:
    """``kept`` says for each server that had a password where it is now.

    ``addresses`` counts those of aliases that were taken over.
    """
    yield from (clean(line) for line in _lines(found, kept, addresses))


def _lines(found: Imported, kept: Mapping[ServerUrl, str], addresses: int) -> Iterator[str]:
    if found.accounts or found.compose:
        yield "Taken over:"
    for account in found.accounts:
        yield from _account(account, found, kept)
    for key, value in found.compose.items():
        yield f"  [compose] {key} = {value}"
    if addresses:
        yield f"  {addresses} addresses of aliases, for completing what is typed"
    for name in sorted(found.present):
        yield f"Account {name} is in the configuration already and stays as it is."
    missed = found.not_taken
    if missed:
        yield "Without a counterpart, or not taken over:"
    for each in missed[:_LONGEST_LIST]:
        where = f"{each.where}: " if each.where else ""
        yield f"  {where}{each.what}: {each.why}"
    if len(missed) > _LONGEST_LIST:
        yield f"  and {len(missed) - _LONGEST_LIST} more"


def _account(account: Account, found: Imported, kept: Mapping[ServerUrl, str]) -> Iterator[str]:
    yield f"  account {account.name}: {account.identities[0]}"
    yield f"    imap = {account.imap}"
    if account.smtp:
        yield f"    smtp = {account.smtp}"
    if account.token_command:
        yield f"    token_command: {account.token_command.split()[0]} …"
    elif account.password_command:
        yield f"    password_command: {account.password_command.split()[0]} …, not run so far"
    else:
        yield f"    password: {kept.get(account.imap, 'asked for each time')}"
    if account.smtp is not None and account.smtp in kept:
        yield f"    password for sending: {kept[account.smtp]}"
    for alias in account.aliases:
        yield f"    writes as {alias} too"
    for use, name in account.folders.items():
        yield f"    {_USES[use]} = {name}"
    if account.signature:
        yield f"    signature = {account.signature}"
    if not account.save_sent:
        yield "    save_sent = false: the server is left to file what was sent"
    watched = sum(rule.account == account.name for rule in found.rules)
    if watched:
        yield f"    {watched} mailboxes watched for new mail ([[news.rules]])"
