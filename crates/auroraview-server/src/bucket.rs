//! A token bucket: so much at once, so much per second.

use std::time::{Duration, Instant};

/// Fills with `rate` tokens per second up to one second's worth. Taking may leave a debt, so that something larger than
/// the whole bucket is possible, only not twice in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(rate: f64, now: Instant) -> Self {
        let rate = rate.max(f64::MIN_POSITIVE);
        Self {
            rate,
            // With a rate below one there must still be a first time.
            tokens: rate.max(1.0),
            filled: now,
        }
    }

    /// Takes `amount` when there is no debt; else takes nothing and returns false.
    pub(crate) fn take(&mut self, amount: f64, now: Instant) -> bool {
        self.fill(now);
        let some = self.tokens > 0.0;
        if some {
            self.tokens -= amount;
        }
        some
    }

    /// Takes `amount` whatever there is, for what was let in already.
    pub(crate) fn spend(&mut self, amount: f64, now: Instant) {
        self.fill(now);
        self.tokens -= amount;
    }

    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// Puts `amount` in, even past what it holds by itself.
    pub(crate) fn grant(&mut self, amount: f64) {
        self.tokens += amount;
    }

    /// How long until it is out of debt; `None` when it has none.
    pub(crate) fn debt(&mut self, now: Instant) -> Option<Duration> {
        self.fill(now);
        // A hair more than the debt itself, so that rounding leaves none.
        (self.tokens <= 0.0)
            .then(|| Duration::try_from_secs_f64((1e-6 - self.tokens) / self.rate).ok())
            .map(|time| time.unwrap_or(Duration::MAX))
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        let full = self.rate.max(1.0);
        if self.tokens < full {
            self.tokens = full.min(self.tokens + passed * self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_may_be_spent_at_once_and_comes_back_in_a_second() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, start);
        for _ in 0..10 {
            assert!(bucket.take(1.0, start));
        }
        assert!(!bucket.take(1.0, start));
        let later = start + Duration::from_millis(500);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, later)).count(), 5);
        let much_later = start + Duration::from_secs(100);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, much_later)).count(), 10);
    }

    #[test]
    fn one_thing_may_be_larger_than_the_bucket_and_is_paid_off() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, start);
        assert_eq!(bucket.debt(start), None);
        assert!(bucket.take(30.0, start));
        assert!(!bucket.take(1.0, start));
        let wait = bucket.debt(start).unwrap();
        assert!((2.0..2.1).contains(&wait.as_secs_f64()));
        assert!(bucket.take(1.0, start + wait));
    }

    #[test]
    fn what_is_granted_is_not_capped_and_does_not_grow() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1.0, start);
        bucket.grant(5.0);
        let later = start + Duration::from_secs(10);
        assert_eq!((0..20).filter(|_| bucket.take(1.0, later)).count(), 6);
    }

    #[test]
    fn a_rate_below_one_lets_the_first_through() {
        let start = Instant::now();
        let mut bucket = Bucket::new(0.5, start);
        assert!(bucket.take(1.0, start));
        assert!(!bucket.take(1.0, start));
        assert!(bucket.take(1.0, start + Duration::from_secs(3)));
    }
}
