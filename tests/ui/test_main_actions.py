"""The table of what each action does: complete, and every entry can be asked for by its key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from main_app import WIDE, Person, whole_app

from tui_mail.ui.actions import ACTIONS, BY_ID, Context

# These are performed by their own dialogs, see parts.py, links.py and outbox.py.
MODAL: frozenset[Context] = frozenset({"parts", "links", "outbox"})
PANES: tuple[Context, ...] = ("list", "viewer", "tree", "wire")


async def test_every_action_of_the_registry_is_performed_and_no_other() -> None:
    async with whole_app() as person:
        performed = set(person.main.performer.table)
    assert performed == {action.id for action in ACTIONS if set(action.contexts) - MODAL}


def keys_of(pane: Context) -> list[tuple[str, str]]:
    """A key for every action that counts in the pane, but for those that leave the program."""
    return [
        (action.keys[0], action.id)
        for action in ACTIONS
        if pane in action.contexts or "global" in action.contexts
        if action.keys and action.id not in ("app.quit", "app.suspend")
    ]


def note_and_do(asked: list[str], does: Callable[[str], object], action: str) -> None:
    asked.append(action)
    does(action)


async def to_pane(person: Person, pane: Context) -> None:
    """Whatever was asked for before: nothing lies over the panes, and this one has the focus."""
    main = person.main

    def at_work() -> bool:
        return any(not each.is_finished for each in person.app.workers if each.node is main)

    while at_work() or len(person.app.screen_stack) > 1:
        await person.until(lambda: len(person.app.screen_stack) > 1 or not at_work())
        if len(person.app.screen_stack) > 1:
            await person.press("ctrl+g")
    for opened in tuple(main.composing.drafts):
        await main.composing.close(opened)
    if main.has_class("wire-hidden"):
        main.show_wire(True)
    main.show_tree(True)
    widgets = {
        "list": main.messages,
        "viewer": main.viewer,
        "tree": main.folder_tree,
        "wire": main.wire,
    }
    widgets[pane].focus()
    await person.pilot.pause(0)
    assert main.context == pane


@pytest.mark.parametrize("pane", PANES)
async def test_every_key_of_a_pane_does_something_that_ends_well(pane: Context) -> None:
    async with whole_app(size=WIDE) as person:
        await person.read("Quotes, flowed")
        asked: list[str] = []
        performer = person.main.performer
        # What cannot be done where the cursor happens to be says so, which is an end as well.
        performer.perform = partial(note_and_do, asked, performer.perform)  # type: ignore[method-assign]
        for key, action in keys_of(pane):
            await to_pane(person, pane)
            await person.pilot.press(key)
            assert asked[-1:] == [action], f"{key} in {pane}"
        await to_pane(person, pane)
        assert "Something went wrong" not in person.notice


async def test_the_palette_performs_what_was_chosen() -> None:
    async with whole_app() as person:
        await person.opens(":")
        await person.type("the wire")
        await person.press("enter")
        assert not person.main.has_class("wire-hidden")
        assert person.main.context == "wire"


async def test_help_is_of_the_pane_one_is_in() -> None:
    async with whole_app() as person:
        await person.opens("question_mark")
        await person.sees("Message list")
        await person.press("q", "I")
        await person.opens("question_mark")
        await person.sees("Wire pane")
        await person.press("q")
        assert person.main.context == "wire"


async def test_q_in_the_list_leaves_the_program() -> None:
    async with whole_app() as person:
        await person.press("q")
        assert person.app.return_code == 0
        assert not person.app.is_running


async def test_an_unknown_key_does_nothing_and_says_so() -> None:
    async with whole_app() as person:
        main = person.main
        before = main.messages.cursor, main.focused, len(person.app.screen_stack)
        await person.press("alt+x", "f11")
        assert not person.notice
        await person.press("X")
        assert person.notice == "X does nothing here; ? shows the keys"
        assert before == (main.messages.cursor, main.focused, len(person.app.screen_stack))
        await person.press("j")
        assert not person.notice
        assert all("X" not in action.keys for action in BY_ID.values())
