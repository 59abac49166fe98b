"""How does Python decide what a page may do, before the page's own event is over?

While something is dragged over a slot the browser wants to know at once whether it may be dropped there. Python knows:
it has the scene and its rules. `callSync` asks it and waits, for a fraction of a millisecond; an `await` would come too
late. It needs the window's fast lane. Without one the page lets everything be dropped, and Python refuses it later.
"""

from typing import Any

from auroraview import WebView

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Slots</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; padding: 1.2rem 1.5rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  main { display: grid; grid-template-columns: 13rem 1fr; gap: 1.4rem }
  h2 { font-size: 1rem; margin: 0 0 .5rem }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem }
  [draggable], .slot { padding: .45rem .8rem; border-radius: 8px; border: 1px solid light-dark(#c4ccd6, #3d4651);
    background: light-dark(#fff, #23282f) }
  [draggable] { cursor: grab }
  [aria-pressed=true] { outline: 3px solid light-dark(#1d5fd1, #7fb0ff) }
  .slot { border-style: dashed; display: flex; gap: .6rem; align-items: baseline }
  .slot output { flex: 1; color: light-dark(#4d5866, #aab4bf) }
  .yes { background: light-dark(#d9f2df, #1d3d28); border-color: light-dark(#20803a, #62c37c) }
  .no { background: light-dark(#fbe0de, #46211f); border-color: light-dark(#c0362c, #ef8b82) }
  button { font: inherit }
  p { min-height: 1.5em; margin: 1rem 0 0 }
</style>
<main>
  <section><h2>Files</h2><ul id="files"></ul></section>
  <section><h2>Slots of the scene</h2><ul id="slots"></ul></section>
</main>
<p id="told" role="status">Drag a file onto a slot; or press one, then a slot.</p>
<script>
  let held = null; // the file that is dragged, or was pressed
  const tell = (text) => { told.textContent = text; };

  /** Whether Python takes the file there. The page stands still until it says so. */
  const may = (slot) => {
    try {
      const { ok, why } = auroraview.callSync("may_drop", { file: held, slot });
      tell(why);
      return ok;
    } catch (error) {
      if (error.code !== "forbidden") throw error;
      tell("This window has no fast lane: Python decides after the drop.");
      return true;
    }
  };
  const drop = async (slot) => {
    const { why } = await auroraview.call("drop", { file: held, slot });
    tell(why);
    hold(null);
  };
  const hold = (file) => {
    held = file;
    for (const one of files.querySelectorAll("[draggable]")) one.ariaPressed = String(one.textContent === file);
  };
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const fileOf = (name) => {
    const one = element("div", { draggable: true, tabIndex: 0, role: "button", ariaPressed: "false" }, name);
    one.ondragstart = (event) => {
      event.dataTransfer.setData("text/plain", name);
      hold(name);
    };
    one.onclick = () => hold(held === name ? null : name);
    one.onkeydown = (event) => {
      if (event.key === "Enter") one.click();
    };
    return element("li", {}, one);
  };
  const slotOf = ({ name, kind, file, locked }) => {
    const lock = element("button", {}, locked ? "Unlock" : "Lock");
    lock.onclick = (event) => {
      event.stopPropagation();
      auroraview.send_event("lock", { slot: name, locked: !locked });
    };
    const one = element("div", { className: "slot", tabIndex: 0 }, element("b", {}, name),
      element("output", {}, file ?? `empty, takes ${kind}`), lock);
    one.dataset.slot = name;
    let taken = false;
    // The answer holds while the pointer is over the slot: it is asked for when it comes.
    one.ondragenter = (event) => {
      if (one.contains(event.relatedTarget)) return;
      taken = may(name);
      one.classList.add(taken ? "yes" : "no");
    };
    one.ondragover = (event) => {
      if (taken) event.preventDefault(); // only then can it be dropped
    };
    one.ondragleave = (event) => {
      if (!one.contains(event.relatedTarget)) one.classList.remove("yes", "no");
    };
    one.ondrop = (event) => {
      event.preventDefault();
      drop(name);
    };
    one.onclick = () => {
      if (held && may(name)) drop(name);
    };
    one.onkeydown = (event) => {
      if (event.key === "Enter" && event.target === one) one.click();
    };
    return element("li", {}, one);
  };
  auroraview.on("scene", (scene) => {
    files.replaceChildren(...scene.files.map(fileOf));
    slots.replaceChildren(...scene.slots.map(slotOf));
    hold(held);
  });
</script></html>"""

KINDS = {".png": "textures", ".exr": "textures", ".usd": "meshes", ".wav": "sounds"}


class Scene:
    """What goes where, and who may change it."""

    def __init__(self) -> None:
        self.files = ["bricks.png", "sky.exr", "harbour.usd", "gulls.wav"]
        self.slots: dict[str, dict[str, Any]] = {
            "Ground": {"kind": "textures", "file": None, "locked": False},
            "Background": {"kind": "textures", "file": "fog.exr", "locked": True},
            "Houses": {"kind": "meshes", "file": None, "locked": False},
            "Ambience": {"kind": "sounds", "file": None, "locked": False},
        }
        self.view = WebView("Slots", html=PAGE, width=680, height=360)
        self.view.bind_call("may_drop", self.may_drop, sync=True)
        self.view.bind_call("drop", self.drop)
        self.view.on("lock", self.lock)
        self.tell()

    def may_drop(self, file: str, slot: str) -> dict[str, Any]:
        """Answers at once: the page stands still meanwhile."""
        wanted, kind = self.slots[slot], KINDS.get("." + file.rpartition(".")[2], "nothing")
        if wanted["locked"]:
            return {"ok": False, "why": f"{slot} is locked."}
        if wanted["kind"] != kind:
            return {"ok": False, "why": f"{slot} takes {wanted['kind']}, and {file} is none of them."}
        return {"ok": True, "why": f"{slot} takes {file}."}

    def drop(self, file: str, slot: str) -> dict[str, Any]:
        """Decides again: the page may not have asked, or too early."""
        answer = self.may_drop(file, slot)
        if not answer["ok"]:
            return answer
        self.slots[slot]["file"] = file
        self.tell()
        return {"ok": True, "why": f"{slot} has {file}."}

    def lock(self, change: dict[str, Any]) -> None:
        self.slots[change["slot"]]["locked"] = change["locked"]
        self.tell()

    def tell(self) -> None:
        slots = [{"name": name, **slot} for name, slot in self.slots.items()]
        self.view.emit("scene", {"files": self.files, "slots": slots}, retain=True)


if __name__ == "__main__":
    Scene().view.show()
