"""The base of all line views in a tiny application: movement, pages, and what is painted."""

import pytest
from textual.app import App
from textual.events import MouseScrollDown, MouseScrollUp

from tui_mail.ui import theme
from tui_mail.ui.widgets.line_view import LineView

HEIGHT = 24


class Numbers(LineView):
    """Lines that say their number; keeps a record of what was drawn and told."""

    def __init__(self):
        super().__init__()
        self.drawn = []
        self.cursors = []
        self.views = 0

    def render_row(self, index, width, cursor):
        self.drawn.append(index)
        return self.compose_row([(f"line {index}", "")], width, cursor=cursor)

    def cursor_changed(self):
        self.cursors.append(self.cursor)

    def view_changed(self):
        self.views += 1


class Pager(Numbers):
    HAS_CURSOR = False


class Host(App):
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, view):
        super().__init__()
        self.view = view

    def compose(self):
        yield self.view

    def on_mount(self):
        self.view.focus()


def screen(app):
    return [
        "".join(segment.text for segment in strip).rstrip()
        for strip in app.screen._compositor.render_strips(app.size)
    ]


@pytest.fixture
async def view():
    app = Host(Numbers())
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.view.set_line_count(1000)
        await pilot.pause()
        app.view.drawn.clear()
        app.view.cursors.clear()
        app.view.settle = pilot.pause
        yield app.view


@pytest.fixture
async def pager():
    app = Host(Pager())
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.view.set_line_count(100)
        await pilot.pause()
        app.view.settle = pilot.pause
        yield app.view


def place(view):
    return view.cursor, view.top


async def test_a_step_draws_two_lines_and_no_other(view):
    view.move(1)
    await view.settle()
    assert sorted(view.drawn) == [0, 1]
    assert view.cursors == [1]


async def test_what_is_on_the_screen(view):
    view.go_to(3)
    await view.settle()
    assert screen(view.app) == [f"line {number}" for number in range(HEIGHT)]
    strip = view.render_line(3)
    assert strip.cell_length == 80
    assert all(segment.style.reverse for segment in strip)
    assert not any(segment.style.reverse for segment in view.render_line(4))


async def test_the_page_turns_at_the_edge(view):
    view.go_to(HEIGHT - 1)
    assert place(view) == (23, 0)
    view.move(1)
    assert place(view) == (24, 24)
    await view.settle()
    assert screen(view.app)[0] == "line 24"
    view.move(-1)
    assert place(view) == (23, 0)


async def test_the_last_page_is_full(view):
    view.end()
    assert place(view) == (999, 976)
    view.move(1)
    assert place(view) == (999, 976)
    view.home()
    assert place(view) == (0, 0)
    view.move(-1)
    assert place(view) == (0, 0)


async def test_pages_keep_the_cursors_place_on_the_screen(view):
    view.go_to(5)
    view.page(1)
    assert place(view) == (29, 24)
    view.page(0.5)
    assert place(view) == (41, 36)
    view.page(-1)
    assert place(view) == (17, 12)
    view.page(-1)
    assert place(view) == (0, 0)
    view.go_to(5)
    view.page(-1)
    assert place(view) == (0, 0)
    view.end()
    view.go_to(980)
    view.page(1)
    assert place(view) == (999, 976)


async def test_screen_line(view):
    view.go_to(100)
    for line, expected in ((0, 96), (1, 119), (0.5, 108)):
        view.screen_line(line)
        assert place(view) == (expected, 96)


async def test_scrolling_takes_the_cursor_along_only_at_the_edge(view):
    view.go_to(2)
    view.scroll_lines(1)
    assert place(view) == (2, 1)
    view.scroll_lines(5)
    assert place(view) == (6, 6)
    view.scroll_lines(-6)
    assert place(view) == (6, 0)


async def test_one_changed_line_is_drawn_alone(view):
    view.refresh_row(7)
    view.refresh_row(7)
    view.refresh_row(500)
    view.refresh_row(-1)
    await view.settle()
    assert view.drawn == [7]


async def test_a_longer_or_shorter_count_draws_only_its_end(view):
    view.set_line_count(20)
    await view.settle()
    assert view.drawn == []
    assert screen(view.app)[19:21] == ["line 19", ""]
    view.set_line_count(22)
    await view.settle()
    assert view.drawn == [20, 21]


async def test_fewer_lines_than_the_cursor_stands_on(view):
    view.end()
    view.set_line_count(10)
    assert place(view) == (9, 0)
    view.set_line_count(0)
    assert place(view) == (0, 0)
    for movement in (view.end, view.home, lambda: view.move(3), lambda: view.page(-1)):
        movement()
    assert place(view) == (0, 0)
    await view.settle()
    assert screen(view.app) == [""] * HEIGHT


async def test_a_page_hanging_over_the_end_does_not_jump_back(view):
    view.set_line_count(30, cursor=25, top=20)
    assert place(view) == (25, 20)
    view.move(1)
    assert place(view) == (26, 20)
    view.page(1)
    assert place(view) == (29, 20)
    await view.settle()
    assert screen(view.app)[9:11] == ["line 29", ""]


async def test_percent(view):
    assert view.percent == 2
    view.end()
    assert view.percent == 100
    view.set_line_count(0)
    assert view.percent == 100


async def test_the_cursor_stays_in_view_when_the_height_changes():
    app = Host(Numbers())
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.view.set_line_count(100)
        app.view.go_to(20)
        await pilot.resize_terminal(80, 10)
        assert place(app.view) == (20, 11)
        await pilot.resize_terminal(140, 45)
        assert place(app.view) == (20, 11)
        app.view.end()
        await pilot.resize_terminal(140, 80)
        assert place(app.view) == (99, 20)
        assert len(app.view.shown) == 80


async def test_lines_given_before_the_first_layout():
    app = Host(Numbers())
    app.view.set_line_count(1000, cursor=500)
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        await pilot.pause()
        assert app.view.cursor in app.view.shown


async def test_a_pager_moves_its_page_and_has_no_cursor(pager):
    pager.move(1)
    assert pager.top == 1
    pager.page(1)
    assert pager.top == 25
    pager.page(0.5)
    assert pager.top == 37
    pager.end()
    assert pager.top == 76
    pager.move(5)
    assert pager.top == 76
    pager.home()
    assert pager.top == 0
    assert not any(segment.style.reverse for segment in pager.render_line(0))


async def test_a_pager_goes_to_a_line_only_when_it_is_not_shown(pager):
    pager.set_line_count(10)
    pager.move(3)
    assert pager.top == 0


async def test_the_cursor_of_a_view_without_the_keys_looks_different(view):
    focused = view.cursor_look()
    view.app.set_focus(None)
    await view.settle()
    assert view.cursor_look() != focused
    assert not view.cursor_look().reverse


async def test_another_theme_changes_the_looks(view):
    themes = theme.Themes()
    try:
        for name in ("dark", "light"):
            chosen = themes.load(name)
            theme.use(chosen)
            view.app.register_theme(chosen.textual)
            view.app.theme = chosen.textual.name
            await view.settle()
            assert view.look("unread").color == chosen.style("unread").color
    finally:
        theme.use(themes.load(theme.DEFAULT_THEME))


async def test_equal_neighbors_are_one_segment_and_an_unknown_style_is_plain(view):
    strip = view.compose_row([("a", ""), ("b", "no such style"), ("c", "unread")], 10, cursor=False)
    assert [segment.text for segment in strip] == ["ab", "c", "       "]
    assert strip.cell_length == 10


async def test_a_line_is_cropped_and_padded_to_the_width(view):
    for text in ("", "日本語日本語", "x" * 50):
        for cursor in (True, False):
            assert view.compose_row([(text, "")], 9, cursor=cursor).cell_length == 9


async def test_the_wheel_scrolls(view):
    for event, top in ((MouseScrollDown, 3), (MouseScrollDown, 6), (MouseScrollUp, 3)):
        view.post_message(event(view, 1, 1, 0, 0, 0, False, False, False))
        await view.settle()
        assert view.top == top
