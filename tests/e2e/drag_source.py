"""A window with files to drag, as a file manager's: ``python drag_source.py address...``. Ends with its stdin.

Runs in the system's Python, which has GTK; prints ``ready``, then the window's X id.
"""

import sys
import threading

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

addresses = sys.argv[1:]
window = Gtk.Window(title="Files to drag")
window.set_default_size(150, 150)
window.move(20, 60)
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag me"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda _widget, _context, data, _info, _time: data.set_uris(addresses))
box.connect("drag-end", lambda *_: print("end", flush=True))
window.connect("map-event", lambda *_: print("ready", flush=True))
window.show_all()
threading.Thread(target=lambda: (sys.stdin.read(), GLib.idle_add(Gtk.main_quit)), daemon=True).start()
Gtk.main()
