"""A typed path as an attachment, and its completion."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_mail.mail.compose.attaching import MAX_COMPLETIONS, attach, complete_path
from tui_mail.mail.compose.draft_error import DraftError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b's.txt").write_text("Grüße\n")
    (tmp_path / "Report.pdf").write_bytes(b"%PDF-1.7\n\x00")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.txt").write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    "typed",
    [
        "{folder}/a b's.txt",
        "a b's.txt",
        "  a b's.txt ",
        "~/a b's.txt",
        "a\\ b\\'s.txt",
        '"a b\'s.txt"',
        "'{folder}/a b'\\''s.txt'",
        "file://{folder}/a%20b%27s.txt",
        "file://localhost{folder}/a%20b%27s.txt",
    ],
)
def test_the_file_that_is_meant(folder: Path, typed: str) -> None:
    found = attach(typed.replace("{folder}", str(folder)))
    assert (found.name, found.content_type, found.size) == ("a b's.txt", "text/plain", 8)
    assert found.path == folder / "a b's.txt"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "no such file"),
        ("  ", "no such file"),
        ("nothing.txt", "no such file"),
        ("sub", "a folder"),
        ("pipe", "no ordinary file"),
        ("a\0b", "no such file"),
        ("'unbalanced", "no such file"),
        ("x" * 5000, "no such file"),
        ("~nobody-of-this-name/x", "no such file"),
    ],
)
def test_what_cannot_be_attached(folder: Path, typed: str, why: str) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(DraftError) as raised:
        attach(typed)
    assert why in raised.value.title
    assert raised.value.title.isprintable()
    assert raised.value.field == "attachments"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_one_may_not_read(folder: Path) -> None:
    (folder / "Report.pdf").chmod(0)
    with pytest.raises(DraftError, match="Permission denied"):
        attach("Report.pdf")


def test_a_name_that_is_no_utf_8(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (folder / name).write_text("x")
    assert attach(name).name == "caf\ufffd.txt"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Report.pdf", "a b's.txt", "sub/"]),
        ("s", ["sub/"]),
        ("sub/", ["sub/one.txt"]),
        ("sub/x", []),
        ("rep", ["Report.pdf"]),
        (".", [".hidden"]),
        ("~", ["~/"]),
        ("~/s", ["~/sub/"]),
        ("./a", ["./a b's.txt"]),
        ("nowhere/", []),
        ("a\0", []),
    ],
)
def test_completion(folder: Path, typed: str, found: list[str]) -> None:
    assert complete_path(typed) == found


def test_completion_is_bounded(folder: Path) -> None:
    for number in range(MAX_COMPLETIONS + 5):
        (folder / "sub" / f"{number}.x").touch()
    assert len(complete_path("sub/")) == MAX_COMPLETIONS
