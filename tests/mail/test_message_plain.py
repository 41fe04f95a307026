"""text/plain, format=flowed and patches as lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.plain_text import MAX_CHARACTERS, looks_like_patch, render_patch, render_plain
from tui_mail.mail.text import STYLES, RenderedText, cell_width, line_text


def shown(rendered: RenderedText) -> list[str]:
    return [line_text(line) for line in rendered.lines]


def styles(rendered: RenderedText) -> list[str]:
    return [line[-1].style if line else "" for line in rendered.lines]


def test_quotes_get_the_style_of_their_depth_and_keep_it_when_wrapped() -> None:
    rendered = render_plain("Hello\n> once quoted, and long\n>> twice\n> > twice\n>\nend", width=16)
    assert shown(rendered) == [
        "Hello",
        "> once quoted,",
        "> and long",
        ">> twice",
        ">> twice",
        ">",
        "end",
    ]
    assert styles(rendered) == ["", "quote1", "quote1", "quote2", "quote2", "quote1", ""]


def test_the_escaped_from_is_no_quote() -> None:
    rendered = render_plain(">From here on", width=40)
    assert shown(rendered) == ["From here on"]
    assert styles(rendered) == [""]


def test_the_signature_is_dimmed() -> None:
    rendered = render_plain("text\n-- \nAnna\n\nPhone", width=40)
    assert styles(rendered) == ["", "signature", "signature", "", "signature"]


def test_links_are_found_and_numbered_once() -> None:
    text = (
        "See https://example.com/a_(b)?c=1, (http://foo.example/). www.bar.example!\n"
        "<anna@example.org> again https://example.com/a_(b)?c=1 no://link javascript:alert(1)"
    )
    links = render_plain(text, width=100).links
    assert [link.url for link in links] == [
        "https://example.com/a_(b)?c=1",
        "http://foo.example/",
        "http://www.bar.example",
        "mailto:anna@example.org",
    ]
    assert [link.number for link in links] == [1, 2, 3, 4]


def test_a_wrapped_link_stays_one() -> None:
    rendered = render_plain("https://example.com/" + "x" * 60, width=30)
    assert len(rendered.lines) == 3
    assert {span.link for line in rendered.lines for span in line} == {1}
    assert rendered.links[0].url == "https://example.com/" + "x" * 60


def test_indentation_and_tabs_survive() -> None:
    rendered = render_plain("\tone\n    two words that wrap around", width=20)
    assert shown(rendered) == ["        one", "    two words that", "    wrap around"]


def test_controls_are_cleaned() -> None:
    assert shown(render_plain("a\x1b[2Jb\u202e\r\nc\x00", width=20)) == ["a\ufffd[2Jb", "c\ufffd"]


def test_flowed_lines_are_joined() -> None:
    text = "A paragraph \nthat flows.\nA fixed line\n> quoted \n> flow\n>> deeper\n-- \nsig"
    rendered = render_plain(text, width=60, flowed=True)
    assert shown(rendered) == [
        "A paragraph that flows.",
        "A fixed line",
        "> quoted flow",
        ">> deeper",
        "--",
        "sig",
    ]
    assert styles(rendered)[2:] == ["quote1", "quote2", "signature", "signature"]


def test_flowed_stuffing_and_delsp() -> None:
    text = " From stuffed\n >not a quote\n日本 \n語"
    assert shown(render_plain(text, width=60, flowed=True, delsp=True)) == [
        "From stuffed",
        ">not a quote",
        "日本語",
    ]


def test_a_change_of_depth_ends_a_flow() -> None:
    assert shown(render_plain("> one \ntwo", width=60, flowed=True)) == ["> one", "two"]


def test_too_much_is_cut_with_a_note() -> None:
    rendered = render_plain("x\n" * MAX_CHARACTERS, width=80)
    assert len(rendered.lines) <= 100_000
    assert len(rendered.notes) == 2


PATCH = """Fix the thing

See https://example.com/1

diff --git a/x b/x
--- a/x
+++ b/x
@@ -1,2 +1,2 @@
 same
-old
+new
--\x20
2.40
"""


def test_patches_are_colored_line_by_line() -> None:
    assert looks_like_patch(PATCH)
    rendered = render_patch(PATCH, width=60)
    assert dict(zip(shown(rendered), styles(rendered), strict=True)) == {
        "Fix the thing": "",
        "See https://example.com/1": "link",
        "": "",
        "diff --git a/x b/x": "diff-header",
        "--- a/x": "diff-header",
        "+++ b/x": "diff-header",
        "@@ -1,2 +1,2 @@": "diff-hunk",
        " same": "code",
        "-old": "diff-remove",
        "+new": "diff-add",
        "-- ": "signature",
        "2.40": "signature",
    }


def test_ordinary_mail_is_no_patch() -> None:
    assert not looks_like_patch("- one\n- two\n+ three\n--- \nsignature\n@@ -1 home @@")


@given(
    st.text("ab >\n\t@.:/w日\u202e\x1b-", max_size=120),
    st.integers(min_value=20, max_value=90),
    st.booleans(),
)
def test_any_text_fits_the_width(text: str, width: int, flowed: bool) -> None:
    for rendered in (
        render_plain(text, width=width, flowed=flowed),
        render_patch(text, width=width),
    ):
        for line in rendered.lines:
            assert cell_width(line_text(line)) <= max(width, text.count(">") + 9)
            assert {span.style for span in line} <= set(STYLES)
            assert not set(line_text(line)) & set("\n\t\x1b\u202e")
