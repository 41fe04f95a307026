"""What muttrc files say in the end: set in all its forms, other files, hooks, lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_mail.muttrc import reader
from tui_mail.muttrc.reader import Alias, Settings, apply, read
from tui_mail.muttrc.words import Unknown


def said(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "muttrc"
    file.write_text(text)
    return read(file, {"HOME": str(folder), **environment})


def notes(found: Settings) -> list[str]:
    return [f"{note.place.file.name}:{note.place.line}: {note.text}" for note in found.notes]


def test_set_in_all_its_forms(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        "set a=1 b = 2 c ='3 4' yes nooff invturn\n"
        "set my_x=x; set d=$my_x$a ${my_x}\n"
        "unset e f\ntoggle yes turn\nset ?a a? &b\nreset c\nset g+=1 g += 2 h=abc h -= b\n",
    )
    assert {name: found.get(name) for name in "abcdefgh"} == {
        **{"a": "1", "b": "", "c": "", "d": "x1", "e": "", "f": "", "g": "12", "h": "ac"}
    }
    assert found.is_off("yes") and found.is_off("turn") and found.is_off("off")
    assert found.is_off("e") and not found.is_off("unheard of")
    assert found.places["d"].line == 2
    assert not found.notes


def test_the_environment_comes_before_variables(tmp_path: Path) -> None:
    found = said(tmp_path, "set from=x\nsetenv B=2\nset a=$A b=$B c=$from d=$none", A="1")
    assert [found.get(name) for name in "abcd"] == ["1", "2", "x", ""]
    assert found.marks.alone(found.variables["d"]) == Unknown(variable="none")


def test_other_files_are_read_where_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one").write_text("set a=1 b=1\nsource two\nfinish\nset a=wrong")
    (tmp_path / "sub" / "two").write_text("set b=2")
    (tmp_path / "home").write_text("set c=3")
    found = said(tmp_path, 'set a=0\nsource ~/sub/one\nset my_h="~"\nsource $my_h/home\nset d=4\n')
    assert [found.get(name) for name in "abcd"] == ["1", "2", "3", "4"]
    assert [file.name for file in found.files] == ["muttrc", "one", "two", "home"]


def test_circles_and_depths_end(tmp_path: Path) -> None:
    (tmp_path / "ring").symlink_to("muttrc")
    for number in range(20):
        (tmp_path / f"f{number}").write_text(f"set n={number}\nsource f{number + 1}")
    found = said(tmp_path, "source ~/ring\nsource f0\nsource muttrc")
    assert int(found.get("n")) == reader.DEPTH_LIMIT - 2
    assert sum("in a circle" in note for note in notes(found)) == 2
    assert sum("more files than" in note for note in notes(found)) == 1


def test_a_tree_of_files_ends(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"f{number}").write_text(f"source f{number + 1}\n" * 9)
    (tmp_path / "f9").write_text("set a=1")
    found = said(tmp_path, "source f0")
    assert len(found.files) <= reader.FILES_LIMIT + 1


def test_what_cannot_be_read_is_noted_and_the_rest_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(b"#" * (reader.FILE_LIMIT + 1))
    (tmp_path / "latin").write_bytes(b'set realname="J\xfcrgen"')
    found = said(tmp_path, "source nothing\nsource pipe\nsource ~\nsource big\nsource latin")
    assert found.get("realname") == "Jürgen"
    assert [note.partition(": ")[0] for note in notes(found)] == [
        f"muttrc:{line}" for line in (1, 2, 3, 4)
    ]
    with pytest.raises(OSError, match="no such file"):
        read(tmp_path / "pipe", {})


def test_no_command_is_run_and_each_is_kept(tmp_path: Path) -> None:
    evil = f"touch {tmp_path}/ran"
    found = said(
        tmp_path,
        f"set imap_pass=`{evil}`\nsource `{evil}`\nsource '{evil}|'\nset a=\"x`{evil}`\"\n"
        f"folder-hook . 'set b=`{evil}`'\nalias a `{evil}`\nmailboxes `{evil}`",
    )
    for hook in found.hooks:
        apply(found, hook)
    assert not (tmp_path / "ran").exists()
    assert found.marks.alone(found.variables["imap_pass"]) == Unknown(command=evil)
    assert [command for command, _ in found.pipes] == [evil]


def test_lists(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        'mailboxes =a "=b c" -label d =e +f\nunmailboxes =a\n'
        'named-mailboxes "Work" =g\n'
        'alias -group x ben Ben <ben@x>, c@x # nobody\nalias ann "Ann, A." <ann@x>\n'
        "my_hdr From: Anna <a@x>\nmy_hdr X-Y: z\nunmy_hdr x-y\n"
        "alternates -group me ^a@x$ b@x\n",
    )
    assert found.mailboxes == ["=b c", "=e", "+f", "=g"]
    assert found.aliases == [Alias("ben", "Ben <ben@x>, c@x"), Alias("ann", '"Ann, A." <ann@x>')]
    assert found.headers == {"from": "Anna <a@x>"}
    assert found.alternates == ["^a@x$", "b@x"]
    assert said(tmp_path, "mailboxes a\nunmailboxes *").mailboxes == []


def test_a_hook_is_kept_and_applied_to_a_copy(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("set from=work@x\nmailboxes =w")
    found = said(
        tmp_path, "set from=home@x\nfolder-hook -noregex ! work/ 'source ~/work; unset record'"
    )
    [hook] = found.hooks
    assert (hook.kind, hook.pattern, hook.negated) == ("folder-hook", "work/", True)
    changed = apply(found, hook)
    assert (changed.get("from"), found.get("from")) == ("work@x", "home@x")
    assert changed.is_off("record") and not found.is_off("record")
    assert found.mailboxes == []


def test_what_is_wrong_is_noted_without_being_repeated(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        "set imap_pass='hunter2' \\\n\n"
        "set imap_pass=`hunter2\nset =hunter2\nhunter2 x\nalias hunter2\naccount-hook hunter2\n"
        "set a=hunter2\\\\\\c",
    )
    assert notes(found) and not any("hunter2" in note for note in notes(found))
    assert "hunter2" not in str(found.others)


def test_commands_without_meaning_here_are_counted(tmp_path: Path) -> None:
    found = said(tmp_path, "color index red default x ; set a=1\ncolor x\nbind index G x\n")
    assert {name: len(places) for name, places in found.others.items()} == {"color": 2, "bind": 1}
    assert found.get("a") == ""


def test_a_value_that_doubles_itself_ends(tmp_path: Path) -> None:
    found = said(tmp_path, "set my_a=xxxxxxxx\n" + "set my_a=$my_a$my_a\n" * 40)
    assert len(found.get("my_a")) <= 64 * 1024
    assert any("more than" in note for note in notes(found))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *("set", "unset", "source", "alias", "mailboxes", "my_hdr", "folder-hook"),
                *("finish", "a", "=", "'", '"', "`", "\\", "\n", ";", "#", "$a", "|", "muttrc"),
                *("~", "no", "?"),
            ]
        ),
        max_size=30,
    ).map(" ".join)
    | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1"))
)
@example("source muttrc|\nsource |\nset &\nset no=\n! -")
def test_any_file_is_read_to_its_end(tmp_path: Path, text: str) -> None:
    file = tmp_path / "muttrc"
    file.write_bytes(text.encode("latin-1"))
    found = read(file, {"HOME": str(tmp_path)})
    for hook in found.hooks:
        apply(found, hook)
