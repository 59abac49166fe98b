"""``python -m benches.peers.environments``: makes an environment for each peer, where there is none of these versions.

A peer that cannot be installed is no error: it is said, and the measurements go on without. The next time it is tried
again. Wheels are fetched, or built, before they are installed, because how large they are is one of the figures.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Environment:
    """Of a peer.

    Attributes:
        title: the peer's, as long as it has not said its own.
        imports: statements that a program with a window begins with.
        check: a statement that fails where something of the system is missing.
    """

    name: str
    title: str
    imports: str
    check: str

    @property
    def requirements(self) -> Path:
        return ROOT / "scripts" / f"requirements-bench-peers-{self.name}.txt"

    @property
    def folder(self) -> Path:
        return ROOT / "build" / f"bench-peers-{self.name}"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def _record(self) -> Path:
        """What was installed; written when all of it was."""
        return self.folder / "installed.json"

    @property
    def _failure(self) -> Path:
        """Why nothing was installed."""
        return self.folder / "failure.txt"

    def make(self) -> None:
        """Makes it, unless it is there.

        Raises:
            RuntimeError: it cannot be made; with the last lines of what pip said.
        """
        wanted = self.requirements.read_text(encoding="utf-8")
        if self._installed().get("requirements") == wanted:
            return
        if self.folder.exists():
            shutil.rmtree(self.folder)
        try:
            self._install(wanted)
        except RuntimeError as error:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._failure.write_text(f"{error}\n", encoding="utf-8")
            raise

    def _install(self, wanted: str) -> None:
        _run(sys.executable, "-m", "venv", str(self.folder))
        with tempfile.TemporaryDirectory(prefix="wheels-") as wheels:
            _run(str(self.python), *PIP, "wheel", "--wheel-dir", wheels, "--requirement", str(self.requirements))
            found = {path.name: path.stat().st_size for path in sorted(Path(wheels).glob("*.whl"))}
            offline = ("--no-index", "--find-links", wheels, "--requirement", str(self.requirements))
            _run(str(self.python), *PIP, "install", *offline)
        record = {"requirements": wanted, "wheels": found}
        self._record.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    def _installed(self) -> dict[str, object]:
        try:
            record: dict[str, object] = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record

    def wheels_megabytes(self) -> float:
        """Of the peer's wheel and of those of what it requires."""
        wheels = self._installed()["wheels"]
        assert isinstance(wheels, dict)
        return sum(wheels.values()) / 1e6

    def absent(self) -> str | None:
        """Why it cannot be measured here; ``None`` where it can be."""
        if "wheels" not in self._installed():
            said = self._failure.read_text(encoding="utf-8").strip() if self._failure.exists() else ""
            return said.rpartition("\n")[2] or "make bench has not installed it yet"
        done = subprocess.run(
            [self.python, "-c", self.check], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )
        return done.stderr.strip().rpartition("\n")[2] if done.returncode else None


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise RuntimeError("\n".join(words[-15:]))


ENVIRONMENTS = (
    Environment("pywebview", "pywebview", "import webview", "import webview.platforms.gtk"),
    Environment(
        "qtwebchannel",
        "QtWebChannel",
        "from PySide6 import QtWebChannel, QtWebEngineWidgets, QtWidgets",
        "from PySide6 import QtWebChannel, QtWebEngineWidgets, QtWidgets",
    ),
)


def main() -> None:
    for environment in ENVIRONMENTS:
        try:
            environment.make()
        except RuntimeError as error:
            print(f"{environment.title} cannot be installed, and is left out:\n{error}", file=sys.stderr)


if __name__ == "__main__":
    main()
