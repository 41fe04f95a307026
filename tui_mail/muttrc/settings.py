"""Settings beside the accounts: the editor, addresses, and what has no counterpart and why.

Tables of mutt's variables and commands. Repeats no value of the file: one may be a password.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from tui_mail.config import Config
from tui_mail.muttrc.imported import Imported
from tui_mail.muttrc.reader import HOOKS, Settings
from tui_mail.muttrc.secrets import as_words

# Read by ``accounts`` or ``compose``, or needed for nothing but reading the others.
_READ = frozenset(
    (
        *("folder", "spoolfile", "imap_user", "imap_login", "imap_pass", "smtp_url", "smtp_pass"),
        *("from", "realname", "record", "postponed", "trash", "signature", "copy"),
        *("editor", "autoedit", "query_command"),
        *("imap_oauth_refresh_command", "smtp_oauth_refresh_command"),
    )
)
_ARGUMENT = re.compile(r"""'%s'|"%s"|%s""")
_ARGUMENT_AT_END = re.compile(rf"\s+(?:{_ARGUMENT.pattern})\s*\Z")
_LAST = ' "$1"'
# What mutt needs to be told and this program does by itself.
_BY_ITSELF = "not needed: it is done without being asked"
_WHY: Mapping[str, str] = {
    "sort": "no counterpart: the list is in the order of arrival, newest first",
    "sort_aux": "no counterpart: the list is in the order of arrival, newest first",
    "sort_browser": "no counterpart: folders are a tree in the order of their names",
    "header_cache": "not needed: headers and mail read are kept in a database of its own",
    "message_cachedir": "not needed: headers and mail read are kept in a database of its own",
    "header_cache_backend": "not needed: headers and mail read are kept in a database of its own",
    "imap_idle": _BY_ITSELF,
    "imap_keepalive": _BY_ITSELF,
    "imap_check_subscribed": _BY_ITSELF,
    "imap_list_subscribed": "no counterpart: T in the folders shows subscribed ones or all",
    "imap_passive": _BY_ITSELF,
    "mail_check": "no counterpart of the same meaning: see [news] poll",
    "timeout": "no counterpart of the same meaning: see [news] poll",
    "ssl_force_tls": _BY_ITSELF,
    "ssl_starttls": "always on where the URL is imap:// or smtp://",
    "certificate_file": "no counterpart: certificates nobody vouches for are refused; see ca_file",
    "ssl_ca_certificates_file": "see ca_file of an account",
    "imap_authenticators": "not needed: the best way both sides know is taken",
    "smtp_authenticators": "not needed: the best way both sides know is taken",
    "tunnel": "no counterpart: the server has to be reached directly",
    "preconnect": "no counterpart: the server has to be reached directly",
    "sendmail": "no counterpart: mail is sent by SMTP; see smtp of an account",
    "mbox": "no counterpart: mail that was read stays where it is",
    "move": "no counterpart: mail that was read stays where it is",
    "delete": "see [actions] delete and expunge_on_leave",
    "beep_new": "see [ui] bell and [news] bell",
    "new_mail_command": "see [news] on_new_mail",
    "use_from": _BY_ITSELF,
    "envelope_from": _BY_ITSELF,
    "charset": _BY_ITSELF,
    "send_charset": _BY_ITSELF,
    "text_flowed": _BY_ITSELF,
    "sidebar_visible": "no counterpart: B shows and hides the folders",
}
_COMMANDS: Mapping[str, str] = {
    "color": "colors are a theme's: see themes/",
    "mono": "colors are a theme's: see themes/",
    "uncolor": "colors are a theme's: see themes/",
    "bind": "keys are in [keys] of the configuration",
    "macro": "there are no macros",
    "auto_view": "HTML and calendars are shown as text without being asked",
    "alternative_order": "A shows another form of a message",
    "ignore": "h shows all headers, or only the usual ones",
    "unignore": "h shows all headers, or only the usual ones",
    "hdr_order": "h shows all headers, or only the usual ones",
    "lists": "mailing lists are known by their List-Post",
    "subscribe": "mailing lists are known by their List-Post",
}
_HOOKS: Mapping[str, str] = {
    "account-hook": "no counterpart: each account has its own table; read for what it sets",
    "folder-hook": "no counterpart: what it sets for an account was read, the rest was not",
}


def compose(settings: Settings, existing: Config | None, found: Imported) -> None:
    """Put the keys of ``[compose]`` that ``existing`` leaves open into ``found``."""
    there = existing.compose if existing else None
    editor = settings.get("editor").strip()
    if editor and (there is None or there.editor is None):
        _take_command(settings, found, "editor", "editor", editor)
    if settings.is_on("autoedit") and (there is None or not there.always_edit):
        found.compose["always_edit"] = True
    query = settings.get("query_command").strip()
    if query and (there is None or there.address_command is None):
        _take_command(settings, found, "query_command", "address_command", query)


def _take_command(settings: Settings, found: Imported, name: str, key: str, written: str) -> None:
    """A command that gets one argument: in the place of %s, or at its end."""
    command = _ARGUMENT_AT_END.sub("", written)
    if "%s" in command or as_words(command) != command:
        # Only a shell can do that, and it gets the argument as one that it does not read.
        script = _ARGUMENT.sub('"$1"', written)
        command = f"sh -c {shlex.quote(script if '$1' in script else script + _LAST)} {key}"
    if settings.marks.found(command):
        _miss(settings, found, name, "a part of it is what another command prints")
    else:
        found.compose[key] = command


def left_over(settings: Settings, found: Imported) -> None:
    """Note everything else that was said and has no counterpart."""
    unknown = [
        name
        for name in settings.variables
        if name in settings.places and name not in _READ and not name.startswith("my_")
    ]
    for name in (each for each in unknown if each in _WHY):
        _miss(settings, found, name, _WHY[name])
    others = sorted(each for each in unknown if each not in _WHY)
    if others:
        more = f" and {len(others) - 30} more" if len(others) > 30 else ""
        found.miss(f"{len(others)} other variables", f"{', '.join(others[:30])}{more}")
    for kind in HOOKS:
        hooks = [hook for hook in settings.hooks if hook.kind == kind]
        if hooks:
            why = _HOOKS.get(kind, "no counterpart")
            found.miss(_counted(kind, len(hooks)), why, str(hooks[0].place))
    for header in settings.headers:
        if header != "from":
            where = settings.places.get(f"my_hdr {header}")
            found.miss("my_hdr", "no header of your own can be set for all mail", str(where))
    for name, places in settings.others.items():
        why = _COMMANDS.get(name, "no counterpart")
        found.miss(_counted(name, len(places)), why, str(places[0]))
    if not found.reads_pipes:
        for _, place in settings.pipes:
            found.miss("source", "what a command prints is not read: none is run", str(place))
    for note in settings.notes[:100]:
        found.miss("not understood", note.text, str(note.place))


def _miss(settings: Settings, found: Imported, name: str, why: str) -> None:
    place = settings.places.get(name)
    found.miss(name, why, str(place) if place else "")


def _counted(name: str, count: int) -> str:
    return name if count == 1 else f"{name} ({count} lines)"
