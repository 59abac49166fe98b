"""Runs inside Blender, with a panel and handlers on its main thread, and tells what it saw as one line of JSON.

``blender --factory-startup --python blender_program.py``. The folder of the package is in AURORAVIEW_PACKAGE.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import bpy

sys.path.insert(0, os.environ["AURORAVIEW_PACKAGE"])

from auroraview import Bridge, WebView, hosts, main_thread

SECONDS = 60.0
#: Blender stalls in its first seconds.
START_SECONDS = 3.0

seen: dict[str, Any] = {}
done = threading.Event()
bpy.context.preferences.view.show_splash = False
info = hosts.attach()
seen["info"] = [info.name, info.version, info.toolkit, info.loop, info.interactive]
bridge = Bridge()
view = WebView("Blender", html="<p>A panel</p>", bridge=bridge)


@bridge.bind_call("add_cube")
def add_cube() -> int:
    bpy.ops.mesh.primitive_cube_add()
    return len(bpy.data.objects)


@bridge.bind_call("frame_selected")
def frame_selected() -> None:
    bpy.ops.view3d.view_selected()  # not allowed where Blender runs timers


@bridge.bind_call("echo")
def echo(value: Any) -> list[Any]:
    return [value, threading.current_thread() is threading.main_thread()]


@bridge.bind_call("wait_for_page")
def wait_for_page() -> Any:
    return view.eval_js("1 + 1").result(SECONDS)


def call(script: str) -> Any:
    return view.eval_js(script).result(SECONDS)


def with_window(func: Callable[[], object]) -> None:
    """Operators that end what is shown crash Blender 3.4 by themselves when no window is in the context."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        func()


def work() -> None:
    """What a person with a panel would do."""
    try:
        view.show(wait=False)
        view.wait_ready(SECONDS)
        seen["echo"] = call("auroraview.call('echo', [5])")
        seen["objects"] = [call("auroraview.call('add_cube')"), main_thread.run(lambda: len(bpy.data.objects))]
        seen["restricted"] = call("auroraview.call('frame_selected').catch((error) => [error.name, error.code])")
        seen["page"] = call("auroraview.call('wait_for_page')")
        seen["order"] = call(
            "Promise.all(Array.from({length: 200}, (_, n) => auroraview.call('echo', [n])))"
            ".then((answers) => answers.every(([n, main], place) => n === place && main))"
        )
        began = time.perf_counter()
        call("(async () => { for (let n = 0; n < 500; n++) await auroraview.call('echo', [n]); })()")
        seen["ms a call"] = round((time.perf_counter() - began) * 2, 3)
        main_thread.run(with_window, lambda: bpy.ops.wm.read_homefile(use_factory_startup=True))
        seen["after a new file"] = call("auroraview.call('echo', [6])")
        main_thread.run(hosts.detach)
        seen["detached"] = not view.eval_js("auroraview.call('echo', [7])").done()
    except BaseException as error:
        seen["error"] = repr(error)
        raise
    finally:
        print("SEEN", json.dumps(seen), flush=True)
        done.set()


def end() -> float | None:
    if not done.is_set():
        return 0.1
    with_window(bpy.ops.wm.quit_blender)
    return None


def start() -> None:
    threading.Thread(target=work, daemon=True).start()


bpy.app.timers.register(start, first_interval=START_SECONDS)
bpy.app.timers.register(end, first_interval=START_SECONDS, persistent=True)
