"""Names and files for what is saved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.file_names import MAX_BYTES, create_new, free_path, safe_file_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe 日本.txt", "Größe 日本.txt"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\anna\\secret.doc", "secret.doc"),
        (".bashrc", "bashrc"),
        ("...", "attachment"),
        ("..", "attachment"),
        ("", "attachment"),
        ("a/", "a"),
        ("-rf", "_rf"),
        ("~root", "_root"),
        ("a\x1b[31m\nb.txt", "a_[31m b.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        ("trailing. . ", "trailing"),
        ("two   spaces.txt", "two spaces.txt"),
        ("\ud800.txt", "_.txt"),
    ],
)
def test_names_are_made_safe(name: str, expected: str) -> None:
    assert safe_file_name(name) == expected


def test_long_names_keep_their_suffix() -> None:
    made = safe_file_name("ü" * 300 + ".pdf")
    assert made.endswith("ü.pdf")
    assert len(made.encode()) <= MAX_BYTES


def test_the_fallback_is_made_safe_as_well() -> None:
    assert safe_file_name("/", "../x.bin") == "x.bin"


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_name_is_one_harmless_name(name: str) -> None:
    made = safe_file_name(name)
    assert made
    assert len(made.encode()) <= MAX_BYTES
    assert not set(made) & set('/\\\0<>:"|?*')
    assert made[0] not in ".-~"
    assert made[-1] not in ". "
    assert safe_file_name(made) == made


def test_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    (tmp_path / "a-2.txt").symlink_to(tmp_path / "nowhere")
    assert free_path(tmp_path, "a.txt") == tmp_path / "a-3.txt"
    path, descriptor = create_new(tmp_path, "../a.txt")
    os.write(descriptor, b"new")
    os.close(descriptor)
    assert path == tmp_path / "a-3.txt"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        create_new(tmp_path / "gone", "a.txt")
