//! The executable `auroraview-shell`, with real windows, over real sockets and pipes.

#[path = "../common/application.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod application;
#[path = "../common/display.rs"]
mod display;
#[path = "../common/lane.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod lane;
#[path = "../common/server.rs"]
#[allow(dead_code, reason = "shared with the window tests")]
mod server;

mod arguments;
mod embedded;
mod ends;
mod front_end;
mod isolated;
mod isolated_lane;
mod process;
mod streams;

use process::poll;
