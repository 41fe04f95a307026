"""Makes the pictures of ``screenshots/`` from the demo: ``python tests/make_screenshots.py``.

The mail is always the same, dated back from one moment; the lines of the wire and their times are
those of this run. Writes into ``screenshots/`` and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "screenshots"
# As the tests' own conftest does it: what Textual reads while it is imported.
for _name in ("NO_COLOR", "TEXTUAL_THEME", "STY", "TMUX", "COLORTERM"):
    os.environ.pop(_name, None)
os.environ.update(TEXTUAL_ANIMATIONS="none", TZ="UTC")
time.tzset()
sys.path[:0] = [str(HERE / "ui"), str(HERE)]

from main_app import NARROW, NOW, WIDE, Person, whole_app  # noqa: E402

from tui_mail.demo.thread import demo_in_thread  # noqa: E402
from tui_mail.mail.actions import add_flags  # noqa: E402

Scene = Callable[[Person], Awaitable[None]]


async def the_list(person: Person) -> None:
    await person.press("j", "j")


async def acting(person: Person) -> None:
    """Labels, some messages tagged, and the question which flag to set."""
    service, mailbox_id = person.service, person.main.mailbox.mailbox_id
    for subject, keywords in LABELED.items():
        uid = await person.go_to(subject)
        service.act("demo", mailbox_id, (uid,), add_flags(keywords)).result()
    person.main.messages.go_to(0)
    await person.until(lambda: service.waiting("demo") == 0)
    await person.settled()
    await person.press("j", "t", "t")
    await person.opens("w")


async def the_newsletter(person: Person) -> None:
    await person.read("Things that take")


async def a_reply(person: Person) -> None:
    """A reply beside the message it answers."""
    await person.read("Quotes, flowed")
    await person.press("r")
    await person.until(lambda: person.main.context == "compose")
    await person.type("Dear Gwen, thank you: so this is where the")


async def the_wire(person: Person) -> None:
    """All four panes, and in the wire the command that fetched the text."""
    await person.press("I", "less_than_sign")
    person.main.messages.focus()
    uid = await person.read("Things that take")
    await person.until(lambda: f"UID STORE {uid}" in person.text())
    person.main.wire.focus()
    for _ in range(40):
        await person.press("k")
        if "open message" in person.text():
            await person.press("k", "k")  # from its answer up to the command itself
            return
    raise AssertionError("the command that opened the message is not on the wire")


LABELED = {
    "Welcome": ("$label1",),
    "Quotes, flowed": ("$label2",),
    "Things that take": ("$label5",),
    "The picture, the bill": ("$label2", "$label4"),
    "Invitation": ("$label3",),
    "Your umbrella": ("$label3", "$Forwarded"),
}
SCENES: dict[str, tuple[Scene, tuple[int, int], str]] = {
    "list": (the_list, NARROW, "terminal"),
    "html": (the_newsletter, NARROW, "terminal"),
    "acting": (acting, NARROW, "terminal"),
    "wide-compose": (a_reply, WIDE, "dark"),
    "wide-wire": (the_wire, WIDE, "dark"),
}


async def picture(scene: Scene, size: tuple[int, int], theme: str) -> str:
    with demo_in_thread(NOW) as settings:
        settings = replace(settings, ui=replace(settings.ui, theme=theme))
        async with whole_app(settings, size=size) as person:
            await scene(person)
            await person.until(lambda: person.main.status.status.command)
            return person.app.export_screenshot(title="tui-mail", simplify=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (scene, size, theme) in SCENES.items():
        path = FOLDER / f"{name}.svg"
        path.write_text(asyncio.run(picture(scene, size, theme)), encoding="utf-8")
        print(f"{path.relative_to(HERE.parent)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
