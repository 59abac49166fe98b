"""Windows in the loop of an application, each in a program of its own whose main thread drives GLib's context."""

import pytest

from tests.e2e.processes import Program, run

#: Seconds for a program on a busy machine; alone it takes two.
SECONDS = 60.0

START = """
import os, threading, time
import auroraview
from auroraview import Bridge, HostError, UsageError, ViewClosed, WebView, WindowOptions, main_thread
from tests.e2e.glib_loop import Loop, PATIENCE, say

def fails(call, *words):
    try:
        call()
    except UsageError as error:
        assert all(word in str(error) for word in words), error
        return True
    return False

loop = Loop()
view = WebView(html="<body style='background: #123456'>page")

def ready(one=None):
    one = one or view
    loop.until(lambda: one.is_ready, "the page's readiness")
"""


def test_a_window_opens_and_closes_inside_of_the_call():
    run(
        START
        + """
assert view.window.native_id is None
view.show(wait=False)
assert view.is_open and view.window.native_id > 0, view.window.native_id
from tests.e2e.processes import native_threads
assert "auroraview-gui" not in native_threads()
ready()
closed = threading.Event()
view.window.on("closed", closed.set)
view.close()
assert not view.is_open
assert view.wait(1) is True
assert closed.wait(PATIENCE) and view.window.native_id is None
view.show(wait=False)
assert view.is_open and view.window.native_id
ready()
view.close()
view.show(wait=False)
assert view.is_open
""",
        seconds=SECONDS,
    ).assert_clean()


def test_handlers_answer_and_scripts_are_evaluated():
    run(
        START
        + """
here = []
view.bind_call("add", lambda a, b: a + b)
view.bind_call("main", lambda: here.append(threading.current_thread() is threading.main_thread()), thread="main")
view.on("seen", lambda: view.emit("more", list(range(1000))))
view.show(wait=False)
ready()
future = view.eval_js('''(async () => {
    const more = new Promise(resolve => auroraview.on("more", resolve));
    auroraview.send_event("seen");
    await auroraview.call("main");
    const sums = await Promise.all([...Array(500).keys()].map(n => auroraview.call("add", [n, 1])));
    return [sums.reduce((a, b) => a + b), (await more).length];
})()''')
told = []
future.add_done_callback(lambda done: told.append(done.result()))
loop.until(lambda: told, "the value of the script")
assert told == [[500 * 501 // 2, 1000]] and here == [True], (told, here)
# What is there needs no wait.
assert future.result() == told[0]
""",
        seconds=SECONDS,
    ).assert_clean()


def test_a_wait_that_would_stop_the_loop_is_refused_with_the_remedy():
    run(
        START
        + """
assert fails(view.show, "view.show(wait=False)", 'isolation="process"')
assert not view.is_open
view.show(wait=False)
assert fails(view.show, "view.show(wait=False)")
assert fails(view.wait, 'view.window.on("closed", func)')
assert fails(view.wait_ready, "view.on_ready(func)")
assert fails(view.eval_js("1").result, "add_done_callback", "await future", 'thread="worker"', 'isolation="process"')
assert fails(view.eval_js("1").exception, "add_done_callback")
assert fails(view.screenshot, 'thread="worker"')
assert view.wait(0) is False
ready()
assert view.eval_js("throw new TypeError('x')").done() is False
view.close()
assert view.wait() is True
""",
        seconds=SECONDS,
    ).assert_clean()


def test_other_threads_may_wait():
    run(
        START
        + """
from auroraview.testing import MemoryPage
view.show(wait=False)
found = []
@view.on_ready
def on_worker():
    found.append(view.eval_js("6 * 7").result(PATIENCE))
    found.append(view.screenshot()[1:4])
    view.wait_ready()
loop.until(lambda: len(found) == 2, "what a worker waits for")
assert found == [42, b"PNG"], found
# A future that no window settles may be waited for on the main thread.
bridge = Bridge()
bridge.bind_call("f", lambda: 1)
page = MemoryPage(bridge)
assert page.call("f").result(PATIENCE) == 1
assert main_thread.call(lambda: 2).result() == 2
""",
        seconds=SECONDS,
    ).assert_clean()


def test_a_thread_may_show_the_first_window():
    run(
        START
        + """
errors = []
def show():
    try:
        view.show(wait=False)
        assert view.is_open
        assert view.eval_js("1 + 1").result(PATIENCE) == 2
        view.close()
        assert view.wait(PATIENCE)
    except BaseException as error:
        errors.append(error)
thread = threading.Thread(target=show)
thread.start()
loop.until(lambda: not thread.is_alive(), "the end of the thread")
assert not errors, errors
""",
        seconds=SECONDS,
    ).assert_clean()


def test_a_thread_and_the_main_thread_may_show_the_first_windows_at_the_same_moment():
    run(
        START
        + """
errors = []
def show(one):
    try:
        one.show(wait=False)
    except HostError as error:
        errors.append(error)
others = [WebView(html="another") for _ in range(3)]
threads = [threading.Thread(target=show, args=(one,)) for one in others]
for thread in threads:
    thread.start()
# The loop stands until this has returned.
view.show(wait=False)
loop.until(lambda: not any(thread.is_alive() for thread in threads), "the windows of the threads")
assert not errors, errors
assert all(one.is_open for one in (view, *others))
""",
        seconds=SECONDS,
    ).assert_clean()


def test_a_window_that_another_thread_closes_may_be_shown_at_once():
    run(
        START
        + """
view.show(wait=False)
ready()
thread = threading.Thread(target=view.close)
thread.start()
thread.join()
# The loop has not got to that yet, and does not while it is waited for.
assert view.is_open
view.show(wait=False)
assert view.is_open
ready()
""",
        seconds=SECONDS,
    ).assert_clean()


def test_what_was_painted_last_is_there_at_once():
    run(
        START
        + """
try:
    view._painted()
except ViewClosed:
    pass
else:
    raise AssertionError("a picture of no window")
view.show(wait=False)
ready()
picture = view._painted()
assert picture.startswith(b"\\x89PNG"), picture[:8]
pictures = []
thread = threading.Thread(target=lambda: pictures.append(view._painted()))
thread.start()
loop.until(lambda: not thread.is_alive(), "the picture of another thread")
assert pictures[0].startswith(b"\\x89PNG")
""",
        seconds=SECONDS,
    ).assert_clean()


def test_an_embedded_window_has_an_id_and_takes_what_it_is_told():
    run(
        START
        + """
view = WebView(html="page", window=WindowOptions(embedded=True, visible=False))
view.window.zoom = 1.5
opened = []
view.window.on("opened", lambda: opened.append(view.window.native_id))
view.show(wait=False)
assert view.window.embedded and view.window.native_id > 0
ready()
loop.until(lambda: opened, "the event")
assert opened == [view.window.native_id]
def width():
    found = view.eval_js("innerWidth")
    loop.until(found.done, "the width")
    return found.result()
zoomed = width()
view.window.zoom = 1
loop.until(lambda: 1.4 < width() / zoomed < 1.6, "the page as it is")
view.window.enabled = False
view.window.size = 300, 200
view.window.focus()
view.window.give_focus(view.window.native_id)
loop.until(lambda: width() == 300, "the size")
""",
        seconds=SECONDS,
    ).assert_clean()


STORM = """
view.bind_call("f", lambda n: n)
view.bind_call("g", lambda n: n, thread="main")
view.show(wait=False)
ready()
second = WebView(html="second", bridge=view.bridge)
second.show(wait=False)
ready(second)
for one in (view, second):
    one.eval_js('''(async () => {
        for (;;) await Promise.all([...Array(50).keys()].map(n => auroraview.call(n % 2 ? "f" : "g", [n])));
    })(); 0''')
def emits(n):
    while True:
        try:
            view.bridge.emit(f"event{n}", "x" * 500, keep="latest")
            view.eval_js("1")
            second.window.title = str(time.monotonic())
        except auroraview.AuroraViewError:
            pass
        time.sleep(0.0005)
for n in range(3):
    threading.Thread(target=emits, args=(n,), daemon=True).start()
def served():
    return view.bridge.stats["handlers"].get("f", {}).get("runs", 0)
"""


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "view.close()", "loop.release()", "os.sched_yield()"])
@pytest.mark.timeout(120)
def test_a_program_ends_in_a_storm_of_calls_with_status_0(end):
    """With windows open; with one that closes inside of the storm; when the application has left its loop."""
    ended = run(START + STORM + f'loop.until(lambda: served() > 500, "the calls")\n{end}\n', seconds=SECONDS)
    assert (ended.code, "Traceback" in ended.err) == (0, False), ended


def test_an_application_may_end_without_the_end_of_python(tmp_path):
    """Many leave by ``exit`` of C: windows are open then, and the engine cannot be taken apart any more."""
    ended = run(
        START
        + f"""
import ctypes
view = WebView(html="page", data_directory={str(tmp_path)!r})
for one in view, WebView(html="embedded", window=WindowOptions(embedded=True)):
    one.show(wait=False)
    ready(one)
say("ends")
ctypes.CDLL(None).exit(0)
""",
        seconds=SECONDS,
    )
    assert (ended.code, ended.out.strip(), "panicked" in ended.err) == (0, "ends", False), ended


@pytest.mark.timeout(120)
def test_threads_emit_and_close_while_the_main_thread_does():
    ended = run(
        START
        + STORM
        + """
for _ in range(5):
    before = served()
    loop.until(lambda: served() > before + 100, "calls go on")
    second.close()
    second.emit("late", 1)
    second.show(wait=False)
    view.bridge.bind_call("h", lambda: 1)
    view.bridge.unbind("h")
thread = threading.Thread(target=view.close)
thread.start()
view.emit("last", 1)
loop.until(lambda: not view.is_open, "the end of the first window")
say("done")
""",
        seconds=SECONDS,
    )
    # What is emitted to a window that is closed just then is dropped, with a line in the log.
    assert (ended.code, ended.out.strip(), "Traceback" in ended.err) == (0, "done", False), ended


def test_a_process_that_is_forked_leaves_the_windows_to_the_one_that_has_them():
    """Its copy of the connection to the display is the same one: a word of it there is the end of the application."""
    ended = run(
        START
        + """
view.show(wait=False)
ready()
child = os.fork()
if not child:
    view.window.give_focus(view.window.native_id)
    view.window.title = "forked"
    view.close()
    try:
        WebView(html="another").show(wait=False)
    except HostError as error:
        assert "forked" in str(error), error
        raise SystemExit(7)
    raise SystemExit(1)
began = time.monotonic()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
# Less than its end waits for windows.
assert time.monotonic() - began < 1.5
for size in (500, 400), (300, 200):
    view.window.size = size
    width = view.eval_js("innerWidth")
    loop.until(width.done, "the width")
loop.until(lambda: view.window.size == (300, 200), "the size")
say("done", view.is_open)
""",
        seconds=SECONDS,
    )
    assert (ended.code, ended.out.strip(), "Traceback" in ended.err) == (0, "done True", False), ended


@pytest.mark.parametrize("has_application", [False, True])
def test_a_window_before_the_application_of_qt_is_warned_of(has_application):
    """A Qt that begins after it waits for GLib's context for good. Where Qt has a loop of another kind all is well."""
    ended = run(
        f"""
import sys, types
from auroraview import WebView
widgets = types.ModuleType("PySide6.QtWidgets")
widgets.QApplication = types.SimpleNamespace(instance=lambda: {has_application} or None)
sys.modules[widgets.__name__] = widgets
for page in "one", "two":
    WebView(html=page).show(wait=False)
""",
        seconds=SECONDS,
    )
    lines = [line for line in ended.err.splitlines() if "QApplication" in line]
    assert (ended.code, len(lines)) == (0, 0 if has_application else 1), ended


def test_isolated_windows_may_be_waited_for():
    run(
        START
        + """
view = WebView(html="isolated", isolation="process")
view.show(wait=False)
view.wait_ready(PATIENCE)
assert view.eval_js("6 * 7").result(PATIENCE) == 42
assert view.screenshot().startswith(b"\\x89PNG")
threading.Timer(0.2, view.close).start()
assert view.wait(PATIENCE)
view.on_ready(view.close)
view.show()
""",
        seconds=SECONDS,
    ).assert_clean()


def test_a_crash_of_the_page_is_told_and_a_reload_revives_it():
    program = Program(
        START
        + """
crashed = threading.Event()
view.window.on("crashed", crashed.set)
view.show(wait=False)
ready()
from tests.e2e.processes import web_processes
for pid in web_processes():
    os.kill(pid, 9)
loop.until(crashed.is_set, "the crash")
view.reload()
ready()
value = view.eval_js("1 + 1")
loop.until(value.done, "the value")
say(value.result())
"""
    )
    ended = program.end(SECONDS)
    assert (ended.code, ended.out.strip()) == (0, "2"), ended
