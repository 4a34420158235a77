//! A second reader of the text form, with the defaults of the published methods written out again.

use super::Fault;

/// What a policy's text says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) gauge: String,
    pub(crate) rescale: String,
    pub(crate) coefficients: Vec<f64>,
    pub(crate) curve: Vec<f64>,
    pub(crate) budget: String,
    pub(crate) compare: String,
    pub(crate) threshold: f64,
    pub(crate) decay: f64,
    pub(crate) reset: bool,
    pub(crate) max_warmup: u32,
    pub(crate) retention: f64,
    pub(crate) last: u32,
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) max_run: usize,
    pub(crate) max_total: usize,
    pub(crate) mask: Vec<bool>,
    pub(crate) predictor: String,
    pub(crate) order: usize,
    pub(crate) axis: String,
    pub(crate) pool: String,
    pub(crate) fault: Option<Fault>,
}

impl Settings {
    /// The steps computed at the start: int(R · N + 0.5), or the plain count if that is longer.
    pub(crate) fn warmup(&self, steps: u32) -> u32 {
        let half = if self.fault == Some(Fault::RetentionDown) {
            0.0
        } else {
            0.5
        };
        let retained = (self.retention * f64::from(steps) + half).floor() as u32;
        retained.max(self.max_warmup)
    }

    /// What a policy's text says; the text is known to be right.
    pub(crate) fn read(text: &str) -> Self {
        let (family, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut s = Self::defaults(family);
        for item in rest.split(',').filter(|item| !item.is_empty()) {
            let (key, value) = item.split_once('=').unwrap_or(("mask", item));
            s.set(key, value);
        }
        s
    }

    fn defaults(family: &str) -> Self {
        // gauge, threshold, warm-up
        let (gauge, threshold, max_warmup) = match family {
            "full" => ("always", 0.0, 0),
            "interval" => ("count", 2.0, 1),
            "mask" => ("free", 0.0, 0),
            "teacache" => ("signal", 0.1, 1),
            "fbcache" => ("signal", 0.08, 1),
            "easycache" => ("signal", 0.05, 5),
            "magcache" => ("curve", 0.06, 1),
            "taylorseer" => ("count", 4.0, 3),
            other => panic!("the oracle knows no {other}"),
        };
        let mag = family == "magcache";
        let pick = |holds, yes: &str, no: &str| if holds { yes } else { no }.to_owned();
        Self {
            gauge: gauge.to_owned(),
            rescale: pick(family == "easycache", "rate", "identity"),
            coefficients: Vec::new(),
            curve: Vec::new(),
            budget: pick(family == "fbcache", "instant", "sum"),
            compare: pick(mag, "at-most", "below"),
            threshold,
            decay: 1.0,
            reset: true,
            max_warmup,
            retention: if mag { 0.2 } else { 0.0 },
            last: 1,
            start: 0.0,
            end: 1.0,
            max_run: if mag { 3 } else { 0 },
            max_total: 0,
            mask: Vec::new(),
            predictor: pick(family == "taylorseer", "taylor", "hold"),
            order: usize::from(family == "taylorseer"),
            axis: "step".to_owned(),
            pool: "alone".to_owned(),
            fault: None,
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let float = || value.parse::<f64>().expect("a number");
        let whole = || value.parse::<u32>().expect("a whole number");
        let list = || {
            value
                .split('/')
                .map(|v| v.parse().expect("a number"))
                .collect()
        };
        match key {
            "gauge" => self.gauge = value.to_owned(),
            "model" => self.model(value),
            "interval" | "threshold" => self.threshold = float(),
            "rescale" => self.rescale = value.to_owned(),
            "coefficients" => {
                self.rescale = "polynomial".to_owned();
                self.coefficients = list();
            }
            "curve" => self.curve = list(),
            "budget" => self.budget = value.to_owned(),
            "compare" => self.compare = value.to_owned(),
            "decay" => self.decay = float(),
            "reset" => self.reset = whole() == 1,
            "warmup" => self.max_warmup = whole(),
            "retention" => self.retention = float(),
            "last" => self.last = whole(),
            "start" => self.start = float(),
            "end" => self.end = float(),
            "max_run" => self.max_run = whole() as usize,
            "max_total" => self.max_total = whole() as usize,
            "mask" => self.mask = value.chars().map(|c| c == '1').collect(),
            "predictor" => self.predictor = value.to_owned(),
            "order" => self.order = whole() as usize,
            "axis" => self.axis = value.to_owned(),
            "pool" => self.pool = value.to_owned(),
            // What the host measures and leaves out; no decision depends on them.
            "signal" | "reference" | "site" | "front" | "back" => {}
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
