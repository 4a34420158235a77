// The conditioning vector: SiLU(time + label embedding), as every adaLN layer reads it.
//
// time: (batch, channels); table: (labels, channels); label: (batch), whole numbers held as f32, any
// other value reads the last row of the table (the null class); out: (batch, channels).
// An invocation computes one element. Dispatch: ConditionParams::workgroups.
// Twin: src/kernels/twins/condition.rs. The relative error of one exp and one division.

struct Params {
    batch: u32,
    channels: u32,
    labels: u32,
    row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> time: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read> label: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = element(group, lane, params.row);
    if (i >= params.batch * params.channels) {
        return;
    }
    let wanted = label[i / params.channels];
    var index = params.labels - 1u;
    if (wanted >= 0.0 && wanted < f32(params.labels)) {
        index = u32(wanted);
    }
    out[i] = silu(time[i] + table[index * params.channels + i % params.channels]);
}
