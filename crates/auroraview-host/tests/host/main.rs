//! Windows, from commands to events, with real pages.

#[path = "../common/mod.rs"]
mod common;

mod bridge;
mod closing;
mod documents;
mod embedded;
mod eval;
mod lane;
mod leaks;
mod navigation;
mod window;
