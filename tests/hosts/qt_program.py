"""A program of Qt with handlers on its main thread: ``qt_program.py BINDING [max3ds]``; tells what it saw as JSON.

With ``max3ds`` it looks like 3ds Max, whose way to the main thread is another one.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
import types
from typing import Any

from auroraview import Bridge, hosts, main_thread
from auroraview.hosts import _draining
from auroraview.testing import MemoryPage

BINDING, *REST = sys.argv[1:]
SECONDS = 20.0
core: Any = importlib.import_module(f"{BINDING}.QtCore")
if REST:
    sys.modules["pymxs"] = types.ModuleType("pymxs")
    sys.modules["pymxs"].runtime = types.SimpleNamespace(maxVersion=lambda: [26000])  # type: ignore[attr-defined]

application = core.QCoreApplication([])
application.setApplicationVersion("7.2")
run = getattr(application, "exec", None) or application.exec_
seen: dict[str, Any] = {}
turns = []
turn_for_good = _draining.Turn.__call__


def counted(self: Any, *args: Any) -> int:
    turns.append(time.monotonic())
    return turn_for_good(self, *args)


_draining.Turn.__call__ = counted  # type: ignore[method-assign]
info = hosts.attach()
seen["info"] = [info.name, info.version, info.toolkit, info.interactive]
bridge = Bridge()
order: list[int] = []
bridge.bind_call("where", lambda: threading.current_thread() is threading.main_thread())
bridge.bind_call("append", order.append)
bridge.bind_call("fail", lambda: 1 / 0)
bridge.bind_call("slow", lambda n: time.sleep(0.02) or order.append(n))


def loop_inside() -> Any:
    """As a modal dialog does: a loop inside the handler, until another call is answered."""
    loop = core.QEventLoop()
    inner = page.call("where")
    inner.add_done_callback(lambda _: main_thread.call(loop.quit))
    (getattr(loop, "exec", None) or loop.exec_)()
    return inner.done()


bridge.bind_call("dialog", loop_inside)


def work() -> None:
    """What a page and a thread of the program would do."""
    try:
        seen["where"] = page.call("where").result(SECONDS)
        for n in range(0, 100, 2):
            page.call("append", [n])
            main_thread.call(order.append, n + 1)
        page.call("where").result(SECONDS)
        seen["order"] = order == list(range(100))
        seen["fail"] = page.call("fail").exception(SECONDS).name
        order.clear()
        beats: list[int] = []
        timer = main_thread.run(start_timer, lambda: beats.append(len(order)))
        for call in [page.call("slow", [n]) for n in range(10)]:
            call.result(SECONDS)
        main_thread.run(timer.stop)
        seen["slow"] = order == list(range(10))
        seen["others had their turn"] = len({beat for beat in beats if 0 < beat < 10}) > 3
        seen["dialog"] = page.call("dialog").result(SECONDS)
        began = time.perf_counter()
        for _ in range(500):
            page.call("where").result(SECONDS)
        seen["ms a call"] = round((time.perf_counter() - began) * 2, 3)
        threading.Event().wait(0.2)
        quiet, used = len(turns), time.process_time()
        threading.Event().wait(1.0)
        seen["turns while idle"] = len(turns) - quiet
        seen["idle ms"] = round((time.process_time() - used) * 1000, 1)
        main_thread.run(hosts.detach)
        late = page.call("where")
        threading.Event().wait(0.2)
        seen["detached"] = not late.done()
    except BaseException as error:
        seen["error"] = repr(error)
        raise
    finally:
        print(json.dumps(seen), flush=True)
        leave.wanted.emit()


def start_timer(func: Any) -> Any:
    timer = core.QTimer(application)
    timer.timeout.connect(func)
    timer.start(0)
    return timer


class Leave(core.QObject):
    """Ends the loop from another thread, by Qt's own means."""

    wanted = (getattr(core, "Signal", None) or core.pyqtSignal)()


leave = Leave()
leave.wanted.connect(application.quit)
page = MemoryPage(bridge)
threading.Thread(target=work, daemon=True).start()
run()
page.close()
