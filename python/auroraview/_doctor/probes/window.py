"""Opens a hidden window of the package in the directory that is named, and makes one round trip."""

import json
import sys
import time

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


def main() -> dict[str, object]:
    """The answer, or the problem."""
    try:
        from auroraview import AuroraViewError, WebView, WindowOptions
    except ImportError as error:
        if error.name != "auroraview._core":
            raise
        return {"problem": "the native module cannot be loaded"}
    began = time.monotonic()
    try:
        view = WebView("auroraview doctor", html="<!doctype html><p>hello", window=WindowOptions(visible=False))
        view.bind_call("echo", lambda text: text)
        view.show(wait=False)
        found: dict[str, object] = view.eval_js(_SCRIPT).result(timeout=20)
        found["ms"] = round((time.monotonic() - began) * 1000)
        view.close()
    except AuroraViewError as error:
        return {"problem": str(error)}
    return found


if __name__ == "__main__":
    print(json.dumps(main()), flush=True)
