// What the variants of attention.wgsl share; HEAD_DIM is {HEAD_DIM}, in vectors of four channels.
// An invocation computes one query, its q and its sums in registers.
struct Params {
    batch: u32,
    tokens: u32,
    heads: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>;

const VECTORS: u32 = {VECTORS}u;
// Below every score, and finite: infinities are not safe under every driver's arithmetic.
const LOWEST: f32 = -1e30;

// Where the vectors of a token start. Part 0 is q, 1 is k, 2 is v; past the last token it is the last.
fn vectors_of(group: vec3<u32>, token: u32, part: u32) -> u32 {
    let row = group.z * params.tokens + min(token, params.tokens - 1u);
    return ((row * 3u + part) * params.heads + group.y) * VECTORS;
}

