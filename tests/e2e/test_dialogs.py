"""Dialogs of a window, with a user who presses keys in them; in this process and in one of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
from pathlib import Path

import pytest

from auroraview import Bridge, UsageError, ViewClosed, WebView, WindowOptions
from tests.e2e import desktop, user
from tests.e2e.helpers import PAGE, PATIENCE, Record, ask, opened, wait_for
from tests.e2e.shells import crashes_of, isolated, kill_shell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some files."""
    for name in ("first.png", "SECOND.PNG", "third.txt", "größe 4.png"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_file_that_the_user_writes_is_opened(webview, isolation, folder):
    view = webview(html=PAGE, isolation=isolation)
    future = view.window.open_file(title="Which file?", filters={"Images": ["*.png"]})
    user.selects("Which file?", folder / "first.png", future)
    assert future.result(PATIENCE) == folder / "first.png"
    user.sees_no_more("Which file?")


def test_the_folder_that_was_used_last_is_shown_again(webview, folder):
    view = webview(html=PAGE)
    future = view.window.select_folder(title="Where?", directory=folder)
    user.presses_until(future.done, "Where?", "Return")
    assert future.result(PATIENCE) == folder
    again = view.window.save_file(title="And then?", name="new.txt")
    user.presses("And then?", "Return")
    assert again.result(PATIENCE) == folder / "new.txt"
    assert not (folder / "new.txt").exists()


def test_only_files_of_the_kind_are_shown_whatever_their_case(webview, isolation, folder):
    view = webview(html=PAGE, isolation=isolation)
    future = view.window.open_file(
        title="All of them", directory=folder, filters=[("Pictures", ["*.png"]), ("All", ["*"])], multiple=True
    )
    user.presses_until(future.done, "All of them", "ctrl+a", "Return")
    names = {path.name for path in future.result(PATIENCE)}
    assert names == {"first.png", "SECOND.PNG", "größe 4.png"}


def test_a_dismissed_dialog_selects_nothing(webview, isolation, folder):
    view = webview(html=PAGE, isolation=isolation)
    one = view.window.open_file(title="One", directory=folder)
    user.presses("One", "Escape")
    assert one.result(PATIENCE) is None
    more = view.window.select_folder(title="More", multiple=True)
    wait_for(lambda: "More" in desktop.titles(), "the dialog")
    desktop.close_as_user("More")
    assert more.result(PATIENCE) == []


def test_a_file_is_replaced_only_when_the_user_agrees(webview, isolation, folder):
    view = webview(html=PAGE, isolation=isolation)
    future = view.window.save_file(title="Save", directory=folder, name="first.png")
    user.presses("Save", "Return")
    wait_for(lambda: desktop.titles().count("Save") == 2, "the question")
    user.presses("Save", "Escape")
    wait_for(lambda: desktop.titles().count("Save") == 1, "the end of the question")
    assert not future.done()
    user.presses("Save", "Return")
    wait_for(lambda: desktop.titles().count("Save") == 2, "the question")
    user.presses("Save", "Return")
    assert future.result(PATIENCE) == folder / "first.png"
    user.sees_no_more("Save")
    assert (folder / "first.png").read_text() == "first.png"


def test_a_message_is_over_when_the_user_has_read_it(webview, isolation):
    view = webview("The tool", html=PAGE, isolation=isolation)
    future = view.window.message("The scene was saved.", detail="<b>12 objects</b> & more", title="Saved")
    wait_for(lambda: "Saved" in desktop.titles(), "the dialog")
    assert not future.done()
    user.presses("Saved", "Return")
    assert future.result(PATIENCE) is None


@pytest.mark.parametrize(("key", "answer"), [("Return", True), ("Escape", False)])
def test_the_user_agrees_or_does_not(webview, isolation, key, answer):
    view = webview(html=PAGE, isolation=isolation)
    future = view.window.confirm("Delete?", kind="warning", title="Sure", accept="Delete_all", cancel="Keep")
    user.presses("Sure", key)
    assert future.result(PATIENCE) is answer


def test_a_dialog_without_a_title_has_that_of_its_window(webview):
    view = webview("The tool", html=PAGE)
    future = view.window.confirm("x" * 1_000_000, detail="line\n" * 10_000)
    wait_for(lambda: desktop.titles().count("The tool") == 2, "the dialog")
    user.presses("The tool", "Escape")
    assert future.result(PATIENCE) is False


def test_a_dialog_stays_above_its_window(webview, isolation):
    view = webview(html=PAGE, isolation=isolation)
    future = view.window.message("above", title="Above")
    dialog = wait_for(lambda: [one for one in desktop.managed() if desktop.title_of(one) == "Above"], "the dialog")
    assert desktop.transient_for(dialog[0]) == view.window.native_id
    assert "_NET_WM_STATE_MODAL" in desktop.states("Above")
    future.cancel()


def test_giving_the_future_up_closes_the_dialog(webview, isolation):
    view = webview(html=PAGE, isolation=isolation)
    futures = [view.window.open_file(title="Given up"), view.window.confirm("?", title="Given up")]
    wait_for(lambda: desktop.titles().count("Given up") == 2, "two dialogs")
    for future in futures:
        assert future.cancel()
    user.sees_no_more("Given up")
    with pytest.raises(concurrent.futures.CancelledError):
        futures[0].result()


def test_dialogs_close_with_their_window(webview, isolation):
    view = webview(html=PAGE, isolation=isolation)
    futures = [view.window.open_file(title="Left"), view.window.save_file(title="Left"), view.window.message("Left")]
    wait_for(lambda: desktop.titles().count("Left") == 2, "the dialogs")
    view.close()
    for future in futures:
        with pytest.raises(ViewClosed, match="the window was closed"):
            future.result(PATIENCE)
    user.sees_no_more("Left")


def test_without_a_window_there_is_no_dialog(isolation):
    view = WebView(html=PAGE, isolation=isolation)
    with pytest.raises(ViewClosed, match="there is no window"):
        view.window.message("nobody").result(PATIENCE)
    with opened(view):
        pass
    with pytest.raises(ViewClosed):
        view.window.open_file().result(PATIENCE)


def test_a_crash_of_the_window_ends_its_dialogs():
    view = isolated(PAGE)
    heard = crashes_of(view)
    with opened(view):
        future = view.window.open_file(title="Lost")
        wait_for(lambda: "Lost" in desktop.titles(), "the dialog")
        kill_shell()
        with pytest.raises(ViewClosed):
            future.result(PATIENCE)
        heard.wait()
        wait_for(lambda: view.is_ready, "the window that comes back")
        again = view.window.confirm("again", title="Again")
        user.presses("Again", "Return")
        assert again.result(PATIENCE) is True


def test_other_windows_and_the_page_go_on_meanwhile(webview, isolation):
    view = webview(html=PAGE, isolation=isolation)
    other = webview(html=PAGE, isolation=isolation)
    for one in (view, other):
        one.bind_call("add", lambda a, b: a + b)
    future = view.window.open_file(title="Meanwhile")
    wait_for(lambda: "Meanwhile" in desktop.titles(), "the dialog")
    for one in (view, other):
        assert ask(one, "auroraview.call('add', [1, 2])") == 3
    assert not future.done()
    future.cancel()


def test_another_window_takes_input_while_one_has_a_dialog(webview):
    page = "<body><input autofocus id=i><script>onload = () => i.focus()</script>"
    view = webview(html=PAGE)
    future = view.window.message("modal", title="Modal")
    user.sees("Modal")
    other = webview("Other", html=page)
    user.writes("Other", "typed")
    wait_for(lambda: ask(other, "i.value") == "typed", "the text in the other window")
    future.cancel()


def test_a_hidden_window_may_ask(webview, isolation):
    view = webview(html=PAGE, isolation=isolation, window=WindowOptions(visible=False))
    future = view.window.confirm("seen?", title="Of a hidden window")
    user.presses("Of a hidden window", "Return")
    assert future.result(PATIENCE) is True


def test_a_handler_asks_and_answers_the_page(webview, isolation, folder):
    bridge = Bridge()
    view = WebView(html=PAGE, bridge=bridge, isolation=isolation)

    @bridge.bind_call("choose")
    def choose() -> str:
        path = view.window.open_file(title="From a handler").result(PATIENCE)
        return path.name

    @bridge.bind_call("agree")
    async def agree() -> bool:
        return await view.window.confirm("?", title="From a coroutine")

    with opened(view):
        chosen = view.eval_js("auroraview.call('choose')")
        user.selects("From a handler", folder / "third.txt", chosen)
        assert chosen.result(PATIENCE) == "third.txt"
        agreed = view.eval_js("auroraview.call('agree')")
        user.presses("From a coroutine", "Return")
        assert agreed.result(PATIENCE) is True


def test_a_coroutine_of_the_program_awaits_a_dialog(webview):
    view = webview(html=PAGE)

    async def confirmed() -> bool:
        future = view.window.confirm("?", title="Awaited")
        await asyncio.to_thread(user.presses, "Awaited", "Return")
        with pytest.raises(UsageError):
            view.window.confirm("?").result()
        return await future

    assert asyncio.run(confirmed()) is True


def test_a_directory_that_is_not_there_is_told_at_once(webview, tmp_path):
    view = webview(html=PAGE)
    with pytest.raises(FileNotFoundError, match="no directory"):
        view.window.open_file(directory=tmp_path / "missing")
    with pytest.raises(UsageError, match=r'\{"Images": \["\*.png", "\*.jpg"\]\}'):
        view.window.open_file(filters="*.png")


def test_what_a_done_callback_sees_is_the_result(webview):
    view = webview(html=PAGE)
    heard = Record()
    view.window.confirm("?", title="Told").add_done_callback(lambda done: heard(done.result()))
    user.presses("Told", "Return")
    assert heard.wait() == [(True,)]
