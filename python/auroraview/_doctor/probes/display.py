"""Opens the display with GTK, as a window would, and asks what it is."""

import ctypes
import json
import sys
from ctypes import byref, c_char_p, c_int, c_void_p


def main() -> dict[str, object]:
    """What was found; without ``kind`` it could not be opened."""
    try:
        gtk = ctypes.CDLL("libgtk-3.so.0")
    except OSError as error:
        return {"missing": str(error)}
    # The library has GDK and GObject with it.
    for name in ("gdk_display_get_default", "gdk_screen_get_default", "gdk_display_get_monitor"):
        getattr(gtk, name).restype = c_void_p
    for name in ("g_type_name_from_instance", "gdk_x11_screen_get_window_manager_name"):
        getattr(gtk, name).restype = c_char_p
    gtk.gtk_disable_setlocale()
    if not gtk.gtk_init_check(None, None):
        return {"kind": None}
    display = c_void_p(gtk.gdk_display_get_default())
    kind = gtk.g_type_name_from_instance(display).decode()
    manager = None
    if kind == "GdkX11Display":
        manager = gtk.gdk_x11_screen_get_window_manager_name(c_void_p(gtk.gdk_screen_get_default())).decode()
    area, scale = (c_int * 4)(), 1
    if gtk.gdk_display_get_n_monitors(display):
        monitor = c_void_p(gtk.gdk_display_get_monitor(display, 0))
        gtk.gdk_monitor_get_geometry(monitor, byref(area))
        scale = gtk.gdk_monitor_get_scale_factor(monitor)
    return {"kind": kind, "manager": manager, "width": area[2], "height": area[3], "scale": scale}


if __name__ == "__main__":
    print(json.dumps(main()))
    sys.stdout.flush()
