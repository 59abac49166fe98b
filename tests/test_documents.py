"""The code in the texts that is not Python: it is run where a page can run it, and read by its own tools elsewhere.

Python is run by ``test_readme.py``.
"""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from auroraview import WebView
from tests.documents import ROOT, Block, blocks
from tests.e2e.helpers import PATIENCE, opened, wait_for

SDK = ROOT / "js_sdk"
KNOWN = {
    "",
    "text",
    "python",
    "py",
    "js",
    "ts",
    "tsx",
    "jsx",
    "html",
    "vue",
    "svelte",
    "css",
    "sh",
    "json",
    "toml",
    "ini",
}

#: What a block speaks of and does not make is anything: it can be called, asked for more, and set.
WORLD = """
const anything = () => new Proxy(function () {}, {
  get: (target, key) => (key === "then" ? undefined : key === Symbol.toPrimitive ? () => "anything" : target[key]),
  set: (target, key, value) => { target[key] = value; return true; },
});
const known = { file: new File(["text"], "a.txt"), names: ["a", "b"], window: { auroraview } };
const world = new Proxy({}, {
  has: (_, name) => typeof name === "string" && (name in known || !(name in globalThis)),
  get: (_, name) => (typeof name === "string" ? (known[name] ??= anything()) : undefined),
});
window.run = (code) => new Function("world", `with (world) { return (async () => { ${code}\\n })(); }`)(world);
"""
#: What a reader's program may have, for texts that say `MyApi`.
READERS_API = "\ninterface MyApi { rename(from: string, to: string): Promise<{ name: string }>; }"
#: A component of Vue or Svelte is no page.
COMPONENT = 'lang="ts"'
ERRORS = """
window.problems = [];
addEventListener("error", (event) => problems.push(event.message));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
"""


def shown(found: Sequence[Block]) -> list[object]:
    return [pytest.param(block, id=str(block)) for block in found]


def by_text(found: Sequence[Block]) -> list[object]:
    pages: defaultdict[str, list[Block]] = defaultdict(list)
    for block in found:
        pages[str(block.text.relative_to(ROOT))].append(block)
    return [pytest.param(some, id=name) for name, some in pages.items()]


def view_for(code: str, page: str) -> WebView:
    """A view with all methods that the code calls; each gives something with a few names."""
    view = WebView("Documents", html=page)
    names = set(re.findall(r"\bcall\(\"([\w.]+)\"", code))
    names |= {".".join(pair) for pair in re.findall(r"\bauroraview\??\.(\w+)\??\.(\w+)\(", code)} - {
        "connection.onChange"
    }
    names |= {f"api.{name}" for name in re.findall(r"(?<!\.)\bapi\.(\w+)\(", code)}
    for name in names:
        view.bind_call(name, lambda *_, **__: {"ok": True})
    return view


def esbuild(code: str, loader: str) -> str:
    """What esbuild has against a text; empty when it is a program."""
    program = SDK / "node_modules" / ".bin" / "esbuild"
    if not program.exists():
        pytest.skip("js_sdk/node_modules is not there: `npm ci` in js_sdk, which `make test` does")
    done = subprocess.run(
        [program, f"--loader={loader}", "--format=esm", "--log-level=warning", "--color=false", "--jsx=automatic"],
        input=code,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stderr if done.returncode else ""


class Markup(html.parser.HTMLParser):
    """A text of HTML: whether its tags match, and what its scripts are."""

    EMPTY = frozenset("area base br col embed hr img input link meta source track wbr !doctype".split())
    OPTIONAL = frozenset("p li dt dd option tr td th tbody thead html head body".split())

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.scripts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        self.problems += [f"<{tag}> has no end" for tag in self.open if tag not in self.OPTIONAL]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append(("ts" if dict(attrs).get("lang") == "ts" else "js", ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in self.OPTIONAL:
            self.open.pop()
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.problems.append(f"</{tag}> ends nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            loader, so_far = self.scripts[-1]
            self.scripts[-1] = (loader, so_far + data)


def test_every_block_is_in_a_language_that_is_checked() -> None:
    assert [f"{block} is in {block.language!r}" for block in blocks() if block.language not in KNOWN] == []


@pytest.mark.parametrize(
    "some", by_text([one for one in blocks("js") if one.file is None and "import " not in one.code])
)
def test_scripts_of_a_text_run_in_a_page(some: list[Block]) -> None:
    code = "\n".join(block.code for block in some)
    with opened(view_for(code, f"<!doctype html><script>{ERRORS}{WORLD}</script>")) as view:
        for block in some:
            try:
                view.eval_js(f"run({json.dumps(block.code)}).then(() => null)").result(PATIENCE)
            except Exception as error:
                raise AssertionError(f"{block}: {error}") from error
        assert view.eval_js("problems").result(PATIENCE) == []


@pytest.mark.parametrize("block", shown(blocks("js", "jsx", "ts", "tsx")))
def test_scripts_are_programs(block: Block) -> None:
    assert esbuild(block.code, block.language) == ""


@pytest.mark.parametrize("block", shown(blocks("html", "vue", "svelte")))
def test_pages_are_whole_and_their_scripts_are_programs(block: Block) -> None:
    markup = Markup(block.code)
    assert markup.problems == []
    for loader, script in markup.scripts:
        assert esbuild(script, loader) == ""


@pytest.mark.parametrize(
    "block", shown([one for one in blocks("html") if one.file is None and not re.search(f"qrc:|{COMPONENT}", one.code)])
)
def test_pages_run_in_a_window(block: Block) -> None:
    with opened(view_for(block.code, f"<!doctype html><script>{ERRORS}</script>{block.code}")) as view:
        wait_for(lambda: view.stats["calls_in_flight"] == 0, "answers to all calls of the page")
        assert view.eval_js("new Promise((done) => setTimeout(() => done(problems)))").result(PATIENCE) == []


def test_typescript_fits_the_types_of_the_sdk(tmp_path: Path) -> None:
    compiler = SDK / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("js_sdk/node_modules is not there: `npm ci` in js_sdk, which `make test` does")
    entries = json.loads((SDK / "package.json").read_text(encoding="utf-8"))["exports"]
    paths = {}
    for name, entry in entries.items():
        types = entry.get("types") if isinstance(entry, dict) else None
        if types is not None:
            source = re.sub(r"^\./dist/(.*)\.d\.ts$", r"src/\1", types)
            paths["@auroraview/sdk" + name[1:]] = [str(SDK / f"{source}{end}") for end in (".ts", ".tsx")]
    (tmp_path / "node_modules").symlink_to(SDK / "node_modules")
    for number, block in enumerate(blocks("ts", "tsx", "html", "vue", "svelte")):
        if block.language in ("ts", "tsx"):
            code, language = block.code, block.language
        else:
            code, language = "\n".join(text for kind, text in Markup(block.code).scripts if kind == "ts"), "ts"
        for api in ("MyApi", "Api"):
            if f"<{api}>" in code and f"interface {api}" not in code:
                code += READERS_API.replace("MyApi", api)
        (tmp_path / f"block{number}.{language}").write_text(f"// {block}\n{code}\nexport {{}};\n", "utf-8")
    options = {
        "extends": str(SDK / "tsconfig.json"),
        "compilerOptions": {
            "types": [],
            "noEmit": True,
            "paths": paths,
            "jsx": "react-jsx",
            "noUnusedLocals": False,
            "noUnusedParameters": False,
            "allowImportingTsExtensions": True,
        },
        "include": [str(tmp_path / "block*")],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(options), "utf-8")
    done = subprocess.run(
        [compiler, "-p", tmp_path, "--pretty", "false"], capture_output=True, text=True, timeout=55, check=False
    )
    # What a block speaks of and does not make: a name of the reader's, a file of theirs, Node's `process`.
    theirs = re.compile(r"error TS(2304|2552|2580|2591|7006|7031)\b|error TS2307: Cannot find module '\.")
    problems = [line for line in done.stdout.splitlines() if " error TS" in line and not theirs.search(line)]
    assert problems == []


@pytest.mark.parametrize("block", shown(blocks("py")))
def test_python_that_is_not_run_is_python(block: Block) -> None:
    compile(block.code, str(block), "exec", dont_inherit=True)


def test_data_can_be_read() -> None:
    for block in blocks("json", "toml"):
        (json if block.language == "json" else tomllib).loads(block.code)


@pytest.mark.parametrize("block", shown(blocks("sh")))
def test_commands_are_those_that_exist(block: Block) -> None:
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-n"], input=block.code, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    goals = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in block.code.splitlines():
        words = re.split(r"\s+#", command)[0].split()
        if not words:
            continue
        if words[0] == "make":
            assert re.search(rf"^{re.escape(words[1])}:", goals, re.MULTILINE), command
        if words[0] == "auroraview" or words[1:3] == ["-m", "auroraview"]:
            check_command(words[1:] if words[0] == "auroraview" else words[3:])
        for word in words:
            if re.fullmatch(r"(examples|scripts)/\S+", word):
                assert (ROOT / word).exists(), command


def check_command(words: list[str]) -> None:
    """The options of a command of ours are in its help."""
    first = words[0] if words and words[0] in ("new", "serve", "doctor") else None
    given = [sys.executable, "-m", "auroraview", *([first] if first else []), "--help"]
    done = subprocess.run(given, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    assert [option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}\b", done.stdout)] == []
