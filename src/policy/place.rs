//! Where a block or a module stands in a policy's site.

use super::{Gauge, Policy, Site, SiteKind};
use crate::{
    signal::SignalKind,
    text::{Named, named},
};

/// A part of a network that an engine runs as one.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A transformer block.
    Block = 0,
    /// The attention of a block, before its gate.
    Attention = 1,
    /// The MLP of a block, before its gate.
    Mlp = 2,
}

named!(Unit, "unit", {
    Block => "block",
    Attention => "attention",
    Mlp => "mlp",
});

/// Where a unit stands. A *granule* is what is kept, skipped and filled in as one; it has a ring of
/// anchors of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The granule, 0 to [`Policy::granules`] - 1.
    pub granule: u32,
    /// The lane whose decision it takes.
    pub lane: u32,
    /// Whether a skipped call leaves it out: with the site `stage` not at every step.
    pub left_out: bool,
    /// Whether its input is that of the granule: what a residual is taken from and added to. With the
    /// site `model` that is the latent, and of no block.
    pub first: bool,
    /// Whether its output is that of the granule: what is kept, and what is stood in for. With the
    /// site `model` that is the prediction, and of no block.
    pub last: bool,
}

/// Where in a network, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// What kind of part.
    pub unit: Unit,
    /// The block, 0 to `depth` - 1.
    pub block: u32,
    /// Blocks of the network.
    pub depth: u32,
    /// The step, 0 to `steps` - 1.
    pub step: u32,
    /// Steps of the run.
    pub steps: u32,
}

impl Gauge {
    /// Whether every block is measured by itself.
    const fn of_blocks(&self) -> bool {
        self.measures()
            && matches!(
                self.signal,
                SignalKind::BlockInput | SignalKind::BlockOutput
            )
    }
}

impl Policy {
    /// Granules of the site on a network of `depth` blocks.
    #[must_use]
    pub const fn granules(&self, depth: u32) -> u32 {
        match self.site.kind {
            SiteKind::Modules => depth.saturating_mul(2),
            SiteKind::Attention | SiteKind::Mlp | SiteKind::Blocks => depth,
            SiteKind::Stage => 2,
            _ => 1,
        }
    }

    /// Lanes that a run of `steps` steps takes on a network of `depth` blocks: one for all granules,
    /// one for each, or one a column of the mask, which granules take in turn.
    #[must_use]
    pub fn lanes(&self, depth: u32, steps: u32) -> u32 {
        if self.site.kind == SiteKind::Blocks && self.gauge.of_blocks() {
            depth
        } else {
            self.guards.columns(steps)
        }
    }

    /// Where a unit stands; `None` if it is run on every call, or there is no such block. Of a site
    /// of modules ask for the modules, of any other for blocks or, all the same, for their modules.
    #[must_use]
    pub fn place(&self, at: At) -> Option<Place> {
        let At { unit, depth, .. } = at;
        let block = (at.block < depth).then_some(at.block)?;
        let alone = |granule: u32| Place {
            granule,
            lane: granule
                .checked_rem(self.lanes(depth, at.steps))
                .unwrap_or(0),
            left_out: true,
            first: true,
            last: true,
        };
        let (begins, ends) = (unit != Unit::Mlp, unit != Unit::Attention);
        match (self.site.kind, unit) {
            (SiteKind::Modules, Unit::Attention) => Some(alone(2 * block)),
            (SiteKind::Modules, Unit::Mlp) => Some(alone(2 * block + 1)),
            (SiteKind::Attention, Unit::Attention) | (SiteKind::Mlp, Unit::Mlp) => {
                Some(alone(block))
            }
            (SiteKind::Modules | SiteKind::Attention | SiteKind::Mlp | SiteKind::Branch, _) => None,
            (SiteKind::Blocks, _) => Some(Place {
                first: begins,
                last: ends,
                ..alone(block)
            }),
            (SiteKind::Model, _) => Some(Place {
                first: false,
                last: false,
                ..alone(0)
            }),
            _ => {
                let (granule, from, to, left_out) = self.site.span(block, depth, at)?;
                Some(Place {
                    granule,
                    lane: 0,
                    left_out,
                    first: begins && block == from,
                    last: ends && block + 1 == to,
                })
            }
        }
    }
}

impl Site {
    /// The granule of a site of whole blocks that holds a block: its number, its blocks, and whether a
    /// skipped call leaves it out.
    fn span(&self, block: u32, depth: u32, at: At) -> Option<(u32, u32, u32, bool)> {
        let count = self.blocks(depth);
        let all = match self.kind {
            SiteKind::Range => (0, self.front, depth.saturating_sub(self.back), true),
            SiteKind::Front => (0, 0, count, true),
            SiteKind::Rear => (0, depth.saturating_sub(count), depth, true),
            SiteKind::Stage => {
                let (count, rear) = (count.min(depth / 2), self.rear_at(at.step, at.steps));
                if block < count {
                    (0, 0, count, !rear)
                } else {
                    (1, depth.saturating_sub(count), depth, rear)
                }
            }
            _ => (0, 0, depth, true),
        };
        (all.1..all.2).contains(&block).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, unit: Unit, depth: u32, step: u32) -> [Option<Place>; 8] {
        let policy = Policy::parse(text).expect("a policy");
        core::array::from_fn(|block| {
            policy.place(At {
                unit,
                block: block as u32,
                depth,
                step,
                steps: 10,
            })
        })
    }

    /// `[` first, `]` last, `#` both, `=` within, `-` kept but run, `.` outside.
    fn picture(text: &str, unit: Unit, depth: u32, step: u32) -> [char; 8] {
        places(text, unit, depth, step).map(|place| match place {
            None => '.',
            Some(place) if !place.left_out => '-',
            Some(place) => match (place.first, place.last) {
                (true, true) => '#',
                (true, false) => '[',
                (false, true) => ']',
                (false, false) => '=',
            },
        })
    }

    fn drawn(text: &str) -> [char; 8] {
        let mut letters = text.chars();
        [(); 8].map(|()| letters.next().unwrap_or('.'))
    }

    #[test]
    fn blocks_of_every_site() {
        for (text, step, expected) in [
            ("interval:site=trunk", 0, "[====]"),
            ("interval:site=model", 0, "======"),
            ("interval:site=range,front=1,back=2", 0, ".[=].."),
            ("interval:site=range,front=5", 0, ".....#"),
            ("interval:site=front,share=0.5", 0, "[=]..."),
            ("interval:site=rear,share=0.34", 0, "....[]"),
            ("interval:site=stage,share=0.34,boundary=0.5", 4, "--..[]"),
            ("interval:site=stage,share=0.34,boundary=0.5", 5, "[]..--"),
            ("interval:site=blocks", 0, "######"),
            ("interval:site=modules", 0, "......"),
        ] {
            assert_eq!(
                picture(text, Unit::Block, 6, step),
                drawn(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn modules_of_every_site() {
        for (text, attention, mlp) in [
            ("interval:site=trunk", "[==", "==]"),
            ("interval:site=blocks", "[[[", "]]]"),
            ("interval:site=modules", "###", "###"),
            ("interval:site=attention", "###", "..."),
            ("interval:site=mlp", "...", "###"),
        ] {
            assert_eq!(
                picture(text, Unit::Attention, 3, 0),
                drawn(attention),
                "{text}"
            );
            assert_eq!(picture(text, Unit::Mlp, 3, 0), drawn(mlp), "{text}");
        }
    }

    #[test]
    fn granules_take_lanes_in_turn() {
        let all = places("interval:site=modules", Unit::Mlp, 3, 0);
        let granules = all.map(|place| place.map(|place| place.granule));
        assert_eq!(granules[..4], [Some(1), Some(3), Some(5), None]);
        // Two columns: attention and MLP.
        let mask = "mask:11100110011001100110,site=modules";
        let lane = |unit| places(mask, unit, 3, 0)[2].map(|place| place.lane);
        assert_eq!((lane(Unit::Attention), lane(Unit::Mlp)), (Some(0), Some(1)));
        let policy = Policy::parse("dbprune").expect("a policy");
        assert_eq!((policy.granules(28), policy.lanes(28, 50)), (28, 28));
    }
}
