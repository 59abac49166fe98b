"""The ready-made window of launchers, with a page that does what it is told and tells what it finds."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import Bridge, Launcher, current_call
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.processes import descendants

_ROOT = Path(__file__).parents[2]
#: The script, for pages that no server of ours gives theirs.
SCRIPT = _ROOT / "crates/auroraview-server/src/auroraview.js"

#: A program that never connects, and ends when it is asked to.
IDLE = ["sh", "-c", "exec cat", "{port}"]

#: Answers ``ask`` with what a script gives, and every ``tick`` with ``tock``.
PAGE = """<!doctype html><meta charset=utf-8><title>Panel</title><script src="auroraview.js"></script><script>
const seen = [];
const run = Object.getPrototypeOf(async () => {}).constructor;
auroraview.on("ask", async ({id, script}) => {
  const value = await new run(`return ${script}`)().catch((error) => ({failed: String(error)}));
  auroraview.send_event("answer", {id, value: value === undefined ? null : value});
});
for (const name of ["settings", "tick"]) auroraview.on(name, (detail) => {
  seen.push([name, detail]);
  auroraview.send_event("seen", [name, detail]);
});
</script><body>A panel"""

#: Of questions; panels of one bridge hear the answers of all.
_ids = itertools.count()


class Panel:
    """A launcher of a window, and what its page said.

    Attributes:
        told: what the launcher told, as ``(event, *arguments)``.
        seen: the events that the page has seen, over all its documents, as ``[name, detail]``.
    """

    def __init__(self, bridge: Bridge, page: Path | str, **options: Any) -> None:
        self.bridge = bridge
        self.told: list[tuple[Any, ...]] = []
        self.seen: list[list[Any]] = []
        options = {"csp": None, "start_timeout": PATIENCE, "stop_timeout": PATIENCE, **options}
        self.launcher = Launcher(bridge, page=page, **options)
        self._answers: dict[int, Any] = {}
        bridge.on("answer", self._answered)
        bridge.on("seen", self._saw)
        self.launcher.on("ready", lambda: self.told.append(("ready",)))
        self.launcher.on("respawned", lambda: self.told.append(("respawned",)))
        self.launcher.on("exited", lambda code: self.told.append(("exited", code)))
        self.launcher.on("crashed", lambda code: self.told.append(("crashed", code)))

    def _answered(self, answer: dict[str, Any]) -> None:
        self._answers[answer["id"]] = answer["value"]

    def _saw(self, pair: list[Any]) -> None:
        if current_call().peer is self.launcher.peer:
            self.seen.append(pair)

    def ask(self, script: str) -> Any:
        """The value of an expression in the page, which may await."""
        number = next(_ids)
        self.launcher.emit("ask", {"id": number, "script": script})
        wait_for(lambda: number in self._answers, f"an answer to {script}")
        return self._answers.pop(number)

    def wait_told(self, event: str, count: int = 1) -> list[tuple[Any, ...]]:
        """Waits until the launcher has told this so often; all times."""

        def found() -> list[tuple[Any, ...]] | None:
            times = [one for one in self.told if one[0] == event]
            return times if len(times) >= count else None

        times: list[tuple[Any, ...]] = wait_for(found, f"{count} x {event!r} (there is {self.told})")
        return times

    def processes(self) -> set[int]:
        """The program's process and all that descend from it."""
        process = self.launcher.process
        assert process is not None
        return {process.pid, *descendants(process.pid)}


@contextlib.contextmanager
def panel(bridge: Bridge, page: Path | str, *, start: bool = True, **options: Any) -> Iterator[Panel]:
    """A window that a launcher runs, stopped at the end."""
    one = Panel(bridge, page, **options)
    try:
        if start:
            one.launcher.start()
        yield one
    finally:
        one.launcher.stop()
    assert not one.launcher.is_running


def write_page(folder: Path, title: str = "Panel") -> Path:
    """Writes the page and the script beside it; returns the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(PAGE.replace("<title>Panel", f"<title>{title}"), encoding="utf-8")
    (folder / "auroraview.js").write_bytes(SCRIPT.read_bytes())
    return folder


def is_there(pid: int) -> bool:
    """The process runs, or is one of ours that nobody has reaped. When others are reaped is their parents' business."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return False
    return state != "Z" or int(parent) == os.getpid()


def wait_gone(pids: set[int], seconds: float = PATIENCE) -> None:
    """Waits until none of these processes is there."""
    wait_for(lambda: not any(map(is_there, pids)), f"the end of {pids}", seconds)


def port_of_script(folder: Path) -> Any:
    """The port in ``ws-config.js``; ``None`` when there is none."""
    try:
        text = (folder / "ws-config.js").read_text()
    except FileNotFoundError:
        return None
    return json.loads(text.removeprefix("window.WS_CONFIG = ").removesuffix(";\n"))["port"]


def secret_of(launcher: Launcher) -> str:
    """What the program finds in its environment."""
    process = launcher.process
    assert process is not None
    name = b"AURORAVIEW_SECRET="

    def find() -> bytes | None:
        # Empty while one program takes another's place in the process.
        entries = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        return next((entry for entry in entries if entry.startswith(name)), None)

    return bytes(wait_for(find, "the secret")).removeprefix(name).decode()


def bundled_sdk() -> str:
    """The SDK as one module, as a bundler makes it of its source."""
    bundler = _ROOT / "js_sdk/node_modules/.bin/esbuild"
    if not bundler.exists():
        pytest.skip("the SDK's tools are not installed: `make test` does that")
    command = [bundler, "src/index.ts", "--bundle", "--format=esm"]
    done = subprocess.run(command, cwd=_ROOT / "js_sdk", capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout
