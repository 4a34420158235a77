// Sinusoidal features of timesteps: cosines, then sines, of t * max_period^(-i / half).
//
// t: (batch); features: (batch, features), half = features / 2.
// An invocation computes one feature. Dispatch: TimestepParams::workgroups.
// Twin: src/kernels/twins/timestep.rs.
// Sine and cosine are computed here (argument reduced in two parts, then Taylor series, error below
// 2e-7 for |argument| <= 6,000), because WGSL promises only 2^-11 and only within [-pi, pi]. What
// remains is the frequency, whose error t multiplies: WGSL allows exp(y) alone (3 + 2|y|) ulp. In
// all 4.7e-4 for |t| <= 1,000, and a fifth of that on drivers seen.

struct Params {
    batch: u32,
    features: u32,
    max_period: f32,
    row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read_write> features: array<f32>;

// cos(x - quarter * pi/2): quarter 0 gives the cosine, quarter 1 the sine.
fn cosine(x: f32, quarter: i32) -> f32 {
    // pi/2 = 1.5703125 + 4.838268e-4; the first has 8 bits, so its product with n is exact.
    let n = round(x * 0.63661977);
    let r = (x - n * 1.5703125) - n * 4.838268e-4;
    let z = r * r;
    let c = 1.0 + z * (-1.0 / 2.0 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0))));
    let s = r * (1.0 + z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0)))));
    // cos(r + m pi/2) for m = 0, 1, 2, 3 is c, -s, -c, s.
    let m = (i32(n) - quarter) & 3;
    let value = select(c, s, (m & 1) == 1);
    return select(value, -value, m == 1 || m == 2);
}

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.batch * params.features) {
        return;
    }
    let half_width = params.features / 2u;
    let column = i % params.features;
    let is_sine = column >= half_width;
    let k = select(column, column - half_width, is_sine);
    let frequency = exp(-log(params.max_period) * f32(k) / f32(half_width));
    features[i] = cosine(t[i / params.features] * frequency, select(0, 1, is_sine));
}
