"""What is left of launchers: of windows when their program ends in whatever way, and after many starts and stops."""

import signal

import pytest

from tests.e2e import desktop
from tests.e2e.launchers import panel, port_of_script, wait_gone, write_page
from tests.e2e.processes import Program, descendants, web_processes
from tests.launching import PROGRAM as CHILD

#: Seconds until nothing is left of an orphan, on a busy machine; alone it takes a fraction of one.
SOON = 10.0


@pytest.fixture
def folder(tmp_path):
    return write_page(tmp_path / "panel")


# The end of the program

PROGRAM = """
import os, signal, sys, threading
from auroraview import Bridge, Launcher
launcher = Launcher(Bridge(), page=os.environ["PAGE"])
launcher.start()
print("ready", flush=True)
while not os.path.exists(os.environ["GO"]):
    launcher.wait(0.01)
"""


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("pass", 0),
        ("raise RuntimeError('an end')", 1),
        ("sys.exit(3)", 3),
        ("threading.Thread(target=sys.exit, args=(4,)).start()", 0),
        ("os._exit(5)", 5),
        ("os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(6)'])", 6),
        ("os.kill(os.getpid(), signal.SIGINT); launcher.wait()", -signal.SIGINT),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_a_window_ends_with_its_program_however_that_ends(folder, tmp_path, last, code):
    write_page(folder, "An orphan")
    go = tmp_path / "go"
    program = Program(PROGRAM + last, {"PAGE": str(folder), "GO": str(go)})
    program.wait_line("ready")
    found = descendants(program.pid)
    assert "auroraview-shel" in found.values()
    assert web_processes(program.pid)
    go.touch()
    ended = program.end()
    assert ended.code == code, ended.err
    wait_gone(set(found), SOON)
    assert "An orphan" not in desktop.titles()
    assert (port_of_script(folder) is None) == (code in (0, 1, 3, -signal.SIGINT))
    if code == 0:
        ended.assert_clean()


# Again and again

CYCLES = """
import gc, os, socket, sys, threading
from pathlib import Path
from auroraview import Bridge, Launcher
from tests.e2e.processes import native_threads, open_files, wait_for

def children():
    # Also those that nobody has reaped.
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for one in own for pid in one.read_text().split()}

def counts():
    gc.collect()
    return {
        "files": open_files(), "threads": len(native_threads()), "python threads": threading.active_count(),
        "children": len(children()), "in the folder": len(os.listdir(os.environ["FOLDER"])),
        "peers": len(bridge.peers),
    }

bridge = Bridge()
kept = Launcher(bridge, command=["sh", "-c", "exec cat", "{port}"], config_dir=os.environ["FOLDER"])
ports, pids = [], []

def cycle(number):
    if number % 5 == 0:
        launcher = Launcher(bridge, command=[sys.executable, os.environ["CHILD"]], config_dir=os.environ["FOLDER"])
        launcher.start()
        launcher.emit("x", 1)
    else:
        launcher = kept
        launcher.start(wait=False)
    ports.append(launcher.port)
    pids.append(launcher.process.pid)
    launcher.stop()
    assert launcher.process.returncode == 0, launcher.process

for number in range(10):
    cycle(number)
before = counts()
for number in range(50):
    cycle(number)
last = {}
def back():
    last.update(counts())
    return all(last[name] <= before[name] for name in before)
try:
    wait_for(back, "the counts of before")
except AssertionError as error:
    raise AssertionError(f"{error}: {before}, then {last}, {native_threads()}")
assert children() == set(), children()
for port in set(ports):
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
"""


@pytest.mark.timeout(180)
def test_fifty_starts_and_stops_leave_no_process_file_port_or_thread(tmp_path):
    program = Program(CYCLES, {"FOLDER": str(tmp_path), "CHILD": str(CHILD)})
    program.end(150).assert_clean()
    assert list(tmp_path.iterdir()) == []


def test_windows_that_come_and_go_leave_nothing(bridge, folder):
    pids = set()
    with panel(bridge, folder, start=False) as one:
        for number in range(5):
            one.launcher.start()
            assert one.ask(str(number)) == number
            pids |= one.processes()
            one.launcher.stop()
            assert port_of_script(folder) is None
    wait_gone(pids)
    assert bridge.peers == (one.launcher.peer,)
