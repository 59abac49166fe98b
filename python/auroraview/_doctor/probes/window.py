"""Opens a hidden window of the package in the directory that is named, and makes one round trip. With ``sandbox`` as a
second argument the web engine's sandbox is on."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])

_SCRIPT = """(async () => {
  const answer = await auroraview.call("echo", ["hello"]);
  const language = navigator.language;
  try {
    new Intl.NumberFormat(language);
    return { answer, language, intl: null };
  } catch (error) {
    return { answer, language, intl: String(error) };
  }
})()"""


def is_sandboxed() -> bool:
    """The page's process sees other files than this one: the engine may go on without its sandbox, and not say so."""
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (process / "stat").read_text().rpartition(")")
            parents[int(process.name)] = (int(rest.split()[1]), name.partition("(")[2])
        except OSError:
            continue  # It has ended.
    for pid, (_, name) in parents.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above][0]
        if above == os.getpid() and name.startswith("WebKitWebProces"):
            try:
                return os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt")
            except PermissionError:
                return True  # Ours could be looked at.
            except OSError:
                return False
    return False


def main() -> dict[str, object]:
    """The answer, or the problem."""
    try:
        from auroraview import AuroraViewError, WebView, WindowOptions, _sandbox
    except ImportError as error:
        if error.name != "auroraview._core":
            raise
        return {"problem": "the native module cannot be loaded"}
    began = time.monotonic()
    _sandbox.works_here()  # This process is the one that finds out.
    hidden = WindowOptions(visible=False)
    sandbox = "sandbox" in sys.argv[2:]
    try:
        view = WebView("auroraview doctor", html="<!doctype html><p>hello", window=hidden, sandbox=sandbox)
        view.bind_call("echo", lambda text: text)
        view.show(wait=False)
        found: dict[str, object] = view.eval_js(_SCRIPT).result(timeout=20)
        found["ms"] = round((time.monotonic() - began) * 1000)
        if sandbox:
            found["sandboxed"] = is_sandboxed()
        found["lane"], found["lane_reason"] = view.info["lane"], view.info["lane_reason"]
        view.close()
    except AuroraViewError as error:
        return {"problem": str(error)}
    return found


if __name__ == "__main__":
    print(json.dumps(main()), flush=True)
