//! Windows with an embedded webview, behind host commands and host events.
//!
//! A [`GuiLoop`] owns every window and nothing of the program: commands come in from any thread, events go out through one
//! function. The C functions that the extension module loads ([`auroraview_host_api::abi`]) and a
//! window process both drive that same loop.
//!
//! On Linux a window is a plain `gtk::Window` on the default GLib context, with no event loop library in between, so the
//! same window code lives on a thread of our own and in the loop of an application, and inside of its windows.

mod abi;
mod assets;
mod clipboard;
mod console;
mod dialogs;
mod downloads;
mod drive;
mod error;
mod eval;
mod file_drop;
mod file_inputs;
mod find;
mod gui_loop;
mod ipc_handler;
mod keys;
mod lane;
mod navigation;
mod order;
mod origins;
mod output;
mod page;
mod print_pdf;
mod questions;
mod replies;
mod requests;
mod sandbox;
mod screenshot;
mod script_dialogs;
mod signals;
mod view;
mod web_context;
mod window;
mod x11;

pub use abi::{auroraview_host_abi_version, auroraview_host_send, auroraview_host_start};
pub use error::HostError;
pub use gui_loop::GuiLoop;
