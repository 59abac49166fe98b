//! A panic must not reach C: it would end the web process.

use std::fmt::Display;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `body` gives, or `otherwise` when it panics. The panic's own message has gone to the standard error stream.
pub(crate) fn shielded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// Tells on the standard error stream, if there is one. The program sees it among what the engine says there.
pub(crate) fn say(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "auroraview: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_other_value() {
        assert_eq!(shielded(1, || 2), 2);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        assert_eq!(shielded(1, || panic!("not this time")), 1);
        std::panic::set_hook(hook);
    }
}
