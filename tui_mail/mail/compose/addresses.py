"""Addresses as a person types them: taken apart, judged, written anew. No I/O.

RFC 5322, 3.4 with its obsolete forms, RFC 6532 for what is not ASCII. A wrong address is no error
here: it comes back with what is wrong with it and where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tui_mail.mail.charsets import decode_unknown
from tui_mail.mail.headers import decode_header

MAX_TEXT = 256 * 1024  # characters of one field; what is behind is left out
MAX_ADDRESS = 254  # octets: a path of RFC 5321, 4.5.3.1.3 less its angle brackets

# What may not stand bare in a local part or a name (RFC 5322, 3.2.3), and what is invisible.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BAD = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_PLAIN_NAME = re.compile(r"[^()<>\[\]:;@\\,\".\x00-\x1f\x7f]+")
# RFC 1123, 2.1, with the underscore that some hosts have.
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_UNQUOTE = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)
_LITERAL = re.compile(r"\[[^\[\]\\]*\]")

_NO_DOMAIN = "no domain: expected name@example.org"
_COMMA_IN_NAME = 'a name with a comma needs quotes: "Doe, Jane" <jane@example.org>'


@dataclass(frozen=True, slots=True)
class Typed:
    """One address of a field, ``text[start:end]`` of what was parsed.

    ``address`` is bare, its domain as it was typed; "" where none could be made out.
    ``problem`` says in one line what is wrong, "" if it can be sent to. ``group`` is the name of
    the group it was in, "" for none. A group without members is one of these with neither a name
    nor an address nor a problem.
    """

    text: str
    name: str
    address: str
    problem: str
    start: int
    end: int
    group: str = ""


def _quoted_end(text: str, start: int) -> int:
    found = _QUOTED.match(text, start)
    return found.end() if found else -1


def _comment_end(text: str, start: int) -> int:
    """Comments nest (RFC 5322, 3.2.2)."""
    depth = 0
    for found in _COMMENT_MARK.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return -1


def _angle_end(text: str, start: int) -> int:
    """Up to the closing bracket, which does not count inside a quoted local part."""
    position = start + 1
    while position < len(text):
        if text[position] == ">":
            return position + 1
        if text[position] == "<":
            return -1
        following = _quoted_end(text, position) if text[position] == '"' else position + 1
        position = following if following > 0 else position + 1
    return -1


def _literal_end(text: str, start: int) -> int:
    found = _LITERAL.match(text, start)
    return found.end() if found else -1


_ENDS = {'"': _quoted_end, "(": _comment_end, "<": _angle_end, "[": _literal_end}
_UNCLOSED = {
    '"': 'a quote is not closed: expected "',
    "(": "a comment is not closed: expected )",
    "<": "the address is not closed: expected >",
    "[": "the domain is not closed: expected ]",
}


def _pieces(text: str) -> Iterator[tuple[str, str, int, int]]:
    """(kind, piece, start, end): a kind is the mark it begins with, "," ":" ";" or "" for text.

    What is opened and never closed goes on to the next comma, so that it spoils one address only;
    its kind is "!".
    """
    position = 0
    unclosed: set[str] = set()  # never looked for again: a hostile field would take for ever
    while position < len(text):
        mark = text[position]
        if mark in _ENDS:
            end = -1 if mark in unclosed and mark != "<" else _ENDS[mark](text, position)
            if end < 0:
                unclosed.add(mark)
                end = text.find(",", position)
                end = len(text) if end < 0 else end
                yield "!", text[position:end], position, end
            else:
                yield mark, text[position:end], position, end
        elif mark in ",:;":
            end = position + 1
            yield mark, mark, position, end
        else:
            found = _RUN.match(text, position)
            end = found.end() if found else position + 1
            yield "", text[position:end], position, end
        position = end


_RUN = re.compile(r'[^"(<\[,:;]+')


@dataclass(slots=True)
class _Item:
    """The pieces between two separators."""

    pieces: list[tuple[str, str]]
    start: int
    end: int
    group: str
    closes: bool = False  # a group ends behind it

    @property
    def blank(self) -> bool:
        return not any(piece.strip() for _, piece in self.pieces)


def _items(text: str) -> Iterator[_Item]:
    group, inside = "", False
    item = _Item([], 0, 0, "")
    for kind, piece, start, end in _pieces(text):
        if kind == ":" and not inside and _is_group_name(item):
            group, inside = _phrase(item.pieces), True
            # An address that was copied out of a link.
            if group.lower() == "mailto":
                group, inside = "", False
            item = _Item([], end, end, group)
        elif kind in (",", ";") or (kind == ";" and inside):
            item.end = start
            item.closes = kind == ";" and inside
            yield item
            if item.closes:
                group, inside = "", False
            item = _Item([], end, end, group)
        else:
            item.pieces.append((kind, piece))
            item.end = end
    yield item


def _is_group_name(item: _Item) -> bool:
    words = "".join(piece for kind, piece in item.pieces if kind in ("", "<", "["))
    return not item.blank and "@" not in words and "<" not in words


def _phrase(pieces: list[tuple[str, str]]) -> str:
    """A display name: quotes taken off, comments left out, white space as one space."""
    words = [
        _UNQUOTE.sub(r"\1", piece[1:-1]) if kind == '"' else piece
        for kind, piece in pieces
        if kind != "("
    ]
    return " ".join("".join(words).split())


def _comment(pieces: list[tuple[str, str]]) -> str:
    """The name as it stood before there were angle brackets: ``a@b (Name)``."""
    comments = [_UNQUOTE.sub(r"\1", piece[1:-1]) for kind, piece in pieces if kind == "("]
    return " ".join(" ".join(comments).split())


def _judged(item: _Item, text: str) -> Typed:
    raw = text[item.start : item.end]
    start = item.start + len(raw) - len(raw.lstrip())
    shown = raw.strip()
    typed = Typed(shown, "", "", "", start, start + len(shown), item.group)
    unclosed = next((piece for kind, piece in item.pieces if kind == "!"), "")
    angles = [index for index, (kind, _) in enumerate(item.pieces) if kind == "<"]
    if angles:
        head, tail = item.pieces[: angles[0]], item.pieces[angles[0] + 1 :]
        name = _phrase(head) or _comment([*head, *tail])
        # A route before the address is obsolete and to be ignored (RFC 5322, 4.4).
        address = re.sub(r"^(?:@[^:,]*,?)+:", "", item.pieces[angles[0]][1][1:-1].strip())
        problem = _address_problem(address)
        if len(angles) > 1 or _phrase(tail):
            problem = "something follows the address: expected a comma"
    else:
        words = [(kind, piece) for kind, piece in item.pieces if kind != "("]
        name = _comment(item.pieces)
        address = "".join(piece for _, piece in words).strip()
        problem = _address_problem(address)
    if unclosed:
        problem = _UNCLOSED[unclosed[0]]
    elif _BAD.search(name.replace("\u00a0", " ")):
        problem = problem or "a character in the name cannot be sent"
    return replace(typed, name=name, address=address, problem=problem)


def _address_problem(address: str) -> str:
    """What is wrong with a bare address (RFC 5321, 4.1.2; RFC 6531, 3.3), "" for nothing."""
    local, at, domain = _split(address)
    if not at:
        return _NO_DOMAIN
    if not local:
        return "nothing before the @"
    if not domain:
        return _NO_DOMAIN
    if found := (_BAD.search(address) or _INVISIBLE.search(address)):
        return f"a character that cannot be in an address: U+{ord(found[0]):04X}"
    if problem := _local_problem(local):
        return problem
    try:
        written = ascii_address(address)
    except ValueError as error:
        return str(error)
    if len(written.encode("utf-8")) > MAX_ADDRESS:
        return f"longer than {MAX_ADDRESS} octets"
    return ""


def _local_problem(local: str) -> str:
    if local.startswith('"'):
        return "" if _QUOTED.fullmatch(local) else 'a quote is not closed: expected "'
    for atom in local.split("."):
        if not atom:
            return "a dot too many before the @"
        if not (found := _LOCAL.match(atom)):
            return f"{atom[0]!r} cannot be in an address"
        if found.end() < len(atom):
            mark = atom[found.end()]
            return "a space in the address" if mark == " " else f"{mark!r} cannot be in an address"
    return ""


def _split(address: str) -> tuple[str, str, str]:
    """Local part, @ and domain; a quoted local part may have an @ of its own."""
    found = _QUOTED.match(address)
    if found and address.startswith("@", found.end()):
        return found[0], "@", address[found.end() + 1 :]
    return address.rpartition("@") if "@" in address else (address, "", "")


def parse(text: str) -> list[Typed]:
    """The addresses of ``text`` in their order, separated by commas. Raises nothing.

    A semicolon separates as well, where it does not end a group: people write lists so elsewhere.
    """
    text = text[:MAX_TEXT]
    found: list[Typed] = []
    group_start = -1  # in ``found``, where the members of the open group begin
    for item in _items(text):
        if item.group and group_start < 0:
            group_start = len(found)
        if not item.blank:
            found.append(_judged(item, text))
        if item.closes:
            if len(found) == group_start:
                found.append(Typed("", "", "", "", item.start, item.start, item.group))
            group_start = -1
    return [
        replace(each, problem=_COMMA_IN_NAME)
        if each.problem == _NO_DOMAIN and following is not None and following.name
        else each
        for each, following in zip(found, [*found[1:], None], strict=False)
    ]


def parse_header(raw: bytes) -> list[Typed]:
    """The same for a header field body as it was received: encoded words in names decoded.

    ``start`` and ``end`` count in the unfolded field.
    """
    text = re.sub(r"\r?\n(?=[ \t])", "", decode_unknown(raw[:MAX_TEXT]))
    return [
        replace(
            each,
            name=decode_header(each.name.encode("utf-8", "replace")),
            group=decode_header(each.group.encode("utf-8", "replace")),
        )
        for each in parse(text)
    ]


def bare(text: str) -> str:
    """The one address in ``text`` without its name; "" if it is none, or wrong, or several."""
    found = parse(text)
    return found[0].address if len(found) == 1 and not found[0].problem else ""


def formatted(name: str, address: str) -> str:
    """``Name <address>`` as ``parse`` reads it, the name quoted where it must be."""
    name = " ".join(_BAD.sub(" ", name).split())
    if not name or name == address:
        return address
    return f"{_quoted_name(name)} <{address}>"


def _quoted_name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(found: Iterable[Typed]) -> str:
    """Parsed addresses as the text of a field again, groups as groups; wrong ones as they were."""
    text, group = "", ""
    for each in found:
        if each.group != group:
            text = f"{text.removesuffix(', ')}; " if group else text
            # The colon would end a name that has one.
            text += f"{_quoted_name(each.group)}: " if each.group else ""
            group = each.group
        if each.address or each.problem:
            shown = each.text if each.problem else formatted(each.name, each.address)
            text += f"{shown}, "
    return text.removesuffix(", ").removesuffix(" ") + (";" if group else "")


def ascii_address(address: str) -> str:
    """The address with its domain in ASCII (RFC 5891), fit for the envelope and for a header.

    The local part stays as it is. Raises ValueError with what is wrong with the domain.
    """
    local, _, domain = _split(address)
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    if domain.startswith("["):
        return _checked_literal(domain)
    if not domain.isascii():
        # Takes milliseconds to import, and most domains do without.
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"the domain cannot be: {error}") from None
    labels = domain.removesuffix(".").split(".")
    if not all(labels):
        raise ValueError("a dot too many in the domain")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label[:70]!r} cannot be in a domain")
    if len(domain) > 253:
        raise ValueError("the domain is longer than 253 octets")
    return ".".join(labels)


def _checked_literal(domain: str) -> str:
    """``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` (RFC 5321, 4.1.3)."""
    import ipaddress

    inner = domain[1:-1] if domain.endswith("]") else ""
    version_6 = inner[:5].lower() == "ipv6:"
    try:
        if version_6:
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        raise ValueError("expected an IP address in the brackets") from None
    return domain


def needs_smtputf8(address: str) -> bool:
    """Whether the local part is not ASCII: such mail goes only where RFC 6531 is spoken."""
    return not _split(address)[0].isascii()


def same(one: str, other: str) -> bool:
    """Whether two bare addresses are one mailbox as far as can be told: case does not count."""
    return key(one) == key(other)


def key(address: str) -> str:
    """What ``same`` compares, for sets of addresses."""
    try:
        return ascii_address(address).casefold()
    except ValueError:
        return address.casefold()
