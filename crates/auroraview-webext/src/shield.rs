//! A panic must not reach C: it would end the web process.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `body` gives, or `otherwise` when it panics. The panic's own message has gone to the standard error stream.
pub(crate) fn shielded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
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
