"""Lines and words of a muttrc, as mutt reads them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_mail.muttrc.words import LONGEST_VALUE, Marks, Unknown, Words, WrongSyntax, logical_lines

VARIABLES = {"HOME": "/home/anna", "my_user": "anna", "empty": ""}


def words(line: str, marks: Marks | None = None) -> list[str]:
    """Every word of every command of the line."""
    reader = Words(line, lambda name: VARIABLES.get(name, f"<{name}>"), marks or Marks())
    found = []
    while reader.next_command():
        found.append(reader.word())
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  # only a comment", []),
        ("set a", ["set", "a"]),
        ("a'b c'd \"e f\"", ["ab cd", "e f"]),
        ("'it''s'", ["its"]),
        (r"'a\n' \"b \ c a\\b", [r"a\n", '"b', " c", r"a\b"]),
        (r'"a\"b\tc" \e[1m', ['a"b\tc', "\x1b[1m"]),
        (r"\101\102 \cA \18", ["AB", "\x01", "18"]),
        ("a#b c", ["a"]),
        ("'a#b' \"c;d\" e;f", ["a#b", "c;d", "e", "f"]),
        (";;a;;b;", ["a", "b"]),
        ("$my_user ${my_user}x '$my_user' \"$my_user\"", ["anna", "annax", "$my_user", "anna"]),
        ("$none $ $1 ${x y} \\$my_user", ["<none>", "$", "$1", "<x y>", "$my_user"]),
        ('"not closed', ["not closed"]),
        ("'", [""]),
    ],
)
def test_words_are_quoted_and_expanded_as_mutt_does(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_a_name_ends_at_the_equals_sign_and_a_value_does_not() -> None:
    reader = Words("set folder=imaps://a=b", lambda name: "", Marks())
    assert reader.word() == "set"
    assert reader.word(stops="=") == "folder"
    assert reader.take("=")
    assert reader.word() == "imaps://a=b"
    assert reader.at_end()


def test_the_rest_keeps_quotes_and_semicolons_and_stops_at_a_comment() -> None:
    reader = Words('alias x "Ben, B." <b@x>; c@x # friend', lambda name: "", Marks())
    assert [reader.word(), reader.word()] == ["alias", "x"]
    assert reader.rest() == '"Ben, B." <b@x>; c@x'


def test_a_command_in_backticks_is_kept_and_not_run() -> None:
    marks = Marks()
    [value, mixed] = words(r'"`pass \`echo x\``" a`b`c', marks)
    assert marks.alone(value) == Unknown(command="pass `echo x`")
    assert marks.alone(mixed) is None
    assert marks.found(mixed) == [Unknown(command="b")]


def test_a_mark_cannot_be_written_by_hand() -> None:
    marks = Marks()
    assert words(r"`one` \0000\000 \c@0\c@", marks)[1:] == ["0", "0"]
    [(_, line)] = logical_lines("\0000\0")
    assert marks.found(line) == []


def test_a_variable_nobody_set_is_empty_and_a_command_is_not() -> None:
    marks = Marks()
    value = f"a{marks.keep(Unknown(variable='x'))}b{marks.keep(Unknown(command='y'))}"
    assert marks.found(marks.without_variables(value)) == [Unknown(command="y")]
    assert marks.without_variables(value).startswith("ab")


@pytest.mark.parametrize(("line", "problem"), [("a\\", "backslash"), ("`a", "`"), ("\\c", r"\c")])
def test_what_mutt_refuses_is_refused_without_repeating_it(line: str, problem: str) -> None:
    with pytest.raises(WrongSyntax) as caught:
        words(f"hunter2 {line}")
    assert problem in str(caught.value) and "hunter2" not in str(caught.value)


def test_a_value_is_bounded() -> None:
    with pytest.raises(WrongSyntax, match="more than"):
        words("x" * (LONGEST_VALUE + 1))
    with pytest.raises(WrongSyntax, match="more than"):
        Words("$a" * 10, lambda name: "x" * (LONGEST_VALUE // 8), Marks()).word()


def test_lines_go_on_after_a_backslash_also_in_comments() -> None:
    text = "a \\\nb\\\r\nc\r\n# d \\\ne\nf\\"
    assert list(logical_lines(text)) == [(1, "a bc"), (4, "# d e"), (6, "f")]


@given(st.text(alphabet="ab \\'\"`$#;={}\n\r\t0\0é", max_size=60))
@example("\\\n" * 50)
@example("${")
@example("`\\")
def test_any_text_is_words_or_refused(text: str) -> None:
    for _, line in logical_lines(text):
        marks = Marks()
        try:
            found = words(line, marks)
        except WrongSyntax:
            continue
        for word in found:
            for unknown in marks.found(word):
                assert unknown.command in line.replace("\\`", "`")


@given(st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=5))
def test_any_words_come_through_quotes(values: list[str]) -> None:
    values = [value.replace("\0", "") for value in values]
    line = " ".join(
        '"' + "".join(f"\\{c}" if c in '"\\$`' else c for c in value) + '"' for value in values
    )
    assert words(line) == values
