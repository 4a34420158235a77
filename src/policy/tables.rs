//! Published coefficients and curves, by model.

use super::gauge::{Curve, MAX_DEGREE};

/// A rescaling polynomial fitted to one model.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// Highest degree first.
    pub coefficients: [f64; MAX_DEGREE + 1],
    /// Where it is from.
    pub source: &'static str,
}

/// A curve of magnitude ratios calibrated on one model.
#[derive(Clone, Copy, Debug)]
pub struct CurveTable {
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// One ratio a step; the first is 1.
    pub values: &'static [f64],
    /// Where it is from: model, steps, sampler.
    pub source: &'static str,
}

impl CurveTable {
    /// The curve as a policy holds it.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        Curve::new(self.values)
    }
}

/// The polynomial fitted to `model`.
#[must_use]
pub fn polynomial(model: &str) -> Option<&'static Polynomial> {
    POLYNOMIALS.iter().find(|table| table.model == model)
}

/// The curve calibrated on `model`.
#[must_use]
pub fn curve(model: &str) -> Option<&'static CurveTable> {
    CURVES.iter().find(|table| table.model == model)
}

const TEACACHE: &str = "TeaCache, official repository (arXiv 2411.19108)";

/// TeaCache polynomials.
pub static POLYNOMIALS: &[Polynomial] = &[
    Polynomial {
        model: "flux-dev",
        coefficients: [
            0.0,
            4.986_516_51e2,
            -2.837_816_31e2,
            5.585_543_82e1,
            -3.820_214_01,
            2.642_308_61e-1,
        ],
        source: TEACACHE,
    },
    Polynomial {
        model: "hunyuan-video",
        coefficients: [
            0.0,
            7.332_261_26e2,
            -4.011_319_52e2,
            6.758_691_74e1,
            -3.149_878_00,
            9.612_378_96e-2,
        ],
        source: TEACACHE,
    },
    Polynomial {
        model: "wan2.1-t2v-1.3b",
        coefficients: [
            0.0,
            2.396_767_52e3,
            -1.311_105_45e3,
            2.013_319_79e2,
            -8.298_559_75,
            1.378_877_74e-1,
        ],
        source: TEACACHE,
    },
    Polynomial {
        model: "wan2.1-t2v-14b",
        coefficients: [
            0.0,
            -5_784.549_753_74,
            5_449.509_119_66,
            -1_811.165_917_83,
            256.271_784_29,
            -13.022_524_04,
        ],
        source: TEACACHE,
    },
];

/// MagCache curves.
pub static CURVES: &[CurveTable] = &[
    CurveTable {
        model: "flux-dev",
        values: &[
            1.0, 1.21094, 1.11719, 1.07812, 1.0625, 1.03906, 1.03125, 1.03906, 1.02344, 1.03125,
            1.02344, 0.98047, 1.01562, 1.00781, 1.0, 1.00781, 1.0, 1.00781, 1.0, 1.0, 0.99609,
            0.99609, 0.98047, 0.98828, 0.96484, 0.95703, 0.93359, 0.89062,
        ],
        source: "MagCache, official repository (arXiv 2506.09045): FLUX.1-dev, 28 steps",
    },
    CurveTable {
        model: "emoji",
        values: &[
            1.0000, 0.9901, 0.9983, 0.9976, 1.0065, 1.0022, 1.0039, 0.9962, 0.9727, 1.0045, 0.9874,
            0.9903, 0.9910, 0.9882, 0.9844, 0.9833, 0.9901, 0.9863, 0.9856, 0.9801, 0.9872, 0.9812,
            0.9821, 0.9843, 0.9831, 0.9825, 0.9829, 0.9761, 0.9800, 0.9866, 0.9830, 0.9813, 0.9826,
            0.9849, 0.9836, 0.9814, 0.9844, 0.9841, 0.9848, 0.9850, 0.9853, 0.9852, 0.9853, 0.9841,
            0.9872, 0.9864, 0.9858, 0.9864, 0.9870, 0.9982,
        ],
        source: "measured by tests/calibration.rs: 50 Euler steps, guidance 2.5, 12 classes, 2 seeds",
    },
];

/// A published step mask.
#[derive(Clone, Copy, Debug)]
pub struct MaskTable {
    /// The method it is for.
    pub method: &'static str,
    /// The model, as `model=` names it.
    pub model: &'static str,
    /// One character a step: 1 is computed.
    pub mask: &'static str,
    /// Where it is from.
    pub source: &'static str,
}

/// Published masks.
pub static MASKS: &[MaskTable] = &[];

/// The masks published for a method.
pub fn masks(method: &str) -> impl Iterator<Item = &'static MaskTable> + '_ {
    MASKS.iter().filter(move |table| table.method == method)
}

/// The mask published for a method and `model`.
#[must_use]
pub fn mask(method: &str, model: &str) -> Option<&'static MaskTable> {
    masks(method).find(|table| table.model == model)
}
