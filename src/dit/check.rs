//! What a model can be lowered to.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    config::DitConfig,
    error::ModelError,
    lowering::{Lowering, Ring, Signal},
};
use crate::{
    kernels::AnchorFormat,
    policy::{Site, SiteKind},
    predict::MAX_ANCHORS,
    signal::{Filter, SignalKind},
};

/// Most elements of the matrix of a filter or a projector.
const MAX_MATRIX: u64 = 1 << 24;
/// Most words of a ring: kernels index with 32 bits.
const MAX_RING: u64 = 1 << 31;

fn refused(key: &'static str, given: impl ToString, remedy: impl Into<String>) -> ModelError {
    ModelError::setting(key, given.to_string(), remedy)
}

impl Lowering {
    /// Rows of the network, and lanes.
    pub(super) fn check(&self, config: &DitConfig) -> Result<(u32, u32), ModelError> {
        self.check_site(config)?;
        if let Some(signal) = &self.signal {
            self.check_signal(signal)?;
            self.check_filter(signal, config)?;
        }
        self.check_ring(config)?;
        let lanes = self.check_lanes(config)?;
        Ok((self.check_rows(config)?, lanes))
    }

    fn check_site(&self, config: &DitConfig) -> Result<(), ModelError> {
        let Site { front, back, .. } = self.site;
        let ends = u64::from(front) + u64::from(back);
        match self.site.kind {
            SiteKind::Range if ends >= u64::from(config.depth) => Err(refused(
                "policy key `front` + `back`",
                ends,
                format!(
                    "the model has {} blocks and at least one must be left to skip; choose less",
                    config.depth
                ),
            )),
            SiteKind::Stage if config.depth < 2 => Err(refused(
                "policy key `site`",
                SiteKind::Stage,
                "the model has one block, which has no front and rear; choose site=trunk",
            )),
            SiteKind::Branch if self.guidance.is_none() => Err(refused(
                "policy key `site`",
                SiteKind::Branch,
                "without guidance there are no rows without classes; guide by a scale other than 1",
            )),
            _ => Ok(()),
        }
    }

    fn check_signal(&self, signal: &Signal) -> Result<(), ModelError> {
        let site = self.site.kind;
        let ranged = site == SiteKind::Range && self.site.front > 0;
        let whole = matches!(
            site,
            SiteKind::Trunk
                | SiteKind::Model
                | SiteKind::Modules
                | SiteKind::Attention
                | SiteKind::Mlp
                | SiteKind::Blocks
        );
        let wrong = match signal.kind {
            SignalKind::Gate | SignalKind::TrialOutput => Some(
                "a DiT has no such output, only a host with a network for it can measure it; \
                 choose modulated-input",
            ),
            SignalKind::FrontResidual | SignalKind::FrontOutput if !ranged => Some(
                "it is measured behind the front blocks; set site=range and front to 1 or more",
            ),
            SignalKind::BlockOutput | SignalKind::BlockResidual if !signal.late => Some(
                "it is known behind a block, when that is computed; set gauge=late or \
                 signal=block-input",
            ),
            SignalKind::BlockOutput | SignalKind::BlockResidual if !whole => Some(
                "it is measured where all blocks are part of the site; set site=trunk, model, \
                 modules or blocks",
            ),
            SignalKind::BlockInput if site != SiteKind::Blocks => {
                Some("every block has its own; set site=blocks")
            }
            SignalKind::BlockInput if self.pooled && !signal.late => Some(
                "a block's input is known when those before it have run, too late to decide for \
                 all; set pool=alone",
            ),
            SignalKind::ModulatedInput | SignalKind::TimeEmbedding if site == SiteKind::Branch => {
                Some("beside a guidance branch only the model's input is measured; choose that")
            }
            _ => None,
        };
        if let Some(remedy) = wrong {
            return Err(refused("policy key `signal`", signal.kind, remedy));
        }
        if signal.aligned && !ranged {
            return Err(refused(
                "policy key `predictor`",
                "aligned",
                "its probe lies behind the front blocks; set site=range and front to 1 or more",
            ));
        }
        Ok(())
    }

    fn check_filter(&self, signal: &Signal, config: &DitConfig) -> Result<(), ModelError> {
        if signal.filter == Filter::None {
            return Ok(());
        }
        if signal.kind == SignalKind::TimeEmbedding {
            return Err(refused(
                "policy key `filter`",
                signal.filter,
                "a timestep's embedding is no grid; set filter=none",
            ));
        }
        let (side, _) = self.grid(signal, config);
        let tokens = u64::from(side).pow(2);
        let rows = match signal.filter {
            Filter::Downsample => {
                let factor = (signal.filter_size as u32).max(1);
                u64::from(side.div_ceil(factor)).pow(2)
            }
            _ => tokens,
        };
        if rows * tokens > MAX_MATRIX {
            return Err(refused(
                "policy key `filter`",
                signal.filter,
                format!(
                    "its matrix for {side}x{side} would have {} elements, at most {MAX_MATRIX} are \
                     used; measure a tensor of the tokens, or downsample more",
                    rows * tokens
                ),
            ));
        }
        Ok(())
    }

    fn check_ring(&self, config: &DitConfig) -> Result<(), ModelError> {
        if self.anchors > MAX_ANCHORS as u32 {
            return Err(refused(
                "anchors",
                self.anchors,
                format!("at most {MAX_ANCHORS} features are blended; choose a lower order"),
            ));
        }
        if self.ring == Ring::Sums && self.anchor_format != AnchorFormat::F32 {
            return Err(refused(
                "anchors",
                self.anchor_format,
                "running sums over the whole past (predictor=chebyshev) would add up what every \
                 rounding loses; keep them in f32",
            ));
        }
        let words = self.anchor_words(config);
        if words > MAX_RING {
            return Err(refused(
                "pictures",
                self.pictures,
                format!(
                    "their {} anchors in {} take {words} words a ring, at most {MAX_RING} are \
                     indexed; make fewer at once",
                    self.anchors, self.anchor_format
                ),
            ));
        }
        if self.verify.is_some() && self.site.kind != SiteKind::Modules {
            return Err(refused(
                "policy key `site`",
                self.site.kind,
                "a forecast is verified at the last block, whose modules must be predicted one by \
                 one; set site=modules or verify=none",
            ));
        }
        let picture = matches!(self.site.kind, SiteKind::Model | SiteKind::Branch);
        let side = match picture {
            true => config.input_size,
            false => config.input_size / config.patch_size,
        };
        if self.band.is_some() && u64::from(side).pow(4) > MAX_MATRIX {
            return Err(refused(
                "policy key `split`",
                "band",
                format!(
                    "the projector of a picture of {side}x{side} pixels takes too much; at most \
                     64x64 are split, set split=none"
                ),
            ));
        }
        Ok(())
    }

    /// Words of a ring.
    fn anchor_words(&self, config: &DitConfig) -> u64 {
        let rows = u64::from(self.pictures) * if self.guidance.is_some() { 2 } else { 1 };
        let each = match self.site.kind {
            SiteKind::Model => config.output_len() as u64,
            SiteKind::Branch => config.picture_len() as u64,
            _ => u64::from(config.tokens()) * u64::from(config.hidden_size),
        };
        let words = self
            .anchor_format
            .words(rows.saturating_mul(each), self.row(config));
        words.saturating_mul(self.anchors.into())
    }

    /// Elements of a row of an anchor, which in int8 has a scale of its own: a token, or a row of a
    /// picture.
    pub(super) const fn row(&self, config: &DitConfig) -> u32 {
        match self.site.kind {
            SiteKind::Model | SiteKind::Branch => config.input_size,
            _ => config.hidden_size,
        }
    }

    fn check_lanes(&self, config: &DitConfig) -> Result<u32, ModelError> {
        let depth = config.depth;
        let blocks = self.site.kind == SiteKind::Blocks;
        if blocks && self.signal.is_some_and(|signal| signal.of_blocks()) {
            return Ok(depth);
        }
        let granules = match self.site.kind {
            SiteKind::Modules => 2 * depth,
            SiteKind::Attention | SiteKind::Mlp | SiteKind::Blocks => depth,
            _ => 1,
        };
        let columns = self.columns;
        let pair = self.site.kind == SiteKind::Modules && columns == 2;
        if columns != 1 && columns != granules && !pair {
            let more = match self.site.kind {
                SiteKind::Modules => ", 2",
                _ => "",
            };
            return Err(refused(
                "columns of the mask",
                columns,
                format!(
                    "site={} has {granules} parts that are skipped apart; give 1{more} or {granules}",
                    self.site.kind
                ),
            ));
        }
        if columns > 1 && (self.verify.is_some() || self.signal.is_some()) {
            return Err(refused(
                "columns of the mask",
                columns,
                "what is measured or verified is one for all of them; leave the signal and verify \
                 out, or give one column",
            ));
        }
        Ok(columns)
    }

    fn check_rows(&self, config: &DitConfig) -> Result<u32, ModelError> {
        // Kernels index with 32 bits: the widest tensor must stay below 2³¹ elements.
        let each = if self.guidance.is_some() { 2 } else { 1 };
        let rows = u64::from(self.pictures) * each;
        let tokens = u64::from(config.tokens());
        let d = u64::from(config.hidden_size);
        let patch = u64::from(config.patch_size) * u64::from(config.patch_size);
        let widest = [
            tokens * 3 * d,
            tokens * u64::from(config.mlp_hidden),
            tokens * patch * u64::from(config.out_channels),
            6 * d,
            u64::from(config.frequency_size),
        ];
        let widest = widest.into_iter().max().unwrap_or(1);
        let most = (1u64 << 31) / widest;
        if rows == 0 || rows > most {
            return Err(refused(
                "pictures",
                self.pictures,
                format!("1 to {} of this model fit a batch", most / each),
            ));
        }
        Ok(rows as u32)
    }
}
