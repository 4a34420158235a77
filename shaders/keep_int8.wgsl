// Puts x - base, or x, into a slot of a ring of anchors as codes of 8 bits, a scale a row.
//
// x, base: (rows, width); anchors: rows as shared/anchors.wgsl says (format 2), from word `offset`
// on. The scale is the largest magnitude / 127, rounded up to 16 bits, so that its products with
// codes are exact; codes are -127 to 127, to nearest, ties to even: every device has the same bits.
// A row below 2^-100 is stored as zeros, one with a number that is not finite as NaN.
// A workgroup of 128 invocations stores one row. Dispatch: KeepInt8Params::workgroups, rows beyond
// `grid` continue in y. Twin: src/kernels/twins/keep.rs.

struct Params {
    rows: u32,
    width: u32,
    use_base: u32,
    offset: u32,
    grid: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

const LANES: u32 = 128u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read_write> anchors: array<u32>;

var<workgroup> largest: array<u32, LANES>;

fn value(i: u32) -> f32 {
    if (params.use_base == 1u) {
        return x[i] - base[i];
    }
    return x[i];
}

// The nearest code. A division may be off in its last bits, the rest that it leaves is exact.
fn code(value: f32, scale: f32) -> i32 {
    let near = round(value / scale);
    let rest = value - near * scale;
    let middle = 0.5 * scale;
    var code = i32(near);
    if (abs(rest) > middle || (abs(rest) == middle && (code & 1) == 1)) {
        code += select(1, -1, rest < 0.0);
    }
    return code;
}

@compute @workgroup_size(128, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.y * params.grid + group.x;
    if (row >= params.rows) {
        return;
    }
    let first = row * params.width;
    // Magnitudes are in the order of their bits.
    var most = 0u;
    for (var i = lane; i < params.width; i += LANES) {
        most = max(most, bitcast<u32>(value(first + i)) & 0x7fffffffu);
    }
    largest[lane] = most;
    for (var reach = LANES / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (lane < reach) {
            largest[lane] = max(largest[lane], largest[lane + reach]);
        }
    }
    workgroupBarrier();
    most = largest[0];

    let words = (params.width + 3u) / 4u;
    let at = params.offset + row * (1u + words);
    var bits = 0u;
    if (most >= 0x7f800000u) {
        bits = 0x7fc00000u;
    } else if (most >= 0x0d800000u) {
        bits = (bitcast<u32>(bitcast<f32>(most) * 0.007874015748031496) + 0xffu) & 0xffffff00u;
    }
    if (lane == 0u) {
        anchors[at] = bits;
    }
    let coded = bits != 0u && bits < 0x7f800000u;
    for (var i = lane; i < words; i += LANES) {
        var word = 0u;
        for (var k = 0u; k < 4u; k++) {
            let column = 4u * i + k;
            if (coded && column < params.width) {
                let byte = u32(code(value(first + column), bitcast<f32>(bits))) & 0xffu;
                word |= byte << (8u * k);
            }
        }
        anchors[at + 1u + i] = word;
    }
}
