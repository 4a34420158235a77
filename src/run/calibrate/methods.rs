//! What each method measures, and the table that is made of it.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{DEGREE, Full, Measured, applied, computed, fit};
use crate::{
    policy::{Keep, Site, SiteKind},
    run::RunError,
};

impl Full<'_> {
    /// The mean over all tokens of the L2 norm of the trunk's residual, relative to the step before
    /// (arXiv 2506.09045, equation 3). The first is 1.
    pub(super) fn magcache(&mut self, threshold: Option<f64>) -> Result<Measured, RunError> {
        let width = self.engine.model().config().hidden_size as usize;
        let mut rows = Vec::new();
        for run in 0..self.runs {
            let (mut before, mut ratios) = (Vec::new(), Vec::new());
            self.granules(Site::TRUNK, run, |residual| {
                let tokens = residual.iter().flat_map(|r| r.chunks_exact(width));
                let norms: Vec<f64> = tokens.map(norm).collect();
                let sum: f64 = norms.iter().zip(&before).map(|(n, b)| n / b).sum();
                ratios.push(if before.is_empty() {
                    1.0
                } else {
                    sum / norms.len() as f64
                });
                before = norms;
            })?;
            rows.push(ratios);
        }
        let curve = fit::mean(&rows);
        let mut keys = vec![("curve", listed(&curve))];
        keys.extend(threshold.map(|threshold| ("threshold", threshold.to_string())));
        let policy = applied(&self.settings.policy, &keys)?;
        let computed = computed(&policy, &vec![0.0; self.steps()])?;
        Ok(Measured {
            keys,
            fit: format!(
                "{computed} of {} calls computed at threshold {}; runs differ from the curve by \
                 {:.2} % at most",
                self.steps(),
                policy.budget.threshold,
                100.0 * fit::spread(&rows)
            ),
            range: range(&curve),
        })
    }

    /// For each kind of module its change over one to three steps, relative to the later output, the
    /// mean over blocks and runs; then the longest jumps that the threshold lets through (arXiv
    /// 2411.10510, as in the code).
    pub(super) fn smoothcache(&mut self, threshold: Option<f64>) -> Result<Measured, RunError> {
        let steps = self.steps();
        let site = Site {
            kind: SiteKind::Modules,
            ..Site::TRUNK
        };
        // Of attention and MLP, by jump and step.
        let mut errors = [(); 2].map(|()| {
            let jumps = 1..=fit::LOOK_AHEAD.min(steps - 1);
            jumps
                .map(|jump| vec![0.0; steps - jump])
                .collect::<Vec<_>>()
        });
        for run in 0..self.runs {
            let runs = f64::from(self.runs);
            let mut past: Vec<Vec<Vec<f32>>> = Vec::new();
            let mut step = 0;
            self.granules(site, run, |outputs| {
                let blocks = outputs.len() as f64 / 2.0;
                for (jump, earlier) in past.iter().enumerate() {
                    for (i, (now, then)) in outputs.iter().zip(earlier).enumerate() {
                        let [change, size] = fit::change(now, then, now);
                        errors[i % 2][jump][step - 1 - jump] += change / size / blocks / runs;
                    }
                }
                past.insert(0, outputs.to_vec());
                past.truncate(fit::LOOK_AHEAD);
                step += 1;
            })?;
        }
        let plan = |threshold| {
            errors
                .each_ref()
                .map(|errors| fit::look_ahead(errors, steps, threshold))
                .to_vec()
        };
        let threshold = threshold.unwrap_or_else(|| fit::half(|t| share(&plan(t))));
        let columns = plan(threshold);
        let over_one: Vec<f64> = errors.iter().flat_map(|e| e[0].clone()).collect();
        Ok(Measured {
            fit: format!(
                "{} of {steps} attention and {} of {steps} MLP calls computed; over a jump a module \
                 changes by {threshold} at most",
                ones(&columns[0]),
                ones(&columns[1]),
            ),
            keys: vec![("mask", mask(&columns))],
            range: range(&over_one),
        })
    }

    /// For each block the change of its residual from step to step, relative to the later, the mean
    /// over runs; then it is held while the sum is at most the threshold (arXiv 2312.03209,
    /// equation 7).
    pub(super) fn blockcaching(&mut self, threshold: Option<f64>) -> Result<Measured, RunError> {
        let steps = self.steps();
        let blocks = self.engine.model().config().depth as usize;
        let mut changes = vec![vec![0.0; steps - 1]; blocks];
        let site = Site {
            keep: Keep::Residual,
            ..Site::output(SiteKind::Blocks)
        };
        for run in 0..self.runs {
            let runs = f64::from(self.runs);
            let (mut past, mut step) = (Vec::<Vec<f32>>::new(), 0);
            self.granules(site, run, |residuals| {
                let pairs = residuals.iter().zip(&past);
                for (changes, (now, then)) in changes.iter_mut().zip(pairs) {
                    let [change, size] = fit::change(now, then, now);
                    changes[step - 1] += change / size / runs;
                }
                past = residuals.to_vec();
                step += 1;
            })?;
        }
        let plan = |threshold| -> Vec<Vec<bool>> {
            let columns = changes.iter().map(|changes| fit::hold(changes, threshold));
            columns.collect()
        };
        let threshold = threshold.unwrap_or_else(|| fit::half(|t| share(&plan(t))));
        let columns = plan(threshold);
        let computed: Vec<String> = columns.iter().map(|c| ones(c).to_string()).collect();
        Ok(Measured {
            fit: format!(
                "{} of {steps} calls computed, block by block; changes add up to {threshold} at most",
                computed.join(", ")
            ),
            // What was measured is what is kept.
            keys: vec![
                ("keep", Keep::Residual.to_string()),
                ("mask", mask(&columns)),
            ],
            range: range(&changes.concat()),
        })
    }

    /// The polynomial of degree four from the relative change of the modulated input to that of the
    /// network's output, from step to step of every picture (arXiv 2411.19108).
    pub(super) fn teacache(&mut self, threshold: Option<f64>) -> Result<Measured, RunError> {
        let pictures = self.settings.classes.len();
        let rows = match self.settings.guidance {
            1.0 => pictures,
            _ => 2 * pictures,
        };
        let mut points = Vec::new();
        let mut signals = Vec::new();
        for run in 0..self.runs {
            let mut past: Vec<Vec<f32>> = Vec::new();
            // The first call asks for nothing.
            let mut measured = vec![0.0];
            self.run(self.settings.policy, run, &["reference", "output"], |now| {
                let pairs = now.iter().zip(&past);
                let changes = pairs.map(|(now, then)| changes(now, then, rows, pictures));
                if let [inputs, outputs] = changes.collect::<Vec<_>>().as_slice() {
                    points.extend(inputs.iter().zip(outputs).map(|(x, y)| [*x, *y]));
                    measured.push(inputs.iter().sum::<f64>() / pictures as f64);
                }
                past = now.to_vec();
            })?;
            signals.push(measured);
        }
        let coefficients = fit::polynomial(&points, DEGREE).ok_or_else(|| {
            RunError::setting(
                "calibration",
                "a polynomial through too few different points",
                "take more steps, classes or runs",
            )
        })?;
        let off = points
            .iter()
            .map(|[x, y]| fit::value(&coefficients, *x) - y);
        let rms = libm::sqrt(off.map(|off| off * off).sum::<f64>() / points.len() as f64);
        let bounds = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            let first = (f64::INFINITY, 0.0);
            values.fold(first, |(low, high): (f64, f64), v| {
                (low.min(v), high.max(v))
            })
        };
        let (inputs, outputs) = (bounds(0), bounds(1));
        let keys = |threshold: f64| {
            vec![
                ("rescale", "polynomial".to_string()),
                ("coefficients", listed(&coefficients)),
                ("domain_min", digits(inputs.0)),
                ("domain_max", digits(inputs.1)),
                ("threshold", threshold.to_string()),
            ]
        };
        let signals = fit::mean(&signals);
        let count = |threshold| {
            let policy = applied(&self.settings.policy, &keys(threshold))?;
            computed(&policy, &signals)
        };
        let steps = self.steps();
        let threshold = threshold.unwrap_or_else(|| {
            fit::half(|t| count(t).map_or(1.0, |count| f64::from(count) / steps as f64))
        });
        Ok(Measured {
            fit: format!(
                "rms error {} of changes {} to {}, {} points; {} of {steps} calls computed at the \
                 mean signal",
                digits(rms),
                digits(outputs.0),
                digits(outputs.1),
                points.len(),
                count(threshold)?
            ),
            keys: keys(threshold),
            range: format!("{} to {}", digits(inputs.0), digits(inputs.1)),
        })
    }

    /// The change of what the trunk gives to the next step, relative to that from the step before,
    /// the mean over runs; steps below a quantile are skipped (arXiv 2512.05134, as in the code).
    pub(super) fn invardiff(&mut self, quantile: f64) -> Result<Measured, RunError> {
        let steps = self.steps();
        let mut plan = vec![true; steps];
        let mut rates = Vec::new();
        // The second pass measures against the steps that the first has left.
        for _ in 0..2 {
            let mut rows = Vec::new();
            for run in 0..self.runs {
                rows.push(self.rates(run, &plan)?);
            }
            rates = fit::mean(&rows);
            plan = fit::steady(&rates, quantile);
        }
        Ok(Measured {
            fit: format!(
                "{} of {steps} calls computed; skipped below the {quantile} quantile of the rates",
                ones(&plan)
            ),
            keys: vec![("mask", mask(&[plan]))],
            range: range(&rates),
        })
    }

    /// The rates of all steps but the first and the last. Of the steps in a row that are skipped only
    /// the first is measured against.
    fn rates(&mut self, run: u32, plan: &[bool]) -> Result<Vec<f64>, RunError> {
        let site = Site {
            keep: Keep::Output,
            ..Site::TRUNK
        };
        // Newest first.
        let mut past: Vec<Vec<f32>> = Vec::new();
        let (mut rates, mut step, mut held) = (Vec::new(), 0, false);
        self.granules(site, run, |trunk| {
            let now = trunk.concat();
            if let [newer, older] = past.as_slice() {
                let [change, _] = fit::change(&now, newer, &[]);
                let [before, _] = fit::change(newer, older, &[]);
                rates.push(change / (before + 1e-8));
            }
            let skipped = step >= 2 && !plan[step - 1];
            if !(skipped && held) {
                past.insert(0, now);
                past.truncate(2);
            }
            held = skipped;
            step += 1;
        })?;
        Ok(rates)
    }
}

fn norm(token: &[f32]) -> f64 {
    let squares = token.iter().map(|v| f64::from(*v) * f64::from(*v));
    libm::sqrt(squares.sum())
}

/// The change of each picture relative to the step before. With guidance a picture has two rows, one
/// in each half.
fn changes(now: &[f32], then: &[f32], rows: usize, pictures: usize) -> Vec<f64> {
    let each = now.len() / rows;
    let mut sums = vec![[0.0; 2]; pictures];
    let pairs = now.chunks_exact(each).zip(then.chunks_exact(each));
    for (row, (now, then)) in pairs.enumerate() {
        let [change, size] = fit::change(now, then, then);
        let sum = &mut sums[row % pictures];
        *sum = [sum[0] + change, sum[1] + size];
    }
    sums.iter().map(|[change, size]| change / size).collect()
}

/// Steps that are computed.
fn ones(column: &[bool]) -> usize {
    column.iter().filter(|computed| **computed).count()
}

/// Share of what is computed.
fn share(columns: &[Vec<bool>]) -> f64 {
    let all: usize = columns.iter().map(Vec::len).sum();
    columns.iter().map(|column| ones(column)).sum::<usize>() as f64 / all as f64
}

/// A mask as text, the columns of a step next to each other.
fn mask(columns: &[Vec<bool>]) -> String {
    let steps = columns.first().map_or(0, Vec::len);
    let step = |step: usize| columns.iter().map(move |column| column[step]);
    let bits = (0..steps).flat_map(step);
    bits.map(|computed| if computed { '1' } else { '0' })
        .collect()
}

/// A number to six digits.
fn digits(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse::<f64>();
    rounded.unwrap_or(value).to_string()
}

fn listed(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| digits(*value)).collect();
    values.join("/")
}

fn range(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} to {}", digits(low), digits(high))
}
