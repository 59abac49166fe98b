"""Takes the pictures of the documentation: ``python scripts/pictures [EXAMPLE...]``, or ``make pictures``.

Each example is opened and used a little, as ``scenes.py`` says, and photographed in a light and a dark form, into
``docs/images``. Where there is no display, run it by ``scripts/with_display``. Those of the examples inside
Blender, FreeCAD, Krita and Qt come from ``make test-hosts``, which runs them there and leaves pictures of the screen in
``build/hosts-pictures``.

One process for each picture: whether WebKitGTK is light or dark is decided by the theme that GTK begins with.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "images"
#: Pictures of their own in the texts; all others are in ``docs/images/examples``.
NAMES = {"12_fleet": "fleet", "asset_browser": "asset_browser"}
SECONDS = 180.0

sys.path.insert(0, str(ROOT))


def take(name: str, *, dark: bool) -> bool:
    """Takes one picture in a process of its own; whether it did."""
    stem = NAMES.get(name, f"examples/{name}")
    target = PICTURES / f"{stem}{'_dark' if dark else ''}.png"
    environment = {**os.environ, "GTK_THEME": "Adwaita:dark" if dark else "Adwaita"}
    scheme = "dark" if dark else "light"
    command = [sys.executable, str(Path(__file__).parent), "--scene", name, "--scheme", scheme, "--to", str(target)]
    try:
        status = subprocess.run(command, env=environment, timeout=SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        status = -1
    if status:
        print(f"pictures: {name}, {scheme}: no picture", file=sys.stderr)
        return False
    if name not in NAMES:
        made_small(target)
    return True


def made_small(picture: Path) -> None:
    """Fewer colours, where ImageMagick is: a page has few, and the repository keeps every picture for ever."""
    if shutil.which("convert") is not None:
        smaller = picture.with_suffix(".small.png")
        subprocess.run(["convert", picture, "-strip", "-colors", "256", f"PNG8:{smaller}"], check=True)
        smaller.replace(picture)


def main() -> int:
    """Runs the command line."""
    import scenes

    parser = argparse.ArgumentParser(prog="pictures", description="Takes the pictures of the documentation.")
    parser.add_argument("example", nargs="*", help="its folder, such as 01_hello; all of them, unless some are named")
    parser.add_argument("--scene", help=argparse.SUPPRESS)
    parser.add_argument("--scheme", help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.scene:
        given.to.parent.mkdir(parents=True, exist_ok=True)
        scenes.SCENES[given.scene](given.to, given.scheme)
        return 0
    unknown = [name for name in given.example if name not in scenes.SCENES]
    if unknown:
        parser.error(f"no scene for {', '.join(unknown)}; there are {', '.join(scenes.SCENES)}")
    names = given.example or list(scenes.SCENES)
    taken = [take(name, dark=dark) for name in names for dark in (False, True)]
    print(f"{sum(taken)} of {len(taken)} pictures taken, in {PICTURES.relative_to(ROOT)}")
    return 0 if all(taken) else 1


if __name__ == "__main__":
    sys.exit(main())
