/** What the page knows and what is chosen. Everything else draws this and asks it to change. */

export const KINDS = ["texture", "mesh", "material", "note"];

const ORDERS = {
  name: () => 0,
  kind: (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind),
  size: (a, b) => b.size - a.size,
  modified: (a, b) => b.modified.localeCompare(a.modified),
};

class Store extends EventTarget {
  assets = new Map();
  selected = new Set();
  current = null;
  kind = "all";
  search = "";
  order = "name";

  /** The assets that pass the filters, in order. */
  get visible() {
    const compare = ORDERS[this.order];
    return [...this.assets.values()]
      .filter((asset) => this.kind === "all" || asset.kind === this.kind)
      .filter((asset) => asset.name.toLowerCase().includes(this.search))
      .sort((a, b) => compare(a, b) || (a.name < b.name ? -1 : 1));
  }

  count(kind) {
    return kind === "all" ? this.assets.size : [...this.assets.values()].filter((asset) => asset.kind === kind).length;
  }

  /** Takes assets that are new or different, and names that are gone. */
  merge(changed, removed) {
    const arrived = changed.filter((asset) => !this.assets.has(asset.name)).map((asset) => asset.name);
    for (const name of removed) {
      this.assets.delete(name);
      this.selected.delete(name);
    }
    for (const asset of changed) {
      this.assets.set(asset.name, asset);
    }
    if (!this.assets.has(this.current)) {
      this.current = null;
    }
    this.#tell("assets", { changed: changed.map((asset) => asset.name), arrived });
  }

  /**
   * Puts an asset under its new name at once, selection included. The watching thread tells of it too, and may have
   * been first: then only the selection follows.
   */
  renamed(from, to) {
    const asset = this.assets.get(from);
    if (from === to) {
      return;
    }
    if (asset === undefined) {
      this.choose(this.assets.has(to) ? to : null, this.assets.has(to) ? [to] : []);
      return;
    }
    this.assets.delete(from);
    this.assets.set(to, { ...asset, name: to });
    if (this.selected.delete(from)) {
      this.selected.add(to);
    }
    if (this.current === from) {
      this.current = to;
    }
    this.#tell("assets", { changed: [to], arrived: [] });
  }

  filter(changes) {
    Object.assign(this, changes);
    this.#tell("filter");
  }

  /** Makes one asset the current one; `selected` is what is selected from then on. */
  choose(current, selected) {
    this.current = current;
    this.selected = new Set(selected);
    this.#tell("choice");
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

export const store = new Store();

/** A file name without its ending, and the ending. */
export function split(name) {
  const dot = name.lastIndexOf(".");
  return [name.slice(0, dot), name.slice(dot)];
}

/** A size for people. */
export function bytes(size) {
  if (size < 1000) {
    return `${size} B`;
  }
  return size < 1e6 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
