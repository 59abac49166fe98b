"""What of the machine a window uses: GPU, locale, fonts, files, shared memory, the home directory."""

from __future__ import annotations

import ctypes
import glob
import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from auroraview._doctor import _throwaway
from auroraview._doctor._check import OK, WARN, Check, Look

GPU = "/dev/dri/renderD128"
NVIDIA = "/proc/driver/nvidia/version"
DMABUF = "WEBKIT_DISABLE_DMABUF_RENDERER"

#: A window takes dozens of descriptors, and its application has some of its own.
_LEAST_FILES = 256
_LEAST_SHARED_BYTES = 64 * 2**20


def _gpu() -> Iterator[Check]:
    """Says what the window library makes of it: see :mod:`._fixes`."""
    nodes = sorted(glob.glob("/dev/dri/renderD*"))
    if os.path.exists(NVIDIA):
        yield Check("gpu", OK, "the GPU has NVIDIA's driver, with which pages are handed over without DMA-BUF")
    elif not os.path.exists(GPU):
        others = f" ({', '.join(nodes)} is not used)" if nodes else ""
        yield Check("gpu", OK, f"there is no GPU at {GPU}{others}: pages are drawn by the processor")
    elif not os.access(GPU, os.R_OK | os.W_OK):
        text = f"{GPU} is there and you may not use it: pages are drawn by the processor, or stay empty"
        yield Check("gpu", WARN, text, 'sudo usermod -aG render "$USER", and log in again')
    else:
        yield Check("gpu", OK, f"pages are drawn by the GPU at {GPU}")
    for name in ("WEBKIT_DISABLE_COMPOSITING_MODE", "LIBGL_ALWAYS_SOFTWARE", "GSK_RENDERER"):
        if os.environ.get(name):
            yield Check("gpu-variable", OK, f"{name}={os.environ[name]} is set, which changes how pages are drawn")


def _locale() -> Iterator[Check]:
    named = {name: os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)}
    told = ", ".join(f"{name}={value}" for name, value in named.items()) or "none is set"
    decides, value = next(iter(named.items()), ("LANG", "C"))
    outcome = _throwaway.probe("locale", seconds=10)
    unknown = outcome.found.get("unknown")
    if unknown:
        decides, value = unknown[0]
        text = f"the system does not have the locale {decides}={value}; GTK warns of it and takes C"
        yield Check("locale", WARN, text, f"sudo locale-gen {value}, or set {decides} to one that locale -a names")
    elif "utf" not in value.lower():
        text = f"the locale has no UTF-8 ({told}): names of files beyond ASCII may go wrong"
        yield Check("locale", WARN, text, f"set {decides} to one with UTF-8 that locale -a names, as C.UTF-8")
    else:
        yield Check("locale", OK, f"the locale has UTF-8 ({told})")


def _fonts() -> Iterator[Check]:
    outcome = _throwaway.probe("fonts", seconds=20)
    count = outcome.found.get("count")
    if count:
        yield Check("fonts", OK, f"{count} fonts")
    elif count == 0:
        text = "there are no fonts: text shows as empty boxes"
        yield Check("fonts", WARN, text, "sudo apt install fonts-dejavu-core, or any package of fonts")
    else:
        why = outcome.found.get("problem") or outcome.problem or outcome.said
        yield Check("fonts", WARN, f"the fonts could not be counted: {why}")


def _files() -> Iterator[Check]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = "any number of" if soft == resource.RLIM_INFINITY else f"at most {soft}"
    if soft != resource.RLIM_INFINITY and soft < _LEAST_FILES:
        text = f"this process may have {told} files open; a window takes dozens, and each further one more"
        most = "" if hard == resource.RLIM_INFINITY or hard >= 1024 else f" (the most it may be raised to is {hard})"
        yield Check("open-files", WARN, text, f"ulimit -n 1024{most}")
    else:
        yield Check("open-files", OK, f"{told} open files")
    yield _inotify()


def _inotify() -> Check:
    """Looks whether one more can be had, which is what counts."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor >= 0:
        os.close(descriptor)
        return Check("inotify", OK, "files can be watched (inotify)")
    why = os.strerror(ctypes.get_errno())
    text = f"files cannot be watched, so changed fonts and settings are not noticed: {why}"
    return Check("inotify", WARN, text, "sudo sysctl fs.inotify.max_user_instances=1024")


def _shared_memory() -> Iterator[Check]:
    place = os.statvfs("/dev/shm")
    free = place.f_bavail * place.f_frsize
    if not os.access("/dev/shm", os.W_OK):
        yield Check("shared-memory", WARN, "/dev/shm cannot be written: pages may stay empty", "chmod 1777 /dev/shm")
    elif free < _LEAST_SHARED_BYTES:
        text = f"/dev/shm has {free // 2**20} MiB left: big pages may stay empty"
        yield Check("shared-memory", WARN, text, "make it bigger (docker run --shm-size=512m)")
    else:
        yield Check("shared-memory", OK, f"/dev/shm has {free // 2**20} MiB left")


def _home() -> Iterator[Check]:
    home = Path.home()
    for name, what, place in (
        ("home", "what pages and panels keep between runs is lost", home),
        ("temporary-files", "launchers and documents that are printed need it", Path(tempfile.gettempdir())),
    ):
        if _writable(place):
            yield Check(name, OK, f"{place} can be written")
        else:
            remedy = "set HOME to a directory of yours" if place == home else "set TMPDIR to a directory of yours"
            yield Check(name, WARN, f"{place} cannot be written: {what}", remedy)


def _writable(place: Path) -> bool:
    """Root may write where the mode says no, but not where the file system is read-only: so it is tried."""
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


LOOKS = (
    Look("gpu", "Machine", 5, _gpu),
    Look("locale", "Machine", 15, _locale),
    Look("fonts", "Machine", 25, _fonts),
    Look("open-files", "Machine", 5, _files),
    Look("shared-memory", "Machine", 5, _shared_memory),
    Look("home", "Machine", 10, _home),
)
