"""A name server on this machine that knows the SRV records a test gives it, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class DnsServer(asyncio.DatagramProtocol):
    """``async with DnsServer({"_imaps._tcp.example.test": ["0 1 993 mail.example.test."]})``.

    ``resolver`` asks it and no other; ``asked`` are the names it was asked for. With ``silent`` it
    answers nothing at all.
    """

    def __init__(self, records: Mapping[str, Sequence[str]], *, silent: bool = False) -> None:
        self.asked: list[str] = []
        self._records = records
        self._silent = silent
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> DnsServer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.resolver = dns.asyncresolver.Resolver(configure=False)
        self.resolver.nameservers = ["127.0.0.1"]
        self.resolver.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if self._silent or self._transport is None:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        records = self._records.get(name)
        if records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "SRV", records))
        self._transport.sendto(answer.to_wire(), address)
