"""Which mailboxes are watched, and what in them makes a noise: the configuration's rules.

Judges names and settings alone; reads no mail and makes no noise itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from tui_mail import config
from tui_mail.model import INBOX, Mailbox

RULED = tuple(
    each.name for each in fields(config.NewsRule) if each.name not in ("folder", "account")
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What is done about one mailbox.

    ``watch``: its figures are asked for where the server does not tell them. ``tell``: what
    arrives there is logged, and may make the noises that follow.
    """

    watch: bool
    tell: bool = False
    bell: bool = False
    notify: bool = False
    command: bool = False


def shown_path(mailbox: Mailbox) -> str:
    """The name a person sees and a rule's ``folder`` is matched with."""
    return "/".join(mailbox.path)


def choose(settings: config.News, account: str, mailbox: Mailbox, *, subscribed: bool) -> Choices:
    """The choices for a mailbox; of the rules that match, the last one to speak of each counts.

    Without a rule, INBOX and what is ``subscribed`` is watched, and told about with every noise;
    but nothing is told of a mailbox with a special use, for what comes there was put there.
    """
    plain = mailbox.special_use is None or mailbox.name == INBOX
    ruled = _ruled(settings.rules, account, shown_path(mailbox).casefold())
    watch = ruled.get("watch", subscribed or mailbox.name == INBOX)
    if not (watch and mailbox.selectable):
        return Choices(watch=False)
    return Choices(
        watch=True,
        tell=plain or any(ruled.values()),
        bell=ruled.get("bell", settings.bell and plain),
        notify=ruled.get("notify", settings.notify and plain),
        command=ruled.get("command", plain),
    )


def _ruled(rules: Iterable[config.NewsRule], account: str, path: str) -> Mapping[str, bool]:
    found: dict[str, bool] = {}
    for rule in rules:
        if rule.account not in (None, account) or not fnmatchcase(path, rule.folder.casefold()):
            continue
        spoken = {name: getattr(rule, name) for name in RULED}
        found.update({name: said for name, said in spoken.items() if said is not None})
    return found
