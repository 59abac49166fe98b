"""Makes the file that is installed: ``python build.py [--wheel FILE]`` leaves it in dist/.

With ``--wheel`` AuroraView's wheel is unpacked into my_panel/vendor first, in place of what is there.
"""

import argparse
import shutil
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "my_panel"
VENDOR = PACKAGE / "vendor"
LEFT_OUT = {"__pycache__", "dist", ".git", "build.py"}


def vendor(wheel: Path) -> None:
    """Unpacks a wheel, with the modes of its files: one of them is a program."""
    for old in VENDOR.iterdir():
        if old.name != "README.txt":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            file = Path(archive.extract(entry, VENDOR))
            if mode := entry.external_attr >> 16 & 0o777:
                file.chmod(mode)


def build() -> Path:
    """Zips what is installed: this folder where it is a whole workbench, else the package alone."""
    root = HERE if (HERE / "package.xml").exists() else PACKAGE
    made = HERE / "dist" / "my_panel.zip"
    made.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            inside = file.relative_to(root)
            if file.is_file() and not LEFT_OUT.intersection(inside.parts):
                archive.write(file, "my_panel" / inside)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="AuroraView's wheel, to be unpacked into my_panel/vendor")
    chosen = parser.parse_args()
    if chosen.wheel is not None:
        vendor(chosen.wheel)
    print(build())
