// Puts x - base, or x, into a slot of a ring of anchors, as f32 or rounded to f16.
//
// x, base: (len); anchors: as shared/anchors.wgsl says (formats 0 and 1), from word `offset` on.
// An invocation writes one word. Dispatch: KeepParams::workgroups.
// Twin: src/kernels/twins/keep.rs. f16 to nearest, ties to even, in whole numbers, so that every
// device has the same bits; what is too large becomes the largest half.

struct Params {
    len: u32,
    words: u32,
    use_base: u32,
    offset: u32,
    row: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read_write> anchors: array<u32>;

fn value(i: u32) -> u32 {
    if (i >= params.len) {
        return 0u;
    }
    if (params.use_base == 1u) {
        return bitcast<u32>(x[i] - base[i]);
    }
    return bitcast<u32>(x[i]);
}

// What `shift` bits less leave of a number, to nearest, ties to even.
fn rounded(number: u32, shift: u32) -> u32 {
    return (number + (1u << (shift - 1u)) - 1u + ((number >> shift) & 1u)) >> shift;
}

fn half(bits: u32) -> u32 {
    let sign = (bits >> 16u) & 0x8000u;
    let magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return sign | 0x7e00u;
    }
    // 65,520 is halfway between the largest half and the next power of two.
    if (magnitude >= 0x477ff000u) {
        return sign | 0x7bffu;
    }
    if (magnitude >= 0x38800000u) {
        return sign | rounded(magnitude - (112u << 23u), 13u);
    }
    // Subnormal: the fraction with its leading one, in units of 2^-24.
    if (magnitude < 0x33000000u) {
        return sign;
    }
    let fraction = (magnitude & 0x7fffffu) | 0x800000u;
    return sign | rounded(fraction, 126u - (magnitude >> 23u));
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let word = element(group, lane, params.row);
    if (word >= params.words) {
        return;
    }
    if (ANCHOR_FORMAT == 1u) {
        let low = half(value(2u * word));
        anchors[params.offset + word] = low | (half(value(2u * word + 1u)) << 16u);
    } else {
        anchors[params.offset + word] = value(word);
    }
}
