// Self-attention without a mask: softmax(q * transpose(k) * scale) * v, head by head, the scores
// never leaving the workgroup (online softmax: Milakov and Gimelshein, 2018; tiling: Dao, 2023).
//
// qkv: (batch, tokens, 3 * heads * HEAD_DIM), q then k then v, each head by head;
// out: (batch, tokens, heads * HEAD_DIM). HEAD_DIM: 24 to 128, a multiple of 8. Any tokens >= 1.
// A workgroup of 8 x 8 computes 32 queries of one head, over tiles of 32 keys. An invocation owns
// four queries (local.y): of the scores the four keys of local.x, of the output the channels
// local.x, local.x + 8, ... Dispatch: AttentionParams::workgroups.
// Twin: src/kernels/twins/attention.rs. Sums are f32. A weight has a relative error of
// |score| * sqrt(HEAD_DIM) * 2^-24 and that of exp, so 1e-5 for scores up to about 10.

struct Params {
    batch: u32,
    tokens: u32,
    heads: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

override HEAD_DIM: u32;

const ROWS: u32 = 32u;
const KEYS: u32 = 32u;
// Channels of q and k, and tokens of v, staged at a time.
const STAGE: u32 = 8u;
// Vectors of four queries or keys in 32, and one more so that a transposed store meets no bank twice.
const PITCH: u32 = 9u;
const MAX_OWNED: u32 = 128u / 8u;
// Below every score, and finite: infinities are not safe under every driver's arithmetic.
const LOWEST: f32 = -1e30;

var<workgroup> q_tile: array<vec4<f32>, STAGE * PITCH>;
var<workgroup> k_tile: array<vec4<f32>, STAGE * PITCH>;
var<workgroup> v_tile: array<f32, STAGE * HEAD_DIM>;
var<workgroup> maxima: array<vec4<f32>, 64>;
var<workgroup> weights: array<vec4<f32>, KEYS * PITCH>;

// Part 0 is q, 1 is k, 2 is v. Tokens past the last count as zero.
fn qkv_at(group: vec3<u32>, token: u32, part: u32, channel: u32) -> f32 {
    if (token >= params.tokens) {
        return 0.0;
    }
    let vector = ((group.z * params.tokens + token) * 3u + part) * params.heads + group.y;
    return qkv[vector * HEAD_DIM + channel];
}

fn four_tokens(group: vec3<u32>, token: u32, part: u32, channel: u32) -> vec4<f32> {
    return vec4(
        qkv_at(group, token, part, channel),
        qkv_at(group, token + 1u, part, channel),
        qkv_at(group, token + 2u, part, channel),
        qkv_at(group, token + 3u, part, channel),
    );
}

fn store(group: vec3<u32>, token: u32, channel: u32, value: f32) {
    if (token < params.tokens) {
        let vector = (group.z * params.tokens + token) * params.heads + group.y;
        out[vector * HEAD_DIM + channel] = value;
    }
}

@compute @workgroup_size(8, 8, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first_query = group.x * ROWS;
    let channel = lane % STAGE;
    let quad = lane / STAGE;
    let owned = HEAD_DIM / 8u;
    // A vector is over the four queries of this invocation.
    var sums: array<vec4<f32>, MAX_OWNED>;
    var highest = vec4(LOWEST);
    var total = vec4<f32>();

    for (var first_key = 0u; first_key < params.tokens; first_key += KEYS) {
        var score_0 = vec4<f32>();
        var score_1 = vec4<f32>();
        var score_2 = vec4<f32>();
        var score_3 = vec4<f32>();
        for (var start = 0u; start < HEAD_DIM; start += STAGE) {
            let slot = channel * PITCH + quad;
            q_tile[slot] = four_tokens(group, first_query + 4u * quad, 0u, start + channel);
            k_tile[slot] = four_tokens(group, first_key + 4u * quad, 1u, start + channel);
            workgroupBarrier();
            for (var c = 0u; c < STAGE; c++) {
                let q = q_tile[c * PITCH + local.y];
                let k = k_tile[c * PITCH + local.x];
                score_0 = fma(q, vec4(k.x), score_0);
                score_1 = fma(q, vec4(k.y), score_1);
                score_2 = fma(q, vec4(k.z), score_2);
                score_3 = fma(q, vec4(k.w), score_3);
            }
            workgroupBarrier();
        }
        // Keys past the last must not count.
        let key = first_key + 4u * local.x;
        score_0 = select(vec4(LOWEST), score_0 * params.scale, key < params.tokens);
        score_1 = select(vec4(LOWEST), score_1 * params.scale, key + 1u < params.tokens);
        score_2 = select(vec4(LOWEST), score_2 * params.scale, key + 2u < params.tokens);
        score_3 = select(vec4(LOWEST), score_3 * params.scale, key + 3u < params.tokens);

        maxima[lane] = max(max(score_0, score_1), max(score_2, score_3));
        workgroupBarrier();
        var higher = highest;
        for (var i = 0u; i < 8u; i++) {
            higher = max(higher, maxima[local.y * 8u + i]);
        }
        let rescale = exp(highest - higher);
        highest = higher;

        let slot = 4u * local.x * PITCH + local.y;
        weights[slot] = exp(score_0 - higher);
        weights[slot + PITCH] = exp(score_1 - higher);
        weights[slot + 2u * PITCH] = exp(score_2 - higher);
        weights[slot + 3u * PITCH] = exp(score_3 - higher);

        total *= rescale;
        for (var i = 0u; i < owned; i++) {
            sums[i] *= rescale;
        }
        let keys = min(KEYS, params.tokens - first_key);
        for (var start = 0u; start < keys; start += STAGE) {
            for (var i = lane; i < STAGE * HEAD_DIM; i += 64u) {
                v_tile[i] = qkv_at(group, first_key + start + i / HEAD_DIM, 2u, i % HEAD_DIM);
            }
            workgroupBarrier();
            for (var k = 0u; k < STAGE; k++) {
                let w = weights[(start + k) * PITCH + local.y];
                total += w;
                for (var i = 0u; i < owned; i++) {
                    sums[i] = fma(w, vec4(v_tile[k * HEAD_DIM + local.x + 8u * i]), sums[i]);
                }
            }
            workgroupBarrier();
        }
    }

    let query = first_query + 4u * local.y;
    for (var i = 0u; i < owned; i++) {
        let value = sums[i] / total;
        let to_channel = local.x + 8u * i;
        store(group, query, to_channel, value.x);
        store(group, query + 1u, to_channel, value.y);
        store(group, query + 2u, to_channel, value.z);
        store(group, query + 3u, to_channel, value.w);
    }
}
