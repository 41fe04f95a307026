"""Letters in many writings and encodings, rightly and wrongly labelled."""

# ruff: noqa: RUF001 - letters of other alphabets are what is meant
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui_mail.demo.compose import Letter, letter
from tui_mail.demo.people import BORIS, CHIYO, DARA, ELIF, HUGO, JIN, ME, PETRA
from tui_mail.model import ANSWERED, FLAGGED, SEEN

RUSSIAN = """\
Привет, Робин!

Маяк видно уже от северного мыса. Это письмо написано в koi8-r, кодировке,
у которой есть одно удивительное свойство: если отрезать старший бит,
русский текст всё ещё можно прочесть латинскими буквами.

Борис
"""

JAPANESE = """\
ロビンさん

こんにちは。今月の例会は灯台で行います。
この手紙は iso-2022-jp です。エスケープ・シーケンスで文字集合を
切り替えるので、七ビットだけで書けます。

  日時  土曜日 十四時
  場所  灯台の三階

千代
"""

CHINESE = """\
罗宾：

新的海图已经画好了。这封信用的是 gb18030，
它可以写出所有的汉字，包括很少见的字：㐂、㐅、䶮。

港口的深度都标在图上，单位是米。

瑾
"""

GERMAN = """\
Hallo Robin,

die Brücke ist gestrichen, größtenteils in Grün. Dieser Brief ist in
iso-8859-1 geschrieben, quer durch alle Umlaute: äöü ÄÖÜ ß, dazu
¡Hola!, façade, smørrebrød und ein Preis von 12 £ (für Euro reicht es nicht).

Viele Grüße
Hugo
"""

CURLY = """\
Robin,

this one says it is iso-8859-1 and is not: it was written by a program
that means windows-1252. So it has “curly quotes”, a dash – like this –
an ellipsis… and a price of 5 €, all of which are control characters
in the set it claims. Everybody reads it as what it is.

Dara
"""

WIDE = """\
Columns that stay columns:

    | what            | example      |
    |-----------------|--------------|
    | wide            | 灯台 등대    |
    | combining       | a\u0308 e\u0301 n\u0303 o\u0302\u0323 |
    | composed        | ä é ñ ộ      |
    | emoji           | 🌊 ⛵ 🐟     |
    | a family        | 👩\u200d👩\u200d👧       |
    | a skin tone     | 👋🏽           |
    | a variation     | ☂\ufe0f ✈\ufe0f        |
    | right to left   | שלום مرحبا   |

Terminals and multiplexers disagree about the width of some of these. In the
list, where a column that drifts is a nuisance, they are drawn in the simplest
form that everybody agrees on; here you see what was sent.

Petra
"""

TURKISH = """\
Merhaba Robin,

ışıklar bu akşam yanıyor. İ ile i, I ile ı: dört ayrı harf, ve her
program bir kez yanlış yapar.

Elif
"""


def letters(now: datetime) -> Iterator[Letter]:
    """These letters, oldest first; all of yesterday and the day before."""

    def ago(hours: float) -> datetime:
        return now - timedelta(hours=hours)

    yield letter(
        DARA,
        "A price of 5 \u20ac \u2013 or is it?",
        CURLY,
        ago(47),
        charset="windows-1252",
        label="iso-8859-1",
    )
    yield letter(
        HUGO,
        "Die Brücke ist größtenteils grün",
        GERMAN,
        ago(41),
        charset="iso-8859-1",
        flags=(SEEN, ANSWERED),
    )
    yield letter(ELIF, "Işıklar yanıyor", TURKISH, ago(36), flags=())
    yield letter(
        JIN, "新的海图：港口的深度", CHINESE, ago(33), charset="gb18030", encoding="base64"
    )
    yield letter(
        CHIYO, "例会のお知らせ（灯台）", JAPANESE, ago(28), charset="iso-2022-jp", to=(ME, HUGO)
    )
    yield letter(
        PETRA,
        "Wide, combining a\u0301nd emoji: 灯台 👩\u200d👩\u200d👧 🌊",
        WIDE,
        ago(26),
        flags=(FLAGGED,),
    )
    yield letter(BORIS, "Маяк видно с мыса", RUSSIAN, ago(25), charset="koi8-r", encoding="base64")
