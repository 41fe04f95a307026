"""The tree as data: order, parents, figures and what is to be seen."""

from hypothesis import given
from hypothesis import strategies as st

from tui_mail.model import NOSELECT, Mailbox, SpecialUse
from tui_mail.ui.widgets.folder_nodes import MAX_DEPTH, OPEN_AT_FIRST, FolderEntry, Folders


def entry(name, unseen=None, total=None, *, use=None, subscribed=False, attributes=(), path=None):
    if path is None:
        path = tuple(name.split("/"))
    mailbox = Mailbox(name.encode(), "/", frozenset(attributes), path, use, subscribed)
    return FolderEntry(mailbox, unseen, total)


def tree(*entries, account="work"):
    folders = Folders()
    folders.set_mailboxes(account, entries)
    return folders


def outline(folders):
    return ["  " * node.depth + node.label for node in folders.lines]


def test_inbox_then_special_uses_then_the_rest():
    folders = tree(
        entry("zebra"),
        entry("Apple"),
        entry("Ärzte"),
        entry("apple pie"),
        entry("Papierkorb", use=SpecialUse.TRASH),
        entry("Sent", use=SpecialUse.SENT),
        entry("Entwürfe", use=SpecialUse.DRAFTS),
        entry("INBOX"),
    )
    assert [line.strip() for line in outline(folders)] == [
        *("work", "INBOX", "Entwürfe", "Sent", "Papierkorb"),
        *("Apple", "apple pie", "zebra", "Ärzte"),
    ]


def test_missing_parents_are_made_and_cannot_be_chosen():
    folders = tree(entry("a/b/c"), entry("a/b"))
    assert outline(folders) == ["work", "  a", "    b", "      c"]
    assert [node.selectable for node in folders.lines] == [False, False, True, True]


def test_a_parent_that_only_holds_others():
    folders = tree(entry("Lists", attributes=[NOSELECT]), entry("Lists/dev"))
    assert [node.selectable for node in folders.lines] == [False, False, True]


def test_a_parent_named_with_the_delimiter_at_its_end():
    folders = tree(entry("Lists/", attributes=[NOSELECT]), entry("Lists/dev"))
    assert outline(folders) == ["work", "  Lists", "    dev"]


def test_inbox_as_a_parent_whatever_its_case():
    folders = tree(entry("Inbox/b"), entry("INBOX"), entry("inbox/a"))
    assert outline(folders) == ["work", "  INBOX", "    a", "    b"]


def test_names_that_read_alike_stay_two():
    folders = tree(
        entry("one", path=("\ufffd",)),
        entry("two", path=("\ufffd",)),
        entry("one/x", path=("\ufffd", "x")),
    )
    names = [node.name for node in folders.lines]
    assert sorted(name for name in names if name) == [b"one", b"one/x", b"two"]


def test_labels_cannot_break_the_line():
    folders = tree(
        entry("x", path=("\x1b[31m\u202e日\n[b]",)), entry("y", path=("",)), entry("z", path=())
    )
    labels = [node.label for node in folders.lines[1:]]
    assert all(label.isprintable() and label for label in labels)
    assert labels.count("(no name)") == 2


def test_nesting_is_bounded():
    folders = tree(entry("/".join("x" * 1000)))
    assert max(node.depth for node in folders.lines) == MAX_DEPTH
    assert folders.lines[-1].name == b"/".join([b"x"] * 1000)


def test_what_is_unread_below():
    folders = tree(entry("a", 1, 5), entry("a/b", 2, 5), entry("a/b/c", 4, 5), entry("d", 8, 9))
    below = {node.label: node.unseen_below for node in folders.lines}
    assert below == {"work": 15, "a": 6, "b": 4, "c": 0, "d": 0}
    node = folders.set_counts("work", b"a/b/c", 1, 5)
    assert node is not None and node.label == "c"
    below = {node.label: node.unseen_below for node in folders.lines}
    assert below == {"work": 12, "a": 3, "b": 1, "c": 0, "d": 0}


def test_figures_of_a_hidden_mailbox_belong_to_the_closed_one_above():
    folders = tree(entry("a"), entry("a/b"), entry("a/b/c"))
    folders.set_open(folders.find("work", b"a/b"), False)
    assert folders.set_counts("work", b"a/b/c", 3, 4) is folders.find("work", b"a/b")
    folders.set_open(folders.find("work", b"a"), False)
    assert folders.set_counts("work", b"a/b/c", 5, 6) is folders.find("work", b"a")
    assert folders.set_counts("work", b"no such", 5, 6) is None


def test_figures_and_what_is_open_outlive_a_reload_and_the_filter():
    entries = [entry("a"), entry("a/b", subscribed=True), entry("c")]
    folders = tree(*entries)
    folders.set_counts("work", b"a/b", 3, 4)
    folders.set_open(folders.find("work", b"a"), False)
    folders.set_mailboxes("work", entries)
    assert outline(folders) == ["work", "  a", "  c"]
    assert folders.find("work", b"a/b").unseen == 3
    folders.subscribed_only = True
    folders.rebuild()
    assert outline(folders) == ["work", "  a"]
    assert folders.find("work", b"a").unseen_below == 3
    folders.set_mailboxes("work", [])
    folders.set_mailboxes("work", entries)
    assert folders.find("work", b"a/b").unseen is None


def test_subscribed_with_what_is_above_and_always_inbox():
    folders = Folders()
    folders.subscribed_only = True
    folders.set_mailboxes(
        "work",
        [
            entry("INBOX"),
            entry("a"),
            entry("a/b", subscribed=True),
            entry("c"),
            entry("x/y/z", subscribed=True),
        ],
    )
    assert outline(folders) == ["work", "  INBOX", "  a", "    b", "  x", "    y", "      z"]
    assert folders.find("work", b"c") is None
    assert folders.find("work", b"a").selectable


def test_accounts_in_the_order_given():
    folders = Folders()
    folders.set_mailboxes("two", [entry("x")])
    folders.set_accounts(["one", "two"])
    assert outline(folders) == ["one", "two", "  x"]
    folders.set_accounts(["one"])
    assert outline(folders) == ["one"]


def test_a_big_account_starts_closed_below_its_root():
    many = [entry(f"p{number % 7}/x{number}") for number in range(OPEN_AT_FIRST + 1)]
    folders = tree(*many, entry("INBOX/x"), entry("INBOX"))
    assert outline(folders) == [
        "work",
        "  INBOX",
        "    x",
        *(f"  p{number}" for number in range(7)),
    ]
    folders.show(folders.find("work", b"p1/x1"))
    assert folders.seen(folders.find("work", b"p1/x1")) is folders.find("work", b"p1/x1")
    assert folders.seen(folders.find("work", b"p2/x2")).label == "p2"


PATHS = st.lists(st.sampled_from(["a", "b", "INBOX", "", "é", "x/y"]), min_size=1, max_size=4)


@given(st.lists(PATHS, max_size=30), st.booleans())
def test_no_mailbox_is_lost_and_each_line_knows_its_place(paths, subscribed_only):
    entries = [
        entry(f"name{number}", number, path=tuple(path), subscribed=number % 2 == 0)
        for number, path in enumerate(paths)
    ]
    folders = Folders()
    folders.subscribed_only = subscribed_only
    folders.set_mailboxes("work", entries)
    shown = {node.name for node in folders.lines if node.name}
    wanted = {one.mailbox.name for one in entries if one.mailbox.subscribed or not subscribed_only}
    assert shown >= wanted
    assert [node.line for node in folders.lines] == list(range(len(folders.lines)))
    root = folders.lines[0]
    assert root.unseen_below == sum(node.unseen or 0 for node in folders.lines)
