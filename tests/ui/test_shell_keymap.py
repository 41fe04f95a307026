"""The registry of actions and the keys laid over it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.keys import _character_to_key

from tui_mail.errors import ConfigError
from tui_mail.ui.actions import ACTIONS, BY_ID, CONTEXTS, ActionSpec
from tui_mail.ui.keymap import (
    BurstGuard,
    Keymap,
    canonical,
    display_key,
    is_reliable,
    is_text,
    parse_key,
)


def test_every_action_has_its_own_id_and_a_context() -> None:
    assert len(BY_ID) == len(ACTIONS)
    for action in ACTIONS:
        assert action.contexts, action.id
        assert set(action.contexts) <= set(CONTEXTS)
        assert action.description


def test_no_action_rests_on_a_key_that_may_not_arrive() -> None:
    for action in ACTIONS:
        if action.keys:
            assert any(is_reliable(canonical(key)) for key in action.keys), action.id


def test_default_keys_do_not_collide_and_none_is_hidden() -> None:
    keymap = Keymap()
    assert keymap.warnings == ()
    for action in ACTIONS:
        for context in action.contexts:
            keys = [key for key in action.keys if not is_text(context, canonical(key))]
            assert keys or not action.keys, action.id
            for key in keys:
                assert keymap.lookup(context, key) == action.id


def test_a_letter_is_text_where_a_person_writes() -> None:
    keymap = Keymap({"wire.toggle": ("P", "f12")})
    assert keymap.warnings == (
        'key "P" in Writing: commands of the draft: draft.postpone hides wire.toggle there',
    )
    for key in ("y", "P", "?", "space", "enter", "backspace"):
        assert keymap.lookup("compose", key) is None
    assert keymap.lookup("draft", "y") == keymap.lookup("compose", "f9") == "draft.send"
    assert keymap.lookup("compose", "f12") == "wire.toggle"
    assert keymap.shown_key("draft.send", "draft") == "y"
    assert keymap.shown_key("draft.send", "compose") == "F9"
    assert ("F1", "Help") in keymap.hints("compose")
    assert not any(len(key) == 1 for key, _ in keymap.hints("compose"))


def test_every_printable_key_textual_names_is_known_by_its_character() -> None:
    for code in range(0x21, 0x7F):
        assert canonical(_character_to_key(chr(code))) == chr(code)
    assert canonical(_character_to_key(" ")) == "space"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("j", "j"),
        ("J", "J"),
        ("shift+j", "J"),
        (" ", "space"),
        ("<Tab>", "tab"),
        ("<Esc>", "escape"),
        ("C-p", "ctrl+p"),
        ("^P", "ctrl+p"),
        ("^", "^"),
        ("Ctrl+P", "ctrl+p"),
        ("ctrl+i", "tab"),
        ("M-x", "alt+x"),
        ("PageDown", "pagedown"),
        ("BackTab", "shift+tab"),
        ("+", "+"),
        ("-", "-"),
        ("<", "<"),
        ("question_mark", "?"),
        ("F5", "f5"),
        ("é", "é"),
        ("shift+ctrl+up", "ctrl+shift+up"),
    ],
)
def test_a_key_is_read_as_people_write_it(written: str, key: str) -> None:
    assert parse_key(written) == key
    assert parse_key(parse_key(written)) == key


@pytest.mark.parametrize("written", ["", "jj", "ctrl+", "boss+x", "f99", "\x1b", "ctrl+\x07"])
def test_what_is_no_key_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected one character or a name"):
        parse_key(written)


def test_a_context_is_asked_before_everywhere() -> None:
    keymap = Keymap()
    assert keymap.lookup("list", "question_mark") == "app.help"
    assert keymap.lookup("list", "q") == "app.quit"
    assert keymap.lookup("viewer", "q") == "pane.close"
    assert keymap.lookup("parts", "question_mark") is None
    assert keymap.lookup("list", "ctrl+y") is None


def test_the_configuration_rebinds_by_id() -> None:
    keymap = Keymap({"wire.toggle": ("<F12>", "Y")})
    assert keymap.lookup("list", "I") is None
    assert keymap.lookup("list", "f12") == "wire.toggle"
    assert keymap.keys("wire.toggle") == ("f12", "Y")
    assert keymap.shown_key("wire.toggle") == "F12"
    assert keymap.warnings == ()


def test_an_action_may_be_left_without_a_key() -> None:
    keymap = Keymap({"app.quit": ()})
    assert keymap.lookup("list", "q") is None
    assert keymap.shown_key("app.quit") == ""
    assert ("", "Quit") not in keymap.hints("list")


def test_an_unknown_action_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        Keymap({"wire.togle": ("I",)}, path=Path("/etc/mail.toml"))
    assert caught.value.title.startswith("/etc/mail.toml: keys.wire.togle: ")
    assert 'did you mean "wire.toggle"?' in caught.value.title


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r'keys\.app\.help: "halp" is not a key: expected'):
        Keymap({"app.help": ("halp",)})


def test_a_key_that_may_not_arrive_needs_another_beside_it() -> None:
    with pytest.raises(ConfigError, match="expected another key beside it"):
        Keymap({"app.help": ("ctrl+s", "alt+h")})
    assert Keymap({"app.help": ("ctrl+s", "F1")}).lookup("list", "ctrl+s") == "app.help"


def test_a_collision_warns_and_the_persons_key_wins() -> None:
    keymap = Keymap({"viewer.links": ("h",)})
    assert keymap.lookup("viewer", "h") == "viewer.links"
    assert len(keymap.warnings) == 1
    assert "viewer.links keeps it, viewer.headers loses it" in keymap.warnings[0]
    assert keymap.shown_key("viewer.headers") == ""


def test_a_key_of_everywhere_hidden_by_a_context_warns() -> None:
    keymap = Keymap({"app.help": ("h",)})
    assert keymap.lookup("viewer", "h") == "viewer.headers"
    assert any("viewer.headers hides app.help there" in warning for warning in keymap.warnings)


def test_hints_show_a_key_that_works_in_that_context() -> None:
    keymap = Keymap()
    for context in CONTEXTS:
        for key, label in keymap.hints(context):
            assert key and label
    assert ("q", "Quit") in keymap.hints("list")
    assert ("q", "Back") in keymap.hints("viewer")


def test_keys_are_shown_short() -> None:
    assert [display_key(key) for key in ("ctrl+p", "pagedown", "?", "f1", "f", "shift+tab")] == [
        "^P",
        "PgDn",
        "?",
        "F1",
        "f",
        "Shift+Tab",
    ]


DESTROY = ActionSpec("x.delete", "Delete", ("d",), ("list",), destructive=True)
HARMLESS = ActionSpec("x.move", "Move", ("j",), ("list",))


def test_the_guard_refuses_a_destructive_key_within_a_burst() -> None:
    guard = BurstGuard()
    assert guard.allows(DESTROY, "d", 0.0)
    assert guard.allows(HARMLESS, "j", 1.0)
    assert guard.allows(None, "x", 1.001)
    assert not guard.allows(DESTROY, "d", 1.002)
    assert guard.allows(HARMLESS, "j", 1.003)
    assert guard.allows(DESTROY, "d", 1.1)


def test_two_keys_that_a_slow_link_delivered_together_count() -> None:
    guard = BurstGuard()
    assert guard.allows(HARMLESS, "j", 5.0)
    assert guard.allows(DESTROY, "d", 5.0)


def test_key_repeat_is_not_a_burst() -> None:
    guard = BurstGuard()
    assert [guard.allows(DESTROY, "d", 5.0) for _ in range(3)] == [True, True, True]
