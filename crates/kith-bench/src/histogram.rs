//! How long many things took, in little memory.

/// Buckets of a power of two.
const STEPS: usize = 32;
/// Powers of two, of microseconds.
const POWERS: usize = 40;

/// Counts of times in microseconds; each is known to 3 %.
#[derive(Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; STEPS * POWERS], count: 0 }
    }
}

impl Histogram {
    pub(crate) fn add(&mut self, us: u64) {
        let bucket = bucket_of(us).min(self.buckets.len() - 1);
        self.buckets[bucket] += 1;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The share `part` of all took at most so many microseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let wanted = (self.count as f64 * part).max(1.0);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen as f64 >= wanted {
                return most_of(bucket);
            }
        }
        0.0
    }
}

fn bucket_of(us: u64) -> usize {
    let us = us as usize;
    match us.checked_ilog2() {
        None | Some(..5) => us,
        Some(power) => {
            let shift = power as usize - 5;
            (shift + 1) * STEPS + (us >> shift) - STEPS
        }
    }
}

/// The greatest time that falls into a bucket.
fn most_of(bucket: usize) -> f64 {
    match bucket / STEPS {
        0 => bucket as f64,
        power => (((STEPS + bucket % STEPS + 1) << (power - 1)) - 1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_to_three_percent() {
        let mut histogram = Histogram::default();
        for us in 1..=100_000 {
            histogram.add(us);
        }
        assert_eq!(histogram.count(), 100_000);
        for part in [0.001, 0.01, 0.5, 0.99, 0.999, 1.0] {
            let (exact, told) = (100_000.0 * part, histogram.percentile(part));
            assert!((told / exact - 1.0_f64).abs() < 0.032, "{part}: {told} for {exact}");
        }
    }

    #[test]
    fn every_time_is_at_most_the_end_of_its_bucket() {
        for us in (0..5000).chain([1 << 20, (1 << 30) + 12345]) {
            let end = most_of(bucket_of(us));
            assert!(end >= us as f64 && end <= us as f64 * 1.032 + 1.0, "{us}: {end}");
        }
    }
}
