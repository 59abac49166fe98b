//! The library in real web processes, before a stand-in for the host: what pages find, send and receive, what a host may
//! do to them, and what stays in memory. Needs a display.

// All of this is tests, though no harness knows them as such.
#![allow(clippy::unwrap_used)]

mod frames;
mod hostile;
mod memory;
mod mischief;
mod objects;
mod stand;
mod sync_calls;

use std::panic::catch_unwind;

/// Runs the tests whose names contain an argument, one after another on this thread, as GTK wants it.
fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let all = [
        objects::TESTS,
        frames::TESTS,
        sync_calls::TESTS,
        hostile::TESTS,
        mischief::TESTS,
        memory::TESTS,
    ]
    .concat();
    if std::env::args().any(|argument| argument == "--list") {
        all.iter().for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    gtk::init().expect("a display");
    let mut failed = 0;
    for (name, test) in all {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let ok = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        failed += u32::from(!ok);
    }
    assert_eq!(failed, 0, "tests that failed");
}

/// Names of functions with the functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[(&str, fn())] = &[$((stringify!($name), $name as fn())),*];
    };
}
pub(crate) use tests;
