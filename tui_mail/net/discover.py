"""Finds the mail servers of an address: what its domain's DNS names, then the usual names.

Each is tried as far as its greeting, TLS and list of capabilities. No user name and no password is
sent, here or to anybody: whether a server may have them is decided by a person. dnspython is
imported when it is needed, which is hardly ever.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_mail.config import SCHEMES, ServerUrl
from tui_mail.errors import CommandRefused, ConnectionFailed, MailError
from tui_mail.net import login, submission
from tui_mail.wire import commands
from tui_mail.wire.transcript import Recorder, Transcript

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

LOOK_UP_TIMEOUT = 8.0  # seconds for one question, however many servers are asked
TRY_TIMEOUT = 10.0  # seconds for one server
AT_ONCE = 4
RECORDS_LIMIT = 5  # of one service
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?", re.IGNORECASE)

# RFC 6186, 3.1 to 3.4, and RFC 8314, 5.1, which prefers TLS from the first byte.
SERVICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "imap": (("_imaps._tcp", "imaps"), ("_imap._tcp", "imap")),
    "smtp": (("_submissions._tcp", "smtps"), ("_submission._tcp", "smtp")),
}
# What most providers call their servers, "" for the domain itself.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "imap": ("imap.", "mail.", ""),
    "smtp": ("smtp.", "mail.", ""),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A server that may be the right one.

    ``source`` says where the name comes from. ``outside``: DNS names it, and it is not below the
    domain of the address, so that a person has to say whether it is theirs (RFC 6186, 6).
    """

    server: ServerUrl
    source: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """One guess, and why it is not the one; ``error`` None for a server that answered."""

    guess: Guess
    error: MailError | None = None


OnTried = Callable[[Tried], None]


def domain_of(address: str) -> str:
    """The domain in ASCII (RFC 5890), in lower case. Raises ValueError if there is none."""
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            domain = ""
    if "@" not in address or not _HOST.fullmatch(domain):
        raise ValueError(f"expected an address with a domain, found {address[:80]!r}")
    return domain


async def named_servers(
    address: str,
    protocol: str,
    resolver: Resolver | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> list[Guess]:
    """The servers SRV records name for ``protocol``, the best first; none where DNS fails.

    ``resolver`` None asks those of the system. ``note`` gets a line for each question's answer.
    """
    domain = domain_of(address)
    if resolver is None:
        resolver = await asyncio.to_thread(_resolver)
    questions = [_look_up(resolver, f"{service}.{domain}") for service, _ in SERVICES[protocol]]
    answers = await asyncio.gather(*questions)
    found: list[Guess] = []
    for (service, scheme), records in zip(SERVICES[protocol], answers, strict=True):
        question = f"SRV {service}.{domain}"
        if not records:
            note(f"{question}: {'no answer' if records is None else 'no server'}")
        for host, port in records or ():
            note(f"{question}: {host} port {port}")
            outside = host != domain and not host.endswith(f".{domain}")
            server = _server(scheme, address, host, port)
            found.append(Guess(server, question, outside))
    return found


def usual_servers(address: str, protocol: str) -> list[Guess]:
    """The servers by their usual names, TLS from the first byte before STARTTLS."""
    domain = domain_of(address)
    return [
        Guess(_server(scheme, address, f"{name}{domain}", SCHEMES[scheme][2]), "usual name")
        for _, scheme in SERVICES[protocol]
        for name in USUAL_NAMES[protocol]
    ]


async def find(
    address: str,
    protocol: str,
    context: ssl.SSLContext,
    transcript: Transcript,
    on_tried: OnTried,
    *,
    resolver: Resolver | None = None,
) -> Guess | None:
    """The best server that answers; None if none does. ``on_tried`` hears of each that was tried.

    All are tried at once, a few at a time, but one is not preferred for being quick. What is
    still being tried when the best is known is cut off. Raises ValueError for a wrong address.
    """
    note = transcript.recorder(f"{protocol} DNS").note
    for guesses in (
        await named_servers(address, protocol, resolver, note),
        usual_servers(address, protocol),
    ):
        found = await _first(guesses, context, transcript, on_tried)
        if found is not None:
            return found
    return None


async def _first(
    guesses: Iterable[Guess], context: ssl.SSLContext, transcript: Transcript, on_tried: OnTried
) -> Guess | None:
    places = asyncio.Semaphore(AT_ONCE)

    async def attempt(guess: Guess) -> Tried:
        async with places:
            recorder = transcript.recorder(f"{guess.server.protocol} {guess.server.host}")
            tried = Tried(guess, await _problem(guess.server, context, recorder))
        on_tried(tried)
        return tried

    tasks = [asyncio.create_task(attempt(guess)) for guess in guesses]
    try:
        for task in tasks:
            tried = await task
            if tried.error is None:
                return tried.guess
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


async def _problem(
    server: ServerUrl, context: ssl.SSLContext, recorder: Recorder
) -> MailError | None:
    recorder.note(f"trying {server.host} port {server.port}, {server.security.value}")
    attempt = _try_imap if server.protocol == "imap" else _try_smtp
    try:
        async with asyncio.timeout(TRY_TIMEOUT):
            await attempt(server, context, recorder)
    except MailError as error:
        problem = error
    except TimeoutError:
        where = f"{server.host} port {server.port}"
        problem = ConnectionFailed(f"{where} did not answer within {TRY_TIMEOUT:g} s")
    else:
        return None
    recorder.note(problem.title)
    return problem


async def _try_imap(server: ServerUrl, context: ssl.SSLContext, recorder: Recorder) -> None:
    client = await login.connect(server, context, recorder, lambda phase: None)
    try:
        if not client.capabilities:
            with suppress(CommandRefused):
                await client.run(commands.capability(), origin="look for servers")
    finally:
        await client.close()


async def _try_smtp(server: ServerUrl, context: ssl.SSLContext, recorder: Recorder) -> None:
    await submission.capabilities(server, context, recorder, None)


def _server(scheme: str, address: str, host: str, port: int) -> ServerUrl:
    # Most servers know people by the whole address, so it is what is proposed (RFC 6186, 4).
    protocol, security, _ = SCHEMES[scheme]
    return ServerUrl(scheme, address.strip(), host, port, security, protocol)


def _resolver() -> Resolver:
    from dns.asyncresolver import Resolver

    return Resolver()


async def _look_up(resolver: Resolver, name: str) -> list[tuple[str, int]] | None:
    """Host and port of each record, by priority and weight (RFC 2782); None for no answer."""
    import dns.exception
    import dns.resolver

    try:
        answer = await resolver.resolve(name, "SRV", lifetime=LOOK_UP_TIMEOUT, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    records = sorted(answer, key=lambda record: (record.priority, -record.weight))
    found = ((record.target.to_text(omit_final_dot=True), record.port) for record in records)
    # A target of "." says that there is no such service (RFC 6186, 3.4).
    return [(host.lower(), port) for host, port in found if _HOST.fullmatch(host) and port][
        :RECORDS_LIMIT
    ]
