"""New drafts: empty, from a mailto: URI, as a reply to one, to all, to the list. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui_mail.errors import MailError
from tui_mail.mail.compose import flowed, mailto, quoting, subjects
from tui_mail.mail.compose.addresses import Typed, formatted, key
from tui_mail.mail.compose.mailto import MailtoFields
from tui_mail.mail.compose.message_id import thread_references, valid_ids
from tui_mail.mail.compose.mime import field_body
from tui_mail.mail.compose.original import Original
from tui_mail.mail.compose.values import Draft
from tui_mail.mail.compose.writer import Writer
from tui_mail.mail.headers import parse_date

# Where the last server notes whom it delivered a message for (RFC 9228; Postfix, Exim, Courier).
_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To")
_LIST_POST = re.compile(r"<([^<>]*)>")


def new(writer: Writer, fields: MailtoFields | None = None) -> Draft:
    """An empty draft with the signature, or one with the fields of a mailto: URI."""
    fields = fields or MailtoFields()
    return Draft(
        account=writer.account.name,
        from_=writer.identity(()),
        to=fields.to,
        cc=fields.cc,
        bcc=fields.bcc,
        reply_to=fields.reply_to,
        subject=fields.subject,
        body=signed(fields.body, writer),
        in_reply_to=fields.in_reply_to,
        references=fields.references,
    )


def reply(original: Original, writer: Writer) -> Draft:
    """A reply to who wrote it: Mail-Reply-To, else Reply-To, else From.

    One's own message is replied to by writing once more to whom it was sent.
    """
    return _draft(original, writer, to=_answered(original, writer))


def reply_all(original: Original, writer: Writer) -> Draft:
    """A reply to everybody but oneself: Mail-Followup-To, else the sender, To and Cc.

    Oneself is every address of every account. Nobody is named twice.
    """
    followup = _others(original.addresses("Mail-Followup-To"), writer, ())
    if followup:
        return _draft(original, writer, to=followup)
    answered = _answered(original, writer)
    to = _others([*answered, *original.addresses("To")], writer, ())
    cc = _others(original.addresses("Cc"), writer, to)
    if not to and not cc:
        to = answered
    return _draft(original, writer, to=to or cc, cc=cc if to else [])


def list_reply(original: Original, writer: Writer) -> Draft:
    """A reply to the mailing list alone (List-Post, RFC 2369, 3.4).

    Raises MailError where the message names no list, or one that takes no mail.
    """
    posted = original.field("List-Post")
    for uri in _LIST_POST.findall(posted):
        # In the order the list prefers them; what is not mail is for a browser.
        if uri.strip().lower().startswith("mailto:") and (to := mailto.parse(uri).to):
            return _draft(original, writer, to=(), typed=to)
    if posted.upper().startswith("NO"):
        raise MailError("Nobody but its owner may write to this list")
    raise MailError(
        "This message is not from a mailing list", advice="Reply to its sender, or to all."
    )


def _answered(original: Original, writer: Writer) -> list[Typed]:
    """Whom a reply goes to."""
    wanted = original.addresses("Mail-Reply-To") or original.addresses("Reply-To")
    senders = original.addresses("From") or original.addresses("Sender")
    wrote_it = bool(senders) and all(writer.is_own(each.address) for each in senders)
    if wrote_it and not wanted and (recipients := original.addresses("To")):
        return _once(recipients)
    return _once(wanted or senders)


def _once(typed: Iterable[Typed]) -> list[Typed]:
    return list({key(each.address): each for each in reversed(list(typed))}.values())[::-1]


def _others(typed: Iterable[Typed], writer: Writer, named: Iterable[Typed]) -> list[Typed]:
    """Those who are not oneself and not in ``named``, once each."""
    known = {key(each.address) for each in named}
    return [
        each
        for each in _once(typed)
        if not writer.is_own(each.address) and key(each.address) not in known
    ]


def _draft(
    original: Original,
    writer: Writer,
    *,
    to: Iterable[Typed],
    cc: Iterable[Typed] = (),
    typed: str = "",
) -> Draft:
    message_id = next(iter(original.ids("Message-ID")), "")
    return Draft(
        account=writer.account.name,
        from_=identity(original, writer),
        to=typed or _field(to),
        cc=_field(cc),
        subject=subjects.reply(original.field("Subject")),
        body=_body(original, writer),
        in_reply_to=next(iter(valid_ids([message_id])), "") if message_id else "",
        references=thread_references(
            original.ids("References"), original.ids("In-Reply-To"), message_id
        ),
        answers=original.reference,
    )


def identity(original: Original, writer: Writer) -> str:
    """Whom to write as, by the addresses the original came to; its sender's if that is oneself."""
    addressed = [each.address for each in original.addresses("From", "To", "Cc")]
    delivered = [each.address for each in original.addresses(*_DELIVERED)]
    return writer.identity(addressed, delivered)


def _field(typed: Iterable[Typed]) -> str:
    return ", ".join(formatted(each.name, each.address) for each in typed)


def _body(original: Original, writer: Writer) -> str:
    sender = next(iter(original.addresses("From", "Sender")), None)
    name = (sender.name or sender.address) if sender else "Somebody"
    date = parse_date(field_body(original.header, "Date"))
    quoted = quoting.quote(original.text)
    if not quoted:
        return signed("", writer)
    return signed(f"{quoting.attribution(name, date)}\n{quoted}\n\n", writer)


def signed(body: str, writer: Writer) -> str:
    """``body`` with room for what is to be written, and the signature below (RFC 3676, 4.3)."""
    if not writer.signature:
        return body
    return f"{body}\n\n{flowed.SIGNATURE}\n{writer.signature}\n"


def where_to_type(body: str) -> int:
    """The place in a body, in characters, where writing begins: behind the quote, before the
    signature; at the top of an empty or a forwarded message."""
    head = quoting.without_signature(body)
    if body.startswith("\n") or not head.strip():
        return 0
    return min(len(head.rstrip("\n")) + 2, len(body))
