"""Replies in plain words, and the queue ids of servers."""

from __future__ import annotations

import pytest

from tui_mail.net.smtp_codes import enhanced_code, explain, queue_id


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.1.1 <a@b>: no such user", "5.1.1"),
        ("4.7.1", "4.7.1"),
        ("2.0.0 Ok", "2.0.0"),
        ("5.7.509 Access denied", "5.7.509"),
        ("5.1.1.1 an address", ""),
        ("3.1.1 none", ""),
        ("55.1.1 none", ""),
        ("Message 5.1.1", ""),
        ("5.1000.1", ""),
        ("", ""),
    ],
)
def test_enhanced_codes(text: str, code: str) -> None:
    assert enhanced_code(text) == code


@pytest.mark.parametrize(
    ("code", "enhanced", "what"),
    [
        (550, "5.1.1", "there is no such mailbox"),
        (552, "5.2.2", "the mailbox is full"),
        (452, "4.2.2", "the mailbox is full"),
        (552, "5.3.4", "the message is too big"),
        (554, "5.7.1", "this is not allowed"),
        (450, "4.7.1", "it does not take this yet (greylisting, most often)"),
        (535, "5.7.8", "the user name or the password is wrong"),
        (535, "", "the user name or the password is wrong"),
        (550, "5.7.509", "the mailbox is not there, or this is not allowed"),
        (421, "", "it is closing the connection"),
        (499, "", "it cannot do this just now"),
        (599, "5.9.9", "it will not do this"),
    ],
)
def test_explain(code: int, enhanced: str, what: str) -> None:
    assert explain(code, enhanced).what == what


def test_nothing_final_is_said_to_be_tried_again() -> None:
    for code, enhanced in ((554, "5.4.1"), (550, "5.3.2"), (552, "5.2.2"), (554, "5.4.7")):
        assert "it is tried again" not in explain(code, enhanced).advice


def test_what_is_temporary_is_said_to_be_tried_again() -> None:
    for code, enhanced in ((450, "4.7.1"), (451, "4.3.0"), (421, ""), (452, "4.2.2"), (400, "")):
        assert "tried again" in explain(code, enhanced).advice or enhanced == "4.3.0"


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("2.0.0 Ok: queued as 4F2B21C0123", "4F2B21C0123"),
        ("2.0.0 Ok: queued as 4YkK0X3zQ2z9sWb", "4YkK0X3zQ2z9sWb"),
        ("OK id=1tABcd-0001Ab-2C", "1tABcd-0001Ab-2C"),
        ("OK id=1tABcd-00000001Abc-2C3d", "1tABcd-00000001Abc-2C3d"),
        ("2.0.0 41A2B3c4012345 Message accepted for delivery", "41A2B3c4012345"),
        ("2.0.0 a1b2c3d4 Message accepted for delivery", "a1b2c3d4"),
        (
            "2.6.0 <abc@example.org> [InternalId=12345678, Hostname=EX.example.org] 5000 bytes in "
            "0.1, 45 KB/sec Queued mail for delivery",
            "12345678",
        ),
        (
            "2.0.0 OK  1700000000 a1-20020a05600c0abc00b003sm1234567wmb.12 - gsmtp",
            "a1-20020a05600c0abc00b003sm1234567wmb.12",
        ),
        ("ok 1700000000 qp 12345", "12345"),
        ("Message Queued (1A2B3C4D-1111-2222-3333.1)", "1A2B3C4D-1111-2222-3333.1"),
        ("Ok 0102018c1a2b3c4d-11112222-3333-000000", "0102018c1a2b3c4d-11112222-3333-000000"),
        ("2.6.0 message received\n2.0.0 Ok: queued as ABCDEF", "ABCDEF"),
        ("OK", ""),
        ("", ""),
        ("2.0.0 Message accepted for delivery", ""),
    ],
)
def test_queue_ids(reply: str, wanted: str) -> None:
    assert queue_id(reply) == wanted
