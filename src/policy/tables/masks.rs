//! Published step masks: one character a step, 1 is computed.

use super::MaskTable;

const LEMICA: &str =
    "LeMiCa, runtime of its repository (arXiv 2511.00090); the name ends in the computed steps";
const SMOOTHCACHE: &str = "SmoothCache, schedules of its repository (arXiv 2411.10510)";
const INVARDIFF: &str = "InvarDiff, step plans of its repository (arXiv 2512.05134)";
const FASTER_DIFFUSION: &str =
    "Faster Diffusion, key steps of its code (arXiv 2312.09608), 50 steps";

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
];
