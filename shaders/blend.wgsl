// A prediction: base plus a weighted sum of up to eight anchors, each read once.
//
// weights: of which slots first .. first + count belong to the anchors; base, out: (len), the base
// from base_offset on; anchors: as shared/anchors.wgsl says, `stride` words apart from word `offset`
// on. An anchor whose weight is zero is not read: it may hold anything, NaN too.
// An invocation computes one element. Dispatch: BlendParams::workgroups.
// Twin: src/kernels/twins/blend.rs. Two roundings an anchor, three with int8.

struct Params {
    len: u32,
    count: u32,
    first: u32,
    use_base: u32,
    base_offset: u32,
    width: u32,
    stride: u32,
    offset: u32,
    row: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read> anchors: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// Not unpack2x16float: a device may take subnormal halves for zero.
fn half_value(half: u32) -> f32 {
    let magnitude = half & 0x7fffu;
    var value = bitcast<f32>((magnitude << 13u) + (112u << 23u));
    if (magnitude < 0x400u) {
        value = f32(magnitude) * 5.9604644775390625e-8;
    }
    if (magnitude >= 0x7c00u) {
        value = bitcast<f32>((magnitude << 13u) | 0x7f800000u);
    }
    return select(value, -value, half >= 0x8000u);
}

fn anchor(k: u32, i: u32) -> f32 {
    let at = params.offset + k * params.stride;
    switch ANCHOR_FORMAT {
        case 1u: {
            return half_value((anchors[at + i / 2u] >> (16u * (i % 2u))) & 0xffffu);
        }
        case 2u: {
            let column = i % params.width;
            let scale = at + (i / params.width) * (1u + (params.width + 3u) / 4u);
            let word = bitcast<i32>(anchors[scale + 1u + column / 4u]);
            let code = extractBits(word, 8u * (column % 4u), 8u);
            return bitcast<f32>(anchors[scale]) * f32(code);
        }
        default: {
            return bitcast<f32>(anchors[at + i]);
        }
    }
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.len) {
        return;
    }
    var sum = 0.0;
    if (params.use_base == 1u) {
        sum = base[params.base_offset + i];
    }
    for (var k = 0u; k < params.count; k++) {
        let weight = weights[params.first + k];
        if (weight != 0.0) {
            sum += weight * anchor(k, i);
        }
    }
    out[i] = sum;
}
