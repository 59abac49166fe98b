"""Dialogs of windows that live in the loop of an application: none of them stops it. See ``test_guest.py``."""

from __future__ import annotations

from tests.e2e.processes import run
from tests.e2e.test_guest import SECONDS, START

USER = (
    START
    + """
import subprocess
from tests.e2e import desktop

def keys(title, *words):
    loop.until(lambda: desktop.active() == title, title)
    tool = subprocess.Popen(["xdotool", *words])
    loop.until(lambda: tool.poll() is not None, "the keys")

view.show(wait=False)
ready()
"""
)


def test_the_loop_goes_on_while_a_dialog_is_open():
    run(
        USER
        + """
future = view.window.confirm("Sure?", title="Sure")
assert fails(future.result, "add_done_callback", "await future")
loop.until(lambda: desktop.active() == "Sure", "the dialog")
answer = view.eval_js("6 * 7")
loop.until(answer.done, "the page")
assert answer.result() == 42 and not future.done()
keys("Sure", "key", "Return")
loop.until(future.done, "the answer")
assert future.result() is True
given_up = view.window.open_file(title="Given up")
loop.until(lambda: "Given up" in desktop.titles(), "the file dialog")
assert given_up.cancel()
loop.until(lambda: "Given up" not in desktop.titles(), "its end")
left = view.window.save_file(title="Left")
loop.until(lambda: "Left" in desktop.titles(), "the file dialog")
view.close()
loop.until(left.done, "the end of the question")
assert isinstance(left.exception(), ViewClosed)
""",
        seconds=SECONDS,
    ).assert_clean()


def test_the_loop_goes_on_while_a_page_has_an_alert():
    run(
        USER
        + """
other = WebView(html="other")
other.show(wait=False)
ready(other)
view.window.title = "Alert"
future = view.eval_js("alert('Hello'), 1")
loop.until(lambda: desktop.titles().count("Alert") == 2, "the alert")
answer = other.eval_js("6 * 7")
loop.until(answer.done, "the other page")
assert answer.result() == 42 and not future.done()
keys("Alert", "key", "Return")
loop.until(future.done, "the end of the alert")
assert future.result() == 1
view.eval_js("alert('Left')")
loop.until(lambda: desktop.titles().count("Alert") == 2, "the alert")
view.close()
loop.until(lambda: "Alert" not in desktop.titles(), "the end of the alert")
""",
        seconds=SECONDS,
    ).assert_clean()
