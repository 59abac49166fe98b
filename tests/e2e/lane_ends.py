"""The ends of the fast lane, found by what the kernel shows: so a test can break a lane, or speak badly on it with the
voice of either process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from pathlib import Path

from tests.e2e.helpers import wait_for


def host_ends() -> list[socket.socket]:
    """Duplicates of the program's ends of all fast lanes that there are: packet sockets that it polls."""
    watched: set[int] = set()
    for entry in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            for line in entry.read_text().splitlines():
                if line.startswith("tfd:"):
                    watched.add(int(line.split()[1]))
    found = []
    for descriptor in watched:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:"):
                end = socket.socket(fileno=os.dup(descriptor))
                if (end.family, end.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET):
                    found.append(end)
                else:
                    end.close()
    return found


def lanes_open() -> int:
    """How many fast lanes the program has."""
    ends = host_ends()
    for end in ends:
        end.close()
    return len(ends)


def host_end() -> socket.socket:
    """A duplicate of the program's end of the one lane that there is."""
    ends = wait_for(host_ends, "a lane")
    assert len(ends) == 1, f"{len(ends)} lanes"
    only: socket.socket = ends[0]
    return only


def page_end(host: socket.socket, pids: set[int]) -> socket.socket:
    """A duplicate of the page's end of a lane, which one of these processes has."""
    peer = _peers()[os.fstat(host.fileno()).st_ino]
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(entry) == f"socket:[{peer}]":
                    return socket.socket(fileno=_descriptor_of(pid, int(entry.name)))
    raise AssertionError("no process of a page has the other end")


def segments(pid: int | str = "self") -> int:
    """Bytes of shared memory for large attachments that a process has mapped."""
    total = 0
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if "/memfd:auroraview" in line:
            start, _, end = line.split()[0].partition("-")
            total += int(end, 16) - int(start, 16)
    return total


_NLM_REQUEST_DUMP = 0x301
_SOCK_DIAG_BY_FAMILY = 20
_SOCK_DIAG = 4
_DONE = 3
_SHOW_PEER = 4
_PEER = 2
_PIDFD_GETFD = 438


def _peers() -> dict[int, int]:
    """Inodes of all connected local sockets, and those of their other ends, as the kernel tells them."""
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW_PEER, 0xFFFFFFFF, 0xFFFFFFFF)
    head = struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_REQUEST_DUMP, 1, 0)
    found: dict[int, int] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as diagnostics:
        diagnostics.settimeout(10)
        diagnostics.send(head + request)
        while True:
            data = diagnostics.recv(1 << 18)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == _DONE:
                    return found
                inode = struct.unpack_from("=I", data, 20)[0]
                at = 32
                while at + 4 <= length:
                    size, attribute = struct.unpack_from("=HH", data, at)
                    if attribute == _PEER:
                        found[inode] = struct.unpack_from("=I", data, at + 4)[0]
                    at += (size + 3) & ~3
                data = data[(length + 3) & ~3 :]


def _descriptor_of(pid: int, number: int) -> int:
    """A duplicate of a descriptor of another process."""
    library = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        descriptor: int = library.syscall(_PIDFD_GETFD, process, number, 0)
    finally:
        os.close(process)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor
