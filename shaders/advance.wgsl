// The step of a sampler behind a call, x' = keep * x + add * prediction, and the input of the next
// call: the new latents for every row.
//
// control: as in decide.wgsl; word 0 is the number of the next call. steps: (calls), keep and add of
// each call. prediction: (pictures, output_len), of which the first picture_len of each count.
// x: (copies, latents), the same latents in each copy.
// An invocation steps one element; rows of 65,535 workgroups. The same bits as on the host: each
// product is rounded.

struct Params {
    latents: u32,
    picture_len: u32,
    output_len: u32,
    copies: u32,
    // 0, which no compiler knows: what is changed by it is not fused with what follows.
    zero: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> control: array<u32>;
@group(0) @binding(2) var<storage, read> steps: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> prediction: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;

fn rounded(product: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(product) ^ params.zero);
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = (group.y * 65535u + group.x) * 256u + lane;
    if (i >= params.latents) {
        return;
    }
    let step = steps[control[0] - 1u];
    let v = prediction[i / params.picture_len * params.output_len + i % params.picture_len];
    let stepped = rounded(step.x * x[i]) + rounded(step.y * v);
    for (var copy = 0u; copy < params.copies; copy += 1u) {
        x[copy * params.latents + i] = stepped;
    }
}
