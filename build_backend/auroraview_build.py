"""The PEP 517 backend: maturin, preceded by the build of the host library.

The wheel has two native parts. maturin builds the extension module ``auroraview._core``, which links no web engine. The
library that owns the windows, ``libauroraview_host.so``, links WebKitGTK and is loaded when the first window opens;
cargo builds it here and it is laid into ``python/auroraview/_native/``, from where maturin packs it as a plain file.

A source distribution needs neither cargo's build nor WebKitGTK. Run as a script, this builds the host library alone.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maturin
import third_party
from maturin import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "python" / "auroraview" / "_native"
LIBRARY = "libauroraview_host.so"
WEBKITGTK = "webkit2gtk-4.1 >= 2.40"

Settings = Mapping[str, Any] | None


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Builds the wheel, both native parts included."""
    build_host()
    return str(maturin.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Builds both native parts into the checkout, and a wheel that points to it."""
    build_host()
    return str(maturin.build_editable(wheel_directory, config_settings, metadata_directory))


def build_host() -> Path:
    """Builds the host library in release mode and lays it into the package; returns where it is."""
    check_webkitgtk()
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "build", "--release", "--locked", "--package", "auroraview-host", "--lib"]
    command += ["--message-format", "json-render-diagnostics"]
    try:
        process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit(f"auroraview: {cargo} is not installed; see https://rustup.rs") from None
    if process.returncode:
        raise SystemExit(f"auroraview: building the window library failed (cargo exited with {process.returncode})")
    built = built_library(process.stdout)
    target = NATIVE / LIBRARY
    NATIVE.mkdir(exist_ok=True)
    if not (target.exists() and filecmp.cmp(built, target, shallow=False)):
        # Replaced, not rewritten: a running program may have the old one mapped.
        fresh = target.with_suffix(".new")
        shutil.copy2(built, fresh)
        fresh.replace(target)
    third_party.write(cargo, ROOT, NATIVE / "THIRD_PARTY_LICENSES.txt")
    return target


def check_webkitgtk() -> None:
    """Ends with one clear sentence when WebKitGTK's development files are not installed."""
    pkg_config = os.environ.get("PKG_CONFIG", "pkg-config")
    try:
        if subprocess.run([pkg_config, "--exists", WEBKITGTK], check=False).returncode == 0:
            return
        problem = f"pkg-config does not find {WEBKITGTK}"
    except FileNotFoundError:
        problem = f"{pkg_config} is not installed"
    raise SystemExit(
        f"auroraview: {problem}, which the build of the window library needs.\n"
        "  Debian, Ubuntu: sudo apt-get install build-essential pkg-config libwebkit2gtk-4.1-dev\n"
        "  Fedora:         sudo dnf install gcc pkgconf-pkg-config webkit2gtk4.1-devel\n"
        "  Arch:           sudo pacman -S base-devel webkit2gtk-4.1"
    )


def built_library(messages: str) -> Path:
    """Where cargo says that it put the library: it knows its target directory, whatever set it."""
    for line in messages.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact":
            for name in message["filenames"]:
                if Path(name).name == LIBRARY:
                    return Path(name)
    raise SystemExit(f"auroraview: cargo built no {LIBRARY}")


if __name__ == "__main__":
    print(build_host().relative_to(ROOT))
