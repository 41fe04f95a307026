"""A text that speaks of an attachment when there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_mail.mail.compose.forgotten import attachment_forgotten
from tui_mail.mail.compose.values import Attachment, Draft

DRAFT = Draft("work", "a@b.org")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("See the attached file.", "attached"),
        ("I Attach it", "Attach"),
        ("please find enclosed", "enclosed"),
        ("Die Datei ist im Anhang.", "Anhang"),
        ("Anbei die Rechnung", "Anbei"),
        ("siehe in der\nAnlage", "in der Anlage"),
        ("Voir la pièce jointe", "pièce jointe"),
        ("Vous trouverez ci-joint", "ci-joint"),
        ("Te envío el archivo adjunto", "adjunto"),
        ("In allegato la fattura", "allegato"),
        ("Zie de bijlage", "bijlage"),
        ("Segue em anexo", "anexo"),
        ("Файл во вложении", "вложении"),
        ("Прикрепляю документ", "Прикрепляю"),
        ("W załączniku przesyłam", "załączniku"),
        ("Jag bifogar filen", "bifogar"),
        ("Vedlagt følger", "Vedlagt"),
        ("V příloze posílám", "příloze"),
        ("ファイルを添付します", "添付"),
        ("请见附件", "附件"),
    ],
)
def test_words_of_many_languages(text: str, word: str) -> None:
    assert attachment_forgotten(replace(DRAFT, body=text)) == word


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Nothing of the kind here.",
        "Unattached to it, an Anlageberater",
        "Fine.\n> see the attached file\n>> attached",
        "Fine.\n-- \nAnna, attachments welcome",
        "FYI\n\n-------- Forwarded message --------\nSubject: x\n\nsee attached",
        "FYI\n\n---------- Forwarded message ---------\nsee attached",
        "FYI\n\n-----Original Message-----\nsee attached",
        "FYI\n\nBegin forwarded message:\n\nsee attached",
        "On 1 May 2026 at 10:00, Attach Ment wrote:\n> hello",
        "On 1 May 2026 at 10:00, Attach Ment wrote:\n\n> hello",
    ],
)
def test_only_the_persons_own_text_counts(body: str) -> None:
    assert attachment_forgotten(replace(DRAFT, body=body)) is None


def test_below_a_quote_counts() -> None:
    body = "On Monday, Bo wrote:\n> where is it?\n\nIt is attached.\n-- \nAnna"
    assert attachment_forgotten(replace(DRAFT, body=body)) == "attached"


def test_nothing_is_said_where_there_is_one() -> None:
    attached = Attachment("a.txt", "text/plain", 1, blob=1)
    assert attachment_forgotten(replace(DRAFT, body="attached", attachments=(attached,))) is None


def test_the_subject_counts_where_it_is_ones_own() -> None:
    assert attachment_forgotten(replace(DRAFT, subject="CV attached")) == "attached"
    assert attachment_forgotten(replace(DRAFT, subject="CV attached", in_reply_to="<a@b>")) is None
