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
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    for (name, test) in all {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            left_out += 1;
            continue;
        }
        let ok = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        *(if ok { &mut passed } else { &mut failed }) += 1;
    }
    let ended = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {ended}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out"
    );
    if failed > 0 {
        std::process::exit(101);
    }
}

/// Names of functions with the functions.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[(&str, fn())] = &[$((stringify!($name), $name as fn())),*];
    };
}
pub(crate) use tests;
