//! Published step masks: one character a step, 1 is computed. ProfilingDiT's have one a step and
//! block: those of HunyuanVideo's single stream, and those of Wan 2.1.

use super::{BlockTable, MaskTable};

const LEMICA: &str =
    "LeMiCa, runtime of its repository (arXiv 2511.00090); the name ends in the computed steps";
const SMOOTHCACHE: &str = "SmoothCache, schedules of its repository (arXiv 2411.10510)";
const INVARDIFF: &str = "InvarDiff, step plans of its repository (arXiv 2512.05134)";
const FASTER_DIFFUSION: &str =
    "Faster Diffusion, key steps of its code (arXiv 2312.09608), 50 steps";
const PROFILINGDIT: &str = "ProfilingDiT, lists of its code (arXiv 2504.03140), 50 steps";
const GOLDEN_PATH: &str = "Golden Path Hypothesis, its repository: the even schedule of 41 skips";

const fn row(
    method: &'static str,
    model: &'static str,
    mask: &'static str,
    source: &'static str,
) -> MaskTable {
    MaskTable {
        method,
        model,
        mask,
        source,
    }
}

/// Published masks.
pub static MASKS: &[MaskTable] = &[
    row(
        "lemica",
        "wan2.1-t2v-1.3b-25",
        "11111111111110101010010010000100000100001000100111",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-1.3b-20",
        "11111111110101001000100000100000010000001000010011",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-1.3b-17",
        "11111111101001000010000001000000100000010000001001",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-1.3b-14",
        "11111101001000001000000100000010000001000000100001",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-14b-25",
        "11111111111101010010010001000100001000100010010111",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-14b-20",
        "11111111110100100010000100000100000010000010001011",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-14b-17",
        "11111111010010001000001000000100000010000001000101",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-t2v-14b-14",
        "11111101001000000100000010000001000000100000010001",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-i2v-25",
        "1111111111101010101001001001001010101111",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-i2v-20",
        "1111111010101001001001000100010010010111",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-i2v-17",
        "1111110101001001000100001000010001001011",
        LEMICA,
    ),
    row(
        "lemica",
        "wan2.1-i2v-14",
        "1111101010010001000000100000010000100101",
        LEMICA,
    ),
    row(
        "lemica",
        "flux-dev-26",
        "11111111111010010010100001000010000100010010111111",
        LEMICA,
    ),
    row(
        "lemica",
        "flux-dev-20",
        "11111111010010010001000010000001000000100001001111",
        LEMICA,
    ),
    row(
        "lemica",
        "flux-dev-15",
        "11111101001000010000100000010000001000000100000101",
        LEMICA,
    ),
    row(
        "lemica",
        "flux-dev-10",
        "11010001000000100000010000001000000100000010000001",
        LEMICA,
    ),
    row(
        "lemica",
        "flux.2-26",
        "11111111111111111111100000010000001000000100000101",
        LEMICA,
    ),
    row(
        "lemica",
        "flux.2-20",
        "11111111111111100000010000001000000100000010000001",
        LEMICA,
    ),
    row(
        "lemica",
        "flux.2-15",
        "11111100110000010000010000010000010000010000010001",
        LEMICA,
    ),
    row(
        "lemica",
        "qwen-image-25",
        "11111111111111111111000000100000010010000010000001",
        LEMICA,
    ),
    row(
        "lemica",
        "qwen-image-17",
        "11111111111000010000001000000100000010000010000001",
        LEMICA,
    ),
    row(
        "lemica",
        "qwen-image-10",
        "11010001000000100000010000001000000100000010000001",
        LEMICA,
    ),
    row("lemica", "z-image-8", "1111010111", LEMICA),
    row("lemica", "z-image-7", "1110101011", LEMICA),
    row("lemica", "z-image-6", "1110010011", LEMICA),
    row(
        "lemica",
        "hunyuan-video-1.5-25",
        "11111111111111010101010010001000010000010000010011",
        LEMICA,
    ),
    row(
        "lemica",
        "hunyuan-video-1.5-20",
        "11111111111101010010001000001000000010000000100001",
        LEMICA,
    ),
    row(
        "lemica",
        "hunyuan-video-1.5-15",
        "11111110101001000100000001000000010000000100000001",
        LEMICA,
    ),
    row(
        "lemica",
        "hunyuan-video-1.5-10",
        "11010100010000000100000001000000010000000100000001",
        LEMICA,
    ),
    row(
        "smoothcache",
        "dit-xl-30",
        "100101010101010101010101010111",
        SMOOTHCACHE,
    ),
    row(
        "smoothcache",
        "dit-xl-50",
        "10001001001010101010101010101010101010101010101011",
        SMOOTHCACHE,
    ),
    row(
        "smoothcache",
        "dit-xl-50-attention",
        "10100101011101010101010101010101001001001001001011",
        SMOOTHCACHE,
    ),
    row(
        "invardiff",
        "dit-xl",
        "11000000000000001001110011001111100011110010000011",
        INVARDIFF,
    ),
    row(
        "invardiff",
        "flux-dev",
        "1101000000100010000000111111",
        INVARDIFF,
    ),
    row(
        "fasterdiffusion",
        "50ls",
        "11110100001000010000000001000000000100000000000000",
        FASTER_DIFFUSION,
    ),
    row(
        "fasterdiffusion",
        "50ls2",
        "10000000001110010000100001000010000100000000010000",
        FASTER_DIFFUSION,
    ),
    row(
        "fasterdiffusion",
        "50ls3",
        "10000000000000000000100001000010000100000000011111",
        FASTER_DIFFUSION,
    ),
    row(
        "fasterdiffusion",
        "50ls4",
        "10000000010001110000000000001100100010000000010000",
        FASTER_DIFFUSION,
    ),
    row(
        "goldenpath",
        "flux-dev-9",
        "11110000000000100000000001000000000001000000000011",
        GOLDEN_PATH,
    ),
    row(
        "profilingdit",
        "hunyuan-video",
        HUNYUAN_VIDEO.text(),
        PROFILINGDIT,
    ),
    row("profilingdit", "wan2.1-t2v-14b", WAN21.text(), PROFILINGDIT),
];

/// When ProfilingDiT recomputes its background blocks.
const RECOMPUTED: &str = "11111110000000000010000000100000100000100010001010";

const HUNYUAN_VIDEO_BLOCKS: &[u32] = &[
    0, 2, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 25, 26, 27, 31, 33,
];
const WAN21_BLOCKS: &[u32] = &[
    0, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26, 27, 28, 29, 30, 31,
    32, 37, 38,
];

static HUNYUAN_VIDEO: Grid = Grid::new(HUNYUAN_VIDEO_BLOCKS);
static WAN21: Grid = Grid::new(WAN21_BLOCKS);

/// A mask of 50 steps with a column for each of 40 blocks.
struct Grid([u8; 2000]);

impl Grid {
    /// These blocks at the recomputed steps, all others at every step.
    const fn new(background: &[u32]) -> Self {
        let steps = RECOMPUTED.as_bytes();
        let mut bits = [b'1'; 2000];
        let mut i = 0;
        while i < background.len() * steps.len() {
            let (step, block) = (i / background.len(), i % background.len());
            bits[step * 40 + background[block] as usize] = steps[step];
            i += 1;
        }
        Self(bits)
    }

    const fn text(&self) -> &str {
        match core::str::from_utf8(&self.0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

/// Published blocks to skip.
pub static BLOCKS: &[BlockTable] = &[
    BlockTable {
        method: "profilingdit",
        model: "hunyuan-video",
        total: 40,
        blocks: HUNYUAN_VIDEO_BLOCKS,
        mask: RECOMPUTED,
        source: PROFILINGDIT,
    },
    BlockTable {
        method: "profilingdit",
        model: "wan2.1-t2v-14b",
        total: 40,
        blocks: WAN21_BLOCKS,
        mask: RECOMPUTED,
        source: PROFILINGDIT,
    },
];
