"""Re: and Fwd:, never stacked."""

from __future__ import annotations

import pytest

from tui_mail.mail.compose import subjects


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("", ""),
        ("Hello", "Hello"),
        ("Re: Hello", "Hello"),
        ("RE : Re: re:Hello", "Hello"),
        ("AW: SV: Antw: Hallo", "Hallo"),
        ("Re[2]: Hello", "Hello"),
        ("Re (3): Hello", "Hello"),
        ("Re^4: Hello", "Hello"),
        ("Fwd: Re: WG: TR: Hello", "Hello"),
        ("R: I: Ciao", "Ciao"),
        ("Отв: Привет", "Привет"),
        ("回复：你好", "你好"),  # noqa: RUF001
        ("Odp: Cześć", "Cześć"),
        ("[list] Re: Hello", "[list] Hello"),
        ("Re: [list] Re: Hello", "[list] Hello"),
        ("[list] Hello", "[list] Hello"),
        ("Regarding: this", "Regarding: this"),
        ("i: a list", "i: a list"),
        ("Rex: a dog", "Rex: a dog"),
        ("Release Re: no", "Release Re: no"),
    ],
)
def test_the_subject_itself(subject: str, base: str) -> None:
    assert subjects.base(subject) == base
    assert subjects.reply(subject) == f"Re: {base}".strip()
    assert subjects.forward(subject) == f"Fwd: {base}".strip()
    assert subjects.base(subjects.reply(subjects.forward(subject))) == base
