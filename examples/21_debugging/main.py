"""What do I see when something goes wrong: in a handler, in the page, in between?

Four buttons, each of which makes a mistake, and below them what Python hears of it: the library's log, and the page's
console. The page itself shows what its promise was rejected with. With ``debug=True`` that has Python's traceback, and
"Inspect Element" is in the page's context menu.
"""

import logging

from auroraview import WebView

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Mistakes</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; padding: 1.2rem 1.5rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  button { font: inherit; padding: .3rem .8rem; margin: 0 .3rem .3rem 0 }
  h2 { font-size: 1rem; margin: 1rem 0 .3rem }
  pre { font: 12px/1.45 ui-monospace, monospace; margin: 0; padding: .6rem .8rem; border-radius: 8px; overflow: auto;
    height: 9rem; white-space: pre-wrap; background: light-dark(#fff, #23282f);
    border: 1px solid light-dark(#d8dee6, #333b45) }
</style>
<p><button id="raises">A handler that raises</button><button id="missing">A name that is not bound</button>
   <button id="wrong">Wrong parameters</button><button id="page">An error in the page</button></p>
<h2 id="of-page">The page's promise</h2><pre id="rejected" aria-labelledby="of-page"></pre>
<h2 id="of-python">Python's log</h2><pre id="log" aria-labelledby="of-python"></pre>
<script>
  const attempt = async (method, params) => {
    try {
      await auroraview.call(method, params);
    } catch (error) {
      rejected.textContent = `${error.name} (${error.code}): ${error.message}\\n${error.traceback ?? ""}`;
    }
  };
  raises.onclick = () => attempt("open_shot", { name: "sh010" });
  missing.onclick = () => attempt("open_shto", { name: "sh010" });
  wrong.onclick = () => attempt("open_shot", { nmae: "sh010" });
  page.onclick = () => {
    console.log("about to use what is not there");
    setTimeout(() => undefined.length);
  };
  auroraview.on("log", (line) => { log.textContent += line + "\\n"; log.scrollTop = log.scrollHeight; });
</script></html>"""


class ToPage(logging.Handler):
    """Sends the lines of a logger to the page. In a tool of yours: to a file, or to the application's own log."""

    def __init__(self, view: WebView) -> None:
        super().__init__()
        self.view = view
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.view.emit("log", self.format(record))


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Mistakes", html=PAGE, width=720, height=600, debug=True)

    @view.bind_call("open_shot")
    def open_shot(name: str) -> str:
        shots = {"sh020": "Harbour"}
        return shots[name]

    return view


def follow(view: WebView) -> logging.Handler:
    """Sends what the library has to say to the page, and what the page wrote to its console, which it logs too."""
    handler = ToPage(view)
    logger = logging.getLogger("auroraview")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler


if __name__ == "__main__":
    window = make_view()
    follow(window)
    window.show()
