"""What the page does, for all of them.

Around it a program puts script that fills ``peer`` and then calls ``begin()``: ``peer.pair(first, second)`` and
``peer.echo(text)`` are calls and return promises of their first argument, ``peer.report(text)`` tells Python a text of
JSON. Events come into ``tick``. The clock of WebKit goes in steps of a millisecond: only what takes many is timed.
"""

from __future__ import annotations

_PAGE = """<!doctype html><title>bench</title><h1>A window</h1>@HEAD@<script>
const peer = {};
const report = object => peer.report(JSON.stringify(object));
// The first answered call.
const begin = () => peer.pair(1, 2).then(first => report({value: first}));
const works = {
  async sequential(count) {
    const began = performance.now();
    for (let i = 0; i < count; i++) if (await peer.pair(i, 2) !== i) throw new Error("a wrong answer");
    return (performance.now() - began) * 1000 / count;
  },
  async pipelined(count) {
    const began = performance.now();
    const all = await Promise.all(Array.from({length: count}, (_, i) => peer.pair(i, 2)));
    const microseconds = (performance.now() - began) * 1000 / count;
    if (!all.every((value, i) => value === i)) throw new Error("a wrong answer");
    return microseconds;
  },
  async echo(count, bytes) {
    const text = "x".repeat(bytes), began = performance.now();
    for (let i = 0; i < count; i++) {
      if ((await peer.echo(text)).length !== bytes) throw new Error("the echo is not whole");
    }
    return (performance.now() - began) / count;
  },
};
function work(name, ...sizes) {
  works[name](...sizes).then(value => report({value}), error => report({error: String(error)}));
}
let expected = 0, missing = 0;
function tick({number, last, text}) {
  if (number !== expected++) missing++;
  if (!last) return;
  report(missing ? {error: `${missing} events came out of turn`} : {value: expected});
  expected = missing = 0;
}
@CONNECT@
</script>"""


def page(connect: str, head: str = "") -> str:
    """The document, with the script that connects it, and what has to be loaded before."""
    return _PAGE.replace("@CONNECT@", connect).replace("@HEAD@", head)
