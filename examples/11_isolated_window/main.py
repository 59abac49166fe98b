"""What happens to my program when the window's process is killed?"""

import os
import signal
from pathlib import Path

from auroraview import WebView

PAGE = """<!doctype html><html lang="en"><meta name="color-scheme" content="light dark">
<title>A window that comes back</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 1.5rem 2rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  h1 { font-size: 1.4rem; margin: 0 0 .5rem }
  label { display: block; margin: 1rem 0 }
  input, button { font: inherit; padding: .45rem .8rem; border-radius: 8px; color: inherit;
    border: 1px solid light-dark(#747d8a, #7a8490); background: light-dark(#fff, #23282f) }
  input { display: block; box-sizing: border-box; width: 100% }
  button { border-color: transparent; background: light-dark(#b3261e, #ff9d94); color: light-dark(#fff, #3b0a06);
    cursor: pointer }
  :focus-visible { outline: 2px solid light-dark(#1d5fd1, #7fb0ff); outline-offset: 2px }
</style>
<h1>A window with a process of its own</h1>
<p>The program is process <output id="program">…</output>, this window is <output id="window">…</output>.
   It has crashed <output id="crashes">…</output> times.</p>
<label>Python keeps what you write here <input id="note"></label>
<button id="kill">Kill this window</button>
<script>
  auroraview.on("state", (state) => {
    crashes.textContent = state.crashes;
    if (document.activeElement !== note) note.value = state.note;
  });
  note.oninput = () => auroraview.send_event("note", note.value);
  kill.onclick = () => auroraview.send_event("kill");
  auroraview.call("processes").then((ids) => {
    program.textContent = ids.program;
    document.querySelector("#window").textContent = ids.window;
  });
</script>"""


def window_process() -> int:
    """The id of the window's process; this program has one window."""
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text().startswith("auroraview-shel"):
                return int(child)
    raise LookupError("the window has no process now")


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("A window that comes back", html=PAGE, isolation="process", width=560, height=320)
    state = {"crashes": 0, "note": ""}
    view.emit("state", state, retain=True)

    @view.bind_call("processes")
    def processes() -> dict[str, int]:
        return {"program": os.getpid(), "window": window_process()}

    @view.on("note")
    def note(text: str) -> None:
        state["note"] = text
        view.emit("state", state, retain=True)

    @view.on("kill")
    def kill() -> None:
        os.kill(window_process(), signal.SIGKILL)

    @view.window.on("crashed")
    def crashed() -> None:
        # The program goes on; so do the handlers and the state. The new window begins with what was retained.
        state["crashes"] += 1
        print(f"Crash {state['crashes']}. The window comes back.")
        view.emit("state", state, retain=True)

    return view


if __name__ == "__main__":
    make_view().show()
