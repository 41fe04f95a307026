"""A text that speaks of an attachment when there is none. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tui_mail.mail.compose import flowed
from tui_mail.mail.compose.values import Draft

# Words and beginnings of words (…) by language. Those that mean something else more often than an
# attachment ("document", "Anlage" alone) are left out: who is asked in vain stops reading.
_WORDS = {
    "en": "attach…, enclosed, enclosure…",
    "de": "anhang, anhänge…, angehängt…, anbei, beigefügt…, beiliegend…, anliegend…,"
    " in der anlage, als anlage, im attachment",
    "fr": "pièce jointe, pièces jointes, ci-joint…, joint à ce, jointe à ce, en pj",
    "es": "adjunto…, adjunta…, adjunté",
    "it": "allegato, allegata, allegati, allegate, allego, alleghiamo",
    "nl": "bijlage…, bijgevoegd…, bijgaand…, bijgesloten",
    "pt": "anexo…, anexa…, anexei",
    "ru": "вложени…, вложен, прикрепл…, прикрепил…, прилага…, приложил…, приложенн…, в приложении",
    "uk": "вкладенн…, прикріпл…, долуча…, додаю файл",
    "pl": "załącz…, w załączeniu",
    "cs": "přílo…, přilož…, přiklád…",
    "sk": "príloh…, prilož…",
    "sv": "bifog…, bilaga…, bilagor…, bilagd…",
    "da, no": "vedhæft…, vedlegg…, vedlagt…, vedlægg…",
    "fi": "liite, liitteenä, liitteessä, liitteet, liitetiedosto…, ohessa",
    "hu": "mellékel…, csatol…",
    "ro": "atașat…, ataşat…, anexat…",
    "tr": "ekte, ekteki, ilişikte…",
    "el": "συνημμέν…, επισυνάπτ…, επισυναπτ…",
}
# Written without spaces between words.
_PARTS_OF_TEXT = "添付|附件|附上|附檔|첨부"

# What programs put above a forwarded or quoted message.
_FORWARDED = re.compile(
    r"^\s*(?:-{2,}.{0,60}(?:forwarded|original|weitergeleitet|ursprüngliche|transféré|original|"
    r"reenviado|inoltrato|doorgestuurd|encaminhada|пересылаемое|vidarebefordrat).{0,60}-{2,}"
    r"|begin forwarded message:)\s*$",
    re.IGNORECASE,
)


@cache
def _pattern() -> re.Pattern[str]:
    words = ", ".join(_WORDS.values()).split(", ")
    alternatives = "|".join(
        re.escape(word.removesuffix("…")).replace(r"\ ", r"\s+") + (r"\w*" if "…" in word else "")
        for word in words
    )
    return re.compile(rf"\b(?:{alternatives})\b|{_PARTS_OF_TEXT}", re.IGNORECASE)


def attachment_forgotten(draft: Draft) -> str | None:
    """The words that speak of an attachment, if there is none; else None.

    Only what the person wrote counts: no quote, no signature, no forwarded message; the subject
    where it is not that of an answer.
    """
    if draft.attachments:
        return None
    own = own_text(draft.body)
    if not draft.in_reply_to and not draft.answers and not draft.forwards:
        own = f"{draft.subject}\n{own}"
    found = _pattern().search(own)
    return " ".join(found[0].split()) if found else None


def own_text(body: str) -> str:
    """What a person wrote of a body: without quotes and the lines above them, without the
    signature, without a forwarded message and all below it."""
    return "\n".join(_own_lines(body.replace("\r\n", "\n").split("\n")))


def _own_lines(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line == flowed.SIGNATURE or _FORWARDED.match(line):
            return
        if not line.lstrip().startswith(">") and not _is_attribution(lines, number):
            yield line


def _is_attribution(lines: list[str], number: int) -> bool:
    """A line that ends in a colon right above a quote; the second one may be its end."""
    if not lines[number].rstrip().endswith(":"):
        return False
    following = next((each for each in lines[number + 1 : number + 3] if each.strip()), "")
    return following.lstrip().startswith(">")
