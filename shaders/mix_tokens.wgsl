// Mixes the tokens of every image: out[b, i, c] = sum over j of m[i, j] * x[b, j, c]. A filter or a
// projector over the token grid; over the pixels of a picture with one channel and as many images.
//
// m: (rows, tokens), rows are the tokens of out; x: (batch, tokens, channels); out: (batch, rows,
// channels).
// An invocation computes one element. Dispatch: MixParams::workgroups.
// Twin: src/kernels/twins/mix.rs. Sums are f32, tokens in ascending order, so the twin differs by
// about sqrt(tokens) * 2^-24 of the largest output.

struct Params {
    batch: u32,
    tokens: u32,
    channels: u32,
    rows: u32,
    row: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> m: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.batch * params.rows * params.channels) {
        return;
    }
    let channel = i % params.channels;
    let token = i / params.channels;
    let first = (token % params.rows) * params.tokens;
    let image = (token / params.rows) * params.tokens * params.channels + channel;
    var sum = 0.0;
    for (var j = 0u; j < params.tokens; j++) {
        sum = fma(m[first + j], x[image + j * params.channels], sum);
    }
    out[i] = sum;
}
