"""What is done to all messages of a folder from the tree: asked first, and told when it is done."""

from __future__ import annotations

from main_app import Person, whole_app


def unseen(person: Person, name: bytes) -> int | None:
    return person.main.mailboxes["demo"][name].status.unseen


async def test_all_are_marked_as_read_after_a_question() -> None:
    async with whole_app() as person:
        await person.settled()
        before = unseen(person, b"INBOX")
        assert before
        person.main.folder_tree.go_to_mailbox("demo", b"INBOX")
        await person.press("y")
        await person.opens("M")
        await person.sees("Mark all messages in INBOX as read?", "This cannot be undone.")
        await person.press("n")
        await person.opens("M")
        assert unseen(person, b"INBOX") == before
        await person.press("y")
        await person.until(lambda: f"{before} messages marked as read" in person.notice)


async def test_emptied_trash_is_told() -> None:
    async with whole_app() as person:
        await person.settled()
        await person.press("d")
        await person.until(lambda: person.service.waiting("demo") == 0)
        person.main.folder_tree.go_to_mailbox("demo", b"Trash")
        await person.press("y")
        await person.opens("E")
        await person.press("y")
        await person.until(lambda: person.notice == "Done: Trash is emptied")
