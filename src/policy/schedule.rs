//! Schedules: which calls are computed when nothing is measured.

use core::f64::consts::PI;

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

/// Most steps that one question may go through, so that an answer never takes long.
const MAX_FOLLOWED: u32 = 4096;

/// Most runs of computed and of skipped steps that a mask is made of.
const MAX_RUNS: usize = 11;

/// cache-dit's runs for so many steps, computed and skipped ones in turn, before they are fitted.
/// `None` where it has no mask.
fn runs(level: Level, steps: u32) -> Option<&'static [u8]> {
    Some(match (steps, level) {
        (4, _) => &[2, 1, 1],
        (6, _) => &[3, 2, 1],
        _ if !scm_steps(steps) => return None,
        (8, Level::Slow) => &[5, 1, 2],
        (8, Level::Medium) => &[4, 1, 1, 1, 1],
        (8, Level::Fast) => &[3, 1, 1, 2, 1],
        (8, Level::Ultra) => &[2, 2, 1, 2, 1],
        (9, Level::Slow) => &[5, 1, 3],
        (9, Level::Medium) => &[5, 1, 1, 1, 1],
        (9, Level::Fast) => &[4, 1, 1, 2, 1],
        (9, Level::Ultra) => &[3, 2, 1, 2, 1],
        (10..16, Level::Slow) => &[4, 1, 2, 1, 2, 1, 2, 1, 1],
        (10..16, Level::Medium) => &[4, 1, 2, 1, 1, 2, 1, 2, 1],
        (10..16, Level::Fast) => &[3, 1, 1, 2, 1, 2, 1, 3, 1],
        (10..16, Level::Ultra) => &[2, 1, 1, 2, 1, 3, 1, 3, 1],
        (_, Level::Slow) => &[8, 1, 3, 2, 3, 2, 2, 2, 1, 3, 1],
        (_, Level::Medium) => &[6, 1, 2, 3, 2, 3, 2, 3, 2, 3, 1],
        (_, Level::Fast) => &[6, 1, 1, 3, 1, 4, 1, 5, 1, 4, 1],
        (_, Level::Ultra) => &[4, 2, 1, 5, 1, 6, 1, 7, 1],
    })
}

/// The runs, lengthened or cut until they hold `steps`.
fn fitted(level: Level, steps: u32) -> Option<[u64; MAX_RUNS]> {
    let given = runs(level, steps)?;
    let mut runs = [0; MAX_RUNS];
    for (run, length) in runs.iter_mut().zip(given) {
        *run = u64::from(*length);
    }
    let wanted = u64::from(steps);
    let mut held: u64 = runs.iter().sum();
    // In floating point as it is published: for some runs of 488 steps and more, whole numbers
    // would give another mask.
    let share = f64::from(steps) / 28.0 * 0.5;
    while held < wanted {
        for (i, (run, length)) in runs.iter_mut().zip(given).enumerate() {
            let last = i + 1 == given.len();
            let growth = (f64::from(*length) * share) as u64;
            let growth = if last { 1 } else { growth.max(1) };
            *run += growth;
            held += growth;
            if held >= wanted {
                break;
            }
        }
    }
    cut(&mut runs, held - wanted);
    Some(runs)
}

/// Takes `excess` steps away: in turn one from the last run of skipped steps and one from the last
/// run of computed ones.
fn cut(runs: &mut [u64; MAX_RUNS], mut excess: u64) {
    while excess > 0 {
        let last = |rest: usize| {
            (0..MAX_RUNS)
                .rev()
                .find(|i| i % 2 == rest && runs.get(*i) > Some(&0))
        };
        let (computed, skipped) = (last(0), last(1));
        let length = |run: Option<usize>| run.and_then(|i| runs.get(i)).map_or(0, |n| *n);
        // Many turns at once.
        let turns = match (length(computed), length(skipped)) {
            (0, 0) => return,
            (0, n) => (0, n.min(excess)),
            (n, 0) => (n.min(excess), 0),
            (n, m) => match n.min(m).min(excess / 2) {
                0 => (0, 1),
                both => (both, both),
            },
        };
        for (run, taken) in [(computed, turns.0), (skipped, turns.1)] {
            if let Some(run) = run.and_then(|i| runs.get_mut(i)) {
                *run -= taken;
            }
        }
        excess -= turns.0 + turns.1;
    }
}

/// Steps that an SCM mask can have.
#[must_use]
pub const fn scm_steps(steps: u32) -> bool {
    matches!(steps, 4 | 6 | 8..)
}

/// Whether cache-dit's steps computation mask for a run of `steps` has `step` computed. There is no
/// mask for fewer than 8 steps, 4 and 6 apart: then every step is.
#[must_use]
pub fn scm(level: Level, steps: u32, step: u32) -> bool {
    if step >= steps.saturating_sub(1) {
        return true;
    }
    let Some(runs) = fitted(level, steps) else {
        return true;
    };
    let mut end = 0;
    for (i, run) in runs.iter().enumerate() {
        end += run;
        if u64::from(step) < end {
            return i % 2 == 0;
        }
    }
    true
}

/// A complex number.
#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

/// The principal value of xᵖ for a real x.
fn root(x: f64, p: f64) -> Complex {
    if x < 0.0 {
        let (sine, cosine) = sin_cos(PI * p);
        let size = powf(-x, p);
        Complex {
            re: size * cosine,
            im: size * sine,
        }
    } else {
        Complex {
            re: powf(x, p),
            im: 0.0,
        }
    }
}

/// Steps relative to the center: the powers of numbers that are evenly spaced.
struct Spacing {
    before: u32,
    behind: u32,
    first: Complex,
    gap: Complex,
    count: u32,
    power: f64,
}

impl Spacing {
    fn new(steps: u32, center: u32, count: u32, power: f64) -> Self {
        let (before, behind) = (center, steps.saturating_sub(center));
        let first = root(-f64::from(before), 1.0 / power);
        let last = root(f64::from(behind), 1.0 / power);
        let parts = f64::from(count);
        Self {
            before,
            behind,
            first,
            gap: Complex {
                re: (last.re - first.re) / parts,
                im: (last.im - first.im) / parts,
            },
            count,
            power,
        }
    }

    /// The `i`-th of `count + 1`: the real part of the power, cut towards zero.
    fn at(&self, i: u32) -> i64 {
        // The ends are whole, and rounding must not cut them.
        if i == 0 {
            return -i64::from(self.before);
        }
        if i == self.count {
            return i64::from(self.behind);
        }
        let re = self.first.re + f64::from(i) * self.gap.re;
        let im = self.first.im + f64::from(i) * self.gap.im;
        let size = powf(sqrt(re * re + im * im), self.power);
        let (_, cosine) = sin_cos(self.power * atan2(im, re));
        (size * cosine) as i64
    }

    fn rises(&self, from: u32, to: u32) -> bool {
        let mut before = self.at(from);
        for i in from..to {
            let now = self.at(i + 1);
            if now <= before {
                return false;
            }
            before = now;
        }
        true
    }

    /// Whether all differ. They are closest around the center, so the search starts there.
    fn is_distinct(&self) -> bool {
        let near = (-self.first.re / self.gap.re) as u32;
        let near = near.min(self.count);
        self.rises(near, self.count) && self.rises(0, near)
    }

    /// Whether one other than the first and the last is `wanted`, if they rise.
    fn holds(&self, wanted: i64) -> bool {
        let (mut low, mut high) = (1, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.at(middle);
            if found == wanted {
                return true;
            }
            if found < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        false
    }
}

/// Whether DeepCache's non-uniform schedule for a run of `steps` has `step` computed: one step in
/// `interval`, densest around the whole part of `center`.
///
/// The steps are powers of evenly spaced numbers, which are complex before the center; what is
/// published drops the imaginary part of the power, and so does this. Where two steps coincide, the
/// power is lowered; where that does not help, what is published fails, and here, as with more than
/// 4096 steps to compute, the first step and every `interval`-th are computed.
#[must_use]
pub fn quadratic(interval: u32, center: f64, steps: u32, step: u32) -> bool {
    let count = steps.div_ceil(interval.max(1));
    let center = (center as u32).min(steps);
    let mut power = 1.2;
    while power > 1.0 && count <= MAX_FOLLOWED {
        let spacing = Spacing::new(steps, center, count, power);
        if spacing.is_distinct() {
            return step == 0 || spacing.holds(i64::from(step) - i64::from(center));
        }
        power -= 0.02;
    }
    step.checked_rem(interval).unwrap_or(0) == 0
}

/// Whether ToCa's schedule for a run of `steps` has `step` computed: a step whose distance from the
/// last is a multiple of a threshold around `interval`, which is longer at the start of the run, and
/// 2 while 20 to 40 % of it are left.
///
/// As published, a threshold holds until a step that it has computed; there a new one is found, and
/// the step is computed only if that agrees. (The official code computes the first layer even if it
/// does not; that is left out.) Thresholds start anew every 4096 steps.
#[must_use]
pub fn toca(interval: u32, steps: u32, step: u32) -> bool {
    let last = steps.saturating_sub(1);
    let left = last.saturating_sub(step);
    if step == 0 || left == 0 {
        return true;
    }
    let remainder = |threshold: u32, n: u32| n.checked_rem(threshold).unwrap_or(0);
    let mut at = (left / MAX_FOLLOWED + 1)
        .saturating_mul(MAX_FOLLOWED)
        .min(last);
    let mut threshold = toca_threshold(interval, steps, at);
    while at > left {
        at -= 1;
        at -= remainder(threshold, at);
        threshold = toca_threshold(interval, steps, at);
    }
    at == left && remainder(threshold, left) == 0
}

/// ToCa's threshold with so many steps `left`.
fn toca_threshold(interval: u32, steps: u32, left: u32) -> u32 {
    let (fifths, total) = (5 * u64::from(left), u64::from(steps));
    if (total..2 * total).contains(&fifths) {
        return 2;
    }
    let share = 0.8 * f64::from(left) / f64::from(steps);
    round_half_even(f64::from(interval) / (1.4 - share)).max(1)
}

/// The nearest whole number to a positive one, the even one of two.
fn round_half_even(x: f64) -> u32 {
    let floor = x as u32;
    let rest = x - f64::from(floor);
    let up = rest > 0.5 || (rest == 0.5 && floor % 2 == 1);
    floor.saturating_add(u32::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(level: Level, steps: u32) -> String {
        let bits = (0..steps).map(|step| scm(level, steps, step));
        bits.map(|bit| if bit { '1' } else { '0' }).collect()
    }

    /// Steps, then the masks from slow to ultra, as cache-dit makes them.
    const MASKS: [(u32, [&str; 4]); 8] = [
        (4, ["1101", "1101", "1101", "1101"]),
        (6, ["111001", "111001", "111001", "111001"]),
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

    #[test]
    fn scm_gives_the_published_masks() {
        for (steps, masks) in MASKS {
            for (level, wanted) in Level::ALL.iter().zip(masks) {
                assert_eq!(mask(*level, steps), wanted, "{level} {steps}");
            }
        }
    }

    /// Made with cache-dit, like those above: cut, and lengthened in one and in several rounds.
    #[test]
    fn scm_fits_its_masks_to_other_lengths() {
        for (level, steps, wanted) in [
            (Level::Slow, 11, "11110110111"),
            (Level::Medium, 15, "111101101001001"),
            (Level::Ultra, 13, "1101001000101"),
            (Level::Fast, 17, "11111100000000001"),
            (Level::Slow, 25, "1111111101110011100110011"),
            (Level::Ultra, 29, "11111100100000100000010000001"),
            (Level::Slow, 40, "1111111111111001111100011111000110010001"),
            (
                Level::Medium,
                60,
                "111111111111111111001111000000111100000011110000001111000001",
            ),
            (
                Level::Ultra,
                75,
                "111111111111110000001110000000000000000011000000000000001100000000000000011",
            ),
            (
                Level::Fast,
                100,
                "1111111111111111111111111100011100000000000001110000000000000000001110000000000000000000001100000001",
            ),
        ] {
            assert_eq!(mask(level, steps), wanted, "{level} {steps}");
        }
    }

    #[test]
    fn scm_computes_every_step_without_a_mask_and_the_last_of_any_run() {
        for level in Level::ALL {
            for steps in [0, 1, 2, 3, 5, 7] {
                assert!((0..=steps).all(|step| scm(*level, steps, step)));
            }
            for steps in 8..300 {
                let mask = mask(*level, steps);
                assert!(mask.starts_with('1') && mask.ends_with('1') && mask.contains('0'));
            }
            assert!(scm(*level, u32::MAX, 0) && scm(*level, u32::MAX, u32::MAX));
        }
    }

    fn steps(steps: u32, computed: impl Fn(u32) -> bool) -> Vec<u32> {
        (0..steps).filter(|step| computed(*step)).collect()
    }

    #[test]
    fn quadratic_gives_the_published_steps() {
        let of = |interval, center| steps(50, |step| quadratic(interval, center, 50, step));
        assert_eq!(of(5, 15.0), [0, 5, 10, 14, 18, 22, 27, 32, 38, 44]);
        assert_eq!(of(10, 10.0), [0, 9, 16, 26, 38]);
        assert_eq!(
            of(3, 15.0),
            [
                0, 3, 6, 9, 11, 14, 15, 18, 21, 24, 26, 30, 33, 36, 39, 43, 46
            ]
        );
        assert_eq!(of(5, 0.0), [0, 3, 7, 11, 16, 21, 27, 32, 38, 44]);
    }

    #[test]
    fn quadratic_holds_out_against_any_input() {
        for center in [f64::NAN, f64::INFINITY, -1.0, 1e300, 7.9] {
            for (interval, total) in [(0, 5), (3, 0), (3, 1), (u32::MAX, 9), (9, u32::MAX)] {
                for step in [0, 1, total / 2, total.wrapping_sub(1), u32::MAX] {
                    assert!(step > 0 || quadratic(interval, center, total, step));
                    let _ = quadratic(interval, center, total, step);
                }
            }
        }
        assert_eq!(steps(50, |step| quadratic(50, 15.0, 50, step)), [0]);
        assert_eq!(steps(10, |step| quadratic(1, 3.0, 10, step)).len(), 10);
        let of = |center| steps(50, |step| quadratic(5, center, 50, step));
        assert_eq!(of(15.9), of(15.0));
        // No power keeps these apart.
        let none = steps(10, |step| quadratic(2, 5.0, 10, step));
        assert_eq!(none, [0, 2, 4, 6, 8]);
    }

    #[test]
    fn toca_gives_the_published_steps() {
        let mut left = steps(50, |step| toca(3, 50, step));
        left.iter_mut().for_each(|step| *step = 49 - *step);
        let wanted = [
            49, 44, 40, 36, 30, 27, 24, 21, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0,
        ];
        assert_eq!(left, wanted);
        // The official code computes their first layer.
        for step in [4, 94] {
            assert!(!toca(4, 250, step));
        }
    }

    #[test]
    fn toca_holds_out_against_any_input() {
        for (interval, total) in [(0, 0), (0, 9), (u32::MAX, u32::MAX), (3, 1)] {
            for step in [0, 1, total / 2, total, u32::MAX] {
                let computed = toca(interval, total, step);
                assert!(computed || (0 < step && step < total));
            }
        }
        assert_eq!(steps(10_000, |step| toca(0, 10_000, step)).len(), 8_999);
    }

    #[test]
    fn halves_go_to_the_even_number() {
        let rounded = [0.5, 1.5, 2.5, 2.51, 3.49].map(round_half_even);
        assert_eq!(rounded, [0, 2, 2, 3, 3]);
    }
}
