// The sum of two values over the 128 invocations of a workgroup, in tree order: the same bits on
// every run. Every invocation gets the sum. To be called in uniform control flow.
const LANES: u32 = 128u;

var<workgroup> lane_sums: array<vec2<f32>, LANES>;

fn pair_sum(lane: u32, value: vec2<f32>) -> vec2<f32> {
    lane_sums[lane] = value;
    for (var reach = LANES / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (lane < reach) {
            lane_sums[lane] += lane_sums[lane + reach];
        }
    }
    workgroupBarrier();
    let total = lane_sums[0];
    // The next call must not overwrite what a slower invocation has yet to read.
    workgroupBarrier();
    return total;
}

