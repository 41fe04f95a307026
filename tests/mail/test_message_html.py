"""HTML mail as text: whole mails against what they should read like, and each rule alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.html_text import MAX_LINES, render_html
from tui_mail.mail.text import STYLES, RenderedText, cell_width, line_text
from tui_mail.sanitize import columnar

MAILS = sorted((Path(__file__).parent / "html").glob("*.html"))


def shown(html: str, width: int = 60) -> list[str]:
    return [line_text(line) for line in render_html(html, width=width).lines]


def as_file(rendered: RenderedText) -> str:
    lines = [line_text(line).rstrip() for line in rendered.lines]
    links = [f"[{link.number}] {link.url}" for link in rendered.links]
    return "\n".join([*lines, "", *links, ""])


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_whole_mails_read_as_they_should(mail: Path, width: int) -> None:
    rendered = as_file(render_html(mail.read_text(), width=width))
    expected = mail.with_suffix(f".{width}.txt")
    if os.environ.get("WRITE_EXPECTED"):
        expected.write_text(rendered)
    assert rendered == expected.read_text()


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_whole_mails_fit_and_are_clean(mail: Path, width: int) -> None:
    rendered = render_html(mail.read_text(), width=width)
    numbers = {link.number for link in rendered.links}
    assert rendered.lines
    for line in rendered.lines:
        text = line_text(line)
        assert cell_width(text) <= width
        assert columnar(text) == text
        assert {span.style for span in line} <= set(STYLES)
        assert {span.link for span in line} - {None} <= numbers
    assert [link.number for link in rendered.links] == list(range(1, len(numbers) + 1))


def test_what_mails_hide_is_not_shown() -> None:
    everything = "\n".join(as_file(render_html(mail.read_text(), width=80)) for mail in MAILS)
    for hidden in (
        "free shipping until",
        "is on its way",
        "Message ID",
        "Download our app",
        "weather garden music",
        "hunter2",
        "frame text",
        "object text",
        "javascript:",
        "file:///",
        "pixel",
        "roundrect",
        "schema.org",
        "@media",
    ):
        assert hidden not in everything


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<br>b<br><br><br>c", ["a", "b", "", "c"]),
        ("<p>a</p><p>b</p>", ["a", "", "b"]),
        ("<div>a</div><div>b</div>", ["a", "b"]),
        ("<div>a</div><div><br></div><div>b</div>", ["a", "", "b"]),
        ("<p>&nbsp;</p><p>a</p>", ["a"]),
        ("a  \n b<b> c</b> <i> d</i>", ["a b c d"]),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", ["• a", "• b", "  ◦ c"]),
        ("<ol start=9><li>a</li><li>b</li></ol>", ["9. a", "10. b"]),
        ("<ol type=a><li>a</li><li value=4>b</li></ol>", ["a. a", "d. b"]),
        ("<p>x</p><ul><li><p>a</p><p>b</p></li></ul>", ["x", "", "• a", "", "  b"]),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", ["│ a", "│", "│ │ b"]),
        ("a<hr>b", ["a", "", "─" * 60, "", "b"]),
        ("<pre>a  b\n  c</pre>", ["a  b", "  c"]),
        ("10<sup>2</sup> <s>5</s> <q>x</q>", ["10² ~5~ “x”"]),
        ("<img alt='A cat' src=x>", ["[A cat]"]),
        ("<img src=http://t.example/p.gif width=1 height=1 alt=x>a", ["a"]),
        ("<img src='cid:1'>", ["[image]"]),
        ("<dl><dt>a</dt><dd>b</dd></dl>", ["a", "    b"]),
        ("<span style='display:none'>a</span>b", ["b"]),
        ("<div style='font-size:0'>a<span style='font-size:12px'>b</span></div>", ["b"]),
        ("<div style='max-height:0;overflow:hidden'>a</div>b", ["b"]),
        ("<style>.x{display:none}</style><p class='x y'>a</p><p>b</p>", ["b"]),
        ("<style>@media print{.x{display:none}}</style><p class=x>a</p>", ["a"]),
        ("<div>write to <bob@example.org> now</div>", ["write to <bob@example.org> now"]),
        ("a&#27;[1m&#x9b;b&#8238;c", ["a\ufffd[1m\u203abc"]),
        ("", []),
    ],
)
def test_each_element(html: str, expected: list[str]) -> None:
    assert shown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href='https://x.example/'>text</a>", "text [1]"),
        ("<a href='https://x.example/'>https://x.example</a>", "https://x.example"),
        ("<a href='https://www.x.example/'>x.example</a>", "x.example"),
        ("<a href='mailto:a@x.example?subject=b'>a@x.example</a>", "a@x.example"),
        (
            "<a href='https://evil.example/'>https://bank.com/</a>",
            "https://bank.com/ [1 → evil.example]",
        ),
        ("<a href='https://evil.example/'>www.bank.com</a>", "www.bank.com [1 → evil.example]"),
        ("<a href='https://shop.bank.com/'>bank.com</a>", "bank.com [1]"),
        ("<a href='javascript:x()'>text</a>", "text"),
        ("<a href='file:///etc/passwd'>text</a>", "text"),
        ("<a href='#top'>text</a>", "text"),
        ("<a href='https://x.example/'><img alt='Logo'></a>", "Logo [1]"),
        ("<a href='https://www.x.example/'><img src=y></a>", "x.example"),
        ("<a href='https://x.example/'></a>after", "after"),
        ("<a href='https://x.example/'>one </a>two", "one [1] two"),
        ("<a href='https://x.example/'><div>block</div></a>", "block [1]"),
        ("see https://x.example/raw.", "see https://x.example/raw."),
    ],
)
def test_links(html: str, expected: str) -> None:
    assert shown(html) == [expected]


def test_a_link_keeps_its_number() -> None:
    anchors = [f"<a href='http://{host}.example'>{text}</a>" for host, text in ("aa", "bb", "ac")]
    html = " ".join(anchors)
    assert shown(html) == ["a [1] b [2] c [1]"]
    assert [link.text for link in render_html(html, width=60).links] == ["a", "b"]


def test_data_tables_are_aligned() -> None:
    html = """<table><tr><th>Item</th><th>Price</th></tr>
      <tr><td>Apple</td><td>€ 1.20</td></tr><tr><td>日本 pear</td><td>€ 12.00</td></tr></table>"""
    assert shown(html) == [
        "Item         Price",
        "─────────  ───────",
        "Apple       € 1.20",
        "日本 pear  € 12.00",
    ]


def test_a_table_too_wide_becomes_records() -> None:
    head = "".join(f"<th>Head{n}</th>" for n in range(8))
    row = "".join(f"<td>longvalue{n}</td>" for n in range(8))
    lines = shown(f"<table><tr>{head}</tr><tr>{row}</tr><tr>{row}</tr></table>", 40)
    assert lines[:2] == ["Head0: longvalue0", "Head1: longvalue1"]
    assert lines[8] == ""


def test_spans_of_columns_and_rows() -> None:
    html = """<table border=1><tr><th>A</th><th>B</th><th>C</th></tr>
      <tr><td rowspan=2>one</td><td>x</td><td>y</td></tr><tr><td>z</td><td>w</td></tr>
      <tr><td colspan=2>both</td><td>end</td></tr></table>"""
    assert shown(html) == ["A    B  C", "───  ─  ───", "one  x  y", "     z  w", "both    end"]


def test_layout_tables_are_told_from_data() -> None:
    html = """<table><tr><td><table><tr><td>Logo</td><td align=right>Date</td></tr></table></td>
      </tr><tr><td style="padding:20px"><h1>Title</h1><p>Text</p></td></tr></table>"""
    assert shown(html) == ["Logo   Date", "", "Title", "", "Text"]


def test_prose_is_not_wider_than_can_be_read() -> None:
    assert max(map(len, shown("word " * 200, 300))) <= 96


HOSTILE = {
    "deep": "<div>" * 100_000 + "deep text",
    "deep tables": "<table><tr><td>" * 20_000 + "deep text",
    "deep quotes": "<blockquote>" * 5_000 + "deep text",
    "deep lists": "<ul><li>" * 5_000 + "deep text",
    "formatting": "<p><font><b><i><u>" * 15_000 + "deep text",
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">deep text",
    "data address": "<img src='data:image/png;base64," + "A" * 1_000_000 + "'>deep text",
    "no-break spaces": "&nbsp;" * 100_000 + "deep text",
    "entities": "&amp;" * 100_000 + "<p>deep text",
    "one word": "x" * 500_000 + "<p>deep text",
    "foster parents": "<table><b><tr><i>" * 5_000 + "deep text",
    "columns": "<table><tr>" + "<td>1" * 5_000 + "</table>deep text",
    "spans": "<table>"
    + "<tr><td colspan=9999999 rowspan=9999999>a<td>b" * 500
    + "</table>deep text",
    "style sheet": "<style>" + "@a{" * 20_000 + "</style>deep text",
    "selectors": "<style>" + ".a," * 100_000 + "{display:none}</style>deep text",
    "inline style": "<p style='" + "a:b;" * 100_000 + "'>deep text",
    "nulls": "\0" * 1000 + "deep\0 text",
    "surrogate": "\ud800<p>deep text",
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_html_is_read_to_its_end_in_bounded_time(html: str) -> None:
    started = time.process_time()
    lines = shown(html, 80)
    assert "deep text" in " ".join(lines)
    assert max(map(cell_width, lines)) <= 80
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("html", "note"),
    [
        ("<p>" * 200_000 + "x", "too large"),
        ("<p>" + "word " * 400_000, "first 1.5 million"),
        ("<b>" * 50_000 + "</i>" * 50_000, "too long"),
        ("<!-- never closed <p>text", "no text"),
        ("a<br>" * 25_000, f"first {MAX_LINES} lines"),
    ],
    ids=("characters", "words", "nesting", "comment", "lines"),
)
def test_what_is_left_out_is_said(html: str, note: str) -> None:
    rendered = render_html(html, width=80)
    assert any(note in each for each in rendered.notes)
    assert len(rendered.lines) <= MAX_LINES


PIECES = st.sampled_from(
    [
        *(
            f"<{tag}>"
            for tag in [
                "p",
                "b",
                "table",
                "tr",
                "td",
                "th",
                "ul",
                "li",
                "br",
                "blockquote",
                "pre",
                "hr",
                "dd",
                "style",
            ]
        ),
        *(
            f"</{tag}>"
            for tag in ["p", "b", "a", "table", "td", "ul", "blockquote", "pre", "style"]
        ),
        *("<!--", "-->", "<", ">", "&", "&nbsp;", "&#27;", "日本", "word ", "  "),
        "<a href='http://x.example'>",
        "<img alt='i'>",
        "<td colspan=3 rowspan=2>",
        "<div style='border-left:1px solid'>",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join), st.integers(min_value=16, max_value=100))
def test_any_soup_of_tags_is_drawable(html: str, width: int) -> None:
    for line in render_html(html, width=width).lines:
        assert cell_width(line_text(line)) <= width
        assert not set(line_text(line)) & set("\n\x1b\u00a0")


def test_the_parser_is_loaded_only_when_html_is_shown() -> None:
    program = (
        "import sys, tui_mail.mail.readable, tui_mail.mail.html_text\n"
        "assert not [name for name in sys.modules if name.startswith(('lxml', 'zoneinfo'))]\n"
        "tui_mail.mail.html_text.render_html('<p>x', width=40)\n"
        "assert 'lxml.etree' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
