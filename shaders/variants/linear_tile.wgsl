// Variant of shared/linear_tile.wgsl: a square tile of SIDE, by SPLIT groups of invocations that
// share its channels and add up at the end. HALF: weights are staged as f16, exact for FORMAT 1.
const SIDE: u32 = {SIDE}u;
const SPLIT: u32 = {SPLIT}u;
const DEPTH: u32 = {DEPTH}u;
const QUADS: u32 = SIDE / 4u;
const PITCH: u32 = QUADS + 1u;
// Invocations of a group, each with 4 x 4 sums.
const MEMBERS: u32 = QUADS * QUADS;

var<workgroup> x_tile: array<vec4<f32>, SPLIT * DEPTH * PITCH>;
#if HALF
var<workgroup> weight_tile: array<vec4<f16>, SPLIT * DEPTH * PITCH>;
#else
var<workgroup> weight_tile: array<vec4<f32>, SPLIT * DEPTH * PITCH>;
#end
#if SPLITS
var<workgroup> partial: array<vec4<f32>, SPLIT * MEMBERS>;
#end

fn store_row(row: u32, column: u32, sums: vec4<f32>) {
    store(row, column, sums.x);
    store(row, column + 1u, sums.y);
    store(row, column + 2u, sums.z);
    store(row, column + 3u, sums.w);
}

@compute @workgroup_size({INVOCATIONS}, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first_row = (group.z * 65535u + group.y) * SIDE;
    let first_column = group.x * SIDE;
    let share = lane / MEMBERS;
    let member = lane % MEMBERS;
    let base = share * DEPTH * PITCH;
    let x_quad = member / QUADS;
    let weight_quad = member % QUADS;
    let row = first_row + 4u * x_quad;
    let column = first_column + 4u * weight_quad;
    var sums_0 = vec4<f32>();
    var sums_1 = vec4<f32>();
    var sums_2 = vec4<f32>();
    var sums_3 = vec4<f32>();
    for (var start = 0u; start < params.inputs; start += SPLIT * DEPTH) {
        for (var slot = member; slot < DEPTH * QUADS; slot += MEMBERS) {
            let channel = slot % DEPTH;
            let quad = slot / DEPTH;
            let to = base + channel * PITCH + quad;
            let from_channel = start + share * DEPTH + channel;
            let x_row = first_row + 4u * quad;
            x_tile[to] = vec4(
                x_at(x_row, from_channel),
                x_at(x_row + 1u, from_channel),
                x_at(x_row + 2u, from_channel),
                x_at(x_row + 3u, from_channel),
            );
            let weight_row = first_column + 4u * quad;
            let staged = vec4(
                weight_at(weight_row, from_channel),
                weight_at(weight_row + 1u, from_channel),
                weight_at(weight_row + 2u, from_channel),
                weight_at(weight_row + 3u, from_channel),
            );
#if HALF
            weight_tile[to] = vec4<f16>(staged);
#else
            weight_tile[to] = staged;
#end
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let a = x_tile[base + k * PITCH + x_quad];
            let b = vec4<f32>(weight_tile[base + k * PITCH + weight_quad]);
            sums_0 = fma(vec4(a.x), b, sums_0);
            sums_1 = fma(vec4(a.y), b, sums_1);
            sums_2 = fma(vec4(a.z), b, sums_2);
            sums_3 = fma(vec4(a.w), b, sums_3);
        }
        workgroupBarrier();
    }
#if SPLITS
    // A row of sums at a time, so that the partial sums take little memory; each group of
    // invocations stores one.
#for i 4
    partial[lane] = sums_{i};
    workgroupBarrier();
    if (share == {i}u % SPLIT) {
        var sums = partial[member];
        for (var other = 1u; other < SPLIT; other++) {
            sums += partial[other * MEMBERS + member];
        }
        store_row(row + {i}u, column, sums);
    }
    workgroupBarrier();
#end
#else
#for i 4
    store_row(row + {i}u, column, sums_{i});
#end
#end
}
