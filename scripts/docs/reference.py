"""Makes the pages of the reference: of Python from its docstrings, of TypeScript from its TSDoc.

What ``auroraview.__all__`` has and no page below names is on the page "Further names", so that nothing is missing.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

#: Page, its title, the names of ``auroraview`` on it.
PAGES: dict[str, tuple[str, list[str]]] = {
    "views": ("Views and windows", ["WebView", "Window", "WindowOptions", "Navigation", "Download"]),
    "bridge": (
        "Bridges and peers",
        ["Bridge", "Call", "current_call", "Peer", "PeerInfo", "Limits", "Array", "Future"],
    ),
    "server": ("Servers", ["serve", "Server", "ServerOptions", "Request", "asgi", "AsgiApp"]),
    "launcher": ("Launchers", ["Launcher"]),
    "errors": (
        "Errors",
        [
            "AuroraViewError",
            "UsageError",
            "ViewClosed",
            "CallTimeout",
            "Cancelled",
            "Backpressure",
            "RemoteError",
            "ProtocolError",
            "HostError",
        ],
    ),
}

#: Modules with a page each: all of their ``__all__``.
MODULES = {
    "auroraview.hosts": "Inside applications: auroraview.hosts",
    "auroraview.qt": "Widgets of Qt: auroraview.qt",
    "auroraview.testing": "Tests: auroraview.testing",
}

#: Names of ``auroraview`` that are no classes or functions, or have a page as modules.
ELSEWHERE = {"__version__", "hosts", "main_thread"}


def python(folder: Path) -> list[str]:
    """Writes the pages of Python's reference; gives their names."""
    import auroraview

    everything = set(auroraview.__all__) - ELSEWHERE
    pages = dict(PAGES)
    rest = sorted(everything - {name for _, names in PAGES.values() for name in names})
    if rest:
        pages["further"] = ("Further names", rest)
    for page, (title, names) in pages.items():
        blocks = [_directive(auroraview, name) for name in names if name in everything]
        (folder / f"{page}.rst").write_text("\n".join([title, "=" * len(title), "", *blocks]), "utf-8")
    for module, title in MODULES.items():
        (folder / f"{module}.rst").write_text(_module(module, title), "utf-8")
    (folder / "main_thread.rst").write_text(MAIN_THREAD, "utf-8")
    return [*pages, "main_thread", *MODULES]


MAIN_THREAD = """\
The main thread: auroraview.main_thread
=======================================

.. py:data:: auroraview.main_thread

   The queue of work for the program's main thread, one for the process.

.. autoclass:: auroraview._main_thread.MainThread
   :members:
   :no-index:
"""


def _directive(module: Any, name: str) -> str:
    thing = getattr(module, name)
    full = f"{module.__name__}.{name}"
    if not isinstance(thing, type):
        return f".. autofunction:: {full}\n"
    if thing.__name__ != name:  # another name of a class: told as that class, without its own
        return f".. py:class:: {full}\n\n{_indented(thing.__doc__ or '')}\n\n{_members(thing, full)}\n"
    if issubclass(thing, Exception):
        return f".. autoclass:: {full}\n   :members:\n   :show-inheritance:\n"
    # What a class has from parts of it that have no page.
    parts = any(base.__module__.startswith("auroraview.") for base in thing.__mro__[1:])
    inherited = "   :inherited-members:\n" if parts else ""
    return f".. autoclass:: {full}\n   :members:\n   :undoc-members:\n{inherited}"


def _members(thing: type, full: str) -> str:
    """Public members of a class whose name here is not its own."""
    made = []
    for name, member in vars(thing).items():
        if name.startswith("_"):
            continue
        kind = "method" if callable(member) else "attribute"
        sign = "()" if kind == "method" else ""
        text = (member.__doc__ or "").split("--\n\n")[-1]
        made.append(f"   .. py:{kind}:: {name}{sign}\n\n{_indented(text, 6)}\n")
    return "\n".join(made)


def _indented(text: str, by: int = 3) -> str:
    return "\n".join(" " * by + line if line.strip() else "" for line in text.strip().splitlines())


def _module(module: str, title: str) -> str:
    head = [title, "=" * len(title), "", f".. automodule:: {module}", "   :no-members:", ""]
    # Not looked at here: where it is imported, what it needs of applications has stand-ins.
    tree = ast.parse((ROOT / "python" / module.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    lists = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets)
    ]
    names: list[str] = ast.literal_eval(lists[0])
    return "\n".join([*head, *(_of_module(module, name) for name in names)])


def _of_module(module: str, name: str) -> str:
    if name[0].isupper():
        return f".. autoclass:: {module}.{name}\n   :members:\n   :undoc-members:\n"
    return f".. autofunction:: {module}.{name}\n"


def typescript(folder: Path, tools: Path) -> None:
    """Writes the pages of the reference of ``@auroraview/sdk``: an index, and one for each name it has.

    Args:
        folder: where to; it is made.
        tools: where typedoc is installed.

    Raises:
        subprocess.CalledProcessError: typedoc has failed or warned.
    """
    sdk = ROOT / "js_sdk"
    package = json.loads((sdk / "package.json").read_text(encoding="utf-8"))
    entries = [source for entry in package["exports"].values() if (source := _source_of(sdk, entry)) is not None]
    settings = {
        "extends": str(sdk / "tsconfig.json"),
        "compilerOptions": {"types": [], "noEmit": True},
        "include": [str(sdk / "src")],
    }
    project = tools / "tsconfig.json"
    project.write_text(json.dumps(settings), "utf-8")
    options: dict[str, Any] = {
        "entryPoints": [str(entry) for entry in entries],
        "basePath": str(sdk),
        "tsconfig": str(project),
        "plugin": ["typedoc-plugin-markdown"],
        "out": str(folder),
        "readme": "none",
        "name": "TypeScript: @auroraview/sdk",
        "disableSources": True,
        "excludePrivate": True,
        "excludeInternal": True,
        "excludeExternals": True,
        "treatWarningsAsErrors": True,
        "validation": {"notExported": False, "invalidLink": True},
        "router": "member",
        "hideBreadcrumbs": True,
        "hidePageHeader": True,
        "entryFileName": "index.md",
        "parametersFormat": "table",
        "propertiesFormat": "table",
        "interfacePropertiesFormat": "table",
        "typeDeclarationFormat": "table",
        "useCodeBlocks": True,
    }
    given = tools / "typedoc.json"
    given.write_text(json.dumps(options), "utf-8")
    subprocess.run(["node", "node_modules/typedoc/bin/typedoc", "--options", given.name], cwd=tools, check=True)
    for page in folder.rglob("*.md"):
        page.write_text(_for_sphinx(page.read_text(encoding="utf-8")), "utf-8")
    for index in folder.rglob("index.md"):
        below = sorted(_below(index.parent), key=lambda page: (page.name == "index.md", page))
        names = [page.relative_to(index.parent).with_suffix("").as_posix() for page in below]
        with index.open("a", encoding="utf-8") as file:
            file.write("\n```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n")


def _below(folder: Path) -> Iterator[Path]:
    """The pages that an index leads to: those of its folder, and of each folder with an index of its own only that."""
    for path in folder.iterdir():
        if path.is_file() and path.name != "index.md":
            yield path
        elif path.is_dir() and (path / "index.md").exists():
            # The entries of the package are beside its main one, and not below it.
            if folder.name != "src":
                yield path / "index.md"
                yield from (entry for entry in path.glob("*/index.md") if path.name == "src")
        elif path.is_dir():
            yield from _below(path)


def _source_of(sdk: Path, entry: Any) -> Path | None:
    """The source of an entry of the package: ``dist/react/index.d.ts`` is made from ``src/react/index.ts``."""
    types = entry.get("types") if isinstance(entry, dict) else None
    if not isinstance(types, str):
        return None
    stem = re.sub(r"^\./dist/|\.d\.ts$", "", types)
    found = [sdk / "src" / f"{stem}{suffix}" for suffix in (".ts", ".tsx")]
    return next((source for source in found if source.exists()), None)


def _for_sphinx(text: str) -> str:
    """Without typedoc's own anchors: headings have theirs. A link to a row of a table leads to the table's page."""
    text = re.sub(r"<a id=\"[^\"]*\"></a>\s*", "", text)
    # Entries are named as they are imported, and not as their files are.
    text = re.sub(r"^# src(/\w+)?$", r"# @auroraview/sdk\1", text, flags=re.MULTILINE)
    text = re.sub(r"\[src(/\w+)?\]\(", r"[@auroraview/sdk\1](", text)
    text = re.sub(r"\[([^\]]*)\]\(#property-[\w-]+\)", r"\1", text)
    return re.sub(r"(\.md)#property-[\w-]+\)", r"\1)", text)
