"""The process of a window lives no longer than its program, however that ends; each program is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.processes import Program, descendants, run, wait_gone

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]

#: Seconds that what is left may take to end on a busy machine; alone it takes a fraction of one.
SOON = 5.0

START = """
import os, signal, sys, threading, time
from auroraview import HostError, WebView
from tests.e2e.processes import descendants
from tests.e2e.shells import shell, shells

def say(*words):
    # One line at once, whatever other threads say.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

view = WebView(html="<p>page", isolation="process")
"""

SHOWN = (
    START
    + """
view.show(wait=False)
view.wait_ready(30)
say("processes", *descendants())
"""
)


def processes_of(program: Program) -> list[int]:
    """What the program said of its processes: the shell, and those of the engine below it."""
    line: str = wait_for(
        lambda: next((line for line in program.lines if line.startswith("processes ")), None),
        f"the program's processes, of {program.lines}",
    )
    found = [int(pid) for pid in line.split()[1:]]
    assert len(found) >= 2, f"a shell and a web process at least, not {found}; {program.lines}"
    return found


ENDS = {
    "an exception": ("raise ValueError('of the program')", 1),
    "os._exit": ("os._exit(7)", 7),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -15),
    "a window on its way back": (
        "os.kill(shell(), 9); wait = threading.Event(); view.window.on('crashed', wait.set); wait.wait(30)",
        0,
    ),
    "a stopped shell": ("os.kill(shell(), signal.SIGSTOP)", 0),
    "a stopped shell, and SIGKILL": ("os.kill(shell(), signal.SIGSTOP); os.kill(os.getpid(), signal.SIGKILL)", -9),
    "a thread of its own that showed it": (
        "other = WebView(html='', isolation='process')\n"
        "thread = threading.Thread(target=other.show, kwargs={'wait': False}); thread.start(); thread.join()\n"
        "other.wait_ready(30); assert len(shells()) == 2",
        0,
    ),
}


@pytest.mark.parametrize("way", ENDS)
def test_nothing_is_left_of_the_window_when_its_program_ends_by(way):
    code, status = ENDS[way]
    program = Program(SHOWN + code)
    found = processes_of(program)
    ended = program.end()
    assert ended.code == status, ended.err
    if status == 1:
        assert ended.err.rstrip().endswith("ValueError: of the program")
        assert ended.err.count("Traceback") == 1
    elif "way back" not in way:
        assert ended.err == ""
    began = time.monotonic()
    wait_gone(*found)
    assert time.monotonic() - began < SOON


def test_a_program_killed_while_its_window_starts_leaves_nothing():
    # Each time at another moment of the start.
    for moment in ("process", "window"):
        program = Program(
            START
            + """
            thread = threading.Thread(target=view.show, kwargs={"wait": False}, daemon=True)
            thread.start()
            while not shells():
                time.sleep(0.001)
            say("process")
            thread.join(30)
            say("window")
            time.sleep(60)
            """.replace("\n            ", "\n")
        )
        program.wait_line(moment)
        found = descendants(program.pid)
        os.kill(program.pid, signal.SIGKILL)
        assert program.end().code == -9
        wait_gone(*found)


def test_a_program_that_ends_while_its_window_starts_ends_in_order():
    program = Program(
        START
        + """
def show():
    try:
        view.show(wait=False)
    except HostError:
        pass

threading.Thread(target=show, daemon=True).start()
while not shells():
    time.sleep(0.001)
say("process", shell())
"""
    )
    ended = program.end()
    ended.assert_clean()
    wait_gone(int(ended.out.split()[1]))


@pytest.mark.parametrize("way", ["fork", "subprocess"])
def test_a_child_of_the_program_that_outlives_it_does_not_keep_the_window(way):
    fork = "pid = os.fork()\nif pid == 0:\n    time.sleep(60)\n    os._exit(0)"
    spawn = "import subprocess\npid = subprocess.Popen(['sleep', '60'], close_fds=False).pid"
    # With Python 3.12 a fork warns where there are threads.
    program = Program(
        "import warnings; warnings.simplefilter('ignore')\n"
        + SHOWN
        + (fork if way == "fork" else spawn)
        + "\nsay('child', pid)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    found = processes_of(program)
    program.process.wait(PATIENCE)
    (child,) = wait_for(
        lambda: [int(line.split()[1]) for line in program.lines if line.startswith("child ")], "the child"
    )
    try:
        wait_gone(*found)
        assert Path(f"/proc/{child}").exists(), "it outlived the program"
    finally:
        os.kill(child, signal.SIGKILL)
    program.end()


def test_a_fork_neither_hides_a_crash_nor_keeps_a_window_that_its_program_closes():
    run(
        "import warnings; warnings.simplefilter('ignore')\n"
        "import logging; logging.disable()\n"
        + SHOWN
        + """
pid = os.fork()
if pid == 0:
    time.sleep(60)
    os._exit(0)
crashed = threading.Event()
view.window.on("crashed", crashed.set)
killed = shell()
os.kill(killed, signal.SIGKILL)
assert crashed.wait(30)
assert view.eval_js("1 + 1").result(30) == 2
assert shell() != killed
# The second fork holds the descriptors of the second shell as well.
second = os.fork()
if second == 0:
    time.sleep(60)
    os._exit(0)
view.close()
assert view.wait(30)
assert not shells()
for child in (pid, second):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
    ).assert_clean()


def test_a_forked_process_that_exits_leaves_the_window_alone():
    run(
        "import warnings; warnings.simplefilter('ignore')\n"
        + SHOWN
        + """
pid = os.fork()
if pid == 0:
    sys.exit(0)  # With everything that is done at the end of a program.
assert os.waitpid(pid, 0) == (pid, 0)
assert view.eval_js("1 + 1").result(30) == 2
"""
    ).assert_clean()


def test_multiprocessing_in_between_is_no_harm():
    ended = run(
        "import warnings; warnings.simplefilter('ignore')\n"
        + SHOWN
        + """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]
    assert view.eval_js("1 + 1").result(30) == 2
    say("shells", len(shells()))
"""
    )
    ended.assert_clean()
    assert ended.out.splitlines()[-1] == "shells 1"


def test_ctrl_c_in_a_terminal_reaches_the_window_only_through_the_program():
    # A terminal sends it to the whole group in the foreground.
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            START
            + """
@view.on_ready
def ready():
    say("processes", *descendants())

try:
    view.show()
except KeyboardInterrupt:
    say("interrupted")
say("gone", view.wait(30), len(shells()))
""",
        ],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert program.stdout is not None
        found = [int(pid) for pid in program.stdout.readline().split()[1:]]
        os.killpg(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
    assert (program.returncode, out.splitlines(), err) == (0, ["interrupted", "gone True 0"], "")
    wait_gone(*found)


def test_a_view_that_is_forgotten_takes_its_process_with_it_when_it_closes():
    run(
        SHOWN
        + """
import gc, weakref
reference = weakref.ref(view)
shown = view.window
del view
gc.collect()
assert reference() is not None and len(shells()) == 1, "a window that is open keeps its view"
reference().close()
deadline = time.monotonic() + 30
while shells() and time.monotonic() < deadline:
    time.sleep(0.01)
assert not shells()
"""
    ).assert_clean()


def test_openings_and_crashes_leave_no_zombie():
    run(
        START
        + """
import logging
logging.disable()
from pathlib import Path

def zombies():
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(entry.name)
    return found

for _ in range(2):
    view.show(wait=False)
    view.wait_ready(30)
    generation = view.peer.generation
    os.kill(shell(), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not (view.peer.generation > generation and view.is_ready):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    view.close()
    assert view.wait(30)
    assert not zombies() and not shells(), (zombies(), descendants())
"""
    ).assert_clean()


def test_openings_and_crashes_leave_no_file(tmp_path):
    names = (
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    )
    for name in names:
        (tmp_path / name).mkdir(mode=0o700)
    run(
        """
        import logging
        logging.disable()
        from tests.e2e.helpers import ask, opened
        from tests.e2e.shells import crash, crashes_of, isolated
        view = isolated()
        heard = crashes_of(view)
        for _ in range(2):
            with opened(view):
                ask(view, "localStorage.setItem('a', '1'); auroraview.call('add', [1, 2])")
                view.screenshot()
                crash(view, heard)
        """,
        {name: str(tmp_path / name) for name in names},
    ).assert_clean()
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
