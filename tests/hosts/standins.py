"""Applications that are not installed: modules with the documented semantics of their main-thread functions.

Each stand-in is an event loop that goes one turn at a time, on the main thread of the tests. What is asked for in a
turn runs in the next one; what a function raises is told and dropped, as these applications do.
"""

from __future__ import annotations

import select
import time
import types
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any


class StandIn:
    """An application: what it puts into ``sys.modules``, and its loop."""

    name = ""
    version = ""
    toolkit = "Qt"
    #: Its loop may run inside a function that it runs: modal dialogs.
    nests = True
    #: It can be asked for a turn, so that none is taken while nothing waits.
    wakes = True
    #: It is asked by a function, which may refuse.
    defers = True
    #: Its windows are Qt's.
    has_qt = True

    def __init__(self) -> None:
        self.modules: dict[str, Any] = {}
        self.main_window = Widget("QMainWindow")
        if self.has_qt:
            self.make_qt()
        self.queue: deque[Callable[[], object]] = deque()
        self.requests = 0
        self.errors: list[BaseException] = []
        self.refusals = 0

    def module(self, name: str, **members: Any) -> types.ModuleType:
        """Makes a module of the application."""
        made = types.ModuleType(name)
        vars(made).update(members)
        self.modules[name] = made
        return made

    def make_qt(self) -> None:
        """The parts of PySide that it brings, as far as its main window is concerned. Not loaded: ``QtCore``."""
        shown = [Widget("QWidget", 3000), Widget("QMainWindow", 300), self.main_window]
        application = types.SimpleNamespace(topLevelWidgets=lambda: shown, activeWindow=lambda: shown[0])
        self.module("PySide6.QtWidgets", QApplication=application, QWidget=Widget, QMainWindow=Widget)
        self.module("PySide6.QtGui", QGuiApplication=types.SimpleNamespace(platformName=lambda: "xcb"))

    def later(self, func: Callable[..., object], args: Iterable[Any] = ()) -> None:
        """What the deferring functions come down to; any thread."""
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("not now")
        self.requests += 1
        self.queue.append(lambda: func(*args))

    def turn(self) -> None:
        """One turn of the loop."""
        for _ in range(len(self.queue)):
            if self.queue:
                self.guarded(self.queue.popleft())

    def guarded(self, func: Callable[..., Any], *args: Any) -> Any:
        """Runs a function as the application does."""
        try:
            return func(*args)
        except BaseException as error:  # noqa: BLE001 - as an application does
            self.errors.append(error)

    def to_batch(self) -> None:
        """From now on it is the application without its user interface."""
        raise NotImplementedError

    def drop(self) -> None:
        """A new scene: what was asked for is forgotten, where an application does that."""
        self.queue.clear()


class Widget:
    """A widget of Qt, as far as adapters look at it."""

    def __init__(self, kind: str, width: int = 1200) -> None:
        self.kind = kind
        self.width = lambda: width
        self.height = lambda: 800

    def inherits(self, kind: str) -> bool:
        return kind in ("QWidget", self.kind)

    def isVisible(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def window(self) -> Widget:
        return self

    def windowHandle(self) -> object:  # noqa: N802 - Qt's name
        return self

    def winId(self) -> int:  # noqa: N802 - Qt's name
        return 0x600002


Widget.__module__ = "PySide6.QtWidgets"


class Maya(StandIn):
    """``executeDeferred`` runs at the next idle event, and never in batch mode. The main window is an address."""

    name, version = "maya", "2025"

    def __init__(self) -> None:
        super().__init__()
        self.batch = False
        utils = self.module("maya.utils", executeDeferred=lambda func, *args: self.later(func, args))
        cmds = self.module("maya.cmds", about=lambda **what: self.batch if "batch" in what else self.version)
        windows = types.SimpleNamespace(mainWindow=lambda: 0x5577 if self.main_window is not None else None)
        ui = self.module("maya.OpenMayaUI", MQtUtil=windows)
        self.module("shiboken6", wrapInstance=lambda address, kind: {0x5577: self.main_window}[address])
        self.module("maya", utils=utils, cmds=cmds, OpenMayaUI=ui)

    def to_batch(self) -> None:
        self.batch = True


class Houdini(StandIn):
    """``hdefereval`` cannot be imported without a user interface."""

    name, version = "houdini", "20.5.332"

    def __init__(self) -> None:
        super().__init__()
        self.interface = True
        self.module("hdefereval", executeDeferred=lambda func, *args, **kwargs: self.later(func, args))
        self.module(
            "hou",
            isUIAvailable=lambda: self.interface,
            applicationVersionString=lambda: self.version,
            qt=types.SimpleNamespace(mainWindow=lambda: self.main_window),
        )

    def to_batch(self) -> None:
        self.interface = False
        del self.modules["hdefereval"]


class Nuke(StandIn):
    """``executeInMainThread`` takes its arguments as a tuple and a dictionary."""

    name, version = "nuke", "15.1v3"

    def __init__(self) -> None:
        super().__init__()
        self.module("nuke", executeInMainThread=self.execute, GUI=True, NUKE_VERSION_STRING=self.version)
        application = types.SimpleNamespace(inherits=lambda kind: kind == "QApplication")
        self.module("PySide6.QtCore", QCoreApplication=types.SimpleNamespace(instance=lambda: application))

    def execute(self, call: Callable[..., object], args: Any = (), kwargs: Any = {}) -> None:  # noqa: B006 - as there
        assert not kwargs
        self.later(call, args if isinstance(args, tuple) else (args,))

    def to_batch(self) -> None:
        self.modules["nuke"].GUI = False
        del self.modules["PySide6.QtCore"]


class Unreal(StandIn):
    """Callbacks of each tick, with the seconds since the last one. There is no batch mode with ticks."""

    name, version, toolkit = "unreal", "5.4.4", "Slate"
    nests = wakes = defers = has_qt = False

    def __init__(self) -> None:
        super().__init__()
        self.callbacks: dict[object, Callable[[float], None]] = {}
        self.module(
            "unreal",
            register_slate_post_tick_callback=self.register,
            unregister_slate_post_tick_callback=self.callbacks.pop,
            SystemLibrary=types.SimpleNamespace(get_engine_version=lambda: self.version),
        )

    def register(self, func: Callable[[float], None]) -> object:
        handle = object()
        self.callbacks[handle] = func
        return handle

    def turn(self) -> None:
        for func in list(self.callbacks.values()):
            self.guarded(func, 0.016)

    def drop(self) -> None:
        """Ticks go on."""


class Blender(StandIn):
    """Timers: ``None`` ends one, an error too, and the loading of a file all that are not persistent."""

    name, version, toolkit = "blender", "3.4.1", "GHOST"
    nests = wakes = defers = has_qt = False

    def __init__(self) -> None:
        super().__init__()
        self.timers: dict[Callable[[], float | None], tuple[float, bool]] = {}
        self.screen = types.SimpleNamespace(is_animation_playing=False)
        window = types.SimpleNamespace(screen=self.screen)
        timers = types.SimpleNamespace(
            register=self.register, is_registered=self.timers.__contains__, unregister=self.timers.pop
        )
        self.module(
            "bpy",
            app=types.SimpleNamespace(version_string=self.version, background=False, timers=timers),
            context=types.SimpleNamespace(window_manager=types.SimpleNamespace(windows=[window])),
        )

    def register(
        self, func: Callable[[], float | None], *, first_interval: float = 0, persistent: bool = False
    ) -> None:
        self.timers[func] = (time.monotonic() + first_interval, persistent)

    def turn(self) -> None:
        now = time.monotonic()
        for func, (due, persistent) in list(self.timers.items()):
            if due <= now:
                pause = self.guarded(func)
                if pause is None:
                    self.timers.pop(func, None)
                elif func in self.timers:
                    self.timers[func] = (now + pause, persistent)

    def to_batch(self) -> None:
        self.modules["bpy"].app.background = True

    def drop(self) -> None:
        for func, (_, persistent) in list(self.timers.items()):
            if not persistent:
                del self.timers[func]


class Qt(StandIn):
    """A binding of Qt, as far as needed: posted events, socket notifiers, one application object."""

    name, version, toolkit = "qt", "7.2", "Qt 6.8.1 (PySide6)"
    defers = False

    def __init__(self) -> None:
        super().__init__()
        loop = self
        self.notifiers: list[Any] = []
        application = types.SimpleNamespace(inherits=lambda kind: kind == "QApplication")

        class QObject:
            def deleteLater(self) -> None:  # noqa: N802 - Qt's name
                loop.notifiers[:] = [one for one in loop.notifiers if one is not self]

            def event(self, event: QEvent) -> bool:
                return False

        class QEvent:
            Type = types.SimpleNamespace(User=1000)

            def __init__(self, kind: int) -> None:
                self.type = lambda: kind

        class Signal:
            def __init__(self) -> None:
                self.slots: list[Callable[..., object]] = []

            def connect(self, slot: Callable[..., object]) -> None:
                self.slots.append(slot)

        def post_event(receiver: QObject, event: QEvent) -> None:
            loop.later(lambda: receiver.event(event))

        class QSocketNotifier(QObject):
            Type = types.SimpleNamespace(Read=0)

            def __init__(self, descriptor: int, kind: int, parent: object) -> None:
                assert parent is application
                self.descriptor = descriptor
                self.enabled = True
                self.activated = Signal()
                loop.notifiers.append(self)

            def setEnabled(self, enabled: bool) -> None:  # noqa: N802 - Qt's name
                self.enabled = enabled

        self.core = self.module(
            "PySide6.QtCore",
            QObject=QObject,
            QSocketNotifier=QSocketNotifier,
            QEvent=QEvent,
            QCoreApplication=types.SimpleNamespace(
                instance=lambda: application, applicationVersion=lambda: "7.2", postEvent=post_event
            ),
            qVersion=lambda: "6.8.1",
        )

    def turn(self) -> None:
        for notifier in list(self.notifiers):
            if notifier.enabled and select.select([notifier.descriptor], [], [], 0)[0]:
                self.requests += 1
                for slot in notifier.activated.slots:
                    self.guarded(slot, notifier.descriptor)
        super().turn()

    def to_batch(self) -> None:
        self.core.QCoreApplication.instance = lambda: None

    def drop(self) -> None:
        """Qt forgets nothing."""


class FreeCAD(Qt):
    """A Qt program with a module of its own."""

    name, version = "freecad", "0.20.2"

    def __init__(self) -> None:
        super().__init__()
        self.module("FreeCADGui", getMainWindow=lambda: self.main_window)
        self.module("FreeCAD", Version=lambda: ["0", "20", "2", "29177 (Git)"])


class Krita(Qt):
    """Another one."""

    name, version = "krita", "5.1.5"

    def __init__(self) -> None:
        super().__init__()
        window = types.SimpleNamespace(qwindow=lambda: self.main_window)
        application = types.SimpleNamespace(version=lambda: "5.1.5", activeWindow=lambda: window)
        self.module("krita", Krita=types.SimpleNamespace(instance=lambda: application))


class Max3ds(Qt):
    """A Qt program whose functions are those of MAXScript."""

    name, version = "max3ds", "2024"
    defers = True

    def __init__(self) -> None:
        super().__init__()
        self.module("pymxs", runtime=types.SimpleNamespace(maxVersion=lambda: [26000, 62, 0]))
        self.module("qtmax", GetQMaxMainWindow=lambda: self.main_window)


ALL: list[type[StandIn]] = [Blender, Maya, Houdini, Nuke, Max3ds, Unreal, FreeCAD, Krita, Qt]
