"""The pager: scrolling, the place kept over a new rendering, search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tui_mail.mail.plain_text import render_plain
from tui_mail.mail.text import Span
from tui_mail.ui.widgets.marking import marked
from tui_mail.ui.widgets.text_view import TextView

WORDS = "\n\n".join(
    f"Paragraph {n} with a few words that fill more than one line." for n in range(60)
)


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.view = TextView()

    def compose(self) -> ComposeResult:
        yield self.view


def screen_of(view: TextView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.content_size.height)]


async def test_scrolling_stays_within_the_text() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        view = app.view
        view.set_lines([(Span(f"line {n}"),) for n in range(25)])
        assert screen_of(view)[0] == " line 0"
        assert not view.at_end
        view.page(1)
        assert screen_of(view)[0] == " line 10"
        view.move(1)
        assert screen_of(view)[0] == " line 11"
        view.page(1)
        view.page(1)
        assert screen_of(view)[-1] == " line 24"
        assert view.at_end
        assert view.percent == 100
        view.move(-100)
        assert screen_of(view)[0] == " line 0"


async def test_the_place_is_kept_when_the_text_is_rendered_for_another_width() -> None:
    app = Host()
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        view = app.view
        view.set_lines(render_plain(WORDS, width=70).lines)
        target = next(n for n, line in enumerate(view.lines) if line and "30" in line[0].text)
        view.scroll_lines(target)
        for width in (20, 33, 70):
            view.set_lines(render_plain(WORDS, width=width).lines, keep_place=True)
            page = " ".join(screen_of(view)[:5])
            assert "Paragraph 30" in page or "Paragraph 31" in page
        view.set_lines(render_plain(WORDS, width=70).lines)
        assert view.top == 0


async def test_search_goes_through_the_matches_and_round_the_end() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        view = app.view
        view.set_lines(
            [(Span(f"line {n}"), Span(" Needle" if n % 20 == 5 else "")) for n in range(60)]
        )
        assert view.search("needle") == 3
        assert view.match_position == (1, 3)
        seen = [view.match_position[0] for _ in range(4) if view.search_next()]
        assert seen == [2, 3, 1, 2]
        assert any("line 25 Needle" in row for row in screen_of(view))
        assert view.search_next(backwards=True)
        assert view.match_position == (1, 3)
        # Who turned the page goes on from there.
        view.end()
        assert view.search_next(backwards=True)
        assert view.match_position == (3, 3)
        assert view.search("NEEDLE") == 0
        assert not view.search_next()
        assert view.search("") == 0
        assert view.searched == ""


async def test_matches_are_marked_across_spans() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        view = app.view
        view.set_lines([(Span("a nee", "strong"), Span("dle ", "link", 1), Span("needle"))])
        assert view.search("needle") == 2
        strip = view.render_line(0)
        styles = {segment.text: segment.style for segment in strip}
        assert strip.text.rstrip() == " a needle needle"
        current, other = view.look("match-current"), view.look("match")
        assert styles["nee"] == view.look("strong", "match-current")
        assert styles["dle"] == view.look("link", "match-current")
        assert current != other
        assert other in styles.values()


async def test_what_is_searched_is_text_and_no_pattern() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.view.set_lines([(Span("costs (a+)+$ 5"),), (Span("[bold]no markup[/bold]"),)])
        assert app.view.search("(a+)+$") == 1
        assert app.view.search("[bold]") == 1
        assert "[bold]no markup[/bold]" in screen_of(app.view)[1]


@pytest.mark.parametrize("width", [1, 5, 12])
async def test_lines_wider_than_the_view_are_cut(width: int) -> None:
    app = Host()
    async with app.run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        app.view.set_lines([(Span("漢字漢字漢字漢字 and more"),)])
        assert app.view.render_line(0).cell_length == width


@given(
    st.lists(st.text("ab", max_size=5), max_size=6),
    st.lists(st.integers(0, 30), max_size=8, unique=True),
)
def test_marking_changes_styles_and_no_text(texts: list[str], edges: list[int]) -> None:
    edges.sort()
    marks = [(left, right, "m") for left, right in zip(edges[::2], edges[1::2], strict=False)]
    runs = [(text, (str(number),)) for number, text in enumerate(texts)]
    found = list(marked(runs, marks))
    assert "".join(text for text, _ in found) == "".join(texts)
    assert all(text for text, _ in found)
    place = 0
    for text, styles in found:
        inside = any(left <= place < right for left, right, _ in marks)
        assert (styles[-1] == "m") is inside
        place += len(text)
