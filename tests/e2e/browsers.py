"""A real browser: headless Chromium, driven through Playwright.

Playwright's objects belong to one asyncio loop, and tests, handlers and the GUI thread have loops and threads of their
own; so the browser's loop runs on a thread of its own, and what is called here waits for it, from any thread. Nothing
is ever downloaded: the browser is the one that the system has.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auroraview import ViewClosed
from tests.e2e.helpers import PATIENCE, wait_for

#: Names of a Chromium in the search path; ``AURORAVIEW_BROWSER`` names another one.
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Tabs in the background run as the one in front does.
    *("--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
]
_GONE = ("context was destroyed", "has been closed", "Target closed", "Target crashed", "because of a navigation")


def _absent() -> str | None:
    """Why there is no browser; ``None`` when there is one."""
    try:
        import playwright.async_api  # noqa: F401
    except ImportError:
        return "Playwright is not installed (pip install -r scripts/requirements-dev.txt)"
    if _executable() is None:
        return "no Chromium found (Debian, Ubuntu: apt-get install chromium; or set AURORAVIEW_BROWSER)"
    return None


@functools.cache
def _executable() -> str | None:
    named = os.environ.get("AURORAVIEW_BROWSER")
    return named or next((path for path in map(shutil.which, BROWSERS) if path is not None and _runs(path)), None)


def _runs(path: str) -> bool:
    """It is a browser, and not a script that only says how to install one."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run([path, "--version"], capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    return False


class Chromium:
    """The browser of this process. Contexts share nothing: cookies, storage and caches are their own."""

    _running: Chromium | None = None

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()
        self._playwright, self._browser = self.run(self._start())

    @classmethod
    def get(cls) -> Chromium:
        """The browser, started at the first call. Without one the test is skipped; it fails where tests must not be
        skipped (``AURORAVIEW_REQUIRE_BROWSER=1``)."""
        if cls._running is None:
            reason = _absent()
            if reason is not None:
                if os.environ.get("AURORAVIEW_REQUIRE_BROWSER") == "1":
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)
            cls._running = cls()
        return cls._running

    @classmethod
    def end(cls) -> None:
        """Ends the browser, if there is one."""
        if cls._running is not None:
            cls._running._close()
            cls._running = None

    async def _start(self) -> tuple[Any, Any]:
        from playwright.async_api import async_playwright

        playwright = await async_playwright().start()
        signals = dict.fromkeys(("handle_sigint", "handle_sigterm", "handle_sighup"), False)
        browser = await playwright.chromium.launch(
            executable_path=_executable(), headless=False, args=ARGUMENTS, **signals
        )
        return playwright, browser

    def _close(self) -> None:
        self.run(self._browser.close())
        self.run(self._playwright.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Starts something on the browser's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Any], seconds: float = PATIENCE) -> Any:
        """Waits for something on the browser's loop."""
        return self.start(work).result(seconds)

    def say(self, func: Callable[[], Any]) -> Any:
        """Calls something on the browser's loop that is not to be awaited."""

        async def call() -> Any:
            return func()

        return self.run(call())

    def renderers(self) -> list[int]:
        """The processes in which pages run."""
        return [int(one["id"]) for one in self.run(self._processes()) if one["type"] == "renderer"]

    async def _processes(self) -> list[dict[str, Any]]:
        session = await self._browser.new_browser_cdp_session()
        found: list[dict[str, Any]] = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        await session.detach()
        return found

    def context(self, **options: Any) -> Context:
        """A browser profile of its own; close it."""
        return Context(self, self.run(self._browser.new_context(**options)))


class Context:
    """Tabs that share cookies and caches, as one user's browser does."""

    def __init__(self, browser: Chromium, raw: Any) -> None:
        self._browser = browser
        self.raw = raw

    def tab(self, url: str | None = None, wait: str = "load") -> Tab:
        """A new tab, at an address."""
        tab = Tab(self._browser, self._browser.run(self.raw.new_page()))
        if url is not None:
            tab.goto(url, wait)
        return tab

    def tab_opened_by(self, act: Callable[[], Any]) -> Tab:
        """The tab that opens when this is done."""
        opened: Future[Any] = Future()
        self._browser.say(lambda: self.raw.once("page", opened.set_result))
        act()
        tab = Tab(self._browser, opened.result(PATIENCE))
        tab.loaded()
        return tab

    def offline(self, now: bool) -> None:
        """Takes the network away from all tabs, or gives it back."""
        self._browser.run(self.raw.set_offline(now))

    def close(self) -> None:
        """Closes all tabs; their pages do not get to say goodbye."""
        self._browser.run(self.raw.close())


@dataclass
class Request:
    """What a page asked the network for."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


class Tab:
    """A page in a browser. ``console``, ``errors``, ``requests`` and ``sockets`` (addresses of WebSockets) grow as
    things happen."""

    def __init__(self, browser: Chromium, raw: Any) -> None:
        self._browser = browser
        self.raw = raw
        self.console: list[str] = []
        self.errors: list[str] = []
        self.requests: list[Request] = []
        self.sockets: list[str] = []
        browser.say(self._listen)

    def _listen(self) -> None:
        self.raw.on("console", lambda message: self.console.append(message.text))
        self.raw.on("pageerror", lambda error: self.errors.append(str(error)))
        self.raw.on("request", lambda request: self.requests.append(_request(request)))
        self.raw.on("websocket", lambda socket: self.sockets.append(socket.url))

    @property
    def url(self) -> str:
        """What the address bar shows."""
        return str(self.raw.url)

    def goto(self, url: str, wait: str = "load") -> None:
        """Goes to an address."""
        self._browser.run(self.raw.goto(url, wait_until=wait))

    def reload(self) -> None:
        """F5."""
        self._browser.run(self.raw.reload())

    def loaded(self) -> None:
        """Waits until the page is loaded."""
        self._browser.run(self.raw.wait_for_load_state("load"))

    def start(self, script: str, argument: Any = None) -> Future[Any]:
        """Starts a script; a future of its value. ``ViewClosed`` when the document goes away meanwhile."""
        return self._browser.start(self._evaluate(script, argument))

    def evaluate(self, script: str, argument: Any = None, seconds: float = PATIENCE) -> Any:
        """The value of a script in the page; promises are awaited."""
        return self.start(script, argument).result(seconds)

    async def _evaluate(self, script: str, argument: Any) -> Any:
        from playwright.async_api import Error

        try:
            return await self.raw.evaluate(script, argument)
        except Error as error:
            if any(part in error.message for part in _GONE):
                raise ViewClosed(error.message) from error
            raise

    def wait_for(self, script: str, argument: Any = None, seconds: float = PATIENCE) -> Any:
        """Waits until a script gives something true, over reloads too; returns that."""

        def look() -> Any:
            with contextlib.suppress(ViewClosed):
                return self.evaluate(script, argument)

        return wait_for(look, f"{script} in the page (console: {self.console}, errors: {self.errors})", seconds)

    def click(self, selector: str) -> None:
        """Clicks where a user would."""
        self._browser.run(self.raw.click(selector))

    def type(self, selector: str, text: str) -> None:
        """Types into a field, key by key."""
        self._browser.run(self._type(selector, text))

    async def _type(self, selector: str, text: str) -> None:
        await self.raw.click(selector)
        await self.raw.keyboard.type(text)

    def choose_files(self, selector: str, *paths: Path) -> None:
        """Chooses files in an ``<input type=file>``."""
        self._browser.run(self.raw.set_input_files(selector, list(paths)))

    def text(self, selector: str = "body") -> str:
        """The text of an element."""
        return str(self.evaluate("(selector) => document.querySelector(selector).textContent", selector))

    def wait_text(self, selector: str, part: str) -> str:
        """Waits until an element's text has the part in it; returns the text."""
        script = """([selector, part]) => {
          const text = document.querySelector(selector)?.textContent ?? "";
          return text.includes(part) ? [text] : null;
        }"""
        return str(self.wait_for(script, [selector, part])[0])

    def colors(self, scheme: str) -> None:
        """Prefers ``light`` or ``dark``."""
        self._browser.run(self.raw.emulate_media(color_scheme=scheme))

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """The browser's pages do not run at all meanwhile, as on a laptop that is closed."""
        pages = self._browser.renderers()
        for pid in pages:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pages:
                os.kill(pid, signal.SIGCONT)

    def screenshot(self, path: Path | str) -> None:
        """A picture of the page."""
        self._browser.run(self.raw.screenshot(path=str(path)))

    def close(self) -> None:
        """Closes the tab as a user does: the page may say goodbye."""
        self._browser.run(self.raw.close(run_before_unload=False))


def _request(request: Any) -> Request:
    try:
        body = request.post_data
    except UnicodeDecodeError:
        body = None
    return Request(request.method, request.url, dict(request.headers), body)


@contextlib.contextmanager
def browser_context(**options: Any) -> Iterator[Context]:
    """A browser profile that is closed at the end."""
    context = Chromium.get().context(**options)
    try:
        yield context
    finally:
        context.close()
