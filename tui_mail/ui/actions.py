"""The registry of what a person may ask for: one stable id per action.

Keys, the line of hints, the help screen, the command palette and ``[keys]`` in the configuration
are all made from this table, so an action is named here or it does not exist. Data only: what an
action does is the business of the screen that performs it. Imports no Textual.

The keys are mutt's where mutt has one; in the viewer j and k turn to the next and previous
message as in mutt's pager, and the arrows scroll. In a draft letters are text; its commands are
those of mutt's compose menu, below its text, and keys that are no letters anywhere in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

# fmt: off
Context = Literal[
    "list", "viewer", "tree", "wire", "news", "compose", "draft",
    "parts", "links", "outbox", "global",
]
# fmt: on
CONTEXTS: tuple[Context, ...] = get_args(Context)

# What each context is called on the help screen.
CONTEXT_TITLES: dict[Context, str] = {
    "list": "Message list",
    "viewer": "Message",
    "tree": "Folders",
    "wire": "Wire pane",
    "news": "News pane",
    "compose": "Writing: header and text",
    "draft": "Writing: commands of the draft",
    "parts": "Parts of a message",
    "links": "Links of a message",
    "outbox": "Outbox",
    "global": "Everywhere",
}


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action.

    ``keys`` are its default keys, the first one is shown; a key is written as one character
    (``j``, ``?``) or by name (``enter``, ``ctrl+p``, ``shift+tab``), see ``keymap.parse_key``.
    ``contexts`` are where they count; ``global`` is looked at after the context itself.
    ``label`` is the short word for the line of hints; an action without one is not shown there.
    ``destructive`` asks the key guard to refuse it in the middle of a burst of input.

    In ``compose`` a letter is text, so an action has a key there only by another one of its keys.
    """

    id: str
    description: str
    keys: tuple[str, ...]
    contexts: tuple[Context, ...]
    label: str = ""
    destructive: bool = False

    @property
    def footer(self) -> bool:
        return bool(self.label)


_WITH_CURSOR: tuple[Context, ...] = (
    *("list", "tree", "wire", "news", "draft", "parts", "links", "outbox"),
)
_MESSAGES: tuple[Context, ...] = ("list", "viewer", "news")
_WRITING: tuple[Context, ...] = ("compose", "draft")

ACTIONS: tuple[ActionSpec, ...] = (
    # Moving in anything that has a cursor
    ActionSpec(
        "cursor.down",
        "Next line",
        ("j", "down"),
        _WITH_CURSOR,
    ),
    ActionSpec(
        "cursor.up",
        "Previous line",
        ("k", "up"),
        _WITH_CURSOR,
    ),
    ActionSpec(
        "cursor.page_down",
        "Next page",
        ("pagedown", "z"),
        _WITH_CURSOR,
    ),
    ActionSpec(
        "cursor.page_up",
        "Previous page",
        ("pageup", "Z"),
        _WITH_CURSOR,
    ),
    ActionSpec(
        "cursor.home",
        "First line",
        ("home", "="),
        _WITH_CURSOR,
    ),
    ActionSpec(
        "cursor.end",
        "Last line",
        ("end", "*", "G"),
        _WITH_CURSOR,
    ),
    # Message list
    ActionSpec("message.open", "Read the message", ("enter", "space"), ("list",), "Read"),
    ActionSpec(
        "message.next_unread", "Next unread message", ("tab",), ("list", "viewer"), "Unread"
    ),
    ActionSpec(
        "message.previous_unread", "Previous unread message", ("shift+tab",), ("list", "viewer")
    ),
    # Writing mail: to the message under the cursor, or the one that is read
    ActionSpec("message.new", "Write a new message", ("m",), (*_MESSAGES, "tree"), "New"),
    ActionSpec("message.reply", "Reply to the sender", ("r",), _MESSAGES, "Reply"),
    ActionSpec("message.reply_all", "Reply to all", ("g",), _MESSAGES),
    ActionSpec("message.reply_list", "Reply to the mailing list", ("L",), _MESSAGES),
    ActionSpec("message.forward", "Forward its text", ("f",), _MESSAGES),
    ActionSpec("message.forward_attached", "Forward whole, attached", ("ctrl+f",), _MESSAGES),
    ActionSpec("message.bounce", "Bounce: send it on as it is", ("b",), _MESSAGES),
    ActionSpec("message.edit", "Edit as a new message", ("e",), _MESSAGES),
    ActionSpec(
        "draft.recall",
        "Drafts: go on with one of them",
        ("R", "f3"),
        (*_MESSAGES, "tree", *_WRITING),
    ),
    ActionSpec("outbox.call_back", "Call back what was sent last", ("U",), (*_MESSAGES, "tree")),
    # Which messages are meant, and shown
    ActionSpec("message.tag", "Tag the message, or take its tag away", ("t",), ("list",), "Tag"),
    ActionSpec("list.tag_range", "Tag from the message tagged last to this one", ("V",), ("list",)),
    ActionSpec("list.tag", "Tag all messages that match a pattern", ("T",), ("list",)),
    ActionSpec("list.untag", "Untag all messages that match a pattern", ("ctrl+t",), ("list",)),
    ActionSpec("list.tagged", "Say what is tagged: every action means that", (";",), ("list",)),
    ActionSpec("list.limit", "Show only messages that match a pattern", ("l",), ("list",), "Limit"),
    # Acting on messages: the tagged ones, or the one under the cursor
    ActionSpec(
        "message.delete",
        "Delete (to Trash, or marked, as configured)",
        ("d",),
        ("list", "viewer"),
        "Delete",
        destructive=True,
    ),
    ActionSpec(
        "message.undo", "Undelete, or take back what was done last", ("u",), ("list", "viewer")
    ),
    ActionSpec("message.move", "Move to a folder", ("s",), ("list", "viewer"), "Move"),
    ActionSpec("message.copy", "Copy to a folder", ("C",), ("list", "viewer")),
    ActionSpec(
        "message.archive", "Archive", ("a",), ("list", "viewer"), "Archive", destructive=True
    ),
    ActionSpec("message.junk", "Move to Junk", ("S",), ("list", "viewer"), destructive=True),
    ActionSpec("message.toggle_new", "Unread, or read", ("N",), ("list", "viewer")),
    ActionSpec("message.toggle_flag", "Flagged, or not", ("F",), ("list", "viewer")),
    ActionSpec("message.set_flag", "Set a flag or keyword", ("w",), ("list", "viewer")),
    ActionSpec("message.clear_flag", "Clear a flag or keyword", ("W",), ("list", "viewer")),
    ActionSpec("mailbox.toggle_write", "Read only, or changes allowed", ("%",), ("list",)),
    ActionSpec("mailbox.expunge", "Expunge what is marked deleted", ("$",), ("list",)),
    # Viewer
    ActionSpec(
        "viewer.page_down", "Next page of the text", ("space", "pagedown"), ("viewer",), "Page"
    ),
    ActionSpec("viewer.page_up", "Previous page of the text", ("-", "pageup"), ("viewer",)),
    ActionSpec("viewer.down", "Scroll one line down", ("down", "enter"), ("viewer",)),
    ActionSpec("viewer.up", "Scroll one line up", ("up", "backspace"), ("viewer",)),
    ActionSpec("viewer.home", "Top of the message", ("home", "^"), ("viewer",)),
    ActionSpec("viewer.end", "End of the message", ("end", "G"), ("viewer",)),
    ActionSpec("message.next", "Next message", ("j", "J"), ("viewer",), "Next"),
    ActionSpec("message.previous", "Previous message", ("k", "K"), ("viewer",), "Previous"),
    ActionSpec("viewer.search", "Search in the text", ("/",), ("viewer",), "Search"),
    ActionSpec("viewer.search_next", "Next match", ("n",), ("viewer",)),
    ActionSpec("viewer.search_previous", "Previous match", ("p",), ("viewer",)),
    ActionSpec(
        "viewer.headers", "All headers, or only the usual ones", ("h",), ("viewer",), "Headers"
    ),
    ActionSpec("viewer.source", "The message as it was sent, undecoded", ("H",), ("viewer",)),
    ActionSpec("viewer.alternative", "Another form of the text (HTML, plain)", ("A",), ("viewer",)),
    ActionSpec("viewer.parts", "Parts and attachments", ("v",), ("list", "viewer"), "Parts"),
    ActionSpec("viewer.links", "Links in the text", ("o",), ("viewer",), "Links"),
    # Parts and links of a message
    ActionSpec("parts.open", "Show the part", ("enter", "v"), ("parts",), "Show"),
    ActionSpec("parts.save", "Save the part to a file", ("s",), ("parts",), "Save"),
    ActionSpec("links.open", "Open the link in a browser", ("enter", "o"), ("links",), "Open"),
    ActionSpec("links.copy", "Copy the address of the link", ("y",), ("links",), "Copy"),
    # Folder tree
    ActionSpec("tree.open", "Open the mailbox", ("enter", "space"), ("tree",), "Open"),
    ActionSpec("tree.examine", "Open it read only (EXAMINE)", ("%",), ("tree",)),
    ActionSpec("folder.create", "Create a folder here", ("C",), ("tree",), "Create"),
    ActionSpec("folder.rename", "Rename the folder", ("r",), ("tree",)),
    ActionSpec("folder.delete", "Delete the folder", ("d",), ("tree",), destructive=True),
    ActionSpec("folder.subscribe", "Subscribe to the folder", ("s",), ("tree",)),
    ActionSpec("folder.unsubscribe", "Unsubscribe from the folder", ("u",), ("tree",)),
    ActionSpec("folder.read", "Mark all its messages read", ("M",), ("tree",)),
    ActionSpec("folder.empty", "Empty Trash or Junk", ("E",), ("tree",), destructive=True),
    ActionSpec("folder.details", "Figures, quota and rights", ("v",), ("tree",), "Details"),
    ActionSpec("tree.expand", "Show the folders below", ("right", "+"), ("tree",)),
    ActionSpec("tree.collapse", "Hide the folders below", ("left", "-"), ("tree",)),
    ActionSpec(
        "tree.subscribed", "Subscribed folders, or all", ("T",), ("tree",), "Subscribed/all"
    ),
    # Wire pane
    ActionSpec("wire.open", "Unfold or fold a literal", ("enter", "space"), ("wire",), "Unfold"),
    ActionSpec("wire.details", "The whole command and its answer", ("v",), ("wire",), "Details"),
    ActionSpec("wire.follow", "Follow the newest line, or stay", ("F",), ("wire",), "Follow"),
    ActionSpec("wire.search", "Search the wire", ("/",), ("wire",), "Search"),
    ActionSpec("wire.search_next", "Next match", ("n",), ("wire",)),
    ActionSpec("wire.search_previous", "Previous match", ("p", "N"), ("wire",)),
    ActionSpec("wire.connection", "Show one connection, or all", ("C",), ("wire",), "Connection"),
    ActionSpec(
        "wire.direction", "Show lines sent, received, or both", ("D",), ("wire",), "Direction"
    ),
    ActionSpec("wire.copy", "Copy the line", ("y",), ("wire",), "Copy"),
    ActionSpec("wire.save", "Save the lines to a file", ("s",), ("wire",), "Save"),
    # News pane
    ActionSpec("news.open", "Go to the message", ("enter", "space"), ("news",), "Open"),
    ActionSpec("news.follow", "Follow the newest line, or stay", ("F",), ("news",), "Follow"),
    # Writing: letters count in the last lines of the draft, where ctrl+x leads
    ActionSpec(
        "draft.commands", "To the commands of the draft", ("ctrl+x",), ("compose",), "Commands"
    ),
    ActionSpec("draft.text", "Back to the text", ("ctrl+x", "escape"), ("draft",), "Text"),
    ActionSpec("draft.send", "Send", ("y", "f9"), _WRITING, "Send", destructive=True),
    ActionSpec("draft.postpone", "Postpone: to the Drafts folder", ("P", "f8"), _WRITING, "Later"),
    ActionSpec(
        "draft.close",
        "Postpone or discard, after a question",
        ("q",),
        ("draft",),
        "Put away",
        destructive=True,
    ),
    ActionSpec("draft.attach", "Attach a file", ("a", "f7"), _WRITING, "Attach"),
    ActionSpec("draft.detach", "Take the attachment away", ("D",), ("draft",), "Detach"),
    ActionSpec("draft.editor", "Into the editor", ("e", "f4"), _WRITING, "Editor"),
    ActionSpec("draft.to", "To the field To", ("t",), ("draft",)),
    ActionSpec("draft.cc", "To the field Cc", ("c",), ("draft",)),
    ActionSpec("draft.bcc", "To the field Bcc", ("b",), ("draft",), "Bcc"),
    ActionSpec("draft.reply_to", "To the field Reply-To", ("r",), ("draft",), "Reply-To"),
    ActionSpec("draft.subject", "To the field Subject", ("s",), ("draft",)),
    ActionSpec("draft.from", "Choose who writes", ("f",), ("draft",), "From"),
    ActionSpec("draft.undo", "Undo in the text", ("u", "ctrl+_"), _WRITING),
    ActionSpec("draft.redo", "Redo in the text", ("U", "ctrl+y"), _WRITING),
    ActionSpec("draft.next", "The next of the open drafts", ("n",), ("draft",)),
    ActionSpec("draft.next_field", "Next field", ("tab",), _WRITING),
    ActionSpec("draft.previous_field", "Previous field", ("shift+tab",), _WRITING),
    ActionSpec("draft.leave", "To the mail; the draft stays open", ("ctrl+o",), _WRITING, "Mail"),
    ActionSpec("draft.show", "To the open draft", ("ctrl+o",), ("global",)),
    # Outbox
    ActionSpec("outbox.show", "The outbox: what is being sent", ("Q",), ("global",)),
    ActionSpec("outbox.edit", "Call back and edit", ("enter", "e"), ("outbox",), "Edit"),
    ActionSpec("outbox.retry", "Try again now", ("r",), ("outbox",), "Try now"),
    ActionSpec("outbox.others", "Send to those not refused", ("o",), ("outbox",), "To the others"),
    ActionSpec("outbox.sent", "It was sent: file it", ("M",), ("outbox",), "Was sent"),
    ActionSpec("outbox.drop", "Drop it unsent", ("d",), ("outbox",), "Drop", destructive=True),
    ActionSpec("outbox.wire", "Show the wire", ("I",), ("outbox",), "Wire"),
    # Panes
    ActionSpec(
        "pane.close",
        "Back",
        ("q", "escape", "i"),
        ("viewer", "wire", "news", "parts", "links", "outbox"),
        "Back",
    ),
    ActionSpec("tree.close", "Back to the messages", ("q", "escape", "i"), ("tree",), "Back"),
    ActionSpec("app.quit", "Leave the program", ("q",), ("list",), "Quit"),
    ActionSpec("pane.left", "To the pane on the left", ("<", "left"), ("list", "viewer", "wire")),
    ActionSpec(
        "pane.right", "To the pane on the right", (">", "right"), ("list", "viewer", "wire")
    ),
    ActionSpec("pane.next", "To the next pane", ("f6",), ("global",)),
    ActionSpec("tree.focus", "To the folders", ("y",), ("list", "viewer")),
    ActionSpec("tree.toggle", "Show or hide the folders", ("B",), ("global",)),
    ActionSpec(
        "mailbox.change", "Change to a folder by part of its name", ("c",), ("global",), "Folder"
    ),
    ActionSpec("wire.toggle", "Show or hide the wire", ("I",), ("global",), "Wire"),
    ActionSpec("news.toggle", "Show or hide what happened", ("O",), ("global",), "News"),
    # Everywhere
    ActionSpec("app.help", "This help", ("?", "f1"), ("global",), "Help"),
    ActionSpec("app.palette", "Choose an action by name", (":", "ctrl+p"), ("global",)),
    ActionSpec("app.cancel", "Cancel what is being waited for", ("ctrl+g", "ctrl+c"), ("global",)),
    ActionSpec("account.check", "Look for new mail, or reconnect, now", ("f5",), ("global",)),
    ActionSpec("app.theme", "Choose a theme", (), ("global",)),
    ActionSpec("app.redraw", "Draw the screen anew", ("ctrl+l",), ("global",)),
    ActionSpec("app.suspend", "Suspend to the shell (fg comes back)", ("ctrl+z",), ("global",)),
)

BY_ID: dict[str, ActionSpec] = {action.id: action for action in ACTIONS}
