"""The fixture `page` of the plugin, and what the plugin costs those who do not use it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.helpers import SECONDS


@pytest.fixture
def run(tmp_path):
    """Runs tests with pytest; gives its exit status and output."""

    def run_tests(text: str, *options: str, **files: str) -> tuple[int, str]:
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
        for name, content in {"test_it": text, **files}.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(content), "utf-8")
        names = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "DISPLAY", "WAYLAND_DISPLAY")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=SECONDS * 2,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run_tests


def test_the_page_is_one_of_the_fixture_bridge(run):
    text = """
        import pytest
        from auroraview import Bridge, WebView

        @pytest.fixture(params=[Bridge, WebView])
        def bridge(request):
            bridge = request.param()
            bridge.bind_call("add", lambda a, b: a + b)
            return bridge

        def test_add(page):
            assert page.call("add", [1, 2]).result(timeout=5) == 3
    """
    status, said = run(text)
    assert (status, "2 passed" in said) == (0, True), said


def test_without_a_fixture_bridge_the_page_has_one_of_its_own(run):
    text = """
        def test_add(page):
            page.peer.bridge.bind_call("one", lambda: 1)
            assert page.call("one").result(timeout=5) == 1

        def test_both(bridge, page):
            assert page.peer.bridge is bridge
    """
    status, said = run(text)
    assert (status, "2 passed" in said) == (0, True), said


def test_a_fixture_bridge_that_lacks_one_of_its_own_is_told_as_such(run):
    text = """
        import pytest

        @pytest.fixture
        def bridge(settings):
            return settings

        def test_add(page):
            pass
    """
    status, said = run(text)
    assert status == 1
    assert "fixture 'settings' not found" in said


def test_another_plugin_that_has_a_page_keeps_it(run):
    other = """
        import pytest

        @pytest.fixture
        def page():
            return "of the other plugin"
    """
    text = """
        def test_page(page):
            assert page == "of the other plugin"
    """
    status, said = run(text, "-p", "other", other=other)
    assert (status, "1 passed" in said) == (0, True), said


def test_a_conftest_that_has_a_page_keeps_it_and_others_have_ours(run, tmp_path):
    conftest = """
        import pytest

        @pytest.fixture
        def page():
            return "of the folder"
    """
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "conftest.py").write_text(textwrap.dedent(conftest), "utf-8")
    (tmp_path / "folder" / "test_there.py").write_text("def test(page): assert page == 'of the folder'", "utf-8")
    status, said = run("def test(page): assert page.methods == set()", "folder", "test_it.py")
    assert (status, "2 passed" in said) == (0, True), said


def test_who_does_not_use_it_does_not_import_the_library(run):
    text = """
        import sys

        def test_modules():
            found = {name for name in sys.modules if name.partition(".")[0] == "auroraview"}
            assert found == {"auroraview", "auroraview.testing", "auroraview.testing.plugin"}

        def test_that_fails():
            assert False
    """
    status, said = run(text)
    assert (status, "1 failed, 1 passed" in said) == (1, True), said
    assert "auroraview" not in said.replace("auroraview-artifacts", "").split("short test summary")[1]


def test_the_library_does_not_import_pytest():
    program = """
import sys
from auroraview.testing import *
print(sorted(name for name in sys.modules if "pytest" in name and "auroraview" not in name))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert done.stdout == "[]\n"
