"""The folder tree in a tiny application."""

import pytest
from rich.cells import cell_len
from textual.app import App

from tui_mail.model import NOSELECT, Mailbox, SpecialUse
from tui_mail.ui.widgets.folder_tree import FolderEntry, FolderTree


def entry(name, unseen=None, total=None, *, use=None, subscribed=False, attributes=()):
    mailbox = Mailbox(
        name.encode(), "/", frozenset(attributes), tuple(name.split("/")), use, subscribed
    )
    return FolderEntry(mailbox, unseen, total)


ENTRIES = [
    entry("INBOX", 3, 287, subscribed=True),
    entry("Sent", 0, 120, use=SpecialUse.SENT),
    entry("Lists", attributes=[NOSELECT]),
    entry("Lists/dev", 12, 90, subscribed=True),
    entry("Lists/日本語リスト", 0, 9),
    entry("Archive/2023", 0, 123_456),
]


class Recording(FolderTree):
    def __init__(self, **options):
        super().__init__(**options)
        self.drawn = []

    def render_row(self, index, width, cursor):
        self.drawn.append(index)
        return super().render_row(index, width, cursor)


class Host(App):
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, **options):
        super().__init__()
        self.folders = Recording(**options)
        self.chosen = []

    def compose(self):
        yield self.folders

    def on_mount(self):
        self.folders.focus()

    def on_folder_tree_mailbox_chosen(self, event):
        self.chosen.append((event.account, event.name))

    def lines(self):
        strips = self.screen._compositor.render_strips(self.size)
        lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
        return [line for line in lines if line]


@pytest.fixture
async def host():
    app = Host(ascii_only=True)
    async with app.run_test(size=(26, 24)) as pilot:
        app.folders.set_accounts(["work", "home"])
        app.folders.set_mailboxes("work", ENTRIES)
        await pilot.pause()
        app.folders.drawn.clear()
        app.settle = pilot.pause
        app.pilot = pilot
        yield app


async def test_the_whole_tree(host):
    host.folders.set_current("work", b"INBOX")
    await host.settle()
    assert host.lines() == [
        "- work",
        ">  INBOX            3/287",
        " > Sent               120",
        " - Archive",
        "     2023            123k",
        " - Lists",
        "     dev            12/90",
        "     日本語リスト       9",
        "  home",
    ]


async def test_unicode_marks_take_one_cell():
    app = Host()
    async with app.run_test(size=(26, 24)) as pilot:
        app.folders.set_mailboxes("work", [entry(use.name, use=use) for use in SpecialUse])
        await pilot.pause()
        for index in range(app.folders.line_count):
            strip = app.folders.render_row(index, 26, False)
            text = "".join(segment.text for segment in strip)
            assert len(text) == cell_len(text) == 26


async def test_choosing(host):
    host.folders.go_to_mailbox("work", b"INBOX")
    host.folders.choose()
    host.folders.go_to_mailbox("work", "Lists/日本語リスト".encode())
    host.folders.choose()
    await host.settle()
    assert host.chosen == [("work", b"INBOX"), ("work", "Lists/日本語リスト".encode())]


async def test_a_folder_that_only_holds_others_opens_and_closes(host):
    assert host.folders.go_to_mailbox("work", b"Lists")
    host.folders.choose()
    await host.settle()
    assert host.lines()[5:7] == [" + Lists              12+", "  home"]
    host.folders.choose()
    await host.settle()
    assert len(host.lines()) == 9
    assert host.chosen == []


async def test_folding_and_unfolding(host):
    folders = host.folders
    folders.go_to_mailbox("work", b"Lists/dev")
    folders.fold()
    assert folders.cursor_node.label == "Lists"
    folders.fold()
    assert folders.line_count == 7
    folders.fold()
    assert folders.cursor_node.label == "work"
    folders.fold()
    assert folders.line_count == 2
    folders.fold()
    assert folders.line_count == 2
    folders.unfold()
    assert folders.line_count == 7
    folders.unfold()
    assert folders.cursor_node.label == "INBOX"
    folders.unfold()
    assert folders.cursor_node.label == "INBOX"


async def test_going_to_a_hidden_mailbox_opens_what_hides_it(host):
    host.folders.home()
    host.folders.fold()
    assert host.folders.go_to_mailbox("work", b"Lists/dev")
    assert host.folders.cursor_node.name == b"Lists/dev"
    assert not host.folders.go_to_mailbox("work", b"no such")


async def test_new_figures_draw_one_line(host):
    host.folders.set_counts("work", b"Lists/dev", 13, 91)
    await host.settle()
    assert host.folders.drawn == [6]
    assert host.lines()[6].endswith("13/91")


async def test_figures_of_a_hidden_mailbox_draw_the_closed_one(host):
    host.folders.go_to_mailbox("work", b"Lists")
    host.folders.fold()
    await host.settle()
    host.folders.drawn.clear()
    host.folders.set_counts("work", b"Lists/dev", 100, 191)
    host.folders.set_counts("work", b"unknown", 1, 1)
    await host.settle()
    assert host.folders.drawn == [5]
    assert host.lines()[5].endswith("100+")


async def test_cursor_and_open_folders_stay_over_a_reload(host):
    host.folders.go_to_mailbox("work", b"Archive/2023")
    host.folders.fold()
    host.folders.fold()
    host.folders.go_to_mailbox("work", b"Lists/dev")
    line = host.folders.cursor
    host.folders.set_mailboxes("work", [*ENTRIES, entry("Another"), entry("Lists/alpha")])
    await host.settle()
    assert host.folders.cursor_node.name == b"Lists/dev"
    assert host.folders.cursor == line + 2
    assert " + Archive" in host.lines()


async def test_the_mailbox_under_the_cursor_goes(host):
    host.folders.go_to_mailbox("work", b"Lists/dev")
    host.folders.set_mailboxes("work", [one for one in ENTRIES if one.mailbox.name != b"Lists/dev"])
    assert host.folders.cursor_node.name == b"Lists"
    host.folders.set_mailboxes("work", [])
    assert host.folders.cursor_node.label == "work"
    host.folders.set_accounts([])
    assert host.folders.cursor_node is None
    for act in (host.folders.choose, host.folders.fold, host.folders.unfold):
        act()
    await host.settle()
    assert host.lines() == []


async def test_subscribed_alone(host):
    host.folders.go_to_mailbox("work", b"Lists/dev")
    host.folders.set_subscribed_only(True)
    await host.settle()
    assert [line.split()[-2] for line in host.lines() if "/" in line] == ["INBOX", "dev"]
    assert host.folders.line_count == 5
    assert host.folders.cursor_node.name == b"Lists/dev"
    host.folders.set_subscribed_only(False)
    assert host.folders.line_count == 9
    assert host.folders.cursor_node.name == b"Lists/dev"


async def test_what_is_unread_shows_without_color(host):
    styles = {
        name: host.folders.render_row(index, 26, False)._segments[-1].style.bold
        for index, name in ((1, "INBOX"), (2, "Sent"))
    }
    assert styles["INBOX"]
    assert not styles["Sent"]


async def test_a_click_chooses(host):
    await host.pilot.click(host.folders, offset=(5, 1))
    await host.settle()
    assert host.chosen == [("work", b"INBOX")]


@pytest.mark.parametrize("width", [4, 9, 14, 20, 40, 120])
async def test_every_line_has_its_width(host, width):
    host.folders.set_mailboxes(
        "home",
        [
            entry("\x1b[31m[b]x", 5, 10),
            entry("日本語" * 30, 10**9, 10**12),
            entry("/".join("abcdefghijklmnopqrst"), 1, 2),
        ],
    )
    for index in range(host.folders.line_count):
        for cursor in (False, True):
            strip = host.folders.render_row(index, width, cursor)
            text = "".join(segment.text for segment in strip)
            assert cell_len(text) == width
            assert text.isprintable()


async def test_twenty_thousand_folders_stay_usable(host):
    many = [entry(f"group {n % 100}/part {n % 1000}/folder {n}", n % 3, n) for n in range(20_000)]
    host.folders.set_mailboxes("home", many)
    host.folders.go_to_mailbox("home", b"group 7/part 107/folder 1107")
    host.folders.set_mailboxes("home", many)
    await host.settle()
    host.folders.drawn.clear()
    for one in many:
        host.folders.set_counts("home", one.mailbox.name, 5, 6)
    await host.settle()
    # Twenty thousand figures, one page of lines.
    assert 0 < len(host.folders.drawn) <= 24
    assert host.folders.cursor_node.label == "folder 1107"
    assert any("folder 1107" in line for line in host.lines())
