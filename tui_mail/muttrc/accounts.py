"""Accounts out of what muttrc files say: which servers, who writes there, with which password.

Knows mutt's meaning of its variables and hooks. Writes nothing and asks nobody. What was set for
one server is never given to another one: a password least of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import parseaddr
from glob import escape

from tui_mail import config_values
from tui_mail.config import Account, Config, Identity, NewsRule, ServerUrl
from tui_mail.config_edit import free_name
from tui_mail.model import SpecialUse
from tui_mail.muttrc.imported import Imported
from tui_mail.muttrc.places import Server, mailbox, server
from tui_mail.muttrc.reader import Hook, Settings, apply
from tui_mail.muttrc.secrets import Secret, as_words, secret

HOOKS_APPLIED = 50
ACCOUNTS_LIMIT = 20
RULES_LIMIT = 100
_EVERYWHERE = ("", ".", ".*")
_FOLDERS = {
    "record": SpecialUse.SENT,
    "postponed": SpecialUse.DRAFTS,
    "trash": SpecialUse.TRASH,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An IMAP server and the settings in force there.

    ``foreign``: the settings began as those of another account, ``base``, so that what was not
    set anew is that account's.
    """

    place: Server
    state: Settings
    base: Settings
    foreign: bool

    def raw(self, name: str) -> str:
        """The value of a variable that is this account's own, marks and all; "" for none."""
        same = self.state.places.get(name) is self.base.places.get(name)
        return "" if self.foreign and same else self.state.variables.get(name, "")

    def get(self, name: str) -> str:
        return self.state.marks.without_variables(self.raw(name))

    def known(self, name: str) -> str:
        """As ``get``; "" for a value that only running a command would give."""
        value = self.get(name)
        return "" if self.state.marks.found(value) else value

    def where(self, name: str) -> str:
        place = self.state.places.get(name)
        return str(place) if place else ""


def gather(settings: Settings, existing: Config | None, found: Imported) -> None:
    """Put the accounts that ``existing`` does not have yet into ``found``."""
    maker = _Maker(settings, existing, found)
    for candidate in _candidates(settings):
        if len(found.accounts) >= ACCOUNTS_LIMIT:
            found.miss("more accounts", f"no more than {ACCOUNTS_LIMIT} are taken over")
            return
        maker.add(candidate)


def _candidates(base: Settings) -> Iterator[Candidate]:
    main = _folder(base)
    user = "" if main is None else main.user or base.get("imap_user")
    hooks = [hook for hook in base.hooks if hook.kind in ("account-hook", "folder-hook")]

    def candidate(place: Server, state: Settings) -> Candidate:
        foreign = main is not None and (
            place.host != main.host or (place.user or user) != user or state is not base
        )
        for hook in [each for each in hooks if _is_for(each, place)][:HOOKS_APPLIED]:
            changed = apply(state, hook)
            # Another folder is another account, and a candidate of its own.
            if changed.get("folder") == state.get("folder"):
                state = changed
        return Candidate(place, state, base, foreign)

    for place in _servers(base):
        yield candidate(place, base)
    for hook in [each for each in hooks if each.kind == "folder-hook"][:HOOKS_APPLIED]:
        state = apply(base, hook)
        if state.get("folder") != base.get("folder"):
            for place in _servers(state):
                yield candidate(place, state)


def _servers(state: Settings) -> Iterator[Server]:
    folder = _folder(state)
    if folder is not None:
        yield folder
    for name in (state.get("spoolfile"), *state.mailboxes):
        found = mailbox(name, folder)
        if found is not None and found[0] is not folder:
            yield found[0]


def _folder(state: Settings) -> Server | None:
    found = server(state.get("folder"))
    return found if found is not None and found.protocol == "imap" else None


def _is_for(hook: Hook, place: Server) -> bool:
    """Whether the pattern names this server; it is a regular expression, but not run as one."""
    pattern = hook.pattern.replace("\\", "").lower()
    if hook.negated or pattern in _EVERYWHERE:
        return not hook.negated
    if place.user and f"@{place.host}" in pattern:
        return f"{place.user.lower()}@{place.host}" in pattern
    return place.host in pattern


class _Maker:
    """Makes an account of each candidate that is none yet."""

    def __init__(self, settings: Settings, existing: Config | None, found: Imported) -> None:
        self._settings = settings
        self._found = found
        known = existing.accounts if existing else ()
        self._names = [account.name for account in known]
        self._present = {account.imap.identity: account.name for account in known}
        self._new: set[str] = set()

    def add(self, candidate: Candidate) -> None:
        place = candidate.place
        writer = _writer(candidate)
        user = place.user or candidate.known("imap_user") or candidate.known("imap_login")
        user = user or writer.address
        if not user:
            self._found.miss(f"account at {place.host}", "no user name is set (imap_user)")
            return
        address = writer.address or (user if "@" in user else f"{user}@{_domain(place.host)}")
        try:
            imap = place.url(user)
            config_values.email(address)
        except ValueError as error:
            self._found.miss(f"account at {place.host}", str(error))
            return
        if imap.identity in self._present:
            self._found.present.add(self._present[imap.identity])
        if imap.identity in self._present or imap.identity in self._new:
            return
        name = free_name(address.rpartition("@")[2].partition(".")[0], self._names)
        if not writer.address and "@" not in user:
            self._found.miss("from", f"not set: {address} of account {name} was guessed")
        account = Account(name, writer.name, address, imap, smtp=self._smtp(candidate, name))
        account = self._with_secret(account, candidate)
        account = self._with_folders(account, candidate)
        account = self._with_rest(account, candidate)
        self._names.append(name)
        self._new.add(imap.identity)
        self._found.accounts.append(account)
        self._watch(account, candidate)

    def _smtp(self, candidate: Candidate, name: str) -> ServerUrl | None:
        written = candidate.get("smtp_url")
        found = server(written)
        if found is None or found.protocol != "smtp":
            why = "no server that can be used is set: add smtp = … to send mail"
            self._found.miss(f"smtp_url of {name}", why, candidate.where("smtp_url"))
            return None
        try:
            return found.url(found.user)
        except ValueError as error:
            self._found.miss(f"smtp_url of {name}", str(error), candidate.where("smtp_url"))
            return None

    def _with_secret(self, account: Account, candidate: Candidate) -> Account:
        state, name = candidate.state, account.name
        refresh = candidate.known("imap_oauth_refresh_command")
        if refresh:
            return replace(account, token_command=as_words(refresh) or None)
        written = candidate.place.password or candidate.raw("imap_pass")
        found = (
            Secret() if candidate.foreign and not written else secret(state, "imap_pass", written)
        )
        if found.problem:
            self._found.miss(f"imap_pass of {name}", found.problem, candidate.where("imap_pass"))
        self._found.reads_pipes |= found.piped
        if found.text:
            self._found.passwords[name] = found.text
        self._compare_smtp(account, candidate, found)
        return replace(account, password_command=found.command or None)

    def _compare_smtp(self, account: Account, candidate: Candidate, imap: Secret) -> None:
        """Another password for sending is kept by itself, where it has a name of its own."""
        url = server(candidate.get("smtp_url"))
        written = (url.password if url else "") or candidate.raw("smtp_pass")
        if not written or account.smtp is None:
            return
        smtp = secret(candidate.state, "smtp_pass", written)
        if (smtp.text, smtp.command) == (imap.text, imap.command):
            return
        if smtp.text and account.smtp.identity != account.imap.identity:
            self._found.passwords_for_sending[account.name] = smtp.text
            return
        why = "another password than for IMAP: it is asked for when something is sent"
        self._found.miss(f"smtp_pass of {account.name}", why, candidate.where("smtp_pass"))

    def _with_folders(self, account: Account, candidate: Candidate) -> Account:
        folder = _folder(candidate.state)
        folders: dict[SpecialUse, str] = {}
        for variable, use in _FOLDERS.items():
            written = candidate.state.get(variable)
            if not written or written.lower() == "no":
                continue
            found = mailbox(written, folder)
            usable = found is not None and found[1].isprintable()
            if found is not None and usable and found[0].host == candidate.place.host:
                folders[use] = found[1]
            elif not candidate.foreign:
                why = "no mailbox of this account; the one the server names is used"
                self._found.miss(variable, why, candidate.where(variable))
        return replace(account, folders=folders)

    def _with_rest(self, account: Account, candidate: Candidate) -> Account:
        state = candidate.state
        keeps = not (state.is_off("record") or state.is_off("copy"))
        signature = None
        written = candidate.known("signature")
        if written and not written.endswith("|") and self._found.is_text_file(written):
            signature = self._found.path(written)
        elif written:
            why = "a command" if written.endswith("|") else "there is no such file"
            self._found.miss("signature", why, candidate.where("signature"))
        aliases = () if candidate.foreign else self._aliases(account)
        return replace(account, save_sent=keeps, signature=signature, aliases=aliases)

    def _aliases(self, account: Account) -> tuple[Identity, ...]:
        found: list[Identity] = []
        for pattern in self._settings.alternates:
            address = plain_address(pattern)
            if not address:
                why = "a pattern, not one address; list the addresses as aliases"
                self._found.miss("alternates", why)
            elif address.lower() != account.email_address.lower():
                found.append(Identity(account.email_name, address))
        return tuple(found[:RULES_LIMIT])

    def _watch(self, account: Account, candidate: Candidate) -> None:
        """A rule for each of ``mailboxes``, so that news of it is told, subscribed or not."""
        folder = _folder(candidate.state)
        for written in candidate.state.mailboxes:
            found = mailbox(written, folder)
            if found is None or found[0].host != candidate.place.host:
                continue
            if found[0].user not in ("", candidate.place.user) or found[1].upper() == "INBOX":
                continue
            rule = NewsRule(escape(found[1]), account.name, watch=True)
            if rule in self._found.rules or not found[1].isprintable():
                continue
            if len(self._found.rules) >= RULES_LIMIT:
                self._found.miss("mailboxes", f"more than {RULES_LIMIT}: subscribe to the rest")
                return
            self._found.rules.append(rule)


def plain_address(pattern: str) -> str:
    """The one address a pattern of ``alternates`` matches, "" if it may match others."""
    address = pattern.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\+", "+")
    if any(character in address for character in "\\^$*?[](){}|") or " " in address:
        return ""
    try:
        return config_values.email(address)[1]
    except ValueError:
        return ""


def _writer(candidate: Candidate) -> Identity:
    """Who writes: from, my_hdr From or $EMAIL, with the name of realname; the address may be ""."""
    state = candidate.state
    header = state.headers.get("from", "")
    if candidate.foreign and header == candidate.base.headers.get("from", ""):
        header = ""
    email = "" if candidate.foreign else state.environment.get("EMAIL", "")
    for written in (header, candidate.known("from"), email):
        name, address = parseaddr(written)
        if address.isprintable() and name.isprintable() and _is_address(address):
            return Identity(name or _realname(state), address)
    return Identity(_realname(state), "")


def _is_address(text: str) -> bool:
    try:
        config_values.email(text)
    except ValueError:
        return False
    return True


def _realname(state: Settings) -> str:
    name = state.get("realname").strip()
    return name if name.isprintable() and not state.marks.found(name) else ""


def _domain(host: str) -> str:
    first, _, rest = host.partition(".")
    return rest if first in ("imap", "mail", "mx") and "." in rest else host
