"""The front door: what is exported, that it is documented, and that importing it needs nothing."""

import inspect
import os
import pathlib
import shutil
import subprocess
import sys
import types

import pytest

import auroraview
from auroraview import _asgi, _downloads, _main_thread, errors, hosts, launcher, navigation, options, server, testing
from auroraview import peer as peer_module
from tests.helpers import SECONDS

#: What API.md names; a change here is a change of what programs rely on.
PUBLIC = """
Array AsgiApp AuroraViewError Backpressure Bridge Buffer Call CallTimeout Cancelled Download Future HostError Launcher
Limits Navigation Peer PeerInfo ProtocolError RemoteError Request Server ServerOptions UsageError ViewClosed WebView
Window WindowOptions __version__ asgi current_call hosts main_thread serve
""".split()

MODULES = [
    auroraview,
    _asgi,
    _downloads,
    errors,
    hosts,
    launcher,
    _main_thread,
    navigation,
    options,
    peer_module,
    server,
    testing,
]


def test_exactly_the_public_names_are_exported():
    assert sorted(auroraview.__all__) == sorted(PUBLIC)


def test_nothing_public_is_there_without_being_exported():
    submodules = {name for name, value in vars(auroraview).items() if isinstance(value, types.ModuleType)}
    names = {name for name in vars(auroraview) if not name.startswith("_")} - submodules
    assert names <= set(auroraview.__all__)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_all_names_what_is_there(module):
    assert all(hasattr(module, name) for name in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


def _documented():
    for module in MODULES:
        yield module.__name__, module
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, (str, types.ModuleType)):
                continue
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                # Also of the parts that a class is made of.
                ours = [vars(part) for part in thing.__mro__ if part.__module__.startswith("auroraview")]
                for member, value in [one for part in ours for one in part.items()]:
                    if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                        yield f"{module.__name__}.{name}.{member}", value


DOCUMENTED = dict(_documented())


@pytest.mark.parametrize("thing", DOCUMENTED.values(), ids=DOCUMENTED)
def test_everything_public_has_a_docstring(thing):
    assert inspect.getdoc(thing)


@pytest.mark.parametrize(
    "name", [name for name in PUBLIC if name not in ("__version__", "hosts", "main_thread", "Call", "Array", "Buffer")]
)
def test_public_things_know_their_module_and_their_name(name):
    thing = getattr(auroraview, name)
    assert thing.__name__ == name
    assert thing.__module__.startswith("auroraview.")


CLASSES = [getattr(auroraview, name) for name in "AsgiApp Bridge Launcher Peer Server WebView Window".split()]


@pytest.mark.parametrize(
    ("function", "most"),
    [
        (function, 4 if name == "buffer" else 3)  # shape and dtype, as array libraries have them
        for thing in (*CLASSES, testing.MemoryPage)
        for name, function in inspect.getmembers(thing, inspect.isfunction)
        if not name.startswith("_")
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_what_comes_after_the_second_parameter_is_given_by_name(function, most):
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) <= most  # with self


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert auroraview.__version__ == version("auroraview")


PROBE = """
import sys
before = set(sys.modules)
import auroraview, auroraview.testing
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names) - {"auroraview"}))
import threading
print(*[thread.name for thread in threading.enumerate()])
print(*[line.split("/")[-1] for line in open("/proc/self/maps") if "webkit" in line or "gtk" in line])
"""


def test_importing_needs_no_third_party_package_no_thread_and_no_webkit():
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=SECONDS * 2, check=True
    )
    assert done.stdout.split("\n") == ["", "MainThread", "", ""]


def imported(code):
    """The modules that are there after the code ran, in an interpreter of its own."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_else():
    assert imported("import auroraview") - imported("") <= {"auroraview"}


def test_what_a_window_needs_does_without_the_heavy_modules():
    heavy = {"asyncio", "ssl", "socket", "subprocess", "http", "http.cookies", "ctypes", "webbrowser", "secrets"}
    others = {"auroraview.server", "auroraview._asgi", "auroraview.launcher", "auroraview.hosts", "auroraview.testing"}
    view = "from auroraview import WebView\nview = WebView(html='<p>')\nview.bind_call('f', lambda: 1)"
    assert not imported(view) & (heavy | others)


def test_where_something_is_bound_for_the_main_thread_its_watch_is_there():
    bound = "from auroraview import Bridge\nBridge().bind_call('f', int, thread='main')"
    assert "auroraview._main_thread" in imported(bound)
    of_a_bridge = "from auroraview import Bridge\nBridge(default_thread='main').bind_call('f', int)"
    assert "auroraview._main_thread" in imported(of_a_bridge)


def test_each_name_is_there_at_first_use_and_then_for_good():
    assert set(auroraview.__all__) <= set(dir(auroraview))
    assert vars(auroraview)["WebView"] is auroraview.WebView
    assert auroraview.errors is errors
    with pytest.raises(AttributeError, match="module 'auroraview' has no attribute 'WebVeiw'"):
        auroraview.WebVeiw  # noqa: B018


def test_without_the_native_module_the_import_says_what_to_do(tmp_path):
    """The package without what is built, as in a checkout."""
    source = pathlib.Path(auroraview.__file__).parent
    shutil.copytree(source, tmp_path / "auroraview", ignore=shutil.ignore_patterns("_core.*.so", "_native"))
    for code in ("from auroraview import WebView", "import auroraview; auroraview.serve", "import auroraview.view"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
        )
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 1
        assert last.startswith("ImportError: auroraview cannot load its native module: No module named")
        assert "`python -m auroraview doctor` says more" in last


def test_the_example_of_the_package_reads_as_it_runs():
    lines = auroraview.__doc__.split("\n")
    code = "\n".join(line[4:] for line in lines if line.startswith("    "))
    view = {}
    exec(code.replace("view.show()", ""), view)
    with testing.MemoryPage(view["view"]) as page:
        assert page.call("add", {"a": 1, "b": 2}).result(SECONDS) == 3
