//! A second reader of the text form.

use super::{Fault, presets::PRESETS};

/// What a policy's text says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) gauge: String,
    pub(crate) schedule: String,
    pub(crate) interval: u32,
    pub(crate) offset: u32,
    pub(crate) level: String,
    pub(crate) center: f64,
    pub(crate) growth: f64,
    pub(crate) rescale: String,
    pub(crate) coefficients: Vec<f64>,
    pub(crate) domain_min: f64,
    pub(crate) domain_max: f64,
    pub(crate) run_factor: f64,
    pub(crate) curve: Vec<f64>,
    pub(crate) curve_by: String,
    pub(crate) curve_start: f64,
    pub(crate) curve_end: f64,
    pub(crate) protect: usize,
    pub(crate) deviation: String,
    pub(crate) codebook: Vec<f64>,
    pub(crate) budget: String,
    pub(crate) compare: String,
    pub(crate) threshold: f64,
    pub(crate) scale: String,
    pub(crate) early_factor: f64,
    pub(crate) early_until: f64,
    pub(crate) late_factor: f64,
    pub(crate) late_from: f64,
    pub(crate) progress: String,
    pub(crate) max_cost: f64,
    pub(crate) decay: f64,
    pub(crate) reset: bool,
    pub(crate) max_warmup: u32,
    pub(crate) retention: f64,
    pub(crate) rounding: String,
    pub(crate) last: u32,
    pub(crate) window: String,
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) enhance: u32,
    pub(crate) max_run: u32,
    pub(crate) run_count: String,
    pub(crate) max_total: u32,
    pub(crate) max_spent: f64,
    pub(crate) mask: Vec<bool>,
    pub(crate) predictor: String,
    pub(crate) order: usize,
    pub(crate) axis: String,
    pub(crate) sigma: f64,
    pub(crate) gain: f64,
    pub(crate) ramp: bool,
    pub(crate) gain_start: f64,
    pub(crate) gain_end: f64,
    pub(crate) rolling: bool,
    pub(crate) ridge: f64,
    pub(crate) blend: f64,
    pub(crate) horizon: f64,
    pub(crate) split: String,
    pub(crate) boost: f64,
    pub(crate) site: String,
    pub(crate) boundary: f64,
    pub(crate) verify: String,
    pub(crate) verify_from: u32,
    pub(crate) tolerance: f64,
    pub(crate) tolerance_decay: f64,
    pub(crate) tolerance_floor: f64,
    pub(crate) pool: String,
    pub(crate) fault: Option<Fault>,
}

impl Settings {
    /// The steps computed at the start: the share of them, int(R · N + 0.5) or int(R · N), or the
    /// plain count if that is longer.
    pub(crate) fn warmup(&self, steps: u32) -> u32 {
        let down = match self.fault {
            Some(Fault::RetentionDown) => true,
            Some(Fault::RoundingIgnored) => false,
            _ => self.rounding == "down",
        };
        let half = if down { 0.0 } else { 0.5 };
        let retained = (self.retention * f64::from(steps) + half).floor() as u32;
        retained.max(self.max_warmup)
    }

    /// What a policy's text says; the text is known to be right.
    pub(crate) fn read(text: &str) -> Self {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let preset = PRESETS.iter().find(|(preset, _)| *preset == name);
        let (_, defaults) = preset.unwrap_or_else(|| panic!("the oracle knows no {name}"));
        let mut s = Self::nothing();
        for item in defaults.split(',').chain(rest.split(',')) {
            let item = item.trim();
            if !item.is_empty() {
                let (key, value) = item.split_once('=').unwrap_or(("mask", item));
                s.set(key, value);
            }
        }
        s
    }

    /// Every key at the value that has no effect, and the last step computed.
    fn nothing() -> Self {
        Self {
            gauge: "always".to_owned(),
            schedule: "since".to_owned(),
            interval: 1,
            offset: 0,
            level: "slow".to_owned(),
            center: 0.0,
            growth: 0.0,
            rescale: "identity".to_owned(),
            coefficients: Vec::new(),
            domain_min: 0.0,
            domain_max: 1e9,
            run_factor: 0.0,
            curve: Vec::new(),
            curve_by: "step".to_owned(),
            curve_start: 0.0,
            curve_end: 0.0,
            protect: 0,
            deviation: "absolute".to_owned(),
            codebook: Vec::new(),
            budget: "sum".to_owned(),
            compare: "below".to_owned(),
            threshold: 0.0,
            scale: "constant".to_owned(),
            early_factor: 1.0,
            early_until: 0.0,
            late_factor: 1.0,
            late_from: 1.0,
            progress: "step".to_owned(),
            max_cost: 0.0,
            decay: 1.0,
            reset: true,
            max_warmup: 0,
            retention: 0.0,
            rounding: "nearest".to_owned(),
            last: 1,
            window: "share".to_owned(),
            start: 0.0,
            end: 1.0,
            enhance: 0,
            max_run: 0,
            run_count: "consecutive".to_owned(),
            max_total: 0,
            max_spent: 0.0,
            mask: Vec::new(),
            predictor: "hold".to_owned(),
            order: 0,
            axis: "step".to_owned(),
            sigma: 0.5,
            gain: 1.0,
            ramp: false,
            gain_start: 0.0,
            gain_end: 1.0,
            rolling: false,
            ridge: 0.1,
            blend: 1.0,
            horizon: 0.0,
            split: "none".to_owned(),
            boost: 0.0,
            site: "trunk".to_owned(),
            boundary: 0.5,
            verify: "none".to_owned(),
            verify_from: 1,
            tolerance: 0.0,
            tolerance_decay: 1.0,
            tolerance_floor: 0.0,
            pool: "alone".to_owned(),
            fault: None,
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let float = || value.parse::<f64>().expect("a number");
        let whole = || value.parse::<u32>().expect("a whole number");
        let list = || -> Vec<f64> {
            let values = value.split('/');
            values.map(|v| v.parse().expect("a number")).collect()
        };
        let name = || value.to_owned();
        match key {
            "model" => self.model(value),
            "coefficients" => {
                if !self.rescale.contains("polynomial") {
                    self.rescale = "polynomial".to_owned();
                }
                self.coefficients = list();
            }
            "curve" => self.curve = list(),
            "codebook" => self.codebook = list(),
            "mask" => self.mask = value.chars().map(|c| c == '1').collect(),
            "warmup" => self.max_warmup = whole(),
            "order" => self.order = whole() as usize,
            "protect" => self.protect = whole() as usize,
            "gauge" => self.gauge = name(),
            "schedule" => self.schedule = name(),
            "interval" => self.interval = whole(),
            "offset" => self.offset = whole(),
            "level" => self.level = name(),
            "center" => self.center = float(),
            "growth" => self.growth = float(),
            "rescale" => self.rescale = name(),
            "domain_min" => self.domain_min = float(),
            "domain_max" => self.domain_max = float(),
            "run_factor" => self.run_factor = float(),
            "curve_by" => self.curve_by = name(),
            "curve_start" => self.curve_start = float(),
            "curve_end" => self.curve_end = float(),
            "deviation" => self.deviation = name(),
            "budget" => self.budget = name(),
            "compare" => self.compare = name(),
            "threshold" => self.threshold = float(),
            "scale" => self.scale = name(),
            "early_factor" => self.early_factor = float(),
            "early_until" => self.early_until = float(),
            "late_factor" => self.late_factor = float(),
            "late_from" => self.late_from = float(),
            "progress" => self.progress = name(),
            "max_cost" => self.max_cost = float(),
            "decay" => self.decay = float(),
            "reset" => self.reset = whole() == 1,
            "retention" => self.retention = float(),
            "rounding" => self.rounding = name(),
            "last" => self.last = whole(),
            "window" => self.window = name(),
            "start" => self.start = float(),
            "end" => self.end = float(),
            "enhance" => self.enhance = whole(),
            "max_run" => self.max_run = whole(),
            "run_count" => self.run_count = name(),
            "max_total" => self.max_total = whole(),
            "max_spent" => self.max_spent = float(),
            "predictor" => self.predictor = name(),
            "axis" => self.axis = name(),
            "sigma" => self.sigma = float(),
            "gain" => self.gain = float(),
            "ramp" => self.ramp = whole() == 1,
            "gain_start" => self.gain_start = float(),
            "gain_end" => self.gain_end = float(),
            "rolling" => self.rolling = whole() == 1,
            "ridge" => self.ridge = float(),
            "blend" => self.blend = float(),
            "horizon" => self.horizon = float(),
            "split" => self.split = name(),
            "boost" => self.boost = float(),
            "site" => self.site = name(),
            "boundary" => self.boundary = float(),
            "verify" => self.verify = name(),
            "verify_from" => self.verify_from = whole(),
            "tolerance" => self.tolerance = float(),
            "tolerance_decay" => self.tolerance_decay = float(),
            "tolerance_floor" => self.tolerance_floor = float(),
            "pool" => self.pool = name(),
            // What the host measures and leaves out; no decision depends on them.
            "signal" | "metric" | "filter" | "filter_size" | "reference" | "front" | "back"
            | "share" | "keep" | "band" => {}
            other => panic!("the oracle knows no key {other}"),
        }
    }

    fn model(&mut self, name: &str) {
        let polynomial: &[f64] = match name {
            "flux-dev" => &[
                498.651651,
                -283.781631,
                55.8554382,
                -3.82021401,
                0.264230861,
            ],
            "hunyuan-video" => &[733.226126, -401.131952, 67.5869174, -3.149878, 0.0961237896],
            "wan2.1-t2v-1.3b" => &[
                2396.76752,
                -1311.10545,
                201.331979,
                -8.29855975,
                0.137887774,
            ],
            "wan2.1-t2v-14b" => &[
                -5784.54975374,
                5449.50911966,
                -1811.16591783,
                256.27178429,
                -13.02252404,
            ],
            other => panic!("the oracle has no polynomial of {other}"),
        };
        if self.gauge == "curve" {
            assert_eq!(name, "flux-dev");
            self.curve = vec![
                1.0, 1.21094, 1.11719, 1.07812, 1.0625, 1.03906, 1.03125, 1.03906, 1.02344,
                1.03125, 1.02344, 0.98047, 1.01562, 1.00781, 1.0, 1.00781, 1.0, 1.00781, 1.0, 1.0,
                0.99609, 0.99609, 0.98047, 0.98828, 0.96484, 0.95703, 0.93359, 0.89062,
            ];
        } else {
            self.rescale = "polynomial".to_owned();
            self.coefficients = polynomial.to_vec();
        }
    }
}
