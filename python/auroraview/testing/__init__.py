"""Help for tests: :class:`MemoryPage`, a page without a browser.

    bridge = Bridge()

    @bridge.bind_call("add")
    def add(a, b):
        return a + b

    with MemoryPage(bridge) as page:
        assert page.call("add", {"a": 1, "b": 2}).result(timeout=5) == 3

It speaks the same wire as a page in a window, through the same session and dispatcher; only the JavaScript is missing.

:class:`Clock` is a time that a test moves. :func:`record` writes down what a page and the program say to each other,
:func:`replay` says the page's part again: a bug report becomes a test. The plugin of pytest, which is there when the
package is installed, brings the fixtures ``page`` (a :class:`MemoryPage`) and ``webview`` (:class:`Windows`: real
windows, on a virtual display where there is none). Importing this imports neither pytest nor anything of a window.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from auroraview.testing._clock import Clock
    from auroraview.testing._memory_page import MemoryPage
    from auroraview.testing._page_buffer import PageBuffer
    from auroraview.testing._recording import Recording, record
    from auroraview.testing._replaying import Answer, Replay, ReplayedCall, replay
    from auroraview.testing._windows import ConsoleLine, Windows
else:
    # As in `auroraview` itself: pytest imports the plugin, and with it this, in every run.
    def __getattr__(name: str) -> object:
        for module, names in _PLACES.items():
            if name in names.split():
                from importlib import import_module

                found = getattr(import_module(f"auroraview.testing.{module}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module 'auroraview.testing' has no attribute {name!r}")


del TYPE_CHECKING

__all__ = [
    "Answer",
    "Clock",
    "ConsoleLine",
    "MemoryPage",
    "PageBuffer",
    "Recording",
    "Replay",
    "ReplayedCall",
    "Windows",
    "record",
    "replay",
]

_PLACES = {
    "_clock": "Clock",
    "_memory_page": "MemoryPage",
    "_page_buffer": "PageBuffer",
    "_recording": "Recording record",
    "_replaying": "Answer Replay ReplayedCall replay",
    "_windows": "ConsoleLine Windows",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
