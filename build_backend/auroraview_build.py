"""The PEP 517 backend: maturin, preceded by the build of what owns windows.

The wheel has four native parts. maturin builds the extension module ``auroraview._core``, which links no web engine.
Three more link WebKitGTK: the library ``libauroraview_host.so``, loaded when the first window opens, the executable
``auroraview-shell``, for windows in a process of their own, and ``libauroraview_webext.so``, which the engine loads
into its own processes. Cargo builds them here and they are laid into ``python/auroraview/_native/``, from where maturin
packs them as plain files, modes included.

A source distribution needs neither cargo's build nor WebKitGTK. Run as a script, this builds the three parts alone.
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
SHELL = "auroraview-shell"
WEB_PROCESS = "libauroraview_webext.so"
# Where each lies in there. The engine loads every library of the folder that it is told: ours is alone in it.
PLACES = {LIBRARY: LIBRARY, SHELL: SHELL, WEB_PROCESS: f"webext/{WEB_PROCESS}"}
WEBKITGTK = "webkit2gtk-4.1 >= 2.40"

Settings = Mapping[str, Any] | None


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Builds the wheel, all native parts included."""
    build_host()
    return str(maturin.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Builds the native parts into the checkout, and a wheel that points to it."""
    build_host()
    return str(maturin.build_editable(wheel_directory, config_settings, metadata_directory))


def build_host() -> list[Path]:
    """Builds what links WebKitGTK in release mode and lays it into the package; returns where the parts are."""
    check_webkitgtk()
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "build", "--release", "--locked", "--message-format", "json-render-diagnostics"]
    command += ["--package", "auroraview-host", "--package", "auroraview-webext", "--lib", "--bin", SHELL]
    try:
        process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit(f"auroraview: {cargo} is not installed; see https://rustup.rs") from None
    if process.returncode:
        raise SystemExit(f"auroraview: building what owns windows failed (cargo exited with {process.returncode})")
    (NATIVE / "webext").mkdir(parents=True, exist_ok=True)
    targets = [lay(built(name, process.stdout), NATIVE / place) for name, place in PLACES.items()]
    third_party.write(cargo, ROOT, NATIVE / "THIRD_PARTY_LICENSES.txt")
    return targets


def lay(source: Path, target: Path) -> Path:
    """Puts a copy of an executable file in its place, where it differs from what is there."""
    if not (target.exists() and filecmp.cmp(source, target, shallow=False)):
        # Replaced, not rewritten: a running program may have the old one mapped.
        fresh = NATIVE / f"{target.name}.new"
        shutil.copy2(source, fresh)
        fresh.replace(target)
    target.chmod(0o755)
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
        f"auroraview: {problem}, which the build of the parts that own windows needs.\n"
        "  Debian, Ubuntu: sudo apt-get install build-essential pkg-config libwebkit2gtk-4.1-dev\n"
        "  Fedora:         sudo dnf install gcc pkgconf-pkg-config webkit2gtk4.1-devel\n"
        "  Arch:           sudo pacman -S base-devel webkit2gtk-4.1"
    )


def built(name: str, messages: str) -> Path:
    """Where cargo says that it put a file: it knows its target directory, whatever set it."""
    for line in messages.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact":
            for file in message["filenames"]:
                if Path(file).name == name:
                    return Path(file)
    raise SystemExit(f"auroraview: cargo built no {name}")


if __name__ == "__main__":
    for part in build_host():
        print(part.relative_to(ROOT))
