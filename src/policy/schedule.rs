//! Schedules: which calls are computed when nothing is measured.

use crate::numeric::{atan2, powf, sin_cos, sqrt};
use crate::text::{Named, named};

/// Which calls are computed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every `interval`-th, counted from the last computed one (TaylorSeer).
    Since = 0,
    /// Steps at a multiple of `interval` from `offset` (DeepCache, PAB).
    First = 1,
    /// Steps at a multiple of `interval` from the last step (FORA).
    Last = 2,
    /// One in `interval`, densest around `center` (DeepCache's non-uniform schedule).
    Quadratic = 3,
    /// cache-dit's steps computation mask at `level`.
    Scm = 4,
    /// ToCa's and DuCa's schedule: intervals around `interval`, longer at first, and every second
    /// step from 60 to 80 % of the run.
    Toca = 5,
}

named!(Schedule, "schedule", {
    Since => "since",
    First => "first",
    Last => "last",
    Quadratic => "quadratic",
    Scm => "scm",
    Toca => "toca",
});

/// How much cache-dit's mask skips.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// About a quarter to a third.
    Slow = 0,
    /// About half.
    Medium = 1,
    /// About two thirds.
    Fast = 2,
    /// About three quarters.
    Ultra = 3,
}

named!(Level, "level", {
    Slow => "slow",
    Medium => "medium",
    Fast => "fast",
    Ultra => "ultra",
});

/// Steps that an SCM mask can have.
#[must_use]
pub const fn scm_steps(steps: u32) -> bool {
    matches!(steps, 4 | 6 | 8 | 9 | 10 | 20) || steps >= 28
}

/// Whether cache-dit's steps computation mask has `step` computed. From 28 steps on it is made of runs
/// of computed and of skipped steps, longer in proportion to the steps; below there are masks of 4, 6,
/// 8, 9, 10 and 20 steps, and for other numbers every step is computed.
#[must_use]
pub fn scm(level: Level, steps: u32, step: u32) -> bool {
    if step + 1 >= steps {
        return true;
    }
    if steps < 28 {
        let mask = short_mask(level, steps).as_bytes();
        return mask.get(step as usize).is_none_or(|c| *c == b'1');
    }
    let (computed, skipped): (&[u32], &[u32]) = match level {
        Level::Slow => (&[8, 3, 3, 2, 1, 1], &[1, 2, 2, 2, 3]),
        Level::Medium => (&[6, 2, 2, 2, 2, 1], &[1, 3, 3, 3, 3]),
        Level::Fast => (&[6, 1, 1, 1, 1, 1], &[1, 3, 4, 5, 4]),
        Level::Ultra => (&[4, 1, 1, 1, 1], &[2, 5, 6, 7]),
    };
    // Twice the share for the first run of the levels that skip less, as the masks of 50 steps show.
    let gentle = matches!(level, Level::Slow | Level::Medium);
    let grown = |run: u32, first: bool| {
        let scale = if gentle && first { 28 } else { 56 };
        let more = (u64::from(run) * u64::from(steps) / scale) as u32;
        if steps == 28 { run } else { run + more.max(1) }
    };
    let mut left = step;
    for (i, run) in computed.iter().enumerate() {
        let on = grown(*run, i == 0);
        let off = skipped.get(i).map_or(0, |run| grown(*run, false));
        if left < on {
            return true;
        }
        if left < on + off {
            return false;
        }
        left -= on + off;
    }
    // Behind the last run.
    true
}

/// The masks of few steps, as cache-dit prints them.
const fn short_mask(level: Level, steps: u32) -> &'static str {
    match (steps, level) {
        (4, _) => "1101",
        (6, _) => "111001",
        (8, Level::Slow) => "11111011",
        (8, Level::Medium) => "11110101",
        (8, Level::Fast) => "11101001",
        (8, Level::Ultra) => "11001001",
        (9, Level::Slow) => "111110111",
        (9, Level::Medium) => "111110101",
        (9, Level::Fast) => "111101001",
        (9, Level::Ultra) => "111001001",
        (10, Level::Slow) => "1111011111",
        (10, Level::Medium) => "1111011011",
        (10, Level::Fast) => "1110100101",
        (10, Level::Ultra) => "1101001001",
        (20, Level::Slow) => "11111111011100111001",
        (20, Level::Medium) => "11111101100011000101",
        (20, Level::Fast) => "11111101000000000001",
        (20, Level::Ultra) => "11110000000000000001",
        _ => "",
    }
}

/// Whether DeepCache's non-uniform schedule has `step` computed: ⌈steps / interval⌉ steps that lie
/// quadratically far from `center`.
///
/// The official code raises a negative number to a broken power and so goes on with complex numbers,
/// of which it keeps the real part; this does the same. Where two of its steps coincide it lowers the
/// power from 1.2 in steps of 0.02; where that does not help it fails, and here the first step and
/// every `interval`-th are computed.
#[must_use]
pub fn quadratic(interval: u32, center: f64, steps: u32, step: u32) -> bool {
    let count = steps.div_ceil(interval.max(1));
    let mut power = 1.2;
    while power > 1.0 {
        // Distinct steps, counted as they come: they rise.
        let (mut distinct, mut last, mut found) = (1, 0, step == 0);
        for i in 1..count {
            let at = quadratic_step(i, count, center, steps, power);
            distinct += u32::from(at > last);
            found |= at == i64::from(step);
            last = at.max(last);
        }
        if distinct == count {
            return found;
        }
        power -= 0.02;
    }
    step.checked_rem(interval) == Some(0)
}

/// Step number `index` of `count` behind the first.
fn quadratic_step(index: u32, count: u32, center: f64, steps: u32, power: f64) -> i64 {
    // (−center)^(1/p) in the complex plane, and (steps − center)^(1/p).
    let exponent = 1.0 / power;
    let (sine, cosine) = sin_cos(core::f64::consts::PI * exponent);
    let length = if center > 0.0 {
        powf(center, exponent)
    } else {
        0.0
    };
    let from = (length * cosine, length * sine);
    let ahead = f64::from(steps) - center;
    let to = if ahead >= 0.0 {
        (powf(ahead, exponent), 0.0)
    } else {
        let length = powf(-ahead, exponent);
        (length * cosine, length * sine)
    };
    let share = f64::from(index) / f64::from(count);
    let (x, y) = (
        from.0 + (to.0 - from.0) * share,
        from.1 + (to.1 - from.1) * share,
    );
    // The real part of the p-th power, cut off as a cast does.
    let radius = sqrt(x * x + y * y);
    let (_, cosine) = sin_cos(atan2(y, x) * power);
    let raised = (powf(radius, power) * cosine) as i64;
    raised + center as i64
}

/// Whether ToCa's schedule has `step` computed. It counts the steps down and computes multiples of an
/// interval, which is set anew at each of them to `interval / (1.4 − 0.8 · left / steps)`, rounded, and
/// to 2 from 60 to 80 % of the run. (Where a step is a multiple of the old interval and not of the new
/// one, the official code computes the first block alone, by mistake; here it is skipped.)
#[must_use]
pub fn toca(interval: u32, steps: u32, step: u32) -> bool {
    let (mut turns, mut computed) = (1, true);
    for done in 0..=step.min(steps.saturating_sub(1)) {
        let left = steps - 1 - done;
        computed = left.checked_rem(turns) == Some(0);
        if computed {
            turns = toca_interval(interval, steps, left);
            computed = done == 0 || left.checked_rem(turns) == Some(0);
        }
    }
    computed
}

fn toca_interval(interval: u32, steps: u32, left: u32) -> u32 {
    let (left, steps) = (f64::from(left), f64::from(steps));
    if left >= 0.2 * steps && left < 0.4 * steps {
        return 2;
    }
    let exact = f64::from(interval) / (1.4 - 0.8 * left / steps);
    // Halves go to the even number, as in Python.
    let floor = exact as u32;
    let rest = exact - f64::from(floor);
    (floor + u32::from(rest > 0.5 || (rest == 0.5 && floor % 2 == 1))).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Named;

    fn mask(steps: u32, computed: impl Fn(u32) -> bool) -> String {
        (0..steps)
            .map(|s| if computed(s) { '1' } else { '0' })
            .collect()
    }

    fn list(steps: u32, computed: impl Fn(u32) -> bool) -> Vec<u32> {
        (0..steps).filter(|s| computed(*s)).collect()
    }

    #[test]
    fn scm_masks_are_the_published_ones() {
        let published = [
            (4, ["1101"; 4]),
            (6, ["111001"; 4]),
            (8, ["11111011", "11110101", "11101001", "11001001"]),
            (9, ["111110111", "111110101", "111101001", "111001001"]),
            (10, ["1111011111", "1111011011", "1110100101", "1101001001"]),
            (
                20,
                [
                    "11111111011100111001",
                    "11111101100011000101",
                    "11111101000000000001",
                    "11110000000000000001",
                ],
            ),
            (
                28,
                [
                    "1111111101110011100110010001",
                    "1111110110001100011000110001",
                    "1111110100010000100000100001",
                    "1111001000001000000100000001",
                ],
            ),
            (
                50,
                [
                    "11111111111111111111110011111000111110001110001101",
                    "11111111111111110011100000111000001110000011100001",
                    "11111111111001100000110000000110000000001100000001",
                    "11111110001100000000011000000000001100000000000001",
                ],
            ),
        ];
        for (steps, masks) in published {
            assert!(scm_steps(steps));
            for (level, published) in Level::ALL.iter().zip(masks) {
                assert_eq!(
                    mask(steps, |s| scm(*level, steps, s)),
                    published,
                    "{level} {steps}"
                );
            }
        }
        assert!(!scm_steps(12));
    }

    #[test]
    fn quadratic_schedules_are_the_published_ones() {
        for (interval, center, published) in [
            (5, 15.0, &[0, 5, 10, 14, 18, 22, 27, 32, 38, 44][..]),
            (10, 10.0, &[0, 9, 16, 26, 38]),
            (
                3,
                15.0,
                &[
                    0, 3, 6, 9, 11, 14, 15, 18, 21, 24, 26, 30, 33, 36, 39, 43, 46,
                ],
            ),
            (5, 0.0, &[0, 3, 7, 11, 16, 21, 27, 32, 38, 44]),
        ] {
            let found = list(50, |s| quadratic(interval, center, 50, s));
            assert_eq!(found, published, "center {center} interval {interval}");
        }
        // With a power that keeps its sign the first would be another.
        assert!(!quadratic(5, 15.0, 50, 6));
    }

    #[test]
    fn toca_computes_the_published_steps() {
        let counted_down = [
            49, 44, 40, 36, 30, 27, 24, 21, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0,
        ];
        let published: Vec<u32> = counted_down.iter().map(|s| 49 - s).collect();
        assert_eq!(list(50, |s| toca(3, 50, s)), published);
    }
}
