"""Who writes in the sample mail, and who reads it."""

# ruff: noqa: RUF001 - letters of other alphabets are what is meant
from __future__ import annotations

from dataclasses import dataclass

ME_NAME = "Robin Demo"
ME_ADDRESS = "robin@demo.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes; ``hours`` is the offset of their clock from UTC."""

    name: str
    address: str
    hours: float = 0


ME = Person(ME_NAME, ME_ADDRESS, 1)
ADA = Person("Ada Quill", "ada@lighthouse.example", 1)
BORIS = Person("Борис Ветров", "boris@veter.example", 3)
CHIYO = Person("藤井千代", "chiyo@umi.example", 9)
DARA = Person("Dara O'Shea", "dara@ferry.example", 0)
ELIF = Person("Elif Yıldız", "elif@atelier.example", 3)
FINN = Person("Finn Sørensen", "finn@havn.example", 1)
GWEN = Person("Gwen Hart", "gwen@ferry.example", 0)
HUGO = Person("Hugo Müller", "hugo@bruecke.example", 1)
JIN = Person("王瑾", "jin@ditu.example", 8)
MARA = Person("Mara Iyer", "mara@tides.example", 5.5)
NOOR = Person("Noor Haddad", "noor@library.example", 2)
PETRA = Person("Petra Šimková", "petra@orloj.example", 1)
TUI = Person("tui-mail", "hello@tui-mail.example", 0)
BUILDER = Person("Build robot", "robot@lighthouse.example", 0)
TIDES = Person("Tide tables", "tables@tides.example", 0)
LIBRARY = Person("Harbour Library", "desk@library.example", 0)
LETTER = Person("The Slow Letter", "letter@slow.example", 0)
PROTOCOL_LIST = Person("protocol", "protocol@lists.example", 0)
PATCHES_LIST = Person("patches", "patches@lists.example", 0)

FRIENDS = (ADA, BORIS, CHIYO, DARA, ELIF, FINN, GWEN, HUGO, JIN, MARA, NOOR, PETRA)
